//! Links the program so that it starts fast: a hook pays for the start of every process.

use std::fmt::Write as _;
use std::path::Path;

/// What the standard library asks the linker for on Linux with glibc; `gcc_s` has no archive of that
/// name, its part is `gcc_eh`.
const LIBRARIES: [(&str, &str); 7] = [
    ("c", "c"),
    ("m", "m"),
    ("gcc_s", "gcc_eh"),
    ("rt", "rt"),
    ("pthread", "pthread"),
    ("util", "util"),
    ("dl", "dl"),
];

#[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by variables")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    // At a fixed address there is nothing to relocate.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    let native = variable("TARGET") == variable("HOST");
    if native && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        let out = variable("OUT_DIR");
        if link_statically(Path::new(&out)).is_some() {
            println!("cargo:rustc-link-arg-bins=-static");
            println!("cargo:rustc-link-arg-bins=-L{out}");
        }
    }
}

/// Writes, for each library, a linker script that names its archive; `None` where an archive is
/// missing (Fedora has them in `glibc-static`), and the program is linked as usual.
///
/// Without the dynamic linker a process starts in half the time. Rust's `crt-static` would do the
/// same, but with glibc it cannot build procedural macros for the same target.
fn link_statically(out: &Path) -> Option<()> {
    for (name, archive) in LIBRARIES {
        let path = archive_path(archive)?;
        let mut script = String::new();
        writeln!(script, "INPUT ( {path} )").ok()?;
        store(&out.join(format!("lib{name}.a")), &script)?;
    }
    Some(())
}

#[expect(clippy::disallowed_methods, reason = "a build script is a program of its own")]
fn archive_path(name: &str) -> Option<String> {
    let file = format!("-print-file-name=lib{name}.a");
    let output = std::process::Command::new("cc").arg(file).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    // What is not found is answered with its bare name.
    (Path::new(&path).is_absolute() && !path.contains(' ')).then_some(path)
}

#[expect(clippy::disallowed_methods, reason = "a build script is a program of its own")]
fn store(path: &Path, text: &str) -> Option<()> {
    std::fs::write(path, text).ok()
}
