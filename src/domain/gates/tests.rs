//! Policies that are drawn, good and bad: whatever a base holds, what mends it passes, and every other
//! guard is on.

use crate::fuzz;
use std::collections::BTreeMap;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use crate::domain::gates::formats::ReportFormat;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::policy_files::{PolicyFiles, PolicyPart, is_of_constitution};
use crate::domain::gates::{check_change, check_files, governance};
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::globs::Globs;
use crate::domain::model::objects::{Content, ReadObjects, TreeItem};
use crate::domain::model::oid::Oid;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};

/// What stands at the paths of a tree.
type Paths = BTreeMap<BString, (FileMode, Vec<u8>)>;

/// Objects in memory.
#[derive(Default)]
struct Memory {
    blobs: BTreeMap<Oid, Vec<u8>>,
    trees: BTreeMap<Oid, Vec<TreeItem>>,
}

impl Memory {
    fn oid(kind: &str, content: &[u8]) -> Oid {
        let hash = blake3::hash(&[kind.as_bytes(), content].concat());
        Oid::parse(&hash.to_hex()[..40]).unwrap()
    }

    fn add(&mut self, paths: &Paths) -> Oid {
        let mut items: BTreeMap<BString, TreeItem> = BTreeMap::new();
        let mut below: BTreeMap<BString, Paths> = BTreeMap::new();
        for (path, (mode, content)) in paths {
            if let Some((folder, rest)) = path.split_once_str("/") {
                let inner = below.entry(folder.into()).or_default();
                inner.insert(rest.into(), (*mode, content.clone()));
                continue;
            }
            let entry = TreeEntry { oid: Self::oid("blob", content), mode: *mode };
            self.blobs.insert(entry.oid.clone(), content.clone());
            items.insert(path.clone(), TreeItem::File { name: path.clone(), entry });
        }
        for (name, inner) in below {
            let oid = self.add(&inner);
            items.insert(name.clone(), TreeItem::Tree { name, oid });
        }
        let items: Vec<TreeItem> = items.into_values().collect();
        let oid = Self::oid("tree", format!("{items:?}").as_bytes());
        self.trees.insert(oid.clone(), items);
        oid
    }
}

impl ReadObjects for Memory {
    fn size(&self, oid: &Oid) -> Result<Option<u64>> {
        Ok(self.blobs.get(oid).map(|blob| blob.len() as u64))
    }

    fn content(&self, oid: &Oid, most: u64) -> Result<Content> {
        Ok(match self.blobs.get(oid) {
            Some(blob) if blob.len() as u64 > most => Content::TooLarge(blob.len() as u64),
            Some(blob) => Content::Whole(blob.clone()),
            None => Content::Missing,
        })
    }

    fn tree(&self, oid: &Oid) -> Result<Vec<TreeItem>> {
        Ok(self.trees[oid].clone())
    }
}

/// The change from one tree to the other.
fn change(objects: &mut Memory, old: &Paths, new: &Paths, message: &str) -> Change {
    let (base, tree) = (objects.add(old), objects.add(new));
    let entry = |paths: &Paths, path: &BString| {
        let (mode, content) = paths.get(path)?;
        Some(TreeEntry { oid: Memory::oid("blob", content), mode: *mode })
    };
    let mut all: Vec<&BString> = old.keys().chain(new.keys()).collect();
    all.sort();
    all.dedup();
    let files = all.into_iter().filter_map(|path| {
        let (old, new) = (entry(old, path), entry(new, path));
        let kind = match (&old, &new) {
            (None, _) => FileChangeKind::Added,
            (_, None) => FileChangeKind::Deleted,
            _ => FileChangeKind::Modified,
        };
        (old != new).then(|| FileChange { path: path.clone(), kind, old, new, merged: Vec::new() })
    });
    let files = files.collect();
    let mut change = Change::at(None, tree);
    (change.base_tree, change.message, change.files) = (Some(base), Some(message.into()), files);
    change
}

/// The policy of a tree, as it is put together for every change.
fn policy_of(objects: &Memory, tree: &Oid) -> EffectivePolicy {
    let mut files = PolicyFiles::read(objects, tree).unwrap();
    files.read_rules(objects).unwrap();
    assert!(files.missing.is_empty());
    let (text, unreadable) = files.settings_text();
    let source = SettingsSource::Repository;
    let layers: Vec<Layer<'_>> = text
        .into_iter()
        .map(|text| Layer { source: source.clone(), file: "tribunal.toml", text })
        .collect();
    let mut resolved = layers::resolve_usable(&layers, &[], FlagSettings::none()).unwrap();
    resolved.problems.extend(unreadable);
    EffectivePolicy::new(resolved, files, None)
}

