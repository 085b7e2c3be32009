//! What is more than a change that nobody plans and nobody reviews may be.

use std::collections::BTreeSet;

use globset::GlobSet;

use crate::domain::development::reach::Reach;
use crate::domain::development::scope::is_test;
use crate::domain::model::text::counted;

/// The most files that it changes, beside tests.
const FILES_MAX: usize = 3;

/// The folders that hold areas of their own, each of which counts as one.
const HOLDERS: [&str; 8] =
    ["apps", "crates", "libs", "modules", "packages", "plugins", "services", "projects"];

/// The area of the project that a file belongs to; `None` for one at its top.
fn area(path: &str) -> Option<String> {
    let (first, rest) = path.split_once('/')?;
    match rest.split_once('/') {
        Some((second, _)) if HOLDERS.contains(&first) => Some(format!("{first}/{second}")),
        _ => Some(first.to_owned()),
    }
}

/// Why a change of these files is too much, one a line; empty where it is not. What `exempt` names is not
/// counted, and is no area.
pub fn beyond(paths: &[String], exempt: &GlobSet) -> Vec<String> {
    let code: Vec<&String> = paths.iter().filter(|path| !is_test(path)).collect();
    let counts = |path: &&&String| !exempt.is_match(path.as_str());
    let mut why = Vec::new();
    let counting: Vec<&&String> = code.iter().filter(counts).collect();
    if counting.len() > FILES_MAX {
        let files: Vec<String> = counting.iter().map(|path| format!("`{path}`")).collect();
        let count = counted(files.len(), "file");
        why.push(format!(
            "it changes {count} beside tests, and {FILES_MAX} are the most: {}",
            files.join(", ")
        ));
    }
    let areas: BTreeSet<String> = counting.iter().filter_map(|path| area(path)).collect();
    if areas.len() > 1 {
        let names: Vec<String> = areas.iter().map(|area| format!("`{area}`")).collect();
        why.push(format!("it changes several areas of the project: {}", names.join(", ")));
    }
    for path in code {
        if let Some(reach) = Reach::promised(path) {
            why.push(format!("it changes `{path}`: {}", reach.in_words()));
        }
    }
    why
}

/// Whether a person should see the plan of a change of these files.
pub fn wants_person(paths: &[String]) -> bool {
    let code = paths.iter().filter(|path| !is_test(path));
    code.into_iter().any(|path| Reach::promised(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::{beyond, wants_person};
    use crate::domain::model::globs;

    fn why(paths: &[&str]) -> String {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let exempt = globs::union(["**/docs/**", "**/*.lock"]).unwrap();
        beyond(&paths, &exempt).join("; ")
    }

    #[test]
    fn a_small_change_within_one_area_is_not_too_much() {
        for paths in [
            &["src/size.rs", "tests/size.rs"][..],
            &["src/a.rs", "src/b.rs", "src/c.rs", "tests/a.rs", "src/a_test.go"],
            &["src/a.rs", "docs/a.md", "Cargo.lock", "main.go"],
            &["crates/one/src/a.rs", "crates/one/src/b.rs"],
            &["src/rapid.rs", "src/curls.rs", "src/routine.rs"],
            // Tests of what would be too much are none of it.
            &["src/a.rs", "tests/api_test.sh", "tests/routes/test_a.py"],
        ] {
            assert_eq!(why(paths), "", "{paths:?}");
        }
        let four = why(&["src/a.rs", "src/b.rs", "src/c.rs", "src/d.rs"]);
        assert!(four.starts_with("it changes 4 files beside tests, and 3 are the most"), "{four}");
    }

    #[test]
    fn what_others_rely_on_is_named_with_why() {
        for (path, says) in [
            ("src/router.ts", "where requests go"),
            ("config/routes.rb", "where requests go"),
            ("app/urls.py", "where requests go"),
            ("src/app-routing.module.ts", "where requests go"),
            ("docs/openapi.yaml", "promised"),
            ("proto/user.proto", "promised"),
            ("db/migrations/0001_users.py", "promised"),
            ("src/schema.rs", "promised"),
            ("types/index.d.ts", "promised"),
            ("include/size.h", "promised"),
            ("src/api/users.rs", "promised"),
            ("ARCHITECTURE.md", "put together"),
            ("docs/decisions/a.md", "put together"),
            ("Dockerfile", "put together"),
        ] {
            let said = why(&[path]);
            assert!(said.contains(&format!("`{path}`")) && said.contains(says), "{path}: {said}");
            assert!(wants_person(&[path.to_owned()]), "{path}");
        }
        let areas = why(&["crates/one/a.rs", "crates/two/b.rs"]);
        assert_eq!(areas, "it changes several areas of the project: `crates/one`, `crates/two`");
        assert!(why(&["src/a.rs", "tools/b.rs"]).contains("`src`, `tools`"));
        assert!(!wants_person(&["src/a.rs".to_owned(), "tools/b.rs".to_owned()]));
    }
}
