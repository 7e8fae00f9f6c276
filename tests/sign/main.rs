//! Signing and verifying requests.

mod body_digests;
mod jws;
mod many;
mod refusals;
mod round_trip;
mod secrets;
mod sigv4;
mod support;
mod timing;
mod vectors;
