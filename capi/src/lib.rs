//! The C interface of hsum. Types and functions have the names of the header, which `header/` generates from them.
//!
//! Each function checks its pointers and lengths with [`raw`], does its work in safe Rust, and writes its output last.
//! The rules for callers are in the head of `include/hsum.h`; each `SAFETY` comment refers to them.

// The names follow C's conventions, and the head of the header has the safety rules.
#![allow(non_camel_case_types, clippy::missing_safety_doc)]

mod algorithm;
mod file;
mod hash;
mod hmac;
mod many;
mod raw;
mod status;
mod version;
