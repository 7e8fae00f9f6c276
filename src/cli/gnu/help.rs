//! `--help` and `--version`, in the format of GNU's tools.

use std::os::unix::ffi::OsStrExt;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::gnu::tools::{TOOLS, Tool};
use crate::cli::output::Output;
use crate::cli::print::program_name;

const STDIN: &str = "\nWith no FILE, or when FILE is -, read standard input.\n";
const MANDATORY: &str = "\nA short option needs an argument if its long form does.\n";

const BINARY: &str = "  -b, --binary          mark digests as computed in binary mode ('*')
";
const CHECK: &str = "  -c, --check           verify the files that each FILE lists
";
const LENGTH: &str = "  -l, --length=BITS     length of the digest in bits: for BLAKE2b a multiple
                          of 8 up to 512
";
const LENGTH_CKSUM: &str =
    "  -l, --length=BITS     length of the digest in bits: for blake2b a multiple
                          of 8 up to 512, for sha2 and sha3 224, 256, 384
                          or 512
";
const TAG: &str = "      --tag             print BSD-style lines, 'NAME (FILE) = DIGEST'
";
const TEXT: &str = "  -t, --text            mark digests as computed in text mode (default)
";
const ZERO: &str = "  -z, --zero            end lines with NUL instead of newline, and print file
                          names without escapes
";
const VERIFYING: &str = "
Options for verification:
      --ignore-missing  ignore files that do not exist
      --quiet           do not print OK lines
      --status          print nothing; only set the exit status
      --strict          fail if a line is improperly formatted
  -w, --warn            warn about each improperly formatted line
";
const ENDING: &str = "
      --help            print this help and exit
      --version         print the version and exit
";
const LINES: &str = "
Each line holds a digest, a space, '*' for binary or a space for text mode,
and the name of the FILE. The modes do not differ here. With --check, each
FILE has such lines, or those of BSD's tools.
";
const ALGORITHMS: &str = "
TYPE is the checksum, which also decides the format of the lines:
  sysv      the checksum of 'sum -s'
  bsd       the checksum of 'sum -r'
  crc       the checksum of 'cksum' without --algorithm
  crc32b    the CRC of Ethernet, gzip and zip; only in cksum
  md5       the digest of 'md5sum'
  sha1      the digest of 'sha1sum'
  sha2      the digests of 'sha224sum' to 'sha512sum', by --length
  sha3      SHA-3, by --length; only in cksum
  blake2b   the digest of 'b2sum'
  sm3       SM3; only in cksum
The SHA-2 digests also have their own names: sha224, sha256, sha384, sha512.
";

pub(super) fn help(tool: Tool) -> Result<Exit> {
    let mut text = [b"Usage: ", program_name().as_bytes(), b" [OPTION]... [FILE]...\n"].concat();
    let mut add = |parts: &[&str]| parts.iter().for_each(|p| text.extend_from_slice(p.as_bytes()));
    match tool {
        Tool::Digest(algorithm) => {
            let bits = algorithm.default_len() * 8;
            let name = algorithm.tag();
            add(&[&format!("Print or verify {name} digests ({bits} bits).\n"), STDIN]);
            let if_length = |text| if tool.has_length() { text } else { "" };
            add(&[if_length(MANDATORY), "\n", BINARY, CHECK]);
            add(&[if_length(LENGTH), TAG, TEXT, ZERO, VERIFYING, ENDING, LINES]);
        }
        Tool::Cksum => {
            add(&["Print or verify checksums, by default 32-bit CRCs.\n", STDIN, MANDATORY, "\n"]);
            add(&["  -a, --algorithm=TYPE  compute the checksum TYPE, see below\n"]);
            add(&["      --base64          print digests in base64 instead of hexadecimal\n"]);
            add(&[BINARY, CHECK, LENGTH_CKSUM]);
            add(&["      --raw             print the digest as bytes, for one FILE\n"]);
            add(&[TAG, "                          (default)\n", TEXT]);
            add(&["      --untagged        print lines without the algorithm's name\n", ZERO]);
            add(&[VERIFYING, "\n      --debug           print which CPU feature is used\n"]);
            add(&[ENDING.trim_start_matches('\n'), ALGORITHMS]);
        }
        Tool::Sum => {
            add(&["Print 16-bit checksums and the number of blocks.\n", STDIN, "\n"]);
            add(&["  -r                    use the BSD algorithm and blocks of 1 KiB (default)\n"]);
            add(&[
                "  -s, --sysv            use the System V algorithm and blocks of 512 bytes\n",
                ENDING,
            ]);
        }
    }
    print(&text)
}

pub(super) fn version(tool: Tool) -> Result<Exit> {
    let name = TOOLS.iter().find(|(_, known)| *known == tool).map_or("hsum", |(name, _)| name);
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "{name} (hsum) {version}\n\
         A replacement for {name} of GNU coreutils 9.11.\n\
         Licence: MIT or Apache-2.0, at your choice. There is no warranty.\n"
    );
    print(text.as_bytes())
}

fn print(text: &[u8]) -> Result<Exit> {
    let mut output = Output::plain_stdout()?;
    output.bytes(text)?;
    output.finish()?;
    Ok(Exit::Success)
}
