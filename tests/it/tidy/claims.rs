//! What the documents claim of the structure.

use std::fs;

use super::source::{self, rust_files};
use super::top;

/// Libraries and the modules that alone may name them. No type of theirs crosses that boundary.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("git2", &["platform::git"]),
    ("flate2", &["platform::git"]),
    ("rusqlite", &["platform::store"]),
    ("fs2", &["platform::store::lock"]),
    ("notify", &["daemon::file_events"]),
    ("tokio", &["daemon", "cli::watch"]),
    ("ureq", &["platform::agents"]),
    ("encoding_rs", &["domain::model::encoding"]),
    ("chardetng", &["domain::model::encoding"]),
    ("signal_hook", &["platform::process"]),
    ("close_fds", &["platform::process"]),
    ("anstream", &["platform::ui"]),
];

/// By which something could be printed past `platform::ui::out`, which makes it safe.
const PRINTING: &[&str] = &["io::stdout(", "io::stderr(", "error.print()", "error.exit("];

/// What names one of those and prints nothing that others said.
const PRINTS_NOTHING: &[&str] = &[".is_terminal()", "drop(error.print())"];

/// What `domain` has no part in: it is pure.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::net",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
];

fn is_below(module: &str, folder: &str) -> bool {
    module == folder || module.strip_prefix(folder).is_some_and(|rest| rest.starts_with("::"))
}

/// Whether a line names a path that begins with that word.
fn names(line: &str, word: &str) -> bool {
    let path = format!("{word}::");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

#[test]
fn libraries_stay_in_their_module() {
    let mut wrong = Vec::new();
    for source in source::read(&top()).iter().filter(|source| !source.is_test) {
        let text = fs::read_to_string(top().join(&source.file)).unwrap();
        let lines = text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"));
        for (number, line) in lines {
            let place = format!("{}:{}", source.file, number + 1);
            for (library, homes) in LIBRARIES {
                let at_home = homes.iter().any(|home| is_below(&source.module, home));
                if names(line, library) && !at_home {
                    wrong.push(format!("{place}: `{library}` belongs to {}", homes.join(", ")));
                }
            }
            let prints = PRINTING.iter().any(|word| line.contains(word))
                && !PRINTS_NOTHING.iter().any(|word| line.contains(word));
            if prints && source.module != "platform::ui::out" {
                wrong.push(format!("{place}: `platform::ui::out` alone prints"));
            }
            let is_domain = is_below(&source.module, "domain");
            for word in OUTSIDE.iter().filter(|word| is_domain && line.contains(**word)) {
                wrong.push(format!("{place}: `{word}` in `domain`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The tests that the text names in backticks; each must be there. Their names are sentences, those of
/// modules and functions are not.
fn named_tests(text: &str) -> usize {
    let folders = ["src", "tests"].map(|folder| rust_files(&top().join(folder)));
    let code: Vec<String> =
        folders.concat().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut named = 0;
    for quoted in text.split('`').skip(1).step_by(2) {
        let Some((_, name)) = quoted.rsplit_once("::") else { continue };
        if name.matches('_').count() < 3 {
            continue;
        }
        named += 1;
        let defined = format!("fn {name}(");
        assert!(code.iter().any(|text| text.contains(&defined)), "there is no test `{quoted}`");
    }
    named
}

/// An invariant is one that a test shows: each names it, and it is there.
#[test]
fn the_tests_that_architecture_md_names_are_there() {
    let text = fs::read_to_string(top().join("ARCHITECTURE.md")).unwrap();
    assert!(named_tests(&text) >= 10);
}

/// What README claims a test shows: each section names the tests, in a comment that readers do not see.
#[test]
fn every_section_of_readme_names_the_tests_that_show_it() {
    let text = fs::read_to_string(top().join("README.md")).unwrap();
    for section in text.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').unwrap();
        // Figures have their own page, which says how each was measured.
        if ["Speed", "More"].contains(&title) {
            continue;
        }
        let comments: String = rest.split("<!-- shown by ").skip(1).collect();
        assert!(named_tests(&comments) > 0, "no test is named for `{title}`");
    }
}
