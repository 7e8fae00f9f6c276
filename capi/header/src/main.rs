//! Writes the C header of the library to standard output: `cargo run -p hsum-header >include/hsum.h`.

use std::path::Path;

use cbindgen::{Builder, Config};

/// The files of the interface, in the order of the header.
const SOURCES: [&str; 7] = ["status", "algorithm", "hash", "hmac", "many", "file", "version"];

fn main() {
    let capi = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut config = Config::from_file(capi.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let version = env!("CARGO_PKG_VERSION");
    let numbers = ["MAJOR", "MINOR", "PATCH"].iter().zip(version.split('.'));
    let numbers: String =
        numbers.map(|(name, number)| format!("#define HSUM_VERSION_{name} {number}\n")).collect();
    let macros = format!(
        "\n/** The version of this header; hsum_version() returns the version of the library. */\n\
         #define HSUM_VERSION \"{version}\"\n{numbers}"
    );
    config.after_includes = Some(macros + config.after_includes.as_deref().unwrap_or_default());
    let sources = SOURCES.iter().map(|name| capi.join("src").join(name).with_extension("rs"));
    let builder = sources.fold(Builder::new().with_config(config), Builder::with_src);
    builder.generate().expect("the interface can be written in C").write(std::io::stdout());
}
