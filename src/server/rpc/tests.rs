//! Tests of the methods and of their two interfaces, without a network.

mod mutations;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use dxr::{Fault, Value};
use flate2::Compression;
use flate2::write::GzEncoder;
use hsum::Algorithm::{Md5, Sha1, Sha256};
use hsum::digest;
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::server::rpc::dispatch;
use crate::server::rpc::files::{ServedFile, ServedFiles};
use crate::server::rpc::http::{Service, router};
use crate::server::rpc::problem::ProblemKind;
use crate::server::rpc::state::State;
use crate::server::rpc::xml::{self, Call};

const MAX_BODY: usize = 64 << 10;

/// A record in memory.
struct Record(BTreeMap<Vec<u8>, ServedFile>);

impl ServedFiles for Record {
    fn is_complete(&self) -> bool {
        !self.0.is_empty()
    }

    fn find(&self, name: &[u8]) -> Option<ServedFile> {
        self.0.get(name).cloned()
    }

    fn list(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<ServedFile> {
        let names = self.0.iter().filter(|(name, _)| name.starts_with(prefix) && &name[..] > after);
        names.map(|(_, file)| file.clone()).take(limit).collect()
    }
}

/// Returns a state with the files a, b (not hashed yet), c (MD5 too), sub/d, and one that is not UTF-8.
fn state() -> State {
    let mut files = BTreeMap::new();
    let names: [&[u8]; 5] = [b"a", b"b", b"c", b"sub/d", b"sub/\xff"];
    for name in names {
        let digests = match name {
            b"b" => vec![],
            b"c" => vec![digest(Sha256, name), digest(Md5, name)],
            _ => vec![digest(Sha256, name)],
        };
        let size = if name == b"a" { 5_000_000_000 } else { name.len() as u64 };
        files.insert(name.to_vec(), ServedFile { name: name.to_vec(), size, digests });
    }
    let keys = [("ci".to_owned(), Zeroizing::new(b"Jefe".to_vec()))].into();
    State { files: Arc::new(Record(files)), keys }
}

fn call(method: &str, params: Vec<Value>) -> Result<Value, Fault> {
    let message = xml::write_call(method, params).expect("XML");
    exchange(message.as_bytes())
}

/// Answers a message, and parses the answer.
fn exchange(message: &[u8]) -> Result<Value, Fault> {
    let result = Call::parse(message).and_then(|call| dispatch::answer(&state(), call));
    let response = xml::write_response(result);
    xml::parse_response(response.as_bytes()).expect("a response")
}

fn code(method: &str, params: Vec<Value>) -> i32 {
    call(method, params).expect_err("a fault").code()
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Base64(bytes.into())
}

fn members(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Struct(members) => members,
        value => panic!("{value:?}"),
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements,
        value => panic!("{value:?}"),
    }
}

#[test]
fn digests_and_macs_are_computed() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(call("digest", vec![text("sha256"), bytes(b"abc")]), Ok(text(abc)));
    let messages = Value::Array((0..100).map(|n| bytes(&vec![n; n as usize])).collect());
    let many = elements(call("digest_many", vec![text("sha256"), messages]).expect("digests"));
    for (n, digest) in (0..100).zip(many) {
        assert_eq!(digest, text(&hsum::digest(Sha256, &vec![n; n as usize]).to_hex()));
    }
    // RFC 2202, section 2, test case 2.
    let tag = "750c783e6ab0b503eaa86e310a5db738";
    let verify = |tag: Value, message: &[u8]| {
        call("hmac_verify", vec![text("md5"), text("ci"), bytes(message), tag])
    };
    let message = b"what do ya want for nothing?";
    let raw = hex::decode(tag).expect("hex");
    for tag in [text(tag), text("dQx4PmqwtQPqqG4xCl23OA=="), bytes(&raw)] {
        assert_eq!(verify(tag.clone(), message), Ok(Value::Boolean(true)), "{tag:?}");
        assert_eq!(verify(tag, b"forged"), Ok(Value::Boolean(false)));
    }
    assert_eq!(verify(bytes(&raw[..15]), message).expect_err("a fault").code(), -32602);
    let names = elements(call("algorithms", vec![]).expect("algorithms"));
    assert_eq!(names.len(), hsum::Algorithm::ALL.len());
}