fn blocking(change: &Change, policy: &EffectivePolicy, objects: &Memory) -> Vec<Finding> {
    let mut report = check_change(change, policy, objects).unwrap();
    report.absorb(check_files(&change.files, policy, objects).unwrap());
    report.findings.retain(|finding| finding.effect == Effect::Block);
    report.findings
}

/// The names of levels, good and bad.
fn level() -> impl Strategy<Value = String> {
    let words = [
        "\"off\"",
        "\"warn\"",
        "\"block\"",
        "\"blok\"",
        "5",
        "[]",
        "true",
        "{ level = \"block\" }",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn list() -> impl Strategy<Value = String> {
    let words = [
        "\"src/**\"",
        "\"[a\"",
        "\"{a\"",
        "\"\"",
        "\"!\"",
        "\"/a\"",
        "\"../a\"",
        "\"a\\u0000\"",
        "7",
        "\"feat\"",
        "\"fix\"",
        "\"a b\"",
        "\"0123456789abcdef\"",
        "\"**\"",
        "\"*\"",
        "\"main\"",
        "\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}\"",
        "\"docs/specs/**\"",
        "\"pre-commit\"",
        "\".git\"",
        "\"node_modules\"",
        "\"\\\\\"",
    ];
    let any_text = any::<String>().prop_map(|text| format!("{text:?}").replace("\\'", "'"));
    let item = prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any_text];
    prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(", ")))
}

fn value() -> impl Strategy<Value = String> {
    let words = [
        "0",
        "1",
        "-1",
        "100",
        "9223372036854775807",
        "1.5",
        "nan",
        "\"5000000000000000h\"",
        "\"1s\"",
        "\"0 B\"",
        "\"99999999999 GiB\"",
        "\"1 MiB\"",
        "\"\"",
        "\"sarif\"",
        "\"(?P<message>\"",
        "\"(?P<message>.*)\"",
        "\"nope\"",
        "\"true\"",
        "2026-01-01",
        "[[]]",
        "{}",
        "{ a = 1 }",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(str::to_owned);
    prop_oneof![2 => word, 2 => level(), 2 => list()]
}

/// A text of settings.
fn settings() -> impl Strategy<Value = Vec<u8>> {
    let keys = [
        "protect.branches",
        "gates.secrets.level",
        "gates.secrets.generic",
        "gates.secrets",
        "gates.secrets.allow-paths",
        "gates.secrets.allow",
        "gates.sensitive-files",
        "gates.conflict-markers",
        "gates.conflict-markers.level",
        "gates.conflict-markers.allow-paths",
        "gates.large-files.level",
        "gates.large-files.max",
        "gates.case-conflict",
        "gates.commit-message.level",
        "gates.commit-message.types",
        "gates.commit-message.subject-max",
        "gates.scope.level",
        "gates.scope.files",
        "gates.scope.lines",
        "gates.scope.exempt",
        "gates.constitution",
        "gates.governance",
        "gates.commands",
        "gates",
        "protect",
        "watch.specs",
        "watch.settle",
        "watch.start",
        "learn.after.findings",
        "agents.retries",
        "agents.reviewer.timeout",
        "agents.parallel",
        "budget.run",
        "review.leave-out",
        "review.wait",
        "review.instructions",
        "review.tell",
        "review.rounds.s",
        "prices.x",
        "programs.claude.path",
        "unknown",
        "gates.unknown",
        "commands",
        "\"\"",
    ];
    let pair = (prop::sample::select(keys.to_vec()), value());
    let line = pair.prop_map(|(key, value)| format!("{key} = {value}\n"));
    let names = ["name", "run", "on", "paths", "timeout", "format", "share", "unknown"];
    let command = prop::collection::btree_map(prop::sample::select(names.to_vec()), value(), 0..6);
    let command = (command, any::<bool>()).prop_map(|(keys, is_named)| {
        let start = if is_named { "name = \"x\"\nrun = \"true\"\n" } else { "" };
        let is_given = |key: &str| is_named && matches!(key, "name" | "run");
        let keys = keys.iter().filter(|(key, _)| !is_given(key));
        let keys: Vec<String> = keys.map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("[[commands]]\n{start}{}", keys.concat())
    });
    let lines = prop::collection::vec(line, 0..6);
    let text = (lines, prop::collection::vec(command, 0..3)).prop_map(|(lines, commands)| {
        let mut lines = lines;
        lines.sort();
        lines.dedup_by(|a, b| a.split(' ').next() == b.split(' ').next());
        (lines.concat() + &commands.concat()).into_bytes()
    });
    spoilt(text.boxed())
}

/// A file of rules.
fn rules() -> impl Strategy<Value = Vec<u8>> {
    let word = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        prop::sample::select(words)
    };
    let check = word(&[
        "{ kind = \"regex\", pattern = 'sleep', on = \"added-lines\" }",
        "{ kind = \"regex\", pattern = '.', on = \"touched-files\" }",
        "{ kind = \"regex\", pattern = '(', on = \"tree\" }",
        "{ kind = \"regex\", pattern = '(a{1000}){1000}', on = \"tree\" }",
        "{ kind = \"regex\", pattern = 5 }",
        "{ kind = \"ast-grep\", pattern = 'f($A)', language = \"rust\" }",
        "{ kind = \"ast-grep\", pattern = '', language = \"rust\" }",
        "{ kind = \"ast-grep\", pattern = 'f(', language = \"cobol\" }",
        "{ kind = \"command\", run = \"\" }",
        "5",
    ]);
    let section = (
        word(&["R-0001", "R-0002", "R-x", "R-"]),
        word(&["\"active\"", "\"shadow\"", "\"retired\"", "\"on\"", "7"]),
        word(&["\"high\"", "\"noise\"", "\"\""]),
        word(&["\"testing/flaky\"", "\"a b\"", "\"nope/nope\""]),
        prop_oneof![3 => word(&["[\"**\"]", "[\"tribunal.toml\"]", "[]"]).boxed(), 1 => list().boxed()],
        check,
    );
    let section = section.prop_map(|(id, status, severity, class, paths, check)| {
        format!(
            "## {id} A rule\n\n```toml rule\nstatus = {status}\nseverity = {severity}\n\
             class = {class}\npaths = {paths}\ncheck = {check}\n```\nA sentence.\n\nBad: `sleep(1)`\n"
        )
    });
    let text = prop::collection::vec(section, 0..4).prop_map(|all| all.concat().into_bytes());
    spoilt(text.boxed())
}

