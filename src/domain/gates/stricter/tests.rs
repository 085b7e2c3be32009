//! The stricter of two policies lets pass only what both let pass.

use proptest::prelude::*;

use crate::domain::constitution::parse::parse;
use crate::domain::gates::constitution::Rules;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::gate::AllowedSecrets;
use crate::domain::gates::secrets::hit::SecretHit;
use crate::domain::gates::secrets::tier::SecretTier;
use crate::domain::gates::stricter::{Extent, of_first_push, stricter};
use crate::domain::policy::gate_settings::GateLevel;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};

/// A secret with that fingerprint.
fn hit(print: &str) -> SecretHit {
    SecretHit {
        rule: "github-token",
        tier: SecretTier::Provider,
        start: 0,
        end: 1,
        line: 1,
        column: 1,
        hash: print.to_owned(),
        is_weak: false,
        name: "".into(),
        description: "token",
    }
}

fn effective(policy: &str) -> EffectivePolicy {
    effective_with(policy, "")
}

fn effective_with(policy: &str, rules: &str) -> EffectivePolicy {
    let layer = Layer { source: SettingsSource::Repository, file: "tribunal.toml", text: policy };
    let policy = layers::resolve(&[layer], &[], FlagSettings::none()).unwrap().policy;
    let secrets = &policy.gates.secrets;
    let paths = secrets.allow_paths.iter().map(String::as_str);
    let allow = AllowedSecrets::new(paths, secrets.allow.iter().map(String::as_str)).unwrap();
    let parsed = parse(".ai/constitution/x.md", rules);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let (compiled, _) = Rules::compile(parsed.rules, None);
    let hash = format!("{:?}{rules}", policy.gates);
    EffectivePolicy {
        policy,
        allow,
        rules: compiled,
        findings: Vec::new(),
        weakened_by_user: Vec::new(),
        asked_of_sandbox: Vec::new(),
        tree: None,
        lasting_hash: hash.clone(),
        hash,
    }
}

#[test]
fn a_level_is_the_higher_and_a_limit_the_smaller() {
    let own = effective(
        "[gates]\nlarge-files = { level = \"block\", max = \"2 MiB\" }\nscope = \"off\"\n",
    );
    let default = effective(
        "[gates]\nlarge-files = { level = \"warn\", max = \"1 MiB\" }\n\
         scope = { level = \"block\", files = 9 }\ncase-conflict = \"block\"\n",
    );
    let gates = stricter(&own, &default, Extent::Whole).policy.gates;
    assert_eq!((gates.large_files.level, gates.large_files.max), (GateLevel::Block, 1 << 20));
    assert_eq!((gates.scope.level, gates.scope.files), (GateLevel::Block, 9));
    assert_eq!(gates.case_conflict.level, GateLevel::Block);
}

#[test]
fn the_guards_alone_leave_advice_and_commands_to_the_branch() {
    let own =
        effective("[gates]\nsecrets = \"off\"\nconflict-markers = \"warn\"\nscope = \"off\"\n");
    let default = effective(
        "[gates]\ncommit-message = \"block\"\nscope = \"block\"\n\
         [[commands]]\nname = \"t\"\nrun = \"false\"\n[protect]\nbranches = [\"release/*\"]\n",
    );
    let policy = stricter(&own, &default, Extent::Guards).policy;
    assert_eq!(policy.gates.secrets.level, GateLevel::Block);
    assert_eq!(policy.gates.conflict_markers.level, GateLevel::Block);
    assert_eq!(policy.gates.commit_message.level, GateLevel::Off);
    assert_eq!(policy.gates.scope.level, GateLevel::Off);
    assert!(policy.commands.is_empty());
    assert!(policy.protect.branches.contains(&"release/*".to_owned()));
    assert!(policy.protect.branches.contains(&"main".to_owned()));
}

#[test]
fn an_allow_list_holds_what_both_allow() {
    let known = "0123456789abcdef";
    let own = effective(&format!(
        "[gates.secrets]\nallow-paths = [\"tests/**\"]\nallow = [\"{known}\", \"1111111111111111\"]\n"
    ));
    let default = effective(&format!(
        "[gates.secrets]\nallow-paths = [\"tests/data/*\", \"docs/*\"]\nallow = [\"{known}\"]\n"
    ));
    let allow = stricter(&own, &default, Extent::Guards).allow;
    let paths = ["tests/data/a", "tests/a", "docs/a"].map(|path| allow.has_path(path.into()));
    assert_eq!(paths, [true, false, false]);
    let has = |print: &str| allow.has_secret(&hit(print), "any".into());
    assert!(has(known) && !has("1111111111111111"));
    // A policy whose gates for secrets are off does not forbid what the other one allows.
    let off = effective("[gates]\nsecrets = \"off\"\nsensitive-files = \"off\"\n");
    assert!(stricter(&off, &default, Extent::Whole).allow.has_path("docs/a".into()));
}

