//! Values as JSON, for the JSON API and for `hsum rpc`.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use dxr::Value;
use serde_json::{Map, Number, Value as Json, json};

use crate::server::rpc::parameters::{Parameter, Type, wrong};
use crate::server::rpc::problem::Problem;

/// Converts a value. Bytes in a struct's member NAME become `NAME_base64`, other bytes
/// `{"base64": …}`.
pub(crate) fn from_value(value: &Value) -> Json {
    match value {
        Value::Integer(number) => json!(number),
        Value::Long(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        Value::String(text) => json!(text),
        // JSON has neither NaN nor infinities.
        Value::Double(number) => {
            Number::from_f64(*number).map_or_else(|| json!(number.to_string()), Json::Number)
        }
        Value::DateTime(date) => json!(date.to_string()),
        Value::Base64(bytes) => json!({ "base64": encode(bytes) }),
        Value::Array(values) => Json::Array(values.iter().map(from_value).collect()),
        Value::Struct(members) => Json::Object(members.iter().map(member).collect()),
        _ => Json::Null,
    }
}

fn member((name, value): (&String, &Value)) -> (String, Json) {
    match value {
        Value::Base64(bytes) => (format!("{name}_base64"), json!(encode(bytes))),
        value => (name.clone(), from_value(value)),
    }
}

/// Removes members that are null.
pub(crate) fn without_null(json: Json) -> Json {
    match json {
        Json::Array(values) => Json::Array(values.into_iter().map(without_null).collect()),
        Json::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(members.map(|(name, value)| (name, without_null(value))).collect())
        }
        json => json,
    }
}

/// Converts any JSON to a value. `{"base64": …}` becomes bytes.
///
/// # Errors
/// Fails with a reason if XML-RPC has no such value.
pub(crate) fn to_value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => self::number(number)?,
        Json::String(text) => Value::String(text.clone()),
        Json::Array(values) => Value::Array(values.iter().map(to_value).collect::<Result<_, _>>()?),
        Json::Object(members) => match bytes_of(members) {
            Some(text) => Value::Base64(decode(text)?),
            None => {
                let value = |(name, json): (&String, _)| Ok((name.clone(), to_value(json)?));
                Value::Struct(
                    members.iter().map(value).collect::<Result<BTreeMap<_, _>, String>>()?,
                )
            }
        },
    })
}

/// Returns the digits of `{"base64": …}`.
fn bytes_of(members: &Map<String, Json>) -> Option<&str> {
    members.get("base64").filter(|_| members.len() == 1)?.as_str()
}

/// Converts a number: to `int` if it fits, otherwise to `i8` or `double`.
fn number(number: &Number) -> Result<Value, String> {
    if let Some(number) = number.as_i64() {
        return Ok(i32::try_from(number).map_or(Value::Long(number), Value::Integer));
    }
    match number.as_f64() {
        Some(double) if number.is_f64() => Ok(Value::Double(double)),
        _ => Err(format!("{number} does not fit into 64 bits with a sign")),
    }
}

/// Encodes bytes as base64 with its padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Decodes base64 with its padding, without white space.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    Base64::decode_vec(text).map_err(|_| "expected base64 with its padding".to_owned())
}

/// Returns the arguments of a call, in the order of the parameters.
///
/// # Errors
/// Fails if a member is missing, unknown or of another type.
pub(crate) fn arguments(parameters: &[Parameter], json: Json) -> Result<Vec<Value>, Problem> {
    let Json::Object(mut members) = json else { return Err(wrong("expected an object".into())) };
    let mut values = Vec::new();
    for parameter in parameters {
        values.push(argument(parameter, &mut members)?);
    }
    if let Some(name) = members.keys().next() {
        return Err(wrong(format!("unknown member '{}'", name.escape_debug())));
    }
    // A parameter that is missing at the end is left out.
    while values.last() == Some(&Value::Nil) && values.len() > required(parameters) {
        values.pop();
    }
    Ok(values)
}

fn required(parameters: &[Parameter]) -> usize {
    parameters.iter().filter(|parameter| !parameter.is_optional).count()
}

fn argument(parameter: &Parameter, members: &mut Map<String, Json>) -> Result<Value, Problem> {
    let name = parameter.name;
    let refused = |text: String| wrong(format!("{name}: {text}"));
    let encoded = members.remove(&format!("{name}_base64"));
    if let (Some(Json::String(text)), Type::TextOrBytes) = (&encoded, parameter.kind) {
        return decode(text).map(Value::Base64).map_err(refused);
    }
    if encoded.is_some() {
        return Err(wrong(format!("unknown member '{name}_base64'")));
    }
    let Some(json) = members.remove(name) else {
        let is_optional = parameter.is_optional;
        return if is_optional { Ok(Value::Nil) } else { Err(refused("is missing".into())) };
    };
    let value = match (parameter.kind, &json) {
        (Type::Bytes, Json::String(text)) => decode(text).map(Value::Base64),
        (Type::Array, Json::Array(elements)) => {
            elements.iter().map(bytes).collect::<Result<_, _>>().map(Value::Array)
        }
        (_, json) => to_value(json),
    };
    value.map_err(refused)
}

fn bytes(json: &Json) -> Result<Value, String> {
    let text = json.as_str().ok_or("expected an array of base64")?;
    decode(text).map(Value::Base64)
}
