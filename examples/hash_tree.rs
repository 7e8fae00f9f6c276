//! Prints the SHA-256 digest of every file of a tree, in the order of `hsum DIR`.
//!
//! ```text
//! cargo run --example hash_tree -- src
//! ```

use std::ops::ControlFlow;

use hsum::{Algorithm, engine};

fn main() {
    let directory = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let options = engine::HashOptions::new([Algorithm::Sha256]);
    let summary = engine::run(&options, [directory], |outcome| {
        match outcome.result {
            Ok(file) => println!(
                "{}  {} bytes  {}",
                file.digests[0],
                file.size,
                outcome.source.name().display()
            ),
            Err(error) => eprintln!("{error}"),
        }
        ControlFlow::Continue(())
    });
    eprintln!("{} files, {} failed, {} skipped", summary.hashed, summary.failed, summary.skipped);
}
