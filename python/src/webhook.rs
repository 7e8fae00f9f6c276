//! Verification of signed requests.

use hsum::sign::{Message, Scheme, SchemeInfo, SecretKey, VerifiedRequest, Verifier};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::buffer::Data;

create_exception!(
    hsum,
    BadSignature,
    PyException,
    "The request was refused: its signature is missing, wrong, too old, or from the future.\n\nAttributes:\n    \
     reason: A stable word, such as 'mismatch', 'stale' or 'missing-header'; see docs/json.md."
);

/// A request that was signed by the holder of a key.
///
/// Attributes:
///     scheme: The name of the scheme.
///     key_index: The index of the key that matched.
///     timestamp: The signed time in seconds since 1970; None if the scheme has none.
///     fresh_until: The last second, since 1970, at which a repeated request would be accepted; None
///         if there is no limit.
///     id: The signed identifier; None if the scheme has none.
///     replay_keys: 32 bytes for each key. Remember all of them until fresh_until, and refuse a request
///         with a key that you remember.
///     covers_body: True if the whole body is signed.
///     coverage: The signed components in words, such as 'timestamp, body'. Do not trust the other
///         components.
#[pyclass(frozen, module = "hsum", name = "VerifiedWebhook")]
pub(crate) struct VerifiedWebhook(VerifiedRequest);

#[pymethods]
impl VerifiedWebhook {
    #[getter]
    fn scheme(&self) -> &'static str {
        self.0.scheme()
    }

    #[getter]
    fn key_index(&self) -> usize {
        self.0.key_index()
    }

    #[getter]
    fn timestamp(&self) -> Option<u64> {
        self.0.timestamp()
    }

    #[getter]
    fn fresh_until(&self) -> Option<u64> {
        self.0.fresh_until()
    }

    #[getter]
    fn id(&self) -> Option<&str> {
        self.0.id()
    }

    #[getter]
    fn replay_keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let keys: Vec<_> = self.0.replay_keys().map(|key| PyBytes::new(py, &key)).collect();
        PyTuple::new(py, keys)
    }

    #[getter]
    fn covers_body(&self) -> bool {
        self.0.coverage().has_body()
    }

    #[getter]
    fn coverage(&self) -> String {
        self.0.coverage().to_string()
    }

    fn __repr__(&self) -> String {
        let (scheme, index) = (self.0.scheme(), self.0.key_index());
        format!(
            "VerifiedWebhook(scheme='{scheme}', key_index={index}, coverage='{}')",
            self.coverage()
        )
    }
}

/// Returns the scheme with this name.
fn scheme(name: &str) -> PyResult<Scheme> {
    Scheme::from_name(name).ok_or_else(|| {
        let all = SchemeInfo::ALL.iter().map(|info| info.name);
        let names: Vec<_> = all.filter(|name| Scheme::from_name(name).is_some()).collect();
        PyValueError::new_err(format!(
            "unknown scheme {name:?}; expected one of {}",
            names.join(", ")
        ))
    })
}

/// Returns the bytes of a header's value or a key: `bytes`, or `str` as UTF-8.
fn text_bytes<'v>(value: &'v Bound<'_, PyAny>, what: &str) -> PyResult<&'v [u8]> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.as_bytes());
    }
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{what} must be str or bytes, not {}",
            value.get_type().name()?
        ))),
    }
}

/// Reads headers from a mapping or an iterable of pairs, because each framework has its own type for them.
fn headers(headers: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Vec<u8>)>> {
    let pairs = match headers.hasattr("items")? {
        true => headers.call_method0("items")?,
        false => headers.clone(),
    };
    let pair = |pair: Bound<'_, PyAny>| -> PyResult<(String, Vec<u8>)> {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        let name = str::from_utf8(text_bytes(&name, "a header's name")?);
        let name = name.map_err(|_| PyValueError::new_err("a header's name is not UTF-8"))?;
        Ok((name.to_owned(), text_bytes(&value, "a header's value")?.to_vec()))
    };
    pairs.try_iter()?.map(|item| pair(item?)).collect()
}

/// Decodes one key or several, in the format of the scheme.
fn keys(scheme: &Scheme, keys: &Bound<'_, PyAny>) -> PyResult<Vec<SecretKey>> {
    let is_one = keys.cast::<PyString>().is_ok() || keys.cast::<PyBytes>().is_ok();
    let keys = match is_one {
        true => PyList::new(keys.py(), [keys])?.into_any(),
        false => keys.clone(),
    };
    let decode = |key: Bound<'_, PyAny>| -> PyResult<SecretKey> {
        let key = SecretKey::parse(scheme.key_format(), text_bytes(&key, "a key")?);
        key.map_err(|error| PyValueError::new_err(error.to_string()))
    };
    keys.try_iter()?.map(|key| decode(key?)).collect()
}

