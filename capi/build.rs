//! Names the shared library for the linker and the loader: programs ask for `libhsum.so.0`, whatever the version.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libhsum.so.0");
    }
}