#[test]
fn commands_and_rules_are_those_of_both() {
    let rule = |id: &str, pattern: &str| {
        format!(
            "## {id} No {pattern}\n\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
             class = \"testing/flaky\"\ncheck = {{ kind = \"regex\", pattern = '{pattern}', on = \"added-lines\" }}\n\
             ```\nNever.\n\nBad: `{pattern}`\nGood: `x`\n\n"
        )
    };
    let command = |run: &str| format!("[[commands]]\nname = \"t\"\nrun = \"{run}\"\n");
    let own = effective_with(&command("one"), &(rule("R-0001", "aa") + &rule("R-0002", "bb")));
    let default = effective_with(&command("two"), &(rule("R-0002", "bb") + &rule("R-0001", "cc")));
    let both = stricter(&own, &default, Extent::Whole);
    let runs: Vec<_> = both.policy.commands.iter().map(|command| command.run.as_str()).collect();
    assert_eq!(runs, ["one", "two"]);
    // `R-0002` is the same in both, `R-0001` holds in either form.
    assert_eq!(both.rules.len(), 3);
}

#[test]
fn a_first_push_is_stopped_by_guards_and_commands_alone() {
    let first =
        of_first_push(&effective("[gates]\ncommit-message = \"block\"\nscope = \"block\"\n"));
    let gates = &first.policy.gates;
    assert_eq!((gates.commit_message.level, gates.scope.level), (GateLevel::Warn, GateLevel::Warn));
    assert_eq!((gates.secrets.level, gates.commands.level), (GateLevel::Block, GateLevel::Block));
}

/// A drawn policy, as text.
fn policy() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["off", "warn", "block"]);
    let gates = prop::collection::vec(level, 9);
    (gates, 1_u32..5, 1_u32..200, 20_usize..90).prop_map(|(levels, mib, lines, subject)| {
        let mut level = levels.iter();
        let mut next = || *level.next().unwrap();
        format!(
            "[gates]\nsecrets = \"{}\"\nsensitive-files = \"{}\"\nconflict-markers = \"{}\"\n\
             constitution = \"{}\"\nlarge-files = {{ level = \"{}\", max = \"{mib} MiB\" }}\n\
             scope = {{ level = \"{}\", lines = {lines} }}\ncase-conflict = \"{}\"\n\
             commit-message = {{ level = \"{}\", subject-max = {subject} }}\ncommands = \"{}\"\n",
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next()
        )
    })
}

proptest! {
    #[test]
    fn the_stricter_is_at_least_as_strict_as_both(a in policy(), b in policy()) {
        let (a, b) = (effective(&a), effective(&b));
        let both = stricter(&a, &b, Extent::Whole);
        for one in [&a, &b] {
            let (mine, theirs) = (&both.policy.gates, &one.policy.gates);
            prop_assert!(mine.secrets.level >= theirs.secrets.level);
            prop_assert!(mine.sensitive_files.level >= theirs.sensitive_files.level);
            prop_assert!(mine.conflict_markers.level >= theirs.conflict_markers.level);
            prop_assert!(mine.constitution.level >= theirs.constitution.level);
            prop_assert!(mine.case_conflict.level >= theirs.case_conflict.level);
            prop_assert!(mine.commands.level >= theirs.commands.level);
            for (level, limit) in [
                (theirs.large_files.level, mine.large_files.max <= theirs.large_files.max),
                (theirs.scope.level, mine.scope.lines <= theirs.scope.lines),
                (theirs.commit_message.level,
                 mine.commit_message.subject_max <= theirs.commit_message.subject_max),
            ] {
                prop_assert!(level == GateLevel::Off || limit);
            }
        }
        // Nothing is stricter than both: a gate that both switched off is off.
        prop_assert!(both.policy.gates.scope.level <= a.policy.gates.scope.level.max(b.policy.gates.scope.level));
    }
}