/// Reads parameters, which are pairs of `str`.
fn params(params: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    let Some(params) = params else { return Ok(Vec::new()) };
    let pairs = match params.hasattr("items")? {
        true => params.call_method0("items")?,
        false => params.clone(),
    };
    pairs.try_iter()?.map(|pair| pair?.extract()).collect()
}

/// Returns the time in seconds for a `now` argument.
fn seconds(now: f64) -> PyResult<u64> {
    match now {
        now if (0.0..1e15).contains(&now) => Ok(now as u64),
        _ => Err(PyValueError::new_err("now must be a time in seconds since 1970")),
    }
}

/// Verifies the signature of a webhook or another signed request.
///
/// Args:
///     scheme: The name of the scheme, such as 'github', 'stripe', 'slack' or 'standard-webhooks';
///         `hsum schemes` lists all.
///     headers: The headers of the request: a mapping, or an iterable of pairs, of str or bytes. Names
///         are compared without regard to case.
///     body: The body exactly as it was received, as a bytes-like object. Do not parse it and serialise
///         it again.
///     keys: The key, or several during a change of keys: str or bytes in the scheme's own format, such
///         as 'whsec_…' for 'standard-webhooks'.
///     now: The time in seconds since 1970; by default the system's time.
///     tolerance: The greatest accepted difference between the signed time and now, in seconds; by
///         default the scheme's, which is 300 for most schemes.
///     method: The method of the request, for schemes that sign it.
///     url: The URL as the sender saw it, for schemes that sign it, such as 'square' and 'twilio'.
///     params: The decoded fields of a form, for schemes that sign them, such as 'twilio' and
///         'mailgun': a mapping or pairs of str.
///
/// Returns:
///     A VerifiedWebhook. Schemes without a signed time accept repeated requests: remember `replay_keys`.
///
/// Raises:
///     BadSignature: The request is refused; `reason` says why. It never contains the expected
///         signature or a key.
///     ValueError: The scheme is unknown, a key is malformed, or there is no key.
///     TypeError: An argument is of the wrong type.
///
/// Example:
///     >>> headers = {"X-Hub-Signature-256":
///     ...     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
///     >>> hsum.verify_webhook("github", headers, b"Hello, World!", "It's a Secret to Everybody").coverage
///     'body'
#[pyfunction]
#[pyo3(signature = (scheme, headers, body, keys, *, now=None, tolerance=None, method="POST", url="", params=None))]
#[allow(clippy::too_many_arguments)] // keywords in Python
fn verify_webhook(
    py: Python<'_>,
    scheme: &str,
    headers: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
    keys: &Bound<'_, PyAny>,
    now: Option<f64>,
    tolerance: Option<u32>,
    method: &str,
    url: &str,
    params: Option<&Bound<'_, PyAny>>,
) -> PyResult<VerifiedWebhook> {
    let scheme = self::scheme(scheme)?;
    let keys = self::keys(&scheme, keys)?;
    let verifier = Verifier::new(scheme, keys);
    let mut verifier = verifier.map_err(|error| PyValueError::new_err(error.to_string()))?;
    if let Some(now) = now.map(seconds).transpose()? {
        verifier = verifier.clock(move || now);
    }
    if let Some(seconds) = tolerance {
        verifier = verifier.tolerance(seconds);
    }
    let (headers, params) = (self::headers(headers)?, self::params(params)?);
    let params: Vec<(&str, &str)> =
        params.iter().map(|(name, value)| (&**name, &**value)).collect();
    // A copy, because another thread may write to the buffer while some schemes parse it.
    let body = Data::get(body)?.as_slice().to_vec();
    let verdict = py.detach(|| {
        let message = Message::new(&headers).method(method).url(url).params(&params);
        verifier.verify(&message, &body)
    });
    match verdict {
        Ok(verified) => Ok(VerifiedWebhook(verified)),
        Err(refusal) => {
            let error = BadSignature::new_err(refusal.to_string());
            error.value(py).setattr("reason", refusal.reason())?;
            Err(error)
        }
    }
}

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let bad_signature = module.py().get_type::<BadSignature>();
    bad_signature.setattr("reason", "")?;
    module.add("BadSignature", bad_signature)?;
    module.add_class::<VerifiedWebhook>()?;
    module.add_function(wrap_pyfunction!(verify_webhook, module)?)
}
