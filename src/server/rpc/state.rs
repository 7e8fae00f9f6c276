//! The state that the methods work on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::server::rpc::files::ServedFiles;

/// The state of the methods: the served files and the keys.
pub(crate) struct State {
    pub(crate) files: Arc<dyn ServedFiles>,
    /// The keys of `hmac_verify` by name.
    pub(crate) keys: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

/// Shows the names of the keys only.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("keys", &self.keys.keys()).finish_non_exhaustive()
    }
}
