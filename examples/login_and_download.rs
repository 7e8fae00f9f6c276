//! Logs in with a form, keeps the cookie of the session, and downloads a file that only members get.
//! The file appears only if it has the expected digest.
//!
//! ```text
//! PASSWORD=… cargo run --example login_and_download -- http://127.0.0.1:8080 alice members/a.iso SHA-256
//! ```
//!
//! `login_and_download.py` is the same in Python.

use std::error::Error;
use std::sync::{Arc, Mutex};

use hsum::fetch::Download;
use hsum::net::cookies::CookieJar;
use hsum::net::{Body, Client, Request, Url, form};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [site, user, path, digest] = &args[..] else {
        return Err("usage: PASSWORD=… login_and_download SITE USER PATH SHA-256".into());
    };
    let site: Url = site.parse()?;
    // Other users of the machine can read the command line, but not the environment.
    let password = std::env::var("PASSWORD").map_err(|_| "PASSWORD is not set")?;

    // All requests of the client share the jar.
    let client = Client::builder().cookies(Arc::new(Mutex::new(CookieJar::default()))).build();
    let mut login = Request::new("POST", site.join("login")?);
    login.headers.push("Content-Type", form::URLENCODED)?;
    let fields = [("user", user), ("password", &password)];
    login.body = Body::Bytes(form::urlencoded(fields).into_bytes());
    let status = client.send(&login)?.response.status;
    if status != 200 {
        return Err(format!("login: the server answered {status}").into());
    }

    let url = site.join(path)?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let file =
        Download::new(url).expected(digest.parse()?, "the command line").to_path(&client, name)?;
    println!("{name}: {} bytes, verified", file.size);
    Ok(())
}
