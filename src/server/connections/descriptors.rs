//! The limit of open files.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::cli::print::complain;

/// The descriptors that are needed beside those of connections.
const OTHERS: u64 = 128;

/// Raises the limit of open files for a number of connections, each of which may send a file.
pub(crate) fn raise_limit(connections: usize) {
    let wanted = 2 * connections as u64 + OTHERS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    let allowed = limit.current.unwrap_or(wanted);
    if setrlimit(Resource::Nofile, limit).is_ok() && allowed > connections as u64 + OTHERS / 2 {
        return;
    }
    complain(format_args!(
        "warning: the limit of open files is too low for {connections} connections; raise it with \
         'ulimit -n {wanted}'"
    ));
}
