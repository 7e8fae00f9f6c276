//! Verified downloads (feature `net`): a file appears only once it is verified.

pub(crate) mod answer;
pub(crate) mod attempt;
pub(crate) mod decode;
pub(crate) mod download;
pub mod name;
pub(crate) mod part;
pub(crate) mod pump;
pub(crate) mod resume;
pub(crate) mod settings;
pub(crate) mod verdict;
pub(crate) mod verified;
pub(crate) mod verify;

pub use decode::Coded;
pub use download::{Fetch, Seal};
pub use pump::Progress;
pub use resume::Validator;
pub use settings::{Bad, Demand, Resume, ServerDigest, Unverified};
pub use verdict::Evidence;
pub use verified::{How, Verified};
pub use verify::{Differs, VerifyingReader};