#[test]
fn files_are_described_and_verified() {
    let a = digest(Sha256, b"a").to_hex();
    assert_eq!(call("file_digest", vec![text("sha256"), text("a")]), Ok(text(&a)));
    let last = call("file_digest", vec![text("sha256"), bytes(b"sub/\xff")]);
    assert_eq!(last, Ok(text(&digest(Sha256, b"sub/\xff").to_hex())));
    for (alg, name, reason) in [
        ("sha256", "none", "no file 'none' is served"),
        ("sha256", "b", "the file has not been hashed yet; call again later"),
        ("sha1", "c", "the server has no sha1 digest of it, only sha256, md5"),
    ] {
        let fault = call("file_digest", vec![text(alg), text(name)]).expect_err("a fault");
        assert_eq!((fault.code(), fault.string()), (-32500, reason));
    }
    let verify = |name: &str, digest: &str| call("verify", vec![text(name), text(digest)]);
    assert_eq!(verify("a", &format!("sha256:{a}")), Ok(Value::Boolean(true)));
    assert_eq!(verify("sub/d", &a), Ok(Value::Boolean(false)));
    assert_eq!(verify("c", &digest(Md5, b"c").to_hex()), Ok(Value::Boolean(true)));
    assert_eq!(verify("a", &digest(Sha1, b"a").to_hex()).expect_err("a fault").code(), -32500);
}

#[test]
fn lists_are_compared_line_by_line() {
    let (a, b) = (digest(Sha256, b"a"), digest(Sha256, b"b"));
    let sha1 = digest(Sha1, b"a");
    let list = format!("{a}  a\n{b}  c\n{b}  none\n{b}  b\n{sha1}  a\nrubbish\n{a} *./a\n");
    let list = list + &format!("{}  sub/", digest(Sha256, b"sub/\xff"));
    let list = [list.as_bytes(), b"\xff\n"];
    let result = members(call("verify_list", vec![bytes(&list.concat())]).expect("counts"));
    let words = ["OK", "FAILED", "MISSING", "UNKNOWN", "UNKNOWN", "BAD", "OK", "OK"];
    let entries = elements(result["entries"].clone());
    assert_eq!(entries.len(), words.len(), "{entries:?}");
    for (line, (entry, word)) in (1..).zip(entries.into_iter().zip(words)) {
        let entry = members(entry);
        assert_eq!((&entry["status"], &entry["line"]), (&text(word), &Value::Integer(line)));
        // A bad line has no name.
        assert_eq!(entry.contains_key("name"), word != "BAD");
    }
    let counts = ["ok", "failed", "missing", "unknown", "bad"].map(|name| result[name].clone());
    assert_eq!(counts, [3, 1, 1, 2, 1].map(Value::Integer));
}

#[test]
fn the_result_for_a_list_of_many_short_lines_is_bounded() {
    let fault = call("verify_list", vec![bytes(&b"a\n".repeat(200_000))]).expect_err("a fault");
    assert_eq!((fault.code(), &fault.string()[..23]), (-32500, "the result is too large"));
}

#[test]
fn a_list_of_files_comes_in_parts() {
    let list = |params| members(call("list", params).expect("a list"));
    let names = |result: &BTreeMap<String, Value>| -> Vec<Value> {
        elements(result["files"].clone()).into_iter().map(|f| members(f)["name"].clone()).collect()
    };
    let all = list(vec![]);
    assert_eq!(names(&all), [text("a"), text("b"), text("c"), text("sub/d"), bytes(b"sub/\xff")]);
    assert_eq!(names(&list(vec![text("sub/")])), [text("sub/d"), bytes(b"sub/\xff")]);
    let first = list(vec![text(""), text(""), Value::Integer(2)]);
    assert_eq!(
        (names(&first), &first["more"]),
        (vec![text("a"), text("b")], &Value::Boolean(true))
    );
    let rest = list(vec![text(""), text("b"), Value::Integer(3)]);
    assert_eq!((names(&rest).len(), &rest["more"]), (3, &Value::Boolean(false)));
    let empty = State { files: Arc::new(Record(BTreeMap::new())), keys: BTreeMap::new() };
    let call =
        Call::parse(xml::write_call("list", vec![]).expect("XML").as_bytes()).expect("a call");
    assert_eq!(dispatch::answer(&empty, call).expect_err("a problem").kind, ProblemKind::NoDigest);
    for limit in [0, -1] {
        assert_eq!(code("list", vec![text(""), text(""), Value::Integer(limit)]), -32602);
    }
}

