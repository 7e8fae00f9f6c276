//! XML-RPC messages (the specification of 15 June 1999, with `i8` and `nil`): dxr has their types;
//! what may be in their XML is checked here.

use std::ops::Range;

use dxr::{Fault, FaultResponse, MethodCall, MethodResponse, Value};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use crate::server::rpc::problem::{Problem, ProblemKind};

/// The maximum depth of elements, below that at which quick-xml gives up: 33 nested arrays.
const MAX_DEPTH: usize = 100;

/// The maximum number of elements: a value takes far more memory than the eight bytes of its tag.
const MAX_ELEMENTS: usize = 1_000_000;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The types beyond the specification that a message has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Extensions {
    pub(crate) has_i8: bool,
    pub(crate) has_nil: bool,
}

/// A call of a method.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) params: Vec<Value>,
    pub(crate) extensions: Extensions,
}

impl Call {
    /// Parses a call.
    ///
    /// # Errors
    /// Fails if the message is not well-formed, has a document type or entities, is too deep, or is
    /// not a call.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Problem> {
        let text = text(message)?;
        let outline = Outline::of(text)?;
        if outline.root != "methodCall" {
            return Err(not_a_call("expected a methodCall"));
        }
        // dxr's error repeats the whole message.
        let call = MethodCall::from_xml(text).map_err(|_| {
            not_a_call("expected a methodName, and params with values that fit their types")
        })?;
        let (method, params) = (call.name.into_owned(), call.params);
        Ok(Self { method, params, extensions: outline.extensions })
    }
}

/// Writes a call.
///
/// # Errors
/// Fails if XML cannot represent one of the strings.
pub(crate) fn write_call(method: &str, params: Vec<Value>) -> Result<String, String> {
    if let Some(text) = params.iter().find_map(unwritable) {
        return Err(format!(
            "XML cannot represent the string '{}'; send it as base64",
            text.escape_debug()
        ));
    }
    let call = MethodCall { name: method.into(), params };
    let text = call.to_xml().map_err(|error| error.to_string())?;
    Ok(format!("{DECLARATION}{text}\n"))
}

/// Writes the response of a method.
pub(crate) fn write_response(result: Result<Value, Problem>) -> String {
    let written = result.and_then(|value| {
        let response = MethodResponse { value };
        response.to_xml().map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))
    });
    let text = written.unwrap_or_else(|problem| {
        let fault = Fault::new(problem.kind.fault(), written_text(&problem.text));
        // A fault has a number and a string that XML can represent.
        FaultResponse { fault }.to_xml().unwrap_or_default()
    });
    format!("{DECLARATION}{text}\n")
}

/// Parses a response: the result, or the fault.
///
/// # Errors
/// Fails with a reason if the message is not a response.
pub(crate) fn parse_response(message: &[u8]) -> Result<Result<Value, Fault>, String> {
    let text = text(message).map_err(|problem| problem.text)?;
    let outline = Outline::of(text).map_err(|problem| problem.text)?;
    if outline.root != "methodResponse" {
        return Err("expected a methodResponse".into());
    }
    if let Some(range) = outline.fault {
        let value = text.get(range).and_then(|value| Value::from_xml(value).ok());
        return value
            .as_ref()
            .and_then(fault)
            .map(Err)
            .ok_or_else(|| "expected a fault with a faultCode and a faultString".into());
    }
    match MethodResponse::from_xml(text) {
        Ok(response) => Ok(Ok(response.value)),
        Err(_) => Err("expected one param with a value that fits its type".into()),
    }
}

/// Returns the fault in the value of a `fault` element. dxr itself requires an order of the members.
fn fault(value: &Value) -> Option<Fault> {
    let Value::Struct(members) = value else { return None };
    match (members.get("faultCode")?, members.get("faultString")?) {
        (Value::Integer(code), Value::String(text)) => Some(Fault::new(*code, text.clone())),
        _ => None,
    }
}

/// Returns `true` if an XML parser returns `text` as it was written. XML 1.0 (section 2.2) has no
/// other control characters, and a parser replaces CR (section 2.11).
pub(crate) fn is_writable(text: &str) -> bool {
    text.chars().all(|c| c != '\r' && is_xml(c))
}

