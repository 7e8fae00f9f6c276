//! The access log: one line for each request.

use std::io::{self, IsTerminal};

use crate::server::args::shared::LogArgs;

/// The format of the lines about requests on standard output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    /// A line of text for each request.
    Text,
    /// A JSON object for each request.
    Json,
}

impl LogFormat {
    /// Returns the format that the arguments ask for: JSON unless standard output is a terminal.
    pub(crate) fn of(args: &LogArgs) -> Option<Self> {
        match (args.quiet, args.json || !io::stdout().is_terminal()) {
            (true, _) => None,
            (false, true) => Some(Self::Json),
            (false, false) => Some(Self::Text),
        }
    }
}
