//! Mutated messages. `MUTATIONS=1000000` tries that many.

use dxr::Value;

use crate::server::rpc::xml::{self, Call};

// None may panic, and what is parsed is written so that it is parsed again.
#[test]
fn mutated_messages_are_parsed_or_refused() {
    let count = std::env::var("MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(5_000);
    let seeds = seeds();
    let mut random = Random(1);
    let (mut parsed, mut refused) = (0, 0);
    for _ in 0..count {
        let mut message = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            random.mutate(&mut message, &seeds);
        }
        match Call::parse(&message) {
            Ok(call) => {
                parsed += 1;
                // NaN differs from itself.
                if let Ok(text) = xml::write_call(&call.method, call.params.clone()) {
                    let again = Call::parse(text.as_bytes()).expect("our own message");
                    assert_eq!(format!("{:?}", again.params), format!("{:?}", call.params));
                }
            }
            Err(_) => refused += 1,
        }
        let _ = xml::parse_response(&message);
    }
    println!("{parsed} parsed, {refused} refused");
    assert!(parsed > count / 20 && refused > count / 20, "{parsed} parsed, {refused} refused");
}

fn seeds() -> Vec<Vec<u8>> {
    let values = "<value><int>1</int></value><value>a &amp; b &#65;</value><value><nil/></value>\
        <value><base64>YWJj</base64></value><value><double>-1.5</double></value>\
        <value><dateTime.iso8601>20260101T12:00:00</dateTime.iso8601></value>\
        <value><boolean>1</boolean></value><value><i8>9999999999</i8></value>\
        <value><struct><member><name>n</name><value><string><![CDATA[<]]></string></value></member></struct></value>";
    let array = format!("<value><array><data>{values}</data></array></value>");
    let call = format!(
        "<?xml version='1.0'?><!-- c --><methodCall><methodName>m</methodName><params><param>{array}</param></params></methodCall>"
    );
    let response =
        format!("<methodResponse><params><param>{array}</param></params></methodResponse>");
    let fault = xml::write_response(Call::parse(b"<a/>").map(|_| Value::Nil));
    let small = "<methodCall><methodName>m</methodName></methodCall>".to_owned();
    [call.clone(), call.clone(), call, small, response, fault].map(String::into_bytes).into()
}

/// A xorshift generator: the same mutations in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start).min(40) + 1)
    }

    fn mutate(&mut self, message: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let range = self.range(message.len());
        match self.below(12) {
            0 => drop(message.drain(range)),
            1 => {
                let copy = message[range].to_vec();
                let at = self.below(message.len() + 1);
                message.splice(at..at, copy);
            }
            2 => {
                let other = &seeds[self.below(seeds.len())];
                let part = other[self.range(other.len())].to_vec();
                message.splice(range, part);
            }
            3 if !message.is_empty() => {
                let at = self.below(message.len());
                message[at] ^= 1 << self.below(8);
            }
            4 => {
                const PIECES: [&str; 9] =
                    ["<", ">", "/", "&", "&#x110000;", "]]>", "<value>", "</value>", "\0"];
                let piece = PIECES[self.below(PIECES.len())];
                message.splice(range, piece.bytes());
            }
            5 => {
                let at = self.below(message.len() + 1);
                message.insert(at, b' ' + self.below(95) as u8);
            }
            // Where these are allowed more often than not.
            _ => {
                let ends = message.iter().enumerate().filter(|(_, byte)| **byte == b'>');
                let ends: Vec<usize> = ends.map(|(index, _)| index + 1).collect();
                let at = ends.get(self.below(ends.len())).copied().unwrap_or(0);
                const PIECES: [&str; 8] =
                    [" ", "\n", "<!-- - -->", "<?p i?>", "<value/>", "1", "&#65;", "<![CDATA[]]>"];
                let piece = PIECES[self.below(PIECES.len())];
                message.splice(at..at, piece.bytes());
            }
        }
    }
}
