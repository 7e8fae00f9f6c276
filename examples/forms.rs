//! The three ways to send a form: in the query of a GET, in the body of a POST, and with a file.
//!
//! ```text
//! cargo run --example forms -- http://127.0.0.1:8080/form
//! ```
//!
//! `forms.py` is the same in Python.

use std::error::Error;
use std::io::Read;

use hsum::net::form::{self, FilePart, Multipart};
use hsum::net::{Body, Client, Reply, Request, Url};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

const FIELDS: [(&str, &str); 2] = [("name", "a & b"), ("city", "Köln")];

fn main() -> Result<(), Box<dyn Error>> {
    let url: Url = std::env::args().nth(1).ok_or("usage: forms URL")?.parse()?;
    let client = Client::builder().build();

    // A search: the fields are part of the URL, so that the page can be bookmarked.
    let mut search = url.clone();
    form::add_query(&mut search, FIELDS);
    print("GET", client.send(&Request::get(search))?)?;

    // A change: the fields are the body.
    let mut change = Request::new("POST", url.clone());
    change.headers.push("Content-Type", form::URLENCODED)?;
    change.body = Body::Bytes(form::urlencoded(FIELDS).into_bytes());
    print("POST", client.send(&change)?)?;

    // An upload: each field and file is a part of the body.
    let mut parts = Multipart::new(boundary()?);
    for (name, value) in FIELDS {
        parts.text(name, value);
    }
    let list = b"one\ntwo\n";
    let file = FilePart::new("list.txt", &list[..], Some(list.len() as u64));
    parts.file("list", file.media_type("text/plain")?);
    let mut upload = Request::new("POST", url);
    upload.headers.push("Content-Type", parts.content_type())?;
    let mut body = Vec::new();
    parts.into_reader().read_to_end(&mut body)?;
    upload.body = Body::Bytes(body);
    print("POST", client.send(&upload)?)
}

fn print(method: &str, reply: Reply) -> Result<(), Box<dyn Error>> {
    let mut answer = String::new();
    reply.response.body.take(LONGEST_ANSWER).read_to_string(&mut answer)?;
    println!("{method} {} {}", reply.response.status, answer.trim_end());
    Ok(())
}

/// Returns random bytes, which no part of the form can contain.
fn boundary() -> std::io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
