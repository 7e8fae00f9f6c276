//! Arguments of the actions that make keys, requests, certificates and revocation lists.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::shared::any_path;

/// A key algorithm.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum KeyAlgorithm {
    #[default]
    P256,
    P384,
    Ed25519,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

/// A format of private keys.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyFormat {
    /// PKCS#8: 'PRIVATE KEY', for every algorithm
    Pkcs8,
    /// PKCS#1: 'RSA PRIVATE KEY', for RSA
    Pkcs1,
    /// SEC1: 'EC PRIVATE KEY', for P-256 and P-384
    Sec1,
    /// PKCS#12: key and certificates in one encrypted file
    P12,
}

/// Why a certificate is revoked (RFC 5280, section 5.3.1).
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Reason {
    #[default]
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    PrivilegeWithdrawn,
}

/// An authority that signs.
#[derive(Args, Debug)]
#[command(next_help_heading = "Authority")]
pub(crate) struct AuthorityArgs {
    /// Directory of the authority, made by 'hsum cert ca'
    #[arg(long, value_name = "DIR", default_value = ".", value_parser = any_path())]
    pub(crate) ca: PathBuf,

    /// Source of the password of the authority's key, if it is encrypted
    // Parsed by hand: clap would print a wrong value, which may be the password itself.
    #[arg(long, value_name = "SPEC")]
    pub(crate) ca_password: Option<OsString>,
}

/// Options of a new certificate.
#[derive(Args, Debug)]
#[command(next_help_heading = "Certificate")]
pub(crate) struct CertificateArgs {
    /// Make a certificate for clients instead of servers
    #[arg(long)]
    pub(crate) client: bool,

    /// Make a certificate for servers; with --client, for both
    #[arg(long)]
    pub(crate) server: bool,

    /// Validity in days; never longer than the authority's
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = days())]
    pub(crate) days: u32,
}

/// Options of a new key.
#[derive(Args, Debug)]
#[command(next_help_heading = "Key")]
pub(crate) struct NewKeyArgs {
    /// Algorithm of the new key
    #[arg(long, value_name = "ALG", value_enum, default_value_t)]
    pub(crate) alg: KeyAlgorithm,

    /// Encrypt the new key with a password from SPEC (env:NAME, file:PATH, fd:N, '-' or prompt)
    #[arg(long, value_name = "SPEC")]
    pub(crate) encrypt: Option<OsString>,
}

/// The place of new files.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct DirectoryArgs {
    /// Directory of the new files; it is created if missing
    #[arg(short, long, value_name = "DIR", default_value = ".", value_parser = any_path())]
    pub(crate) output: PathBuf,

    /// Replace existing files
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// The place of a new file.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct FileArgs {
    /// Write to FILE
    #[arg(short, long, value_name = "FILE", value_parser = any_path())]
    pub(crate) output: Option<PathBuf>,

    /// Replace an existing file
    #[arg(short, long, requires = "output")]
    pub(crate) force: bool,

    /// Print one JSON object per line
    #[arg(long, requires = "output")]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum cert ca 'Example CA' -o ca
  hsum cert ca 'Example Root' -o root --path-length 1
  hsum cert ca 'Example Intermediate' --ca root -o intermediate
  hsum cert ca 'Lab CA' -o lab --permit lab.example --permit 10.0.0.0/8

Exit status:
  0  the certificate and the key are written
  1  a file could not be read or written
  2  the arguments are invalid, or a file exists and --force is not given")]
pub(crate) struct CaArgs {
    /// Name of the authority
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Directory of the authority that signs the new one [default: it signs itself]
    #[arg(long, value_name = "DIR", help_heading = "Authority", value_parser = any_path())]
    pub(crate) ca: Option<PathBuf>,

    /// Source of the password of that authority's key, if it is encrypted
    #[arg(long, value_name = "SPEC", requires = "ca", help_heading = "Authority")]
    pub(crate) ca_password: Option<OsString>,

    /// Number of authorities that may follow below this one
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Certificate")]
    pub(crate) path_length: u8,

