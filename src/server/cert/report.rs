//! The output of the actions: a line, or an object, for each new file.

use std::path::Path;

use anyhow::Result;
use hsum::internals::escape;
use rustls::pki_types::CertificateDer;

use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::Output;
use crate::cli::quote::quote;
use crate::server::cert::{certificates, describe, pin, time};

/// The results of an action.
pub(crate) struct Report {
    action: &'static str,
    is_json: bool,
    output: Output,
}

impl Report {
    /// Starts the report of an action.
    ///
    /// # Errors
    /// Returns an error if standard output is closed.
    pub(crate) fn new(action: &'static str, is_json: bool) -> Result<Self> {
        Ok(Self { action, is_json, output: Output::stdout()? })
    }

    /// Reports a file: `PATH: TEXT`, or `object`.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn file(&mut self, path: &Path, text: &str, object: &mut Object) -> Result<()> {
        match self.is_json {
            true => self.output.line(&object.line())?,
            false => {
                // Names can come from a request of someone else.
                let text = escape(text.as_bytes(), &[]);
                self.output.line(format!("{}: {text}\n", quote(path)).as_bytes())?;
            }
        }
        Ok(())
    }

    /// Reports a certificate; `kind` is what it is.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn certificate(
        &mut self,
        path: &Path,
        kind: &str,
        names: &[String],
        certificate: &CertificateDer<'_>,
    ) -> Result<()> {
        let parsed = certificates::parse(certificate)?;
        let not_before = parsed.validity().not_before.timestamp();
        let not_after = parsed.validity().not_after.timestamp();
        let mut object = Object::new("certificate");
        object.path(path).set("names", names).set("serial", describe::colons(parsed.raw_serial()));
        object.set("not_before", time::to_text(not_before));
        object.set("not_after", time::to_text(not_after));
        object.set("sha256", pin::fingerprint(certificate));
        object.set("pin", pin::spki_pin(parsed.public_key().raw));
        let text = format!("{kind} {}, valid until {}", names.join(", "), time::to_date(not_after));
        self.file(path, &text, &mut object)
    }

    /// Reports a private key.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn key(&mut self, path: &Path, algorithm: &str, is_encrypted: bool) -> Result<()> {
        let encrypted = if is_encrypted { ", encrypted" } else { "" };
        let mut object = Object::new("private-key");
        object.path(path).set("key", algorithm).set("encrypted", is_encrypted);
        self.file(path, &format!("private key ({algorithm}{encrypted})"), &mut object)
    }

    /// Ends the report.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn finish(mut self) -> Result<Exit> {
        if self.is_json {
            self.output.line(&Object::summary("cert").set("action", self.action).exit(0))?;
        }
        self.output.finish()?;
        Ok(Exit::Success)
    }
}