#[test]
fn extensions_are_for_clients_that_know_them() {
    let second = |params| {
        let mut files = elements(members(call("list", params).expect("a list"))["files"].clone());
        (members(files.remove(0)), members(files.remove(0)))
    };
    let (a, b) = second(vec![]);
    assert_eq!(a["size"], text("5000000000"));
    assert_eq!(b["size"], text("1"));
    assert!(!b.contains_key("digests"));
    let (a, b) = second(vec![Value::Nil, text(""), Value::Long(9)]);
    assert_eq!(a["size"], Value::Long(5_000_000_000));
    assert_eq!(b["digests"], Value::Nil);
}

#[test]
fn methods_describe_themselves() {
    let names = elements(call("system.listMethods", vec![]).expect("names"));
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| format!("{name:?}"));
    assert_eq!(names, sorted);
    assert_eq!(names.len(), 12);
    for name in names {
        let help = call("system.methodHelp", vec![name.clone()]).expect("help");
        assert!(matches!(help, Value::String(help) if help.ends_with('.')));
        let signatures = elements(call("system.methodSignature", vec![name]).expect("signatures"));
        assert!(!signatures.is_empty() && signatures.into_iter().all(|s| !elements(s).is_empty()));
    }
    let signature = call("system.methodSignature", vec![text("digest")]);
    let types = Value::Array(["string", "string", "base64"].map(text).into());
    assert_eq!(signature, Ok(Value::Array(vec![types])));
}

#[test]
fn calls_are_combined_without_recursion() {
    let one = |name: &str, params: Vec<Value>| {
        let params = Value::Array(params);
        Value::Struct([("methodName".into(), text(name)), ("params".into(), params)].into())
    };
    let calls = vec![
        one("digest", vec![text("md5"), bytes(b"")]),
        one("none", vec![]),
        one("system.multicall", vec![Value::Array(vec![])]),
        Value::Integer(1),
        one("system.methodHelp", vec![]),
    ];
    let results = elements(call("system.multicall", vec![Value::Array(calls)]).expect("results"));
    let first = Value::Array(vec![text("d41d8cd98f00b204e9800998ecf8427e")]);
    assert_eq!(results[0], first);
    let codes = results[1..].iter().map(|fault| members(fault.clone())["faultCode"].clone());
    assert_eq!(codes.collect::<Vec<_>>(), [-32601, -32602, -32602, -32602].map(Value::Integer));
    let many = vec![one("algorithms", vec![]); 50_000];
    assert_eq!(code("system.multicall", vec![Value::Array(many)]), -32500);
}

#[test]
fn faults_have_the_agreed_codes() {
    let envelope = |value: &str| {
        format!(
            "<methodCall><methodName>digest</methodName><params><param>{value}</param></params></methodCall>"
        )
    };
    let deep = |depth| {
        let (open, close) =
            ("<value><array><data>".repeat(depth), "</data></array></value>".repeat(depth));
        envelope(&format!("{open}{close}"))
    };
    let entity = "<!DOCTYPE a [<!ENTITY b \"c\">]>".to_owned() + &envelope("<value>&b;</value>");
    for (message, code) in [
        (String::new(), -32700),
        ("<methodCall>".into(), -32700),
        ("<methodCall></methodCal>".into(), -32700),
        (envelope("<value>&b;</value>"), -32700),
        (envelope("<value>&#0;</value>"), -32700),
        (envelope("<value>\u{1}</value>"), -32700),
        (envelope("") + &envelope(""), -32700),
        (envelope("") + "x", -32700),
        ("<!DOCTYPE a>".to_owned() + &envelope("<value/>"), -32700),
        (entity, -32700),
        (deep(34), -32700),
        (deep(100_000), -32700),
        (
            format!("<?xml version='1.0' encoding='latin1'?>{}", envelope("<value>é</value>")),
            -32701,
        ),
        ("<a/>".into(), -32600),
        ("<methodResponse/>".into(), -32600),
        ("<methodCall/>".into(), -32600),
        (envelope("<value><int>x</int></value>"), -32600),
        (envelope("<value><int>2147483648</int></value>"), -32600),
        (envelope("<value><boolean>true</boolean></value>"), -32600),
        (envelope("<value><base64>!</base64></value>"), -32600),
        (envelope("<value><what>1</what></value>"), -32600),
        (envelope("<value><int>1</int><int>1</int></value>"), -32600),
        (envelope("<value>sha256</value>"), -32602),
        (deep(32), -32602),
        (envelope("<value/>").replace("digest", "none"), -32601),
    ] {
        let fault = exchange(message.as_bytes()).expect_err("a fault");
        assert_eq!(
            fault.code(),
            code,
            "{}: {}",
            &message[..message.len().min(200)],
            fault.string()
        );
    }
    let latin1 = [envelope("").as_bytes(), b"<!-- \xe9 -->"].concat();
    assert_eq!(exchange(&latin1).expect_err("a fault").code(), -32701);
}

