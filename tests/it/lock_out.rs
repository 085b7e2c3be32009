//! Whatever is committed to the policy, the commit and the push that repair it get through, with every
//! other guard on; and what of a policy is not in force is said.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, cases, executable};

/// Puts something into a repository's work tree.
type Put = fn(&Repo<'_>);

/// A conflict marker: what a guard still has to stop.
fn marker() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

/// A server with `pre-receive`, and a clone with hooks whose first commit is on it.
fn served(sandbox: &Sandbox) -> (Repo<'_>, Repo<'_>) {
    let server = sandbox.bare("server.git");
    let repo = sandbox.repo("repo");
    repo.write("a.txt", "a\n");
    repo.git(&["add", "."]).ok();
    repo.commit_unjudged("feat: begin");
    repo.push_to(&server);
    server.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    repo.git(&["config", "user.useConfigOnly", "true"]).ok();
    (server, repo)
}

fn stage_and_commit(repo: &Repo<'_>, message: &str) -> Outcome {
    repo.git(&["add", "-A", "-f"]).ok();
    repo.commit(message)
}

/// Commits and pushes past every hook, as other programs and older versions do.
fn publish_unjudged(server: &Repo<'_>, repo: &Repo<'_>) {
    repo.git(&["add", "-A", "-f"]).ok();
    repo.commit_unjudged("chore: policy");
    let hook = server.path("hooks/pre-receive");
    fs::rename(&hook, server.path("hooks/aside")).unwrap();
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    fs::rename(server.path("hooks/aside"), hook).unwrap();
}

/// Settings that cannot be used, where, and what is said of them.
const BROKEN: [(&str, &str, &str); 19] = [
    (
        "gates.secrets = { level = \"block\", allow-paths = [\"[bad\"] }\n",
        "1:51",
        "`[bad` is not a glob",
    ),
    ("[protect]\nbranches = [\"[a\"]\n", "2:13", "`[a` is not a glob"),
    ("[gates.scope]\nexempt = [\"ok\", \"[a\"]\n", "2:17", "`[a` is not a glob"),
    ("[gates.conflict-markers]\nallow-paths = [\"[a\"]\n", "2:16", "`[a` is not a glob"),
    ("[watch]\nspecs = [\"/abs\"]\n", "2:10", "must lead downward"),
    ("[review]\nleave-out = [\"{a\"]\n", "2:14", "`{a` is not a glob"),
    ("[watch]\nsettle = \"5000000000000000h\"\n", "2:1", "is too long"),
    ("[gates.commit-message]\nlevel = \"block\"\ntypes = []\n", "3:9", "no message could pass"),
    ("[gates.commit-message]\nlevel = \"block\"\nsubject-max = 0\n", "3:15", "is too short"),
    ("[gates]\nsecrets = \"blok\"\n", "2:1", "`gates.secrets.level`"),
    ("[gates]\nsecret = \"off\"\n", "2:1", "unknown key `gates.secret`"),
    ("[[commands]]\nname = \"x\"\nrun = \"\"\n", "3:1", "`run` is empty"),
    (
        "[[commands]]\nname = \"x\"\nrun = \"true\"\npaths = [\"[a\"]\n",
        "4:10",
        "`[a` is not a glob",
    ),
    (
        "[[commands]]\nname = \"x\"\nrun = \"true\"\nformat = \"nope\"\n",
        "4:1",
        "`nope` is not a known format",
    ),
    ("[[commands]]\nname = \"x\"\nrun = \"true\"\nshare = [\"../x\"]\n", "4:10", "no path inside"),
    (
        "[[commands]]\nname = \"x\"\nrun = \"true\"\n[[commands]]\nname = \"x\"\nrun = \"false\"\n",
        "5:1",
        "has the name `x` already",
    ),
    ("[programs.claude]\npath = \"/x\"\n", "1:2", "can only be set in your own settings"),
    ("[gates\n", "1:7", "unclosed table"),
    ("[gates.secrets]\nallow = [\"abc\"]\n", "2:10", "`abc` names no secret"),
];

#[test]
fn a_broken_policy_is_stopped_where_it_is_committed_and_repaired_where_it_is_in_force() {
    let sandbox = Sandbox::new();
    let (server, repo) = served(&sandbox);
    // In the usual form one of four goes all the way.
    let step = cases(4, 1);
    for (number, (text, place, message)) in BROKEN.into_iter().enumerate() {
        let start = repo.rev("HEAD");
        repo.write("tribunal.toml", text);
        let stopped = stage_and_commit(&repo, "feat: policy").code(1);
        stopped.says(&format!("tribunal.toml:{place}: ")).says(message).says("hint");
        if number % step != 0 {
            repo.git(&["rm", "--force", "--quiet", "tribunal.toml"]).ok();
            continue;
        }

        // It is in force all the same: a push past the hooks, an older version.
        publish_unjudged(&server, &repo);
        repo.write("b.txt", marker());
        stage_and_commit(&repo, "feat: b").code(1).says("conflict marker").says("b.txt:1");
        repo.write("b.txt", format!("{message}\n"));
        let warned = stage_and_commit(&repo, "feat: b").code(0);
        warned.says(&format!("tribunal.toml:{place}: ")).says(message);
        repo.git(&["push", "origin", "main"]).ok().says(message);

        // The repair gets through, a conflict marker beside it does not.
        repo.git(&["rm", "--cached", "--quiet", "tribunal.toml"]).ok();
        fs::remove_file(repo.path("tribunal.toml")).unwrap();
        repo.write("b.txt", marker());
        stage_and_commit(&repo, "fix: policy").code(1).says("conflict marker");
        repo.commit_unjudged("fix: policy, with a marker");
        repo.git(&["push", "--no-verify", "origin", "main"]).code(1).says("conflict marker");
        repo.git(&["push", "origin", "main"]).code(1).says("conflict marker");
        repo.git(&["reset", "--quiet", "--soft", "HEAD~1"]).ok();
        repo.write("b.txt", format!("{message}, mended\n"));
        stage_and_commit(&repo, "fix: policy").ok();
        repo.git(&["push", "origin", "main"]).ok();
        assert_ne!(repo.rev("HEAD"), start);
    }
}

#[test]
fn what_stands_in_place_of_a_file_of_the_policy_is_said_and_can_be_taken_away() {
    let sandbox = Sandbox::new();
    let (server, repo) = served(&sandbox);
    let put: [(&str, Put); 8] = [
        ("tribunal.toml:2:14: it is not UTF-8", |repo| {
            repo.write("tribunal.toml", b"[protect]\nbranches = [\"\xff\"]\n");
        }),
        ("tribunal.toml:1: it is a symbolic link", |repo| {
            symlink("a.txt", repo.path("tribunal.toml")).unwrap();
        }),
        ("tribunal.toml:1: it is a folder", |repo| {
            repo.write("tribunal.toml/x", "x");
        }),
        (".ai:1: it is a symbolic link", |repo| symlink("conf", repo.path(".ai")).unwrap()),
        (".ai:1: it is a file", |repo| {
            repo.write(".ai", "x");
        }),
        (".ai/constitution:1: it is a symbolic link", |repo| {
            fs::create_dir_all(repo.path(".ai")).unwrap();
            symlink("../conf", repo.path(".ai/constitution")).unwrap();
        }),
        (".ai/baseline.txt:1: it is a folder", |repo| {
            repo.write(".ai/baseline.txt/x", "x");
        }),
        (".ai/baseline.txt:2: the line is no fingerprint", |repo| {
            repo.write(".ai/baseline.txt", "# known\nhello\n");
        }),
    ];
    for (message, put) in put {
        put(&repo);
        stage_and_commit(&repo, "feat: policy").code(1).says(message);
        publish_unjudged(&server, &repo);
        repo.write("b.txt", format!("{message}\n"));
        stage_and_commit(&repo, "feat: b").ok().says(message);
        repo.git(&["push", "origin", "main"]).ok().says(message);
        for name in ["tribunal.toml", ".ai"] {
            let path = repo.path(name);
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
            let _absent = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        stage_and_commit(&repo, "fix: policy").ok();
        repo.git(&["push", "origin", "main"]).ok();
    }
}

#[test]
fn what_is_mended_at_the_tip_of_a_push_does_not_arrive_broken() {
    let sandbox = Sandbox::new();
    let (_server, repo) = served(&sandbox);
    repo.write("tribunal.toml", "[gates]\nsecrets = \"blok\"\n");
    repo.git(&["add", "."]).ok();
    repo.commit_unjudged("feat: policy");
    repo.git(&["push", "origin", "main"])
        .code(1)
        .says("tribunal.toml")
        .says("`gates.secrets.level`");
    repo.git(&["push", "--no-verify", "origin", "main"]).code(1).says("`gates.secrets.level`");
    repo.write("tribunal.toml", "[gates]\nsecrets = \"block\"\n");
    repo.git(&["commit", "-qam", "fix: policy"]).ok();
    repo.git(&["push", "origin", "main"]).ok().says("a later commit repairs it");
    // The same history, as a remote meets it that knows nothing of it.
    let other = sandbox.bare("other.git");
    other.tribunal(&["hooks", "install"]).ok();
    repo.git(&["push", &other.dir.display().to_string(), "main"]).ok();
}

#[test]
fn the_rest_of_a_broken_policy_is_in_force() {
    let sandbox = Sandbox::new();
    let (server, repo) = served(&sandbox);
    repo.write(
        "tribunal.toml",
        "[protect]\nbranches = [\"[a\", \"release/*\"]\n[gates]\nlarge-files = { level = \"blok\", max = \"10 B\" }\n\
         sensitive-files = \"block\"\nscope = { level = \"block\", files = 1, lines = 1 }\ngovernance = \"block\"\n",
    );
    publish_unjudged(&server, &repo);
    // `scope` blocks, also where nothing is mended; `governance` does as long as nothing is.
    repo.write("b.txt", "b\nb\n");
    stage_and_commit(&repo, "feat: b").code(1).says("[scope/scope");
    repo.git(&["rm", "--cached", "--quiet", "b.txt"]).ok();
    fs::remove_file(repo.path("b.txt")).unwrap();
    let text = repo.read("tribunal.toml");
    repo.write("tribunal.toml", format!("{text}# a remark\n"));
    stage_and_commit(&repo, "docs: a remark").code(1).says("governance/policy-changed");
    repo.write("tribunal.toml", text.replace("\"[a\", ", "").replace("blok", "warn"));
    stage_and_commit(&repo, "fix: policy").ok();
    repo.git(&["push", "origin", "main:refs/heads/release/1"]).ok();
    repo.git(&["push", "origin", "main"]).ok();
    repo.git(&["push", "origin", ":release/1"]).code(1).says("protected branch `release/1`");
}

const RULE: &str = "# S\n\n## R-0001 No sleeping\n\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
                    class = \"testing/flaky\"\npaths = [\"src/**\"]\n\
                    check = { kind = \"regex\", pattern = 'sleep', on = \"added-lines\" }\n```\nNever.\n\n\
                    Bad: `sleep(1)`\nGood: `wait(x)`\n";

#[test]
fn a_broken_rule_is_stopped_where_it_is_committed_and_mended_rule_by_rule() {
    let sandbox = Sandbox::new();
    let (server, repo) = served(&sandbox);
    let file = ".ai/constitution/s.md";
    let second = RULE.replace("R-0001", "R-0002").replace("# S\n", "");
    let broken =
        format!("{}{second}", RULE.replace("'sleep'", "'('")).replace("src/**\"]\n", "src/[\"]\n");
    repo.write(file, &broken);
    stage_and_commit(&repo, "feat: rules")
        .code(1)
        .says("s.md:3: `src/[` is not a glob")
        .says("s.md:17:");
    publish_unjudged(&server, &repo);
    let half = broken.replacen("src/[", "src/**", 1);
    repo.write(file, &half);
    stage_and_commit(&repo, "fix: a rule").code(1).says("s.md:10: rule `R-0001`");
    let half = half.replace("'('", "'sleep'");
    repo.write(file, &half);
    stage_and_commit(&repo, "fix: a rule").ok();
    repo.git(&["push", "origin", "main"]).ok();
    repo.write("src/a", "sleep(1)\n");
    stage_and_commit(&repo, "feat: a").code(1).says("constitution/R-0001");
    // A rule that its own file breaks does not stop that file's repair.
    repo.git(&["rm", "-rq", "--cached", "src"]).ok();
    fs::remove_dir_all(repo.path("src")).unwrap();
    repo.write(file, RULE.replace("src/**", "**").replace("added-lines", "touched-files"));
    stage_and_commit(&repo, "fix: rules").ok();
    repo.write(file, RULE.replace("Never.", "Never sleep."));
    stage_and_commit(&repo, "docs: rules").ok();
    repo.git(&["push", "origin", "main"]).ok();
}

#[test]
fn rules_hold_in_every_encoding_and_what_they_were_not_held_against_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write(".ai/constitution/s.md", RULE).write("src/utf16", b"\xff\xfew\0a\0i\0t\0\n\0");
    repo.write("src/many", "sleep(0)\n".repeat(3_000));
    repo.git(&["add", "."]).ok();
    repo.commit_unjudged("feat: begin");
    repo.tribunal(&["hooks", "install"]).ok();
    let wide = |text: &str| [b"\xff\xfe".to_vec(), narrow_to_wide(text)].concat();
    let is_stopped = |name: &OsStr, content: Vec<u8>, line: u32| {
        repo.write(name, content);
        let said = stage_and_commit(&repo, "feat: x").code(1);
        said.says(&format!(":{line}:1: No sleeping [constitution/R-0001"));
        repo.git(&["reset", "--quiet", "--hard"]).ok();
    };
    is_stopped(OsStr::new("src/latin"), b"# caf\xe9\nsleep(3)\n".to_vec(), 2);
    is_stopped(OsStr::new("src/nul"), b"# \0\nsleep(3)\n".to_vec(), 2);
    is_stopped(OsStr::new("src/new16"), wide("wait\nsleep(3)\n"), 2);
    is_stopped(OsStr::new("src/bare16"), narrow_to_wide("wait\nsleep(3)\n"), 2);
    is_stopped(OsStr::new("src/utf16"), wide("wait\nwait\nsleep(3)\n"), 3);
    is_stopped(OsStr::from_bytes(b"src/caf\xe9"), b"sleep(3)\n".to_vec(), 1);
    is_stopped(
        OsStr::new("src/many"),
        ["sleep(0)\n".repeat(3_000), "sleep(1)\n".into()].concat().into(),
        3_001,
    );
    // Old lines of a wide file are old.
    repo.write("src/utf16", wide("wait\nwait\n"));
    stage_and_commit(&repo, "feat: x").ok();

    repo.write("src/huge", vec![0xe9; 17 * 1024 * 1024]);
    let said = stage_and_commit(&repo, "feat: huge").ok();
    said.says("not checked: constitution: rules were not held against `src/huge`");
}

/// UTF-16, little end first, without a mark.
fn narrow_to_wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A bare repository that gives partial clones, with a rule and a token that `allow-paths` lets pass.
fn promising(sandbox: &Sandbox) -> Repo<'_> {
    let server = sandbox.bare("up.git");
    server.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    let repo = sandbox.repo("origin");
    repo.write(".ai/constitution/s.md", RULE).write("src/a", "1\n").write("docs/a", "1\n");
    repo.write("tribunal.toml", "[protect]\nbranches = [\"main\"]\n");
    repo.git(&["add", "."]).ok();
    repo.commit_unjudged("feat: begin");
    repo.push_to(&server);
    server
}