    /// Restrict the authority to a domain and the names below it, or to a network such as
    /// 10.0.0.0/8; repeatable
    #[arg(long, value_name = "DNS|IP", help_heading = "Certificate")]
    pub(crate) permit: Vec<String>,

    /// Validity in days; never longer than that of the signing authority
    #[arg(
        long, value_name = "N", default_value_t = 3650, help_heading = "Certificate",
        value_parser = days()
    )]
    pub(crate) days: u32,

    #[command(flatten)]
    pub(crate) key: NewKeyArgs,

    #[command(flatten)]
    pub(crate) output: DirectoryArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
The files are called after the first NAME: NAME.crt (with the certificates of
intermediate authorities), NAME.key and, with --p12, NAME.p12.

Examples:
  hsum cert issue localhost 127.0.0.1 ::1 --ca ca
  hsum cert issue '*.example.org' example.org --ca ca --days 30
  hsum cert issue alice@example.org --client --ca ca --alg ed25519
  hsum cert issue bob --client --ca ca --p12 --password env:SECRET

Exit status:
  0  the certificate and the key are written
  1  a file could not be read or written, or the authority may not sign this
  2  the arguments are invalid, or a file exists and --force is not given")]
pub(crate) struct IssueArgs {
    /// Host names, IP addresses, e-mail addresses or URIs; the first also becomes the subject
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,

    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,

    #[command(flatten)]
    pub(crate) certificate: CertificateArgs,

    #[command(flatten)]
    pub(crate) key: NewKeyArgs,

    /// Also write key and certificates as PKCS#12, encrypted with --password
    #[arg(long, requires = "password", help_heading = "Output")]
    pub(crate) p12: bool,

    /// Source of the password of the PKCS#12 file (env:NAME, file:PATH, fd:N, '-' or prompt)
    #[arg(long, value_name = "SPEC", requires = "p12", help_heading = "Output")]
    pub(crate) password: Option<OsString>,

    /// Encrypt the PKCS#12 file with 3DES and SHA-1, for old programs
    #[arg(long, requires = "p12", help_heading = "Output")]
    pub(crate) legacy: bool,

    #[command(flatten)]
    pub(crate) output: DirectoryArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
The files are called after the first NAME: NAME.csr and, without --key,
NAME.key.

Examples:
  hsum cert csr example.org www.example.org
  hsum cert key -o web.key
  hsum cert csr example.org --key file:web.key -o requests

Exit status:
  0  the request is written
  1  a file could not be read or written
  2  the arguments are invalid, or a file exists and --force is not given")]
pub(crate) struct CsrArgs {
    /// Host names, IP addresses, e-mail addresses or URIs; the first also becomes the subject
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,

    /// Source of an existing key: env:NAME, file:PATH, fd:N, '-' or prompt [default: a new key]
    #[arg(short, long, value_name = "SPEC", help_heading = "Key", conflicts_with_all = ["alg", "encrypt"])]
    pub(crate) key: Option<OsString>,

    /// Source of the password of that key, if it is encrypted
    #[arg(long, value_name = "SPEC", requires = "key", help_heading = "Key")]
    pub(crate) password: Option<OsString>,

    #[command(flatten)]
    pub(crate) new_key: NewKeyArgs,

    #[command(flatten)]
    pub(crate) output: DirectoryArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Only the public key is taken from the request, and the names that --names
confirms. Whatever else it asks for is reported, and not granted.

Examples:
  hsum cert sign example.org.csr --ca ca --names from-csr
  hsum cert sign requests/example.org.csr --ca ca \\
      --names example.org,192.0.2.1 -o signed
  hsum cert sign example.org.csr --ca ca --names crawler --client -o clients

Exit status:
  0  the certificate is written
  1  a file could not be read or written, or the request is damaged
  2  the arguments are invalid, or a file exists and --force is not given")]
pub(crate) struct SignArgs {
    /// Certificate signing request, PEM or DER; '-' for standard input
    #[arg(value_name = "CSR", value_parser = any_path())]
    pub(crate) request: PathBuf,