fn baseline() -> impl Strategy<Value = Vec<u8>> {
    let words = ["# a remark", "", "0123456789abcdef token a.txt", "hello", "0123", "\u{feff}x"];
    let lines = prop::collection::vec(prop::sample::select(words.to_vec()), 0..4);
    spoilt(lines.prop_map(|lines| lines.join("\n").into_bytes()).boxed())
}

/// A text as it is, or cut, or with a byte in it, or bytes in its place.
fn spoilt(
    text: impl Strategy<Value = Vec<u8>> + Clone + 'static,
) -> impl Strategy<Value = Vec<u8>> {
    let torn = (text.clone(), any::<prop::sample::Index>(), any::<Option<u8>>());
    let torn = torn.prop_map(|(mut text, at, byte)| {
        let at = at.index(text.len() + 1);
        match byte {
            Some(byte) => text.insert(at, byte),
            None => text.truncate(at),
        }
        text
    });
    prop_oneof![6 => text, 2 => torn, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

/// A tree with a policy in it.
fn policy() -> impl Strategy<Value = Paths> {
    let mode = || {
        prop_oneof![
            12 => Just(FileMode::File), 1 => Just(FileMode::Symlink), 1 => Just(FileMode::Submodule),
        ]
    };
    let at = |names: &[&str]| {
        prop::sample::select(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    };
    let file = prop_oneof![
        (at(&["tribunal.toml"; 9]), mode(), settings().boxed()),
        (at(&["tribunal.toml/x"]), mode(), settings().boxed()),
        (
            at(&[
                ".ai/constitution/a.md",
                ".ai/constitution.md",
                ".ai/constitution/a/b.md",
                ".ai/constitution",
                ".ai/constitution.md/x",
                ".ai/constitution/.a.md",
                ".ai",
            ]),
            mode(),
            rules().boxed()
        ),
        (
            at(&[".ai/baseline.txt", ".ai/baseline.txt", ".ai/baseline.txt/x"]),
            mode(),
            baseline().boxed()
        ),
    ];
    prop::collection::vec(file, 1..5).prop_map(|files| {
        let mut paths = Paths::new();
        for (path, mode, content) in files {
            let path = BString::from(path);
            let collides = |known: &BString| {
                let [short, long] =
                    if known.len() < path.len() { [known, &path] } else { [&path, known] };
                long.strip_prefix(short.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
            };
            if !paths.keys().any(collides) {
                paths.insert(path, (mode, content));
            }
        }
        paths
    })
}

/// Whether everything of a policy can be used as it is.
fn assert_usable(policy: &EffectivePolicy) {
    let settings = &policy.policy;
    let lists = [
        &settings.gates.secrets.allow_paths,
        &settings.gates.conflict_markers.allow_paths,
        &settings.gates.scope.exempt,
        &settings.review.leave_out,
    ];
    for list in lists {
        assert!(globs::union(list.iter().map(String::as_str)).is_ok(), "{list:?}");
    }
    let specs: Vec<String> = settings
        .watch
        .specs
        .iter()
        .map(|glob| {
            let (mark, rest) = globs::check_below_top(glob).unwrap();
            format!("{mark}{rest}")
        })
        .collect();
    assert!(Globs::new(specs.iter().map(String::as_str)).is_ok());
    assert!(!settings.gates.commit_message.types.is_empty());
    for command in &settings.commands {
        assert!(Globs::new(command.paths.iter().map(String::as_str)).is_ok(), "{command:?}");
        assert!(command.format.as_deref().is_none_or(|name| ReportFormat::from_name(name).is_ok()));
        assert!(!command.run.trim().is_empty() && !command.on.is_empty());
    }
}

fn check_drawn(base: &Paths, mended: &Paths) {
    let mut objects = Memory::default();
    let tree = objects.add(base);
    let policy = policy_of(&objects, &tree);
    assert_usable(&policy);
    let problems = PolicyFiles::all_problems(&objects, &tree).unwrap();
    // Whatever a change leaves that cannot be used stops it.
    let brought = change(&mut objects, &Paths::new(), base, "feat: policy");
    let said = governance::check(&brought, &objects, Effect::Warn).unwrap();
    let stops = said.iter().filter(|finding| finding.effect == Effect::Block).count();
    assert_eq!(stops, problems.len());
    // Of rules, those that are not in force are not compiled at each change.
    for problem in problems.iter().filter(|problem| problem.part != PolicyPart::Rule) {
        assert!(policy.findings.contains(&problem.of_base()), "{problem:?}");
    }

    let first = &policy.policy.gates.commit_message.types[0];
    let message = format!("{first}: mend");
    let new_tree = objects.add(mended);
    let is_whole = PolicyFiles::all_problems(&objects, &new_tree).unwrap().is_empty();
    let governed = policy.policy.gates.governance.level.effect() == Some(Effect::Block);
    for to in [mended, &Paths::new()] {
        let repair = change(&mut objects, base, to, &message);
        let mut stopped = blocking(&repair, &policy, &objects);
        // A rule may guard the settings; the constitution can always be edited.
        stopped.retain(|finding| {
            let path = finding.place.as_ref().and_then(|place| place.path());
            finding.gate != Gate::Constitution || path.is_none_or(|path| is_of_constitution(path))
        });
        let is_repair = to.is_empty() || is_whole;
        if is_repair && !(problems.is_empty() && governed) {
            assert_eq!(stopped, [], "{repair:?}");
        }
        // Beside the repair, a conflict marker does not pass.
        let mut with_marker = to.clone();
        let marker = format!("{} HEAD\n", "<".repeat(7));
        with_marker.insert("b.txt".into(), (FileMode::File, marker.into_bytes()));
        let repair = change(&mut objects, base, &with_marker, &message);
        let stopped = blocking(&repair, &policy, &objects);
        let markers = &policy.policy.gates.conflict_markers;
        let is_allowed = globs::union_or_plain(markers.allow_paths.iter().map(String::as_str));
        let guards = markers.level.effect() == Some(Effect::Block) && !is_allowed.is_match("b.txt");
        assert!(!guards || stopped.iter().any(|finding| finding.gate == Gate::ConflictMarkers));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only a test's length depends on it")]
fn whatever_a_base_holds_what_mends_it_passes_and_nothing_else() {
    let cases = if std::env::var_os("TRIBUNAL_TEST_ALL").is_some() { 10_000 } else { 300 };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let drawn = (policy(), policy());
    runner
        .run(&drawn, |(base, mended)| {
            check_drawn(&base, &mended);
            Ok(())
        })
        .unwrap();
}

/// Puts bytes at a path of a policy, and has a change judged under it and as one that brings it.
fn hold_policy(path: &'static str) -> impl Fn(&[u8]) + Send + Sync {
    move |bytes| {
        let mut objects = Memory::default();
        let base = Paths::from([(path.into(), (FileMode::File, bytes.to_vec()))]);
        let tree = objects.add(&base);
        let policy = policy_of(&objects, &tree);
        assert_usable(&policy);
        let code = b"fn a() { sleep(1); }\n".to_vec();
        let code = Paths::from([("src/a.rs".into(), (FileMode::File, code))]);
        let written = change(&mut objects, &Paths::new(), &code, "feat: code");
        drop(blocking(&written, &policy, &objects));
        let problems = PolicyFiles::all_problems(&objects, &tree).unwrap();
        let brought = change(&mut objects, &Paths::new(), &base, "feat: policy");
        let said = governance::check(&brought, &objects, Effect::Warn).unwrap();
        assert_eq!(said.iter().filter(|said| said.effect == Effect::Block).count(), problems.len());
    }
}

#[test]
fn drawn_settings_are_read() {
    let written = b"[gates]\nscope = { level = \"block\", files = 40, lines = 1200, exempt = [\"*.lock\"] }\n\
        secrets = { level = \"block\", allow-paths = [\"fixtures/**\", \"!a\"], allow = [\"0123456789abcdef\"] }\n\
        commit-message.types = [\"feat\", \"fix\"]\n[protect]\nbranches = [\"main\", \"release/*\"]\n\
        [[commands]]\nname = \"test\"\nrun = \"cargo test\"\non = [\"pre-push\"]\ntimeout = \"5m\"\n\
        format = \"(?P<message>.*)\"\n[watch]\nspecs = [\"docs/specs\"]\nsettle = \"1s\"\n[budget]\nrun = 5\n";
    let whole = include_bytes!("../policy/default.toml");
    let words = [
        "[gates]\n",
        "[[commands]]\n",
        "[gates.secrets]\n",
        "level = ",
        "\"block\"",
        "\"off\"",
        "= {",
        "}",
        "]",
        "'''",
        "\"\"\"",
        "a.b.c = ",
        "name = \"x\"\n",
        "run = \"true\"\n",
        "paths = [",
        "\"{a,b\"",
        "\"[!a-\"",
        "\"**/**\"",
        "\"!\"",
        "\\u0000",
        "\\UFFFFFFFF",
        "2026-01-01T00:00:00Z",
        "inf",
        "nan",
        "0x",
        "1_0",
        "\"9h\"",
        "\"1 GiB\"",
        "[http-agent]\n",
        "[prices.\"*\"]\n",
        "\"(?P<message>(\"",
        "# ",
    ]
    .map(str::as_bytes);
    fuzz::hold("settings", &[written, whole], &words, hold_policy("tribunal.toml"));
    let values = [b"gates.scope=off".as_slice(), b"watch.settle=1s", b"protect.branches=[\"a\"]"];
    fuzz::hold("values of `--set`", &values, &words, |bytes| {
        let word = String::from_utf8_lossy(bytes).into_owned();
        if let Ok(flags) = layers::read_flags(&[word]) {
            drop(layers::resolve_usable(&[], &[], &flags));
        }
    });
}

#[test]
fn drawn_rules_are_read() {
    let rules = include_bytes!("../constitution/tests/rules.md");
    let words = [
        "## R-7f3a A rule\n",
        "```toml rule\n",
        "```\n",
        "~~~~",
        "check = { kind = ",
        "\"regex\"",
        "\"ast-grep\"",
        "pattern = '",
        "'",
        "(a{1000}){1000}",
        "(?i)",
        "\\pL{90}",
        "[^a]",
        "|",
        "$A",
        "$$$",
        "f($A)",
        "language = \"go\"",
        "\"typescript\"",
        "\"python\"",
        "\"c\"",
        "on = \"tree\"",
        "status = \"active\"\n",
        "paths = [\"**\"]\n",
        "Bad: `",
        "Good:\n",
        "origin = {",
        "2026-01-01",
        "sleep(1)",
        "x = \"\\u0000\"",
    ]
    .map(str::as_bytes);
    fuzz::hold("rules", &[rules], &words, hold_policy(".ai/constitution/a.md"));
    let baseline = b"# known\n0123456789abcdef token a.txt\nfedcba9876543210 password src/b.rs\n";
    fuzz::hold("baselines", &[baseline], &words, hold_policy(".ai/baseline.txt"));
}