#[test]
fn responses_of_other_servers_are_parsed() {
    let parse = |text: &str| xml::parse_response(text.as_bytes());
    let response =
        "<methodResponse><params><param><value>%</value></param></params></methodResponse>";
    let fault = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value> <struct>\n\
        <member><name>faultString</name><value>no</value></member>\n\
        <member><name>faultCode</name><value><int>4</int></value></member>\n</struct></value>\n\
        </fault></methodResponse>";
    assert_eq!(parse(fault), Ok(Err(Fault::new(4, "no".into()))));
    assert_eq!(parse(&response.replace('%', " a ")), Ok(Ok(text(" a "))));
    assert_eq!(parse(&response.replace('%', "<nil/>")), Ok(Ok(Value::Nil)));
    let bom = format!("\u{feff}{}", response.replace('%', "<int>1</int>"));
    assert_eq!(parse(&bom), Ok(Ok(Value::Integer(1))));
    let million = format!("<array><data>{}</data></array>", "<value/>".repeat(1_000_001));
    for hostile in [
        "",
        "<html></html>",
        "<methodResponse/>",
        "<methodResponse><params/></methodResponse>",
        "<methodResponse><fault><value>x</value></fault></methodResponse>",
        "<methodResponse><fault/></methodResponse>",
        &fault.replace("<int>4</int>", "four"),
        &response.replace('%', "<int>one</int>"),
        &response.replace('%', "&xxe;"),
        &response.replace('%', &million),
    ] {
        assert!(parse(hostile).is_err(), "{}", &hostile[..hostile.len().min(200)]);
    }
    assert!(xml::write_call("a", vec![text("\r")]).is_err());
    assert!(xml::write_call("a", vec![text("\u{1b}")]).is_err());
}

/// Sends a request to the routes, and returns the response with its body.
fn send(request: Request<Body>) -> (Response<()>, Vec<u8>) {
    Runtime::new().expect("a runtime").block_on(async {
        let app = router(Service::new(state(), MAX_BODY));
        let response = app.oneshot(request).await.expect("a response");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        (Response::from_parts(head, ()), body)
    })
}

