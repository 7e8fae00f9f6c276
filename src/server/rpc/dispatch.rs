//! Calls of methods by name, and the methods called `system.…`.

use std::collections::BTreeMap;

use dxr::{Fault, Value, multicall};

use crate::server::rpc::functions::Outcome;
use crate::server::rpc::methods::{METHODS, Method};
use crate::server::rpc::parameters::{Arguments, Parameter, Type, wrong};
use crate::server::rpc::problem::{Problem, ProblemKind};
use crate::server::rpc::state::State;
use crate::server::rpc::weight::{MAX_RESULT, check_size, too_large, weight};
use crate::server::rpc::xml::{Call, Extensions};

/// The size of a fault without its text, as [`weight`] counts it.
const FAULT: usize = 512;

const METHOD_NAME: &[Parameter] = &[Parameter::new("method", Type::Text)];

const MULTICALL: &str = "system.multicall";

/// The methods that describe and combine methods.
const SYSTEM: &[Method] = &[
    Method {
        name: "system.listMethods",
        help: "Returns the names of the methods.",
        parameters: &[],
        result: Type::Array,
        run: |_, _| {
            let mut names: Vec<_> = all().map(|method| method.name).collect();
            names.sort_unstable();
            Ok(Value::Array(names.into_iter().map(text).collect()))
        },
    },
    Method {
        name: "system.methodHelp",
        help: "Returns what a method does.",
        parameters: METHOD_NAME,
        result: Type::Text,
        run: |_, arguments| Ok(text(find(arguments.text("method"))?.help)),
    },
    Method {
        name: "system.methodSignature",
        help: "Returns the signatures of a method: arrays of the result's type and the parameters' types.",
        parameters: METHOD_NAME,
        result: Type::Array,
        run: |_, arguments| Ok(signatures(find(arguments.text("method"))?)),
    },
    Method {
        name: MULTICALL,
        help: "Calls several methods. Takes an array of structs with methodName and params; returns for \
               each an array with the result, or a struct with faultCode and faultString.",
        parameters: &[Parameter::new("calls", Type::Array)],
        result: Type::Array,
        run: multicall,
    },
];

/// Calls a method, and returns its result in types that the client knows.
pub(crate) fn answer(state: &State, call: Call) -> Outcome {
    let result = run(find(&call.method)?, state, call.params)?;
    check_size(&result)?;
    Ok(known(result, call.extensions))
}

/// Calls one of the methods without `system.`.
pub(crate) fn run(method: &Method, state: &State, params: Vec<Value>) -> Outcome {
    let arguments = Arguments::new(method.parameters, params)?;
    (method.run)(state, &arguments)
}

fn all() -> impl Iterator<Item = &'static Method> {
    METHODS.iter().chain(SYSTEM)
}

fn find(name: &str) -> Result<&'static Method, Problem> {
    all().find(|method| method.name == name).ok_or_else(|| {
        let text = format!("no method '{}'; call system.listMethods", name.escape_debug());
        Problem::new(ProblemKind::NoMethod, text)
    })
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Returns the signatures: one for each number of parameters, and with names as strings or base64.
fn signatures(method: &Method) -> Value {
    let required = method.parameters.iter().filter(|parameter| !parameter.is_optional).count();
    let mut signatures = Vec::new();
    for count in required..=method.parameters.len() {
        let taken = method.parameters.iter().take(count);
        let types = |of_names: &'static str| {
            let types = taken.clone().map(move |parameter| match parameter.kind {
                Type::TextOrBytes => of_names,
                kind => kind.name(),
            });
            Value::Array([method.result.name()].into_iter().chain(types).map(text).collect())
        };
        signatures.push(types("string"));
        if types("base64") != types("string") {
            signatures.push(types("base64"));
        }
    }
    Value::Array(signatures)
}

fn multicall(state: &State, arguments: &Arguments) -> Outcome {
    let calls = multicall::from_multicall_params(arguments.values().to_vec())
        .map_err(|error| wrong(error.to_string()))?;
    let mut total = 0;
    let mut results = Vec::new();
    for call in calls {
        let result = match call {
            Ok((name, _)) if name == MULTICALL => {
                Err(wrong("system.multicall cannot call itself".into()))
            }
            Ok((name, params)) => find(&name).and_then(|method| run(method, state, params)),
            Err(_) => Err(wrong("expected a struct with methodName and params".into())),
        };
        // Faults count too: the shortest call is far smaller than its fault.
        total += result.as_ref().map_or_else(|problem| FAULT + problem.text.len(), weight);
        if total > MAX_RESULT {
            return Err(too_large());
        }
        results.push(result.map_err(|problem| Fault::new(problem.kind.fault(), problem.text)));
    }
    Ok(multicall::into_multicall_response(results))
}

/// Replaces what the client may not know: `i8` becomes a string, and members that are nil are left
/// out.
fn known(value: Value, extensions: Extensions) -> Value {
    match value {
        Value::Long(number) if !extensions.has_i8 => Value::String(number.to_string()),
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| known(value, extensions)).collect())
        }
        Value::Struct(members) => {
            let is_kept = |value: &Value| extensions.has_nil || *value != Value::Nil;
            let members = members.into_iter().filter(|(_, value)| is_kept(value));
            let members = members.map(|(name, value)| (name, known(value, extensions)));
            Value::Struct(members.collect::<BTreeMap<_, _>>())
        }
        value => value,
    }
}
