//! README names every variable of the environment that the program reads.

use std::collections::BTreeSet;

use super::texts::{documents, literals};

/// Read by what prints, which the source does not name.
const OF_LIBRARIES: [&str; 3] = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"];

/// Whether a literal is the name of a variable that people may set. Those of tests count in builds for
/// tests alone; those of git are git's to describe.
fn is_variable(text: &str) -> bool {
    const ENDS: [&str; 5] = ["_API_KEY", "_AUTH_TOKEN", "_OAUTH_TOKEN", "_BASE_URL", "_CONFIG_DIR"];
    let is_name = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let is_ours = text == "TRIBUNAL" || text.starts_with("TRIBUNAL_");
    let is_for_tests = ["TRIBUNAL_TEST_", "TRIBUNAL_BENCH_"].iter().any(|p| text.starts_with(p));
    let others = ["RUST_LOG", "TZ"].contains(&text) || ENDS.iter().any(|end| text.ends_with(end));
    is_name && !is_for_tests && !text.ends_with('_') && (is_ours || others)
}

#[test]
fn readme_names_every_variable_that_is_read() {
    let mut read: BTreeSet<String> =
        literals().into_iter().map(|(_, text)| text).filter(|text| is_variable(text)).collect();
    assert!(read.contains("TRIBUNAL_SKIP") && read.contains("CODEX_API_KEY"), "{read:?}");
    read.extend(OF_LIBRARIES.map(str::to_owned));
    let readme = &documents().into_iter().find(|(path, _)| path == "README.md").unwrap().1;
    let named: BTreeSet<String> = readme
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|code| code.split('=').next().unwrap_or_default().to_owned())
        .filter(|name| read.contains(name) || is_variable(name))
        .collect();
    let missing: Vec<_> = read.difference(&named).collect();
    assert!(missing.is_empty(), "README does not name {missing:?}");
    // Keys of the policy have variables whose names are made.
    let is_key =
        |name: &str| ["TRIBUNAL_GATES_", "TRIBUNAL_BUDGET_"].iter().any(|k| name.starts_with(k));
    let gone: Vec<_> = named.difference(&read).filter(|name| !is_key(name)).collect();
    assert!(gone.is_empty(), "README names {gone:?}, which nothing reads");
}