    /// Names of the certificate, separated by commas; 'from-csr' confirms those of the request
    #[arg(long, value_name = "from-csr|LIST", value_delimiter = ',', help_heading = "Certificate")]
    pub(crate) names: Vec<String>,

    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,

    #[command(flatten)]
    pub(crate) certificate: CertificateArgs,

    #[command(flatten)]
    pub(crate) output: DirectoryArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum cert key -o site.key
  hsum cert key --alg rsa3072 -o rsa.key
  hsum cert key --encrypt env:SECRET -o locked.key

Exit status:
  0  the key is written
  1  the key could not be written
  2  the arguments are invalid, or a file exists and --force is not given")]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    pub(crate) key: NewKeyArgs,

    #[command(flatten)]
    pub(crate) output: FileArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum cert convert rsa.key --to pkcs1 -o old.key
  hsum cert convert server.key --to pkcs8 --encrypt env:SECRET -o new.key
  hsum cert convert localhost.key --to p12 --cert localhost.crt \\
      --encrypt env:SECRET -o localhost.p12
  hsum cert convert localhost.p12 --to pkcs8 --password env:SECRET -o all.pem

Exit status:
  0  the key is written
  1  a file could not be read or written
  2  the arguments are invalid, or the key or password cannot be used")]
pub(crate) struct ConvertArgs {
    /// Private key: PEM or DER, PKCS#1, SEC1, PKCS#8 or PKCS#12
    #[arg(value_name = "KEY", value_parser = any_path())]
    pub(crate) input: PathBuf,

    /// Format of the output
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) to: KeyFormat,

    /// Source of the password of KEY, if it is encrypted (env:NAME, file:PATH, fd:N, '-' or prompt)
    #[arg(long, value_name = "SPEC", help_heading = "Key")]
    pub(crate) password: Option<OsString>,

    /// Encrypt the output with a password from SPEC; pkcs8 and p12 only
    #[arg(long, value_name = "SPEC", help_heading = "Key")]
    pub(crate) encrypt: Option<OsString>,

    /// Certificate chain of the key, for a PKCS#12 file [default: that of KEY]
    #[arg(long, value_name = "FILE", help_heading = "Key", value_parser = any_path())]
    pub(crate) cert: Option<PathBuf>,

    /// Encrypt the PKCS#12 file with 3DES and SHA-1, for old programs
    #[arg(long, help_heading = "Key")]
    pub(crate) legacy: bool,

    #[command(flatten)]
    pub(crate) output: FileArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
The revocation is recorded in the authority's index; 'hsum cert crl' writes
the list that servers and clients read.

Examples:
  hsum cert revoke alice@example.org.crt --ca ca --reason key-compromise
  hsum cert revoke bob.crt --ca ca && hsum cert crl --ca ca

Exit status:
  0  the revocation is recorded
  1  a file could not be read or written, or another authority signed CERT
  2  the arguments are invalid")]
pub(crate) struct RevokeArgs {
    /// Certificate, PEM or DER
    #[arg(value_name = "CERT", value_parser = any_path())]
    pub(crate) certificate: PathBuf,

    /// Directory of the authority that issued it
    #[arg(long, value_name = "DIR", default_value = ".", value_parser = any_path())]
    pub(crate) ca: PathBuf,

    /// Reason
    #[arg(long, value_name = "REASON", value_enum, default_value_t)]
    pub(crate) reason: Reason,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Write a new list at least before the old one ends, and after each revocation.

Examples:
  hsum cert crl --ca ca
  hsum cert crl --ca ca --days 7 -o example.crl

Exit status:
  0  the list is written
  1  a file could not be read or written
  2  the arguments are invalid")]
pub(crate) struct CrlArgs {
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,

    /// Days until the next list
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = days())]
    pub(crate) days: u32,

    /// Write to FILE [default: ca.crl in the directory of the authority]
    #[arg(short, long, value_name = "FILE", value_parser = any_path())]
    pub(crate) output: Option<PathBuf>,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Returns the parser of a validity in days: at most a hundred years.
fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=36_525)
}
