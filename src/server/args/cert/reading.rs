//! Arguments of the actions that read certificates.

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {}

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {}

#[derive(Args, Debug)]
pub(crate) struct FingerprintArgs {}

#[derive(Args, Debug)]
pub(crate) struct ExpiresArgs {}
