//! What is done before a hook has to pay for it: the secret scan's tables are laid out, and the
//! program is linked so that it starts fast.

use std::fmt::Write as _;
use std::path::Path;

use crate::domain::gates::secrets::gram::hash;
use crate::domain::gates::secrets::grams::{self, Gram};

/// The part of the program that is run here, too, under the names that it has there.
#[expect(dead_code, reason = "the rest of these files is for the program")]
#[path = "src/domain"]
mod domain {
    #[path = "gates"]
    pub mod gates {
        #[path = "secrets"]
        pub mod secrets {
            pub mod chars;
            pub mod gram;
            pub mod grams;
            pub mod rule;
            pub mod shape;
            pub mod table;
            pub mod tier;
        }
    }
}

/// As in `gates/secrets/prefilter.rs`.
const BUCKET_BITS: u32 = 12;

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

/// What the standard library starts programs with where the C library has it. In an archive it is not
/// looked for, and each start would copy the page tables of this program: more than a millisecond.
const SPAWNING: [&str; 2] = ["gnu_get_libc_version", "posix_spawn_file_actions_addchdir_np"];

#[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by variables")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/domain/gates/secrets");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let tables = Path::new(&variable("OUT_DIR")).join("prefilter.rs");
    assert!(store(&tables, &prefilter()).is_some(), "could not write {}", tables.display());
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
            for function in SPAWNING {
                println!("cargo:rustc-link-arg-bins=-Wl,--undefined={function}");
            }
        }
    }
}

/// The secret scan's bitmap and buckets, as Rust.
fn prefilter() -> String {
    let (mut grams, of_runs) = grams::all();
    let bucket = |gram: &Gram| (hash(gram.bytes) >> (32 - BUCKET_BITS)) as usize;
    // Stable: of one bucket, the earlier rule names the finding.
    grams.sort_by_key(bucket);
    let mut bitmap = [0u64; 1024];
    let mut starts = vec![0u16; (1 << BUCKET_BITS) + 1];
    let mut nodes = String::new();
    for gram in &grams {
        let hash = hash(gram.bytes);
        bitmap[(hash >> 22) as usize] |= 1 << ((hash >> 16) & 63);
        starts[bucket(gram) + 1] += 1;
        let Gram { bytes, back, word, lead } = gram;
        let (kind, rule) = (lead.kind, lead.rule);
        let _infallible = writeln!(
            nodes,
            "Node {{ gram: {bytes}, back: {back}, kind: GramKind::{kind:?}, rule: {rule}, word: {word:?} }},"
        );
    }
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let expected = "#[expect(clippy::unreadable_literal, reason = \"written by build.rs\")]";
    format!(
        "{expected}\nstatic BITMAP: [u64; 1024] = {bitmap:?};\nstatic STARTS: [u16; {}] = {starts:?};\n\
         {expected}\nstatic NODES: [Node; {}] = [\n{nodes}];\nstatic OF_RUNS: [u16; {}] = {of_runs:?};\n",
        starts.len(),
        grams.len(),
        of_runs.len()
    )
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
