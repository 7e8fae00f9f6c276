//! Parameters of methods: their types, and the arguments of a call.

use dxr::Value;
use hsum::HashFunction;

use crate::server::rpc::problem::{Problem, ProblemKind};

/// The type of a parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    Text,
    /// A name or document: a string, or base64 if it is not UTF-8 or not representable in XML.
    TextOrBytes,
    Bytes,
    Array,
    Integer,
    Boolean,
    Struct,
}

impl Type {
    /// Returns the name that `system.methodSignature` and messages use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text | Self::TextOrBytes => "string",
            Self::Bytes => "base64",
            Self::Array => "array",
            Self::Integer => "int",
            Self::Boolean => "boolean",
            Self::Struct => "struct",
        }
    }

    fn accepts(self, value: &Value) -> bool {
        match value {
            Value::String(_) => matches!(self, Self::Text | Self::TextOrBytes),
            Value::Base64(_) => matches!(self, Self::Bytes | Self::TextOrBytes),
            Value::Integer(_) | Value::Long(_) => self == Self::Integer,
            Value::Boolean(_) => self == Self::Boolean,
            Value::Array(_) => self == Self::Array,
            Value::Struct(_) => self == Self::Struct,
            _ => false,
        }
    }
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) is_optional: bool,
}

impl Parameter {
    pub(crate) const fn new(name: &'static str, kind: Type) -> Self {
        Self { name, kind, is_optional: false }
    }

    pub(crate) const fn optional(name: &'static str, kind: Type) -> Self {
        Self { name, kind, is_optional: true }
    }
}

/// The arguments of a call, which fit the method's parameters.
#[derive(Debug)]
pub(crate) struct Arguments {
    parameters: &'static [Parameter],
    values: Vec<Value>,
}

impl Arguments {
    /// Checks the number and the types of the values. An optional one may be nil.
    pub(crate) fn new(
        parameters: &'static [Parameter],
        values: Vec<Value>,
    ) -> Result<Self, Problem> {
        let required = parameters.iter().filter(|parameter| !parameter.is_optional).count();
        if !(required..=parameters.len()).contains(&values.len()) {
            let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
            if names.is_empty() {
                return Err(wrong("the method takes no parameters".into()));
            }
            let (got, expected) = (values.len(), names.join(", "));
            return Err(wrong(format!("wrong number of parameters: {got} (expected {expected})")));
        }
        for (parameter, value) in parameters.iter().zip(&values) {
            let is_left_out = parameter.is_optional && *value == Value::Nil;
            if !is_left_out && !parameter.kind.accepts(value) {
                let (name, expected) = (parameter.name, parameter.kind.name());
                return Err(wrong(format!(
                    "{name}: expected {expected}, not {}",
                    type_name(value)
                )));
            }
        }
        Ok(Self { parameters, values })
    }

    /// Returns the value of a parameter; `None` if it is left out.
    fn value(&self, name: &str) -> Option<&Value> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name)?;
        self.values.get(index).filter(|value| **value != Value::Nil)
    }

    /// Returns the values, in the order of the parameters.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the bytes of a string or base64 value; empty if it is left out.
    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        match self.value(name) {
            Some(Value::Base64(bytes)) => bytes,
            Some(Value::String(text)) => text.as_bytes(),
            _ => &[],
        }
    }

    /// Returns a string; empty if it is left out.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::String(text)) => text,
            _ => "",
        }
    }

    /// Returns the bytes of each element.
    pub(crate) fn byte_strings(&self, name: &str) -> Result<Vec<&[u8]>, Problem> {
        let Some(Value::Array(elements)) = self.value(name) else { return Ok(Vec::new()) };
        let bytes = elements.iter().map(|element| match element {
            Value::Base64(bytes) => Ok(bytes.as_slice()),
            other => Err(wrong(format!("{name}: expected base64, not {}", type_name(other)))),
        });
        bytes.collect()
    }

    /// Returns a number above 0; `None` if it is left out.
    pub(crate) fn count(&self, name: &str) -> Result<Option<usize>, Problem> {
        let number = match self.value(name) {
            Some(Value::Integer(number)) => usize::try_from(*number),
            Some(Value::Long(number)) => usize::try_from(*number),
            _ => return Ok(None),
        };
        let positive = number.ok().filter(|number| *number > 0);
        let positive = positive.ok_or_else(|| wrong(format!("{name}: expected a number above 0")));
        positive.map(Some)
    }

    /// Returns a hash function.
    pub(crate) fn function(&self, name: &str) -> Result<HashFunction, Problem> {
        self.text(name).parse().map_err(|error| wrong(format!("{name}: {error}")))
    }
}

/// Returns a problem with a parameter.
pub(crate) fn wrong(text: String) -> Problem {
    Problem::new(ProblemKind::Parameters, text)
}

/// Returns the name of a value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "int",
        Value::Long(_) => "i8",
        Value::Boolean(_) => "boolean",
        Value::String(_) => "string",
        Value::Double(_) => "double",
        Value::DateTime(_) => "dateTime.iso8601",
        Value::Base64(_) => "base64",
        Value::Struct(_) => "struct",
        Value::Array(_) => "array",
        Value::Nil => "nil",
        _ => "an unknown type",
    }
}
