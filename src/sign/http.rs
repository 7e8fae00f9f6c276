//! Requests of the `http` crate.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, request::Parts};

use crate::sign::component::Component;
use crate::sign::error::{RequestError, VerifyError};
use crate::sign::headers::RequestHeaders;
use crate::sign::message::Message;
use crate::sign::signature::{RequestSignature, SignOptions};
use crate::sign::signer::RequestSigner;
use crate::sign::verified::VerifiedRequest;
use crate::sign::verifier::{Verifier, Verifying};

impl RequestHeaders for HeaderMap {
    fn values<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        self.get_all(name).iter().for_each(|value| each(value.as_bytes()));
    }
    fn names<'a>(&'a self, each: &mut dyn FnMut(&'a str)) {
        self.iter().for_each(|(name, _)| each(name.as_str()));
    }
}

impl RequestSigner {
    /// Signs a request: adds headers, and changes the URL if the signature is part of it.
    ///
    /// Fields for the body are not added; [`RequestSignature::params`] returns them.
    ///
    /// # Errors
    /// As for [`RequestSigner::begin`].
    ///
    /// ```
    /// use hsum::sign::{Scheme, SecretKey, SignOptions, RequestSigner, Verifier};
    ///
    /// let key = || SecretKey::from_text("a key of thirty-two bytes or so!");
    /// let mut request = http::Request::post("https://example.org/hook").body(b"{}")?;
    /// let signer = RequestSigner::new(Scheme::Slack, vec![key()?])?;
    /// signer.sign_request(&mut request, &SignOptions::new())?;
    ///
    /// let verifier = Verifier::new(Scheme::Slack, vec![key()?])?;
    /// assert!(verifier.verify_request(&request).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_request<B: AsRef<[u8]>>(
        &self,
        request: &mut Request<B>,
        options: &SignOptions<'_>,
    ) -> Result<RequestSignature, RequestError> {
        let url = request.uri().to_string();
        let message = Message::new(request.headers()).method(request.method().as_str()).url(&url);
        let signed = self.sign(&message, options, request.body().as_ref())?;
        let invalid = |name: &str| RequestError::malformed_header(name, "not a valid HTTP header");
        let mut headers = request.headers().clone();
        for (name, value) in signed.headers() {
            let title = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(name))?;
            let value = HeaderValue::from_str(value).map_err(|_| invalid(name))?;
            headers.insert(title, value);
        }
        if let Some(url) = signed.url() {
            *request.uri_mut() = url
                .parse()
                .map_err(|_| RequestError::malformed(Component::Url, "not a valid URI"))?;
        }
        *request.headers_mut() = headers;
        Ok(signed)
    }
}

impl Verifier {
    /// Starts verifying a request before its body arrives.
    ///
    /// `url` is the URL as the sender saw it, which a proxy may have changed. Only some schemes
    /// sign it.
    ///
    /// # Errors
    /// As for [`Verifier::begin`].
    pub fn begin_parts(&self, parts: &Parts, url: &str) -> Result<Verifying, VerifyError> {
        self.begin(&Message::new(&parts.headers).method(parts.method.as_str()).url(url))
    }

    /// Verifies a request whose body is in memory, and whose URL is the one that the sender saw.
    ///
    /// # Errors
    /// [`VerifyError`] if the request is refused.
    pub fn verify_request<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
    ) -> Result<VerifiedRequest, VerifyError> {
        let url = request.uri().to_string();
        let message = Message::new(request.headers()).method(request.method().as_str()).url(&url);
        self.verify(&message, request.body().as_ref())
    }
}
