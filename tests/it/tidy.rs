//! Rules of the house, as tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, in the order in which they may import: each only from those below it.
const ROOMS: [&str; 16] = [
    "cli",
    "daemon",
    "driver",
    "pipeline",
    "gates",
    "review",
    "constitution",
    "spec",
    "agents",
    "git",
    "store",
    "process",
    "ui",
    "config",
    "locate",
    "model",
];

/// Read when the test runs: a shared target folder would otherwise test another checkout.
fn top() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn room_of(file: &Path) -> String {
    let relative = file.strip_prefix(top().join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn rooms_import_downward_only() {
    let rank = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut wrong = BTreeSet::new();
    for file in rust_files(&top().join("src")) {
        let room = room_of(&file);
        if room == "main" {
            continue;
        }
        let from = rank(&room).unwrap_or_else(|| panic!("`{room}` is not in the list of rooms"));
        for part in fs::read_to_string(&file).unwrap().split("crate::").skip(1) {
            let word: String =
                part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rank(&word).is_some_and(|to| to < from) {
                wrong.insert(format!("{}: {room} imports {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_opens_with_its_job() {
    let folders = ["src", "tests"].map(|f| rust_files(&top().join(f)));
    for file in folders.concat() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with `//! `", file.display());
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let folder = top().join("tests/it");
    for file in rust_files(&folder) {
        let is_folder = file.ends_with("mod.rs");
        let part = if is_folder { file.parent().unwrap() } else { &file };
        let name = part.file_stem().unwrap().to_str().unwrap();
        let above = part.parent().unwrap();
        let list = above.join(if above == folder { "main.rs" } else { "mod.rs" });
        if file != list {
            let listed = fs::read_to_string(&list).unwrap().contains(&format!("mod {name};"));
            assert!(listed, "{name} is not in {}", list.display());
        }
    }
}
