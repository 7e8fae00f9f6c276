//! Arguments of the verbs that the server program runs.

use std::ffi::OsString;

use clap::Args;

#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct ServerArgs {
    /// Options and arguments, which hsum-server describes
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) _words: Vec<OsString>,
}
