//! A request as received, and the time at which it was.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::cli::sign::request::Request;
use crate::server::listen::budget::Lease;

/// A request whose body is in memory.
pub(crate) struct Received {
    pub(crate) arrival: Arrival,
    /// Its URL is the public one.
    pub(crate) request: Request,
    pub(crate) body: Bytes,
    /// The share of the memory that the body takes.
    pub(crate) _lease: Lease,
}

/// The facts about a request that are known before its body arrives.
#[derive(Clone)]
pub(crate) struct Arrival {
    /// The time since 1970.
    pub(crate) time: Duration,
    pub(crate) peer: SocketAddr,
    pub(crate) method: String,
    /// Path and query as received.
    pub(crate) target: String,
}

impl Arrival {
    pub(crate) fn now(peer: SocketAddr, method: &str, target: &str) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { time, peer, method: method.to_owned(), target: target.to_owned() }
    }

    /// Returns the time of arrival, as `2026-11-29T16:42:05Z`.
    pub(crate) fn timestamp(&self) -> String {
        timestamp(self.time.as_secs())
    }
}

/// Formats seconds since 1970 as RFC 3339 does.
fn timestamp(seconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799));
    // 'Sun, 29 Nov 2026 16:42:05 GMT'
    let date = httpdate::HttpDate::from(time).to_string();
    let words: Vec<&str> = date.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [_, day, month, year, clock, _] = words[..] else { return date };
    let month = MONTHS.iter().position(|name| *name == month).map_or(0, |at| at + 1);
    format!("{year}-{month:02}-{day}T{clock}Z")
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_868_799), "2000-02-29T23:59:59Z");
        assert_eq!(timestamp(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
