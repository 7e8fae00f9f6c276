//! Arguments of `hsum cert`.

pub(crate) mod making;
pub(crate) mod reading;

use clap::{Args, Subcommand};

use crate::server::args::cert::making::{
    CaArgs, ConvertArgs, CrlArgs, CsrArgs, IssueArgs, KeyArgs, RevokeArgs, SignArgs,
};
use crate::server::args::cert::reading::{ExpiresArgs, FingerprintArgs, ShowArgs, VerifyArgs};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum cert ca 'Example CA' -o ca
  hsum cert issue localhost 127.0.0.1 --ca ca
  hsum cert show localhost.crt
  hsum cert verify localhost.crt --ca ca/ca.crt --host localhost

Exit status:
  0  done
  1  a file could not be read or written, or a certificate failed a check
  2  the arguments are invalid, or a key or password cannot be used")]
pub(crate) struct CertArgs {
    #[command(subcommand)]
    pub(crate) action: CertAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum CertAction {
    /// Make a certificate authority: its certificate and key
    Ca(CaArgs),
    /// Make a key and a certificate that an authority signs
    Issue(IssueArgs),
    /// Make a certificate signing request
    Csr(CsrArgs),
    /// Sign a certificate signing request
    Sign(SignArgs),
    /// Make a private key
    Key(KeyArgs),
    /// Convert a private key to another format
    Convert(ConvertArgs),
    /// Record that a certificate is no longer valid
    Revoke(RevokeArgs),
    /// Write the list of revoked certificates
    Crl(CrlArgs),
    /// Show certificates, requests, keys and revocation lists
    Show(ShowArgs),
    /// Verify certificates against an authority
    Verify(VerifyArgs),
    /// Print fingerprints and public-key pins
    Fingerprint(FingerprintArgs),
    /// Find certificates that expire soon
    Expires(ExpiresArgs),
}