#[test]
fn what_a_partial_clone_lacks_of_the_policy_is_said_and_not_taken_for_absent() {
    let sandbox = Sandbox::new();
    let server = promising(&sandbox);
    let address = format!("file://{}", server.dir.display());
    let clone = |name: &str, filter: &str, cone: &str, set: &[&str]| {
        let outside = sandbox.repo(&format!("{name}-outside"));
        let dir = sandbox.path().join(name);
        let dir_text = dir.display().to_string();
        outside.git(&["clone", "--quiet", "--no-checkout", filter, &address, &dir_text]).ok();
        let repo = Repo { sandbox: &sandbox, dir };
        repo.git(&[&["sparse-checkout", "set", cone], set].concat()).ok();
        repo.git(&["checkout", "--quiet", "main"]).ok();
        // By hand: `hooks install` reads the policy, and fetches it.
        for hook in ["pre-commit", "pre-push"] {
            let call = format!("#!/bin/sh\nexec '{TRIBUNAL}' hook {hook} \"$@\"\n");
            executable(repo.path(format!(".git/hooks/{hook}")), call);
        }
        repo
    };
    for (name, filter, cone, set, lacks) in [
        ("cone", "--filter=blob:none", "--cone", &["src"][..], ".ai/constitution/s.md"),
        ("tree", "--filter=tree:0", "--cone", &["src"][..], ".ai/constitution/s.md"),
        ("none", "--filter=blob:none", "--no-cone", &["/src/"][..], "tribunal.toml"),
    ] {
        let repo = clone(name, filter, cone, set);
        repo.write("src/v", "sleep(3)\n").git(&["add", "src/v"]).ok();
        let hook = |words: &[&str]| repo.tribunal(words);
        let said = hook(&["hook", "pre-commit"]).code(4).says("inconclusive: ").says(lacks);
        repo.commit("feat: v").code(1).says("inconclusive");
        // The hint's own command, again and again until nothing is missing.
        let mut hint = said;
        for _ in 0..5 {
            let Some(command) = hint.stderr.split("hint: `git ").nth(1) else { break };
            let words: Vec<&str> = command.split('`').next().unwrap().split(' ').collect();
            repo.git(&words).ok();
            hint = hook(&["hook", "pre-commit"]);
        }
        hint.code(1).says("[constitution/R-0001");
        // Beside hooks git may fetch.
        let other = clone(&format!("{name}-list"), filter, cone, set);
        other.tribunal(&["constitution", "list"]).ok().says("R-0001");
        other.tribunal(&["check", "--all"]).ok();
        other.write("src/v", "sleep(3)\n").git(&["add", "src/v"]).ok();
        other.commit("feat: v").code(1).says("[constitution/R-0001");
        // What cannot be fetched is said too.
        let alone = clone(&format!("{name}-alone"), filter, cone, set);
        alone.git(&["remote", "set-url", "origin", "file:///nowhere"]).ok();
        alone.tribunal(&["check", "--all"]).code(4).says("inconclusive: ");
        alone.git(&["push", &address, "main:refs/heads/x"]).code(1).says("inconclusive: ");
    }
    // Full and sparse: the list shows what hooks hold.
    let repo = clone("full", "--single-branch", "--cone", &["src"]);
    repo.tribunal(&["constitution", "list"]).ok().says("R-0001").never_says("no rules yet");
    repo.write("src/v", "sleep(3)\n").git(&["add", "src/v"]).ok();
    repo.commit("feat: v").code(1).says("[constitution/R-0001");
}

