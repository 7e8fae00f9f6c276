//! Sets `unoptimized` at optimisation level 0, at which a SIMD kernel needs up to 3 MB of stack: more
//! than a thread has.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
}
