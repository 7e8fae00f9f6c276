//! The program from outside: real files, real pipes, real signals.

mod check;
mod coreutils;
mod faults;
mod hmac;
mod odd_names;
mod output;
mod sum;
mod support;
mod tiers;