#[test]
fn rules_behind_a_link_are_said_not_to_hold() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("conf/constitution/s.md", RULE).write("src/a", "1\n");
    symlink("conf", repo.path(".ai")).unwrap();
    repo.git(&["add", "."]).ok();
    repo.commit_unjudged("feat: begin");
    repo.tribunal(&["hooks", "install"]).ok();
    let link = "it is a symbolic link, which is not followed";
    for words in [&["constitution", "check"][..], &["constitution", "test"]] {
        repo.tribunal(words).code(1).says(&format!(".ai:1: {link}")).says("put the file or folder");
    }
    repo.tribunal(&["constitution", "list"])
        .ok()
        .says("no rules yet")
        .says("1 more rule cannot be read");
    repo.write("src/v", "sleep(3)\n");
    stage_and_commit(&repo, "feat: v").ok().says(&format!(".ai:1: {link}"));
    fs::remove_file(repo.path(".ai")).unwrap();
    fs::rename(repo.path("conf"), repo.path(".ai")).unwrap();
    symlink("../../src/a", repo.path(".ai/constitution/t.md")).unwrap();
    stage_and_commit(&repo, "fix: rules").code(1).says(&format!("t.md:1: {link}"));
    repo.tribunal(&["constitution", "check"]).code(1).says(&format!("t.md:1: {link}"));
    fs::remove_file(repo.path(".ai/constitution/t.md")).unwrap();
    // A folder below is a folder of topics, for the list and for hooks.
    fs::create_dir(repo.path(".ai/constitution/sub")).unwrap();
    fs::rename(repo.path(".ai/constitution/s.md"), repo.path(".ai/constitution/sub/s.md")).unwrap();
    stage_and_commit(&repo, "fix: rules").ok();
    repo.tribunal(&["constitution", "check"]).ok().says("1 rule, 1 of at most");
    repo.write("src/w", "sleep(3)\n");
    stage_and_commit(&repo, "feat: w").code(1).says("[constitution/R-0001");
}

