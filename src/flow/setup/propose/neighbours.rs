//! Other programs that a repository has set up for its hooks and messages, and how tribunal goes
//! together with them.

use crate::flow::setup::propose::facts::RepoFacts;

/// A program that is known by files at the top, or by a key of `package.json`.
struct Neighbour {
    name: &'static str,
    /// A `*` at the end stands for any ending.
    files: &'static [&'static str],
    package_key: Option<&'static str>,
    /// How the two go together.
    together: &'static str,
}

/// What a hook manager does that puts its hook where tribunal's was.
const KEPT: &str = "hooks that it installed are kept and still run; when it installs them again, run \
                    `tribunal hooks install` after it";

/// Programs that run hooks.
const HOOK_MANAGERS: [Neighbour; 7] = [
    Neighbour {
        name: "husky",
        files: &[".husky"],
        package_key: None,
        together: "git looks for its hooks in a folder of husky's, from where the scripts in `.husky` call \
                   tribunal: `tribunal hooks install` says with which lines",
    },
    Neighbour {
        name: "lefthook",
        files: &["lefthook.*", ".lefthook.*", "lefthook-local.*"],
        package_key: None,
        together: KEPT,
    },
    Neighbour {
        name: "pre-commit",
        files: &[".pre-commit-config.yaml", ".pre-commit-config.yml"],
        package_key: None,
        together: KEPT,
    },
    Neighbour { name: "prek", files: &["prek.toml"], package_key: None, together: KEPT },
    Neighbour {
        name: "simple-git-hooks",
        files: &[".simple-git-hooks.*", "simple-git-hooks.*"],
        package_key: Some("simple-git-hooks"),
        together: "it replaces every hook that it finds: run `tribunal hooks install` after it",
    },
    Neighbour {
        name: "overcommit",
        files: &[".overcommit.yml"],
        package_key: None,
        together: KEPT,
    },
    Neighbour { name: "hk", files: &["hk.pkl"], package_key: None, together: KEPT },
];

/// Programs that check messages of commits.
const MESSAGE_CHECKERS: [(&str, &[&str], Option<&str>); 6] = [
    ("commitlint", &["commitlint.config.*", ".commitlintrc*"], Some("commitlint")),
    ("commitizen", &[".cz.*", "cz.*", ".czrc"], None),
    ("gitlint", &[".gitlint"], None),
    ("cocogitto", &["cog.toml"], None),
    ("committed", &["committed.toml", ".committed.toml"], None),
    ("gommitlint", &[".gommitlint.*"], None),
];

/// One line for each hook manager: how it and tribunal go together.
pub fn hook_managers(facts: &RepoFacts) -> Vec<String> {
    let is_there = |it: &&Neighbour| is_set_up(facts, it.files, it.package_key);
    let found = HOOK_MANAGERS.iter().filter(is_there);
    found.map(|it| format!("{}: {}", it.name, it.together)).collect()
}

/// What checks messages here already.
pub fn message_checker(facts: &RepoFacts) -> Option<&'static str> {
    let is_there = |(_, files, key): &&(&str, &[&str], Option<&str>)| is_set_up(facts, files, *key);
    let found = MESSAGE_CHECKERS.iter().find(is_there).map(|(name, ..)| *name);
    found.or_else(|| facts.python.contains("[tool.commitizen]").then_some("commitizen"))
}

fn is_set_up(facts: &RepoFacts, files: &[&str], key: Option<&str>) -> bool {
    let in_package = |key: &str| facts.package().is_some_and(|package| package.get(key).is_some());
    files.iter().any(|file| facts.has(file)) || key.is_some_and(in_package)
}

#[cfg(test)]
mod tests {
    use super::{hook_managers, message_checker};
    use crate::flow::setup::propose::facts::RepoFacts;

    fn facts(names: &[&str], package: &str) -> RepoFacts {
        RepoFacts {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            package_json: Some(package.to_owned()),
            ..RepoFacts::default()
        }
    }

    #[test]
    fn who_runs_hooks_and_who_checks_messages_is_known_by_their_files() {
        for (names, package, managers, checker) in [
            (&[".husky", "commitlint.config.js"][..], "{}", &["husky"][..], Some("commitlint")),
            (&["lefthook.yml"], "{}", &["lefthook"], None),
            (&[".lefthook.toml", "cog.toml"], "{}", &["lefthook"], Some("cocogitto")),
            (&[".pre-commit-config.yaml"], "", &["pre-commit"], None),
            (&["prek.toml", ".gitlint"], "{}", &["prek"], Some("gitlint")),
            (&[], r#"{"simple-git-hooks":{}}"#, &["simple-git-hooks"], None),
            (&[], r#"{"commitlint":{"extends":[]}}"#, &[], Some("commitlint")),
            (&["husky", "lefthook", "README.md"], r#"{"name":"commitlint"}"#, &[], None),
        ] {
            let facts = facts(names, package);
            let found = hook_managers(&facts);
            let found: Vec<_> = found.iter().filter_map(|line| line.split(':').next()).collect();
            assert_eq!((&found[..], message_checker(&facts)), (managers, checker), "{names:?}");
        }
        let facts = RepoFacts { python: "[tool.commitizen]\n".to_owned(), ..RepoFacts::default() };
        assert_eq!(message_checker(&facts), Some("commitizen"));
    }
}
