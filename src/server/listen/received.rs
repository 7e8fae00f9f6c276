//! A request as received, and the time at which it was.

use std::net::SocketAddr;
use std::time::SystemTime;

use bytes::Bytes;

use crate::cli::sign::request::Request;
use crate::server::connections::log::timestamp;
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
    pub(crate) time: SystemTime,
    pub(crate) peer: SocketAddr,
    pub(crate) method: String,
    /// Path and query as received.
    pub(crate) target: String,
}

impl Arrival {
    pub(crate) fn now(peer: SocketAddr, method: &str, target: &str) -> Self {
        Self { time: SystemTime::now(), peer, method: method.to_owned(), target: target.to_owned() }
    }

    /// Returns the time of arrival, as `2026-11-29T16:42:05Z`.
    pub(crate) fn timestamp(&self) -> String {
        timestamp(self.time)
    }
}