/// Draws from a seed (splitmix64): the same seed draws the same everywhere.
pub struct Drawing(pub u64);

impl Drawing {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    /// A text, as it is or with one byte of it changed or cut off from there.
    fn spoil(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        if !bytes.is_empty() {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                _ => {}
            }
        }
        bytes
    }

    /// Puts a policy into a work tree.
    fn put(&mut self, repo: &Repo<'_>) {
        let settings: String =
            (0..self.below(3)).map(|_| BROKEN[self.below(BROKEN.len())].0).collect();
        let locks = [
            "gates.scope = { level = \"block\", files = 0, lines = 0 }\n",
            "gates.large-files = { level = \"block\", max = \"0 B\" }\n",
            "gates.commit-message = { level = \"block\", types = [\"fix\", \"a b\"], subject-max = 1 }\n",
            "",
        ];
        let settings = format!("{}{settings}", locks[self.below(locks.len())]);
        match self.below(12) {
            0 => symlink("a.txt", repo.path("tribunal.toml")).unwrap(),
            1 => put_file(repo, "tribunal.toml/x", "x"),
            2 => put_file(repo, "tribunal.toml", vec![b'#'; 2 << 20]),
            3 => {}
            _ => put_file(repo, "tribunal.toml", self.spoil(&settings)),
        }
        let rules = match self.below(4) {
            0 => RULE.replace("'sleep'", "'.'").replace("src/**", "**"),
            1 => RULE.replace("'sleep'", "'('"),
            2 => RULE.replace("src/**", "[") + RULE,
            _ => RULE.to_owned(),
        };
        match self.below(8) {
            0 => symlink("conf", repo.path(".ai")).unwrap(),
            1 => put_file(repo, ".ai", "x"),
            2 => put_file(repo, ".ai/constitution", "x"),
            3 => put_file(repo, ".ai/constitution.md/x", "x"),
            _ => put_file(repo, ".ai/constitution/a.md", self.spoil(&rules)),
        }
        if repo.path(".ai").is_dir() && self.below(2) == 0 {
            repo.write(".ai/baseline.txt", self.spoil("# x\n0123456789abcdef token a.txt\nwhat\n"));
        }
    }
}