/// Returns a text in which characters that XML cannot represent are escaped.
fn written_text(text: &str) -> String {
    let escaped = |c: char| match c != '\r' && is_xml(c) {
        true => c.to_string(),
        false => c.escape_default().to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Returns the first string in a value that XML cannot represent.
fn unwritable(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if !is_writable(text) => Some(text),
        Value::Array(values) => values.iter().find_map(unwritable),
        Value::Struct(members) => {
            members.iter().find_map(
                |(name, value)| {
                    if is_writable(name) { unwritable(value) } else { Some(name) }
                },
            )
        }
        _ => None,
    }
}

/// Returns `true` if a document may contain the character (XML 1.0, section 2.2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Returns the message as text.
fn text(message: &[u8]) -> Result<&str, Problem> {
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    let text = str::from_utf8(message)
        .map_err(|_| Problem::new(ProblemKind::Encoding, "expected a message in UTF-8"))?;
    match text.chars().all(is_xml) {
        true => Ok(text),
        false => Err(malformed("a character that XML does not allow")),
    }
}

/// The outline of a message whose XML is acceptable.
#[derive(Debug)]
struct Outline {
    root: String,
    /// The `value` element in the root's `fault`.
    fault: Option<Range<usize>>,
    extensions: Extensions,
}

impl Outline {
    fn of(text: &str) -> Result<Self, Problem> {
        let mut scanner = Scanner::default();
        let mut reader = Reader::from_str(text);
        loop {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event();
            let event = event.map_err(|_| malformed("the message is not well-formed XML"))?;
            let end = reader.buffer_position() as usize;
            match event {
                Event::Start(tag) => scanner.open(tag.name().as_ref(), start)?,
                Event::Empty(tag) => {
                    scanner.open(tag.name().as_ref(), start)?;
                    scanner.close(end);
                }
                Event::End(_) => scanner.close(end),
                Event::Decl(declaration) => check_encoding(declaration.encoding(), text)?,
                Event::DocType(_) => {
                    return Err(malformed("a document type is not accepted"));
                }
                Event::GeneralRef(reference) => scanner.refer(&reference)?,
                Event::Text(part) => scanner.text(&part)?,
                Event::CData(_) => scanner.text("]]")?,
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return scanner.finish(),
            }
        }
    }
}

/// The state of a scan.
#[derive(Default)]
struct Scanner {
    /// The names of the open elements from the root down, as far as they decide something.
    path: Vec<String>,
    elements: usize,
    root: Option<String>,
    fault_start: usize,
    fault: Option<Range<usize>>,
    extensions: Extensions,
}

impl Scanner {
    fn open(&mut self, name: &str, start: usize) -> Result<(), Problem> {
        if self.path.len() >= MAX_DEPTH {
            return Err(malformed("the elements are nested too deeply"));
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(malformed("too many elements"));
        }
        if self.path.is_empty() && self.root.is_some() {
            return Err(malformed("more than one root element"));
        }
        self.extensions.has_i8 |= name == "i8";
        self.extensions.has_nil |= name == "nil";
        self.path.push(name.to_owned());
        if self.root.is_none() {
            self.root = Some(name.to_owned());
        }
        if self.is_fault() {
            self.fault_start = start;
        }
        Ok(())
    }

    fn close(&mut self, end: usize) {
        if self.is_fault() {
            self.fault = Some(self.fault_start..end);
        }
        self.path.pop();
    }

    /// Returns `true` if the innermost element is the value of the response's fault.
    fn is_fault(&self) -> bool {
        self.path == ["methodResponse", "fault", "value"]
    }

    /// Accepts the references that need no document type.
    fn refer(&self, reference: &BytesRef) -> Result<(), Problem> {
        self.text("&")?;
        let name: &str = reference;
        let is_known = match reference.resolve_char_ref() {
            Ok(Some(c)) => is_xml(c),
            Ok(None) => ["amp", "lt", "gt", "quot", "apos"].contains(&name),
            Err(_) => false,
        };
        if is_known { Ok(()) } else { Err(malformed("an unknown entity or character")) }
    }

    fn text(&self, part: &str) -> Result<(), Problem> {
        match self.path.is_empty() && !part.trim_ascii().is_empty() {
            true => Err(malformed("text outside of the root element")),
            false => Ok(()),
        }
    }

    fn finish(self) -> Result<Outline, Problem> {
        match self.root {
            Some(root) if self.path.is_empty() => {
                Ok(Outline { root, fault: self.fault, extensions: self.extensions })
            }
            _ => Err(malformed("the message is incomplete")),
        }
    }
}

/// Accepts UTF-8, and other names of an encoding if the text is ASCII.
fn check_encoding<E>(
    encoding: Option<Result<std::borrow::Cow<str>, E>>,
    text: &str,
) -> Result<(), Problem> {
    match encoding {
        Some(Ok(name)) if !text.is_ascii() && !name.eq_ignore_ascii_case("utf-8") => {
            Err(Problem::new(ProblemKind::Encoding, "expected a message in UTF-8"))
        }
        Some(Err(_)) => Err(malformed("the XML declaration is invalid")),
        _ => Ok(()),
    }
}

fn malformed(text: &str) -> Problem {
    Problem::new(ProblemKind::Malformed, text)
}

fn not_a_call(text: &str) -> Problem {
    Problem::new(ProblemKind::NotACall, text)
}
