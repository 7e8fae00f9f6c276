//! Items that the program, the benches, the tests and the fuzz targets share with the library.
//!
//! Not an interface: anything here changes without notice.

#[cfg(feature = "net")]
pub use crate::net::url::{is_supported, without_userinfo};

pub use crate::kernel::cases::{KernelCase, kernel_cases};