fn put_file(repo: &Repo<'_>, name: &str, content: impl AsRef<[u8]>) {
    repo.write(name, content);
}

#[test]
fn drawn_policies_lock_nobody_out() {
    let draws = cases(8, 300);
    let sandbox = Sandbox::new();
    let (server, repo) = served(&sandbox);
    let start = repo.rev("HEAD");
    for seed in 0..draws {
        Drawing(seed).put(&repo);
        publish_unjudged(&server, &repo);
        // The marker is put beside the repair where a rule does not already stop the file.
        for name in ["tribunal.toml", ".ai"] {
            let path = repo.path(name);
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
            let _absent = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        repo.write("b.txt", marker());
        stage_and_commit(&repo, "fix: policy").code(1).says("conflict marker");
        repo.commit_unjudged("fix: policy, with a marker");
        let pushed = repo.git(&["push", "--no-verify", "origin", "main"]);
        assert!(pushed.code == 1 && pushed.stderr.contains("conflict marker"), "{seed}: {pushed}");
        repo.git(&["reset", "--quiet", "--soft", "HEAD~1"]).ok();
        repo.git(&["rm", "--quiet", "--cached", "-f", "b.txt"]).ok();
        fs::remove_file(repo.path("b.txt")).unwrap();
        let mended = stage_and_commit(&repo, "fix: policy");
        assert_eq!(mended.code, 0, "{seed}: {mended}");
        let pushed = repo.git(&["push", "origin", "main"]);
        assert_eq!(pushed.code, 0, "{seed}: {pushed}");
    }
    assert_ne!(repo.rev("HEAD"), start);
}
