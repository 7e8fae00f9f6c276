//! Arguments of the actions that read certificates.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::args::shared::{ColourChoice, any_path};
use crate::cli::args::units;
use crate::server::cert::moment;

/// Options for reading certificates.
#[derive(Args, Debug)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Source of the password of PKCS#12 files (env:NAME, file:PATH, fd:N, '-' or prompt)
    // Parsed by hand: clap would print a wrong value, which may be the password itself.
    #[arg(long, value_name = "SPEC")]
    pub(crate) password: Option<OsString>,

    /// Maximum time for connecting to a server and its handshake
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = units::duration)]
    pub(crate) timeout: Duration,
}

/// Options for printing results.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct ResultArgs {
    /// Leave out OK lines
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,

    /// Colour the status words
    #[arg(
        long, value_name = "WHEN", value_enum, default_value_t = ColourChoice::Auto, alias = "colour"
    )]
    pub(crate) color: ColourChoice,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Of a private key, only the public part is shown. The connection to a server ends
after the handshake; 'verified' says whether the authorities of this
system, or those of --ca, confirm them.

Examples:
  hsum cert show localhost.crt
  hsum cert show ca/ca.crl example.org.csr server.key
  hsum cert show bob.p12 --password env:SECRET
  hsum cert show https://localhost:8443

Exit status:
  0  everything is shown; warnings and unverified servers do not matter
  1  a file or server could not be read, or contains something damaged
  2  the arguments are invalid, or the password cannot be used")]
pub(crate) struct ShowArgs {
    /// Files (PEM, DER or PKCS#12; '-' is standard input), or servers as https://HOST[:PORT]
    #[arg(value_name = "FILE|URL", required = true)]
    pub(crate) sources: Vec<OsString>,

    /// Authorities for servers (PEM); repeatable [default: those of the system]
    #[arg(long, value_name = "FILE", help_heading = "Input", value_parser = any_path())]
    pub(crate) ca: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Print one JSON object per line
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// The value of `--purpose`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PurposeChoice {
    Server,
    Client,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
The first certificate of a file is verified; the others may be part of its
path. A certificate must also follow the strict rules of RFC 5280, as Python
and 'openssl verify -x509_strict' demand.

With --crl, the list of the certificate's issuer must be given; the other
certificates of the path are looked up in the lists that there are.

Examples:
  hsum cert verify localhost.crt --ca ca/ca.crt --host localhost
  hsum cert verify localhost.crt --ca ca --purpose server --crl ca/ca.crl
  hsum cert verify bob.crt --ca ca --purpose client
  hsum cert verify https://localhost:8443 --ca ca

Exit status:
  0  every certificate is valid
  1  a certificate is not valid, or could not be read
  2  the arguments are invalid, or --ca, --chain or --crl cannot be read")]
pub(crate) struct VerifyArgs {
    /// Files (PEM, DER or PKCS#12; '-' is standard input), or servers as https://HOST[:PORT]
    #[arg(value_name = "FILE|URL", required = true)]
    pub(crate) sources: Vec<OsString>,

    /// Trusted authorities, or the directory of one; repeatable [default: those of the system]
    #[arg(long, value_name = "FILE|DIR", help_heading = "Verification", value_parser = any_path())]
    pub(crate) ca: Vec<PathBuf>,

    /// Other certificates that a path may use; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Verification", value_parser = any_path())]
    pub(crate) chain: Vec<PathBuf>,

    /// Require a certificate of a server with this host name or IP address [default for a URL: its
    /// host]
    #[arg(long, value_name = "NAME", help_heading = "Verification")]
    pub(crate) host: Option<String>,

    /// Require a certificate for this purpose [default: any; server with --host]
    #[arg(long, value_enum, value_name = "PURPOSE", help_heading = "Verification")]
    pub(crate) purpose: Option<PurposeChoice>,

    /// Revocation list of an authority; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Verification", value_parser = any_path())]
    pub(crate) crl: Vec<PathBuf>,

    /// Verify as of TIME in UTC, such as 2027-01-31 or 2027-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Verification", value_parser = moment::parse)]
    pub(crate) at: Option<i64>,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) report: ResultArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Prints the SHA-256 digest of each certificate, and the pin of its public key
(a digest too), which 'hsum get --pin-spki' and 'curl --pinnedpubkey' take. The
pin stays the same when the certificate is renewed with the same key.

Examples:
  hsum cert fingerprint localhost.crt
  hsum cert fingerprint https://localhost:8443
  hsum cert fingerprint server.key --pin

Exit status:
  0  every fingerprint is printed
  1  a file or server could not be read
  2  the arguments are invalid, or the password cannot be used")]
pub(crate) struct FingerprintArgs {
    /// Files (PEM, DER or PKCS#12; '-' is standard input), or servers as https://HOST[:PORT]
    #[arg(value_name = "FILE|URL", required = true)]
    pub(crate) sources: Vec<OsString>,

    /// Print only the pin of the first certificate or key
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) pin: bool,

    /// Print one JSON object per line
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Looks at every certificate and revocation list of a file, those of authorities
too. With --quiet, it prints only what needs attention, as cron jobs do.

Examples:
  hsum cert expires localhost.crt --within 30d
  hsum cert expires --quiet ca/ca.crt ca/ca.crl localhost.crt --within 3d
  hsum cert expires https://localhost:8443 --within 14d

Exit status:
  0  nothing expires within the time
  1  something expires or has expired, or could not be read
  2  the arguments are invalid, or the password cannot be used")]
pub(crate) struct ExpiresArgs {
    /// Files (PEM, DER or PKCS#12; '-' is standard input), or servers as https://HOST[:PORT]
    #[arg(value_name = "FILE|URL", required = true)]
    pub(crate) sources: Vec<OsString>,

    /// Fail if something expires within this time
    #[arg(
        long, value_name = "DURATION", default_value = "30d", help_heading = "Check",
        value_parser = units::duration
    )]
    pub(crate) within: Duration,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) report: ResultArgs,
}
