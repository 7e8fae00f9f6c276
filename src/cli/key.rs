//! HMAC keys: from anywhere but the command line, and wiped after use.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use hsum::{ErrorKind, sign};
use zeroize::Zeroizing;

use super::args::KeyFormat;
use super::exit::Usage;
use super::plan;
use super::print::complain;
use super::quote::quote;

/// Where a key comes from.
pub(crate) enum KeySource<'a> {
    Environment(&'a OsStr),
    File(&'a Path),
    Descriptor(u32),
    Stdin,
    Prompt,
}

/// The longest key, in bytes as read; the buffer is made once, so that no copy stays behind.
const LONGEST: usize = 1 << 20;

impl<'a> KeySource<'a> {
    /// Reads `env:NAME`, `file:PATH`, `fd:N`, `-` and `prompt`. What is none of these is not
    /// repeated in the error: it may be the key.
    pub(crate) fn parse(spec: &'a OsStr) -> Result<Self> {
        let bytes = spec.as_bytes();
        let after = |prefix: &str| bytes.strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes);
        let number = |text: &OsStr| text.to_str()?.parse().ok();
        match bytes {
            b"-" => return Ok(Self::Stdin),
            b"prompt" => return Ok(Self::Prompt),
            _ => {}
        }
        if let Some(name) = after("env:").filter(|name| !name.is_empty()) {
            return Ok(Self::Environment(name));
        }
        if let Some(path) = after("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(Path::new(path)));
        }
        if let Some(descriptor) = after("fd:").and_then(number) {
            return Ok(Self::Descriptor(descriptor));
        }
        Err(Usage(
            "--key takes env:NAME, file:PATH, fd:N, '-' or prompt; \
             a key itself never stands on the command line"
                .into(),
        )
        .into())
    }

    /// Reads the key and decodes it.
    pub(crate) fn read(&self, format: KeyFormat) -> Result<Zeroizing<Vec<u8>>> {
        let (title, text) = self.read_text()?;
        let key = decode(text, format).map_err(|reason| anyhow!("{title}: {reason}"))?;
        if key.is_empty() {
            bail!("{title}: the key is empty");
        }
        Ok(key)
    }

    /// Reads the key as it is written, and says where.
    pub(crate) fn read_text(&self) -> Result<(String, Zeroizing<Vec<u8>>)> {
        let (title, text) = match self {
            Self::Environment(name) => {
                let title = format!("environment variable {}", quote(Path::new(name)));
                let value = std::env::var_os(name).ok_or_else(|| anyhow!("{title} is not set"))?;
                (title, Zeroizing::new(std::os::unix::ffi::OsStringExt::into_vec(value)))
            }
            Self::File(path) => {
                let title = quote(path);
                let text = File::open(path).and_then(read_all);
                (title.clone(), text.map_err(|e| anyhow!("{title}: {}", ErrorKind::Io(e)))?)
            }
            Self::Descriptor(number) => {
                let title = format!("file descriptor {number}");
                let text = File::open(format!("/dev/fd/{number}")).and_then(read_all);
                (title.clone(), text.map_err(|e| anyhow!("{title}: {}", ErrorKind::Io(e)))?)
            }
            Self::Stdin => {
                let title = "standard input".to_owned();
                let text = read_all(io::stdin().lock());
                (title.clone(), text.map_err(|e| anyhow!("{title}: {}", ErrorKind::Io(e)))?)
            }
            Self::Prompt => {
                let text = rpassword::prompt_password("Key: ")
                    .map_err(|e| anyhow!("cannot ask for the key: {}", ErrorKind::Io(e)))?;
                ("the key that was typed".to_owned(), Zeroizing::new(text.into_bytes()))
            }
        };
        if text.len() > LONGEST {
            bail!("{title}: the key is longer than {LONGEST} bytes");
        }
        Ok((title, text))
    }

    /// Who else may read the file that the key is in, where it is one.
    pub(crate) fn exposure(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let metadata = path.metadata().ok().filter(|metadata| metadata.is_file())?;
        let mode = metadata.permissions().mode() & 0o777;
        (mode & 0o044 != 0)
            .then(|| format!("{}: others can read it (mode {mode:04o})", quote(path)))
    }
}

/// Everything, up to one byte more than a key may have.
fn read_all(input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let mut input = input.take(LONGEST as u64 + 1);
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match input.read(&mut *piece) {
            Ok(0) => return Ok(text),
            Ok(count) => text.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Drops one LF or CRLF at the end: what an editor or `echo` put there.
pub(crate) fn drop_line_end(text: &mut Vec<u8>) {
    if text.ends_with(b"\n") {
        text.pop();
        if text.ends_with(b"\r") {
            text.pop();
        }
    }
}

/// The reasons never hold any of the key.
fn decode(mut text: Zeroizing<Vec<u8>>, format: KeyFormat) -> Result<Zeroizing<Vec<u8>>> {
    if format != KeyFormat::Raw {
        drop_line_end(&mut text);
    }
    if format == KeyFormat::Text {
        if text.contains(&b'\n') {
            bail!("a text key has one line; use --key-format raw for one with more");
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            text.clear();
        }
        if text.first().is_some_and(u8::is_ascii_whitespace)
            || text.last().is_some_and(u8::is_ascii_whitespace)
        {
            complain("warning: the key begins or ends with white space, which counts");
        }
    }
    Ok(sign::KeyFormat::from(format).decode(&text)?)
}

impl From<KeyFormat> for sign::KeyFormat {
    fn from(format: KeyFormat) -> Self {
        match format {
            KeyFormat::Text => Self::Text,
            KeyFormat::Raw => Self::Raw,
            KeyFormat::Hex => Self::Hex,
            KeyFormat::Base64 => Self::Base64,
            KeyFormat::Base64url => Self::Base64Url,
            KeyFormat::Whsec => Self::Whsec,
        }
    }
}

impl KeySource<'_> {
    /// Whether reading it takes standard input away from the message.
    pub(crate) fn takes_stdin(&self) -> bool {
        match self {
            Self::Stdin => true,
            Self::Descriptor(number) => *number == 0,
            Self::File(path) => plan::is_stdin(path),
            Self::Prompt | Self::Environment(_) => false,
        }
    }
}
