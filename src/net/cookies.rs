//! Cookies (RFC 6265), and the Netscape cookie file that curl, wget and Python share.
//!
//! Times are arguments, in seconds since 1970.

mod cookie;
mod date;
mod file;
mod jar;
mod suffix;

pub use cookie::CookieRejection;
pub use file::CookieLineError;
pub use jar::CookieJar;

#[cfg(test)]
mod tests;
