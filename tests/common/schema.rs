//! A validator for the part of JSON Schema (2020-12) that docs/schema uses.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, sync::LazyLock};

use serde_json::{Map, Value};

/// The schemas by the names of their files.
static SCHEMAS: LazyLock<HashMap<String, Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let files = fs::read_dir(folder).expect("docs/schema");
    let read = |path: &Path| {
        let text = fs::read_to_string(path).expect("UTF-8");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
    };
    let files = files.map(|entry| entry.expect("docs/schema").path());
    files
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, read(&path))
        })
        .collect()
});

/// Returns the reason why `value` does not match the schema in the file `name`.
///
/// It is strict: an object may have only the properties that its schema lists, although readers are told to
/// expect more.
pub(crate) fn validate(name: &str, value: &Value) -> Result<(), String> {
    let schema = SCHEMAS.get(name).ok_or_else(|| format!("no docs/schema/{name}"))?;
    check(name, schema, value).map_err(|error| format!("{error}\n{value}"))
}

/// Validates each line for `verb`, and compares the summary at the end with the exit status and the lines.
/// Returns the objects.
#[track_caller]
pub(crate) fn validate_output(verb: &str, text: &str, status: i32) -> Vec<Value> {
    let file = format!("{verb}.json");
    let mut objects = Vec::new();
    for line in text.lines() {
        assert!(line.starts_with("{\"type\":\""), "{line}");
        let object = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        validate(&file, &object).unwrap_or_else(|error| panic!("{error}"));
        objects.push(object);
    }
    let (summary, rest) = objects.split_last().unwrap_or_else(|| panic!("{verb}: no summary"));
    assert_eq!((&summary["type"], &summary["verb"]), (&"summary".into(), &verb.into()));
    assert_eq!(summary["exit"], status, "{text}");
    let with = |key: &str, word: &str| rest.iter().filter(|one| one[key] == word).count();
    // The counts of a check are of files; its errors are lists.
    let errors = if verb == "check" { 0 } else { with("type", "error") };
    let failed = errors + with("status", "FAILED") + with("status", "failed");
    for (name, count) in [("failed", failed), ("skipped", with("type", "skipped"))] {
        // An error that stops the verb comes with a summary without counts.
        let is_counted = summary.get(name).is_some() || summary.get("exit") == Some(&2.into());
        assert!(is_counted || count == 0 || rest.len() == 1, "{text}");
        assert!(summary.get(name).is_none_or(|total| *total == count), "{name}: {text}");
    }
    for word in
        ["MISSING", "UNREADABLE", "CHANGED", "ROTTED", "ACCEPTED", "NEW", "MOVED", "DUPLICATE"]
    {
        let total = summary.get(word.to_lowercase());
        assert!(total.is_none_or(|total| *total == with("status", word)), "{word}: {text}");
    }
    objects
}

fn check(file: &str, schema: &Value, value: &Value) -> Result<(), String> {
    let Value::Object(rules) = schema else { panic!("{file}: not an object: {schema}") };
    for (rule, expected) in rules {
        let is_met = match rule.as_str() {
            "$schema" | "$defs" | "title" | "description" | "additionalProperties" => true,
            "$ref" => {
                let (file, schema) = resolve(file, expected.as_str().expect("a reference"));
                check(file, schema, value)?;
                true
            }
            "const" => value == expected,
            "enum" => array(expected).contains(value),
            "type" => match expected {
                Value::Array(types) => types.iter().any(|one| is_of_type(value, one)),
                one => is_of_type(value, one),
            },
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= expected.as_f64()),
            "oneOf" => one_of(file, array(expected), value)?,
            "anyOf" => array(expected).iter().any(|one| check(file, one, value).is_ok()),
            "required" => {
                let has = |name: &Value| value.get(name.as_str().expect("a name")).is_some();
                array(expected).iter().all(has)
            }
            "properties" => {
                properties(file, rules, value)?;
                true
            }
            "items" => {
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                items.iter().try_for_each(|item| check(file, expected, item))?;
                true
            }
            other => panic!("{file}: the validator does not know '{other}'"),
        };
        if !is_met {
            return Err(format!("{file}: {rule} {expected} is not met by {value}"));
        }
    }
    if !rules.contains_key("properties") && rules.contains_key("additionalProperties") {
        properties(file, rules, value)?;
    }
    Ok(())
}

/// Validates against exactly one schema: that of the value's type, if it has one.
fn one_of(file: &str, schemas: &[Value], value: &Value) -> Result<bool, String> {
    let results: Vec<_> = schemas.iter().map(|one| check(file, one, value)).collect();
    match results.iter().filter(|result| result.is_ok()).count() {
        1 => Ok(true),
        0 => Err(results.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("\n")),
        _ => Ok(false),
    }
}

fn properties(file: &str, rules: &Map<String, Value>, value: &Value) -> Result<(), String> {
    for (name, value) in value.as_object().into_iter().flatten() {
        let of_name = rules.get("properties").and_then(|properties| properties.get(name));
        match of_name.or(rules.get("additionalProperties")) {
            Some(schema) => check(file, schema, value)?,
            None => return Err(format!("{file}: '{name}' is not in the schema")),
        }
    }
    Ok(())
}

/// Returns the schema that `reference` in `file` names, and its file.
fn resolve<'s>(file: &'s str, reference: &'s str) -> (&'s str, &'s Value) {
    let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let name = if name.is_empty() { file } else { name };
    let schema = SCHEMAS.get(name).and_then(|schema| schema.pointer(pointer));
    (name, schema.unwrap_or_else(|| panic!("{file}: {reference} does not exist")))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn the_validator_rejects_what_a_schema_excludes() {
    use serde_json::json;
    let schema = json!({
        "oneOf": [
            { "type": "object", "required": ["a"], "properties": {
                "a": { "type": ["integer", "null"], "minimum": 1 },
                "b": { "items": { "enum": ["x", "y"] } },
                "c": { "additionalProperties": { "type": "string" } }
            } },
            { "const": "z" }
        ]
    });
    for good in [json!({"a": 1}), json!({"a": null, "b": ["x"], "c": {"k": ""}}), json!("z")] {
        assert_eq!(check("test", &schema, &good), Ok(()));
    }
    for bad in [
        json!({}),
        json!({"a": 0}),
        json!({"a": 1.5}),
        json!({"a": 1, "d": 1}),
        json!({"a": 1, "b": ["z"]}),
        json!({"a": 1, "c": {"k": 1}}),
        json!("y"),
    ] {
        assert!(check("test", &schema, &bad).is_err(), "{bad}");
    }
}
