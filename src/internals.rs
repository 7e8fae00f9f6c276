//! Items that the program, the benches, the tests and the fuzz targets share with the library.
//!
//! Not an interface: anything here changes without notice.

#[cfg(feature = "fs")]
pub use crate::engine::metadata::stamp_of;
pub use crate::error::io_reason;
#[cfg(feature = "fs")]
pub use crate::fs::bounded::{BODY, SMALL_FILE, read_all, read_file, read_some, too_large};
#[cfg(feature = "fs")]
pub use crate::fs::links::resolve_links;
#[cfg(feature = "fs")]
pub use crate::fs::lock::lock;
#[cfg(feature = "fs")]
pub use crate::fs::replace::{AtomicFile, NotSynced};
#[cfg(feature = "fs")]
pub use crate::fs::temporary::{TemporaryDirectory, before_first, is_temporary, remove_all};
#[cfg(feature = "net")]
pub use crate::net::url::{is_supported, without_userinfo};

use crate::algorithm::Algorithm;
pub use crate::kernel::simd::cpu::model as cpu_model;
use crate::kernel::tier::Tier;
pub use crate::kernel::tuning::{CostSource, KernelCost, cheapest, set_cost_source};
pub use crate::lanes::cases::{
    KERNEL_ALGORITHMS, KernelCase, RunCase, built_in_costs, kernel_cases, single_case,
};
use crate::lanes::select::{Restriction, with_restriction};
pub use crate::manifest::lines::Lines;
pub use crate::manifest::write::write_fields;
pub use crate::sign::clock::to_basic_format as basic_time;
pub use crate::sign::headers::is_token;
pub use crate::sign::secret::{decode_key, encode_key};
pub use crate::text::size::{parse_quantity, parse_size};
pub use crate::text::{base_name, edit_distance, escape, is_hostile, looks_like_html};

/// Returns the tiers and lanes of the algorithm's kernels.
pub fn kernels(algorithm: Algorithm) -> Vec<(Tier, usize)> {
    crate::lanes::kernels(algorithm).iter().map(|kernel| (kernel.tier, kernel.lanes)).collect()
}

/// Runs `f` with this thread's lanes restricted to a tier.
pub fn with_tier<T>(tier: Tier, f: impl FnOnce() -> T) -> T {
    with_restriction(Restriction { tier, lanes: None }, f)
}

/// Runs `f` with this thread's lanes restricted to one kernel.
pub fn with_kernel<T>(tier: Tier, lanes: usize, f: impl FnOnce() -> T) -> T {
    with_restriction(Restriction { tier, lanes: Some(lanes) }, f)
}