fn post(
    path: &str,
    fields: &[(header::HeaderName, &str)],
    body: impl Into<Body>,
) -> (Response<()>, Vec<u8>) {
    let mut request = Request::post(path);
    for (name, value) in fields {
        request = request.header(name, *value);
    }
    send(request.body(body.into()).expect("a request"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn http_is_checked_before_xml() {
    use header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
    let call = xml::write_call("system.listMethods", vec![]).expect("XML");
    let xml = (CONTENT_TYPE, "text/xml; charset=utf-8");
    let zipped = (CONTENT_ENCODING, "gzip");
    let status = |fields: &[_], body: Vec<u8>| post("/RPC2", fields, body).0.status().as_u16();
    assert_eq!(status(std::slice::from_ref(&xml), call.clone().into()), 200);
    assert_eq!(status(&[(CONTENT_TYPE, "APPLICATION/XML")], call.clone().into()), 200);
    assert_eq!(status(&[(CONTENT_TYPE, "text/plain")], call.clone().into()), 415);
    assert_eq!(status(&[], call.clone().into()), 415);
    assert_eq!(status(&[xml.clone(), (CONTENT_ENCODING, "br")], call.clone().into()), 415);
    assert_eq!(status(&[xml.clone(), zipped.clone()], gzip(call.as_bytes())), 200);
    assert_eq!(status(&[xml.clone(), zipped.clone()], call.clone().into()), 400);
    assert_eq!(status(std::slice::from_ref(&xml), vec![b' '; MAX_BODY + 1]), 413);
    let bomb = gzip(&vec![b' '; 20 << 20]);
    assert!(bomb.len() < MAX_BODY);
    assert_eq!(status(&[xml.clone(), zipped], bomb), 413);
    let (refused, _) = send(Request::get("/RPC2").body(Body::empty()).expect("a request"));
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers()["allow"], "POST");
    let call = xml::write_call("algorithms", vec![]).expect("XML");
    for (accepted, is_gzip) in
        [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)]
    {
        let (response, body) =
            post("/RPC2", &[xml.clone(), (ACCEPT_ENCODING, accepted)], call.clone());
        assert_eq!(response.headers().contains_key(CONTENT_ENCODING), is_gzip, "{accepted}");
        assert_eq!(body.starts_with(b"\x1f\x8b"), is_gzip);
    }
}

#[test]
fn json_has_the_same_methods() {
    let call = |method: &str, body: &str| {
        let fields = [(header::CONTENT_TYPE, "application/json")];
        let (response, body) = post(&format!("/api/{method}"), &fields, body.to_owned());
        let body: Json = serde_json::from_slice(&body).expect("JSON");
        (response.status().as_u16(), body)
    };
    let digest = "900150983cd24fb0d6963f7d28e17f72";
    assert_eq!(
        call("digest", r#"{"alg":"md5","bytes":"YWJj"}"#),
        (200, json!({ "result": digest }))
    );
    let many = r#"{"alg":"md5","messages":["YWJj","YWJj"]}"#;
    assert_eq!(call("digest_many", many), (200, json!({ "result": [digest, digest] })));
    let (status, list) = call("list", r#"{"prefix":"sub/"}"#);
    assert_eq!((status, &list["result"]["files"][1]["name_base64"]), (200, &json!("c3ViL/8=")));
    let (_, list) = call("list", r#"{"limit":2}"#);
    assert_eq!(list["result"]["files"][0]["size"], json!(5_000_000_000_u64));
    assert_eq!(list["result"]["files"][1], json!({ "name": "b", "size": 1 }));
    assert_eq!(list["result"]["more"], json!(true));
    assert_eq!(call("file_digest", r#"{"alg":"sha256","name_base64":"c3ViL/8="}"#).0, 200);
    for (method, body, status, reason) in [
        ("none", "{}", 404, "no-method"),
        ("system.listMethods", "{}", 404, "no-method"),
        ("digest", "{", 400, "malformed"),
        ("digest", "[]", 400, "parameters"),
        ("digest", "{}", 400, "parameters"),
        ("digest", r#"{"alg":"md5","bytes":"Y"}"#, 400, "parameters"),
        ("digest", r#"{"alg":"md5","bytes":1}"#, 400, "parameters"),
        ("digest", r#"{"alg":"md55","bytes":""}"#, 400, "parameters"),
        ("digest", r#"{"alg":"md5","bytes":"","x":1}"#, 400, "parameters"),
        ("digest", r#"{"alg":"md5","bytes_base64":""}"#, 400, "parameters"),
        ("file_digest", r#"{"alg":"md5","name":"none"}"#, 404, "no-file"),
        ("file_digest", r#"{"alg":"sha256","name":"b"}"#, 409, "no-digest"),
        ("hmac_verify", r#"{"alg":"md5","key_id":"x","bytes":"","tag":""}"#, 404, "no-key"),
    ] {
        let (got, error) = call(method, body);
        assert_eq!((got, error["reason"].as_str()), (status, Some(reason)), "{method} {body}");
    }
    let (plain, _) = post("/api/digest", &[(header::CONTENT_TYPE, "text/plain")], "{}");
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (_, described) = send(Request::get("/api/").body(Body::empty()).expect("a request"));
    let described: Json = serde_json::from_slice(&described).expect("JSON");
    assert_eq!(described["methods"].as_array().map(Vec::len), Some(8));
}

/// Keys are neither in the debug output of the state nor in faults.
#[test]
fn keys_are_not_shown() {
    assert_eq!(format!("{:?}", state()), "State { keys: [\"ci\"], .. }");
    let fault = call("hmac_verify", vec![text("md5"), text("none"), bytes(b""), bytes(b"")]);
    assert_eq!(fault.expect_err("a fault").code(), -32500);
}
