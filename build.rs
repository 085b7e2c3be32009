//! Links the program so that it starts fast: a hook pays for the start of every process.

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through the environment"
)]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if linux {
        // At a fixed address there is nothing to relocate.
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
