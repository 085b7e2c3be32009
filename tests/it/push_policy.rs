//! Which commits a push brings and which policy they are evaluated under, at the client and at the
//! server: no laxer ref speaks for a stricter one.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::{Duration, Instant};

use crate::harness::{Outcome, Repo, Sandbox, run};

const STRICT: &str = "[gates]\nconflict-markers = \"block\"\nscope = \"off\"\n";
const LAX: &str = "[gates]\nconflict-markers = \"off\"\nscope = \"off\"\n";

/// A rule that forbids `sleep` in sources.
pub const RULE: &str = r#"# Tests

## R-0001 No sleeping

```toml rule
status   = "active"
severity = "high"
class    = "testing/flaky"
paths    = ["src/**"]
check    = { kind = "regex", pattern = 'sleep', on = "added-lines" }
```
Never.

Bad: `sleep(1)`
Good: `wait(x)`
"#;

/// Which side has the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// A remote whose `main` has one commit with that policy, and a clone of it.
struct World<'a> {
    repo: Repo<'a>,
    remote: Repo<'a>,
}

fn world<'a>(sandbox: &'a Sandbox, policy: &str) -> World<'a> {
    let remote = sandbox.bare("remote.git");
    let repo = sandbox.repo("repo");
    repo.write("tribunal.toml", policy).write("a", "1").commit_unjudged("feat: policy");
    repo.push_to(&remote);
    repo.git(&["remote", "set-head", "origin", "main"]).ok();
    World { repo, remote }
}

impl World<'_> {
    fn guard(&self, side: Side) -> &Self {
        match side {
            Side::Client => self.repo.tribunal(&["hooks", "install"]).ok(),
            Side::Server => self.remote.tribunal(&["hooks", "install"]).ok(),
        };
        self
    }

    fn git(&self, line: &str) -> Outcome {
        self.repo.git(&line.split(' ').collect::<Vec<_>>())
    }

    fn push(&self, line: &str) -> Outcome {
        self.git(&format!("push --quiet {line}"))
    }

    fn add(&self, name: &str, content: impl AsRef<[u8]>) {
        self.repo.write(name, content).commit_unjudged(&format!("feat: {name}"));
    }

    /// Somebody else adds a commit to a branch of the remote.
    fn others_add(&self, branch: &str) {
        let other =
            Repo { sandbox: self.repo.sandbox, dir: self.repo.sandbox.path().join("other") };
        if !other.dir.exists() {
            self.git("clone --quiet ../remote.git ../other").ok();
        }
        other.git(&["switch", "--quiet", branch]).ok();
        other.write(format!("theirs-{branch}"), "theirs").commit_unjudged("feat: theirs");
        other.git(&["push", "--quiet", "--no-verify", "origin", branch]).ok();
    }
}

fn marker() -> String {
    format!("{} HEAD\n", "<".repeat(7))
}

#[test]
fn commands_run_for_a_branch_that_lacks_the_newest_known_commit() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, "[[commands]]\nname = \"tests\"\nrun = \"false\"\n");
    w.repo.tribunal(&["trust", "--yes"]).ok();
    w.guard(Side::Client).git("switch --quiet --create feature").ok();
    w.add("b", "2");
    w.push("--dry-run origin feature").code(1).says("`false` failed");
    w.others_add("main");
    w.git("fetch --quiet").ok();
    w.push("--dry-run origin feature").code(1).says("`false` failed");
}

#[test]
fn published_history_is_not_new_to_a_branch_that_lacks_the_newest_known_commit() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, STRICT);
    w.add("old", marker());
    w.git("rm --quiet old").ok();
    w.repo.commit_unjudged("feat: without it");
    w.push("--no-verify origin main").ok();
    w.guard(Side::Client).git("switch --quiet --create feature").ok();
    w.add("b", "2");
    w.others_add("main");
    w.git("fetch --quiet").ok();
    w.push("origin feature").ok().never_says("blocked");
    // A tag on an older commit, and a branch amended and forced.
    w.git("tag v0 main~1").ok();
    w.push("origin v0").ok().never_says("not checked when made");
    w.git("commit --quiet --no-verify --amend -m amended").ok();
    w.push("--force origin feature").ok();
}

#[test]
fn the_policy_holds_wherever_a_branch_leaves_the_server_s_history() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, "[gates]\ncommit-message = \"block\"\n");
    w.guard(Side::Server).git("branch old").ok();
    w.repo.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: on"]).ok();
    w.push("origin main").ok();
    for from in ["main", "old"] {
        w.git(&format!("checkout --quiet -B f-{from} {from}")).ok();
        w.repo.git(&["commit", "--quiet", "--allow-empty", "-m", "no type"]).ok();
        let refused = w.push(&format!("origin f-{from}"));
        refused.code(1).says("[commit-message/");
    }
}

#[test]
fn what_another_remote_has_is_not_new_to_a_remote_that_was_never_fetched() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, STRICT);
    w.add("old", marker());
    w.git("rm --quiet old").ok();
    w.repo.commit_unjudged("feat: without it");
    w.push("--no-verify origin main").ok();
    w.git("clone --quiet --bare ../remote.git ../fork.git").ok();
    w.guard(Side::Client).git("switch --quiet --create feature").ok();
    w.add("b", "2");
    w.push("--dry-run ../fork.git feature").ok();
    w.git("remote add fork ../fork.git").ok();
    w.push("--dry-run fork feature").ok().never_says("not checked");
    // A short form of an address is not the name of a remote.
    let folder = format!("{}/", sandbox.path().display());
    w.repo.git(&["config", &format!("url.{folder}.insteadOf"), "s:"]).ok();
    w.push("--dry-run s:fork.git feature").ok();
}

#[test]
fn commands_run_for_the_first_push_to_an_empty_remote() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("tribunal.toml", "[[commands]]\nname = \"tests\"\nrun = \"false\"\n");
    repo.write("a", "1").commit_unjudged("feat: policy");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    sandbox.bare("empty.git");
    repo.git(&["push", "../empty.git", "main"]).code(1).says("`false` failed");
    repo.git(&["remote", "add", "origin", "../empty.git"]).ok();
    repo.git(&["push", "origin", "main"]).code(1).says("`false` failed");
    repo.git(&["push", "origin", "main:refs/heads/other"]).code(1).says("`false` failed");
}

#[test]
fn the_baseline_holds_for_the_first_push_and_old_messages_only_warn() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    sandbox.bare("empty.git");
    repo.write("a", "1").commit_unjudged("no type");
    repo.write("tribunal.toml", "[gates]\ncommit-message = \"block\"\n");
    repo.commit_unjudged("feat: policy");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.git(&["push", "../empty.git", "main"]).ok().says("warning");
    repo.write("b", marker()).commit_unjudged("feat: b");
    repo.write("b", "good again").commit_unjudged("feat: b again");
    sandbox.bare("empty-2.git");
    repo.git(&["push", "../empty-2.git", "main"]).code(1).says("b:1");
}

#[test]
fn a_merge_of_what_a_remote_has_is_not_judged_again() {
    let sandbox = Sandbox::new();
    let up = sandbox.repo("up");
    up.write("a", "1").commit_unjudged("one");
    up.write("f", marker()).commit_unjudged("marks");
    up.git(&["tag", "v1"]).ok();
    up.write("c", "3").commit_unjudged("three");
    up.git(&["clone", "--quiet", ".", "../repo"]).ok();
    let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join("repo") };
    repo.tribunal(&["hooks", "install"]).ok();
    for merged in ["origin/main", "v1", "origin/main~1"] {
        repo.git(&["checkout", "--quiet", "-B", "mine", "origin/main~2"]).ok();
        repo.write("b", "2").commit_unjudged("two");
        repo.git(&["merge", "--quiet", "--no-ff", "-m", "m", merged]).ok();
    }
    // What only this repository has is judged with the merge.
    repo.git(&["checkout", "--quiet", "-B", "local", "origin/main~2"]).ok();
    repo.write("g", marker()).commit_unjudged("marks of our own");
    repo.git(&["checkout", "--quiet", "mine"]).ok();
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "m", "local"]).code(1).says("g:1");
}

#[test]
fn lines_that_a_merge_takes_over_from_what_is_there_are_not_new() {
    for side in SIDES {
        let sandbox = Sandbox::new();
        let large = "large-files = { level = \"block\", max = \"1 KiB\" }\n";
        let w = world(&sandbox, &format!("{STRICT}{large}"));
        let lines = |top: &str, end: &str| format!("{top}\n1\n2\n3\n4\n5\n6\n{end}\n");
        let old = [
            marker(),
            ["AK", "IA", "Z7QW", "3RTY", "5UIO", "P2AS\n"].concat(),
            "sleep(1)\n".to_owned(),
            "many words ".repeat(200),
        ];
        let old = old.concat();
        w.add(".ai/constitution/tests.md", RULE);
        w.add("src/a", lines("x", "y"));
        w.push("origin main").ok();
        w.git("switch --quiet --create topic").ok();
        w.add("src/a", lines("x", "mine"));
        // On the remote since before anything was checked.
        w.git("switch --quiet main").ok();
        w.add("src/a", lines(&old, "y"));
        w.push("--no-verify origin main").ok();
        w.guard(side).git("switch --quiet topic").ok();
        w.repo.git(&["merge", "--quiet", "--no-edit", "main"]).ok();
        w.push("origin topic topic:main").ok().never_says("blocked");
        // What the merge itself brings beside such a line is.
        w.git("switch --quiet --create other main").ok();
        w.add("src/a", lines(&old, "other"));
        w.git("switch --quiet topic").ok();
        w.repo.git(&["merge", "--quiet", "--no-commit", "-X", "ours", "other"]);
        w.repo.write("src/a", lines(&old, &format!("{}x", marker())));
        w.repo.commit_unjudged("feat: merge");
        w.push("origin topic topic:main")
            .code(1)
            .says("src/a:11: unresolved")
            .never_says("src/a:1:");
    }
}

#[test]
fn a_merge_of_what_passed_under_a_laxer_policy_is_judged() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("tribunal.toml", STRICT).commit_unjudged("feat: policy");
    repo.git(&["switch", "--quiet", "--create", "lax"]).ok();
    repo.write("tribunal.toml", LAX).commit_unjudged("feat: lax");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("f", marker()).commit("feat: marks").ok();
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("b", "2").commit("feat: b").ok();
    repo.git(&["merge", "--quiet", "--no-commit", "lax"]).ok();
    repo.git(&["checkout", "--quiet", "main", "--", "tribunal.toml"]).ok();
    repo.git(&["commit", "--quiet", "-m", "feat: merge"]).code(1).says("f:1");
}

/// Pushes that bring what the policy of `main` forbids, each on a way of its own. The last push is the
/// one that must be refused; all before it must be taken.
type Way = (&'static str, fn(&World<'_>) -> Outcome);

const WAYS: &[Way] = &[
    ("by a branch with a laxer policy, merged with the strict one kept", |w| {
        w.git("switch --quiet --create lax").ok();
        w.add("tribunal.toml", LAX);
        w.push("origin lax").ok();
        // The default branch's guards hold on other branches too: it gets there without the hook.
        w.add("f", marker());
        past_the_hooks(w, "lax");
        w.git("switch --quiet --create m origin/main").ok();
        w.git("merge --quiet --no-ff --no-commit lax").ok();
        w.git("checkout --quiet origin/main -- tribunal.toml").ok();
        w.repo.commit_unjudged("feat: merge");
        w.push("origin m:main")
    }),
    ("by a branch from before a rule existed", |w| {
        w.git("switch --quiet --create before").ok();
        w.add("src/v", "sleep(3)\n");
        w.push("origin before").ok();
        w.git("switch --quiet main").ok();
        w.add(".ai/constitution/tests.md", RULE);
        w.push("origin main").ok();
        w.git("merge --quiet --no-ff --no-edit before").ok();
        w.push("origin main")
    }),
    ("by an orphan branch that was pushed before", |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.git("rm --quiet -rf .").ok();
        w.add("f", marker());
        past_the_hooks(w, "alone");
        w.git("switch --quiet main").ok();
        w.git("merge --quiet --no-edit --allow-unrelated-histories alone").ok();
        w.push("origin main")
    }),
    ("in one push with a branch of a laxer policy", |w| {
        w.git("switch --quiet --create aaa").ok();
        w.add("tribunal.toml", LAX);
        w.push("origin aaa").ok();
        w.add("f", marker());
        w.push("origin aaa:aaa aaa:main")
    }),
    ("in one push, the stricter branch first", |w| {
        w.git("switch --quiet --create zzz").ok();
        w.add("tribunal.toml", LAX);
        w.push("origin zzz").ok();
        w.add("f", marker());
        w.push("origin zzz:main zzz:zzz")
    }),
    ("to a new protected branch, from a branch of a laxer policy", |w| {
        w.git("switch --quiet --create lax").ok();
        w.add("tribunal.toml", LAX);
        w.add("f", marker());
        past_the_hooks(w, "lax");
        w.push("origin lax:release/1")
    }),
    ("to another branch whose policy switched a guard off", |w| {
        w.git("switch --quiet --create lax").ok();
        w.add("tribunal.toml", LAX);
        w.push("origin lax").ok();
        w.add("f", marker());
        w.push("origin lax")
    }),
    ("to a new branch that starts before the policy", |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.git("rm --quiet -rf .").ok();
        w.add("f", marker());
        w.push("origin alone")
    }),
];

/// Brings a branch to the remote as somebody without the hooks would, on either side.
fn past_the_hooks(w: &World<'_>, branch: &str) {
    w.remote.git(&["-c", "core.hooksPath=/dev/null", "fetch", "--quiet", "../repo", branch]).ok();
    let fetched = w.remote.rev("FETCH_HEAD");
    w.remote.git(&["update-ref", &format!("refs/heads/{branch}"), &fetched]).ok();
    w.git("fetch --quiet").ok();
}

#[test]
fn nothing_that_the_policy_of_a_protected_branch_forbids_arrives_on_it() {
    let policy = format!("{STRICT}[protect]\nbranches = [\"main\", \"release/*\"]\n");
    let mut failed = Vec::new();
    for side in SIDES {
        for (name, way) in WAYS {
            let sandbox = Sandbox::new();
            let w = world(&sandbox, &policy);
            w.guard(side);
            let outcome = way(&w);
            if outcome.code == 0 || !outcome.stderr.contains("blocked:") {
                failed.push(format!("## {side:?}: {name}\n{outcome}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The same with the sides exchanged: `release/1` has the stricter policy, `main` the laxer one.
const MIRRORED_WAYS: &[Way] = &[
    ("by main, merged into the stricter branch", |w| {
        w.add("f", marker());
        w.push("origin main").ok();
        w.git("switch --quiet --create r origin/release/1").ok();
        w.git("merge --quiet --no-edit main").ok();
        w.push("origin r:release/1")
    }),
    ("by main as it is, after the stricter branch was merged into it", |w| {
        w.add("f", marker());
        w.git("merge --quiet --no-edit -s ours origin/release/1").ok();
        w.push("origin main").ok();
        w.push("origin main:release/1")
    }),
    ("by main, whose commits are from before a rule of the stricter branch", |w| {
        w.add("src/v", "sleep(3)\n");
        w.push("origin main").ok();
        w.git("switch --quiet --create r origin/release/1").ok();
        w.add(".ai/constitution/tests.md", RULE);
        w.push("origin r:release/1").ok();
        w.git("merge --quiet --no-edit main").ok();
        w.push("origin r:release/1")
    }),
    ("by main, into a stricter branch of another history", |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.git("rm --quiet -rf .").ok();
        w.add("tribunal.toml", strict_release());
        w.push("origin alone:release/2").ok();
        w.git("switch --quiet main").ok();
        w.add("f", marker());
        w.push("origin main").ok();
        w.git("switch --quiet alone").ok();
        w.git("merge --quiet --no-edit -X ours --allow-unrelated-histories main").ok();
        w.push("origin alone:release/2")
    }),
    ("by a branch of another history without any policy", |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.git("rm --quiet -rf .").ok();
        w.add("f", marker());
        w.push("origin alone").ok();
        w.git("switch --quiet --create r origin/release/1").ok();
        w.git("merge --quiet --no-edit --allow-unrelated-histories alone").ok();
        w.push("origin r:release/1")
    }),
    ("in one push with main, the laxer branch first", |w| {
        onto_release(w);
        w.push("origin r:main r:release/1")
    }),
    ("in one push with main, the stricter branch first", |w| {
        onto_release(w);
        w.push("origin r:release/1 r:main")
    }),
    ("in one push, below a tag", |w| {
        onto_release(w);
        w.git("tag v1").ok();
        w.push("origin v1 r:release/1")
    }),
    ("to another branch whose policy is stricter than that of main", |w| {
        w.git("switch --quiet --create feature origin/release/1").ok();
        w.push("origin feature").ok();
        w.add("f", marker());
        w.push("origin feature")
    }),
    ("to a new branch that starts at the stricter one", |w| {
        onto_release(w);
        w.push("origin r:new")
    }),
];

/// What must not be in the way, whichever side is the stricter.
const FREE_WAYS: &[Way] = &[
    ("what the laxer policy lets pass, onto the laxer branch", |w| {
        w.add("f", marker());
        w.push("origin main")
    }),
    ("the stricter branch, merged into the laxer one", |w| {
        w.git("switch --quiet --create r origin/release/1").ok();
        w.add("c", "3");
        w.push("origin r:release/1").ok();
        w.git("switch --quiet main").ok();
        w.git("merge --quiet --no-edit -X ours r").ok();
        w.push("origin main")
    }),
    ("the laxer branch, merged into the stricter one", |w| {
        w.add("c", "3");
        w.push("origin main").ok();
        w.git("switch --quiet --create r origin/release/1").ok();
        w.git("merge --quiet --no-edit main").ok();
        w.push("origin r:release/1")
    }),
    ("main, merged into a branch with a policy of its own", |w| {
        w.git("switch --quiet --create feature").ok();
        w.add("tribunal.toml", STRICT);
        w.push("origin feature").ok();
        w.git("switch --quiet main").ok();
        w.add("f", marker());
        w.push("origin main").ok();
        w.git("switch --quiet feature").ok();
        w.git("merge --quiet --no-edit main").ok();
        // What `main` has is nothing new to a branch that is not protected.
        w.push("origin feature")
    }),
    ("both in one push, each what it lets pass", |w| {
        w.git("switch --quiet --create r origin/release/1").ok();
        w.add("c", "3");
        w.git("switch --quiet main").ok();
        w.add("f", marker());
        w.push("origin r:release/1 main")
    }),
];

fn strict_release() -> String {
    format!("{STRICT}[protect]\nbranches = [\"main\", \"release/*\"]\n")
}

/// A branch `r` with what the policy of `release/1` forbids.
fn onto_release(w: &World<'_>) {
    w.git("switch --quiet --create r origin/release/1").ok();
    w.add("f", marker());
}

/// A remote with a lax `main` and a stricter `release/1`, both from one commit.
fn mirrored(sandbox: &Sandbox, side: Side) -> World<'_> {
    let w = world(sandbox, &strict_release().replace(STRICT, LAX));
    w.git("switch --quiet --create release/1").ok();
    w.add("tribunal.toml", strict_release());
    w.push("origin release/1").ok();
    w.git("switch --quiet main").ok();
    w.guard(side);
    w
}

#[test]
fn a_protected_branch_may_be_stricter_than_the_default_branch() {
    let mut failed = Vec::new();
    for side in SIDES {
        for (ways, free) in [(MIRRORED_WAYS, false), (FREE_WAYS, true)] {
            for (name, way) in ways {
                let sandbox = Sandbox::new();
                let outcome = way(&mirrored(&sandbox, side));
                if (outcome.code == 0) != free || outcome.stderr.contains("blocked:") == free {
                    failed.push(format!("## {side:?}: {name}\n{outcome}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn newer_commands_and_advice_of_the_default_branch_do_not_run_on_other_branches() {
    for side in SIDES {
        let sandbox = Sandbox::new();
        let w = world(&sandbox, STRICT);
        w.git("switch --quiet --create older").ok();
        w.add("b", "2");
        w.git("switch --quiet main").ok();
        w.add(
            "tribunal.toml",
            "[gates]\ncommit-message = \"block\"\n[[commands]]\nname = \"t\"\nrun = \"false\"\n",
        );
        w.push("origin main").ok();
        w.guard(side).git("switch --quiet older").ok();
        w.repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "no type"]).ok();
        w.push("origin older").ok().never_says("blocked");
    }
}

#[test]
fn what_passed_a_push_is_not_read_again_under_the_same_policy() {
    for side in SIDES {
        let sandbox = Sandbox::new();
        let w = world(&sandbox, STRICT);
        w.guard(side).git("switch --quiet --create feature").ok();
        w.add("b", "2");
        w.push("origin feature").ok();
        let repo = if side == Side::Client { &w.repo } else { &w.remote };
        let record = repo.git(&["rev-parse", "--git-path", "tribunal/pushed"]);
        let record = repo.path(record.out());
        let recorded = fs::read_to_string(&record).unwrap();
        assert!(recorded.contains(&w.repo.rev("feature")), "{side:?}: {recorded}");
        w.git("switch --quiet main").ok();
        w.git("merge --quiet --ff-only feature").ok();
        w.push("origin main").ok().never_says("not checked when made");
        // A commit that was read again would be recorded again.
        assert_eq!(fs::read_to_string(&record).unwrap(), recorded, "{side:?}");
        // Under a stricter policy what passed before does not count.
        w.add(".ai/constitution/tests.md", RULE);
        w.push("origin main").ok();
        w.git("switch --quiet --create later feature").ok();
        w.git("merge --quiet --no-edit main").ok();
        w.push("origin later").ok();
        assert_ne!(fs::read_to_string(&record).unwrap(), recorded, "{side:?}");
    }
}

/// What a symbolic ref of the server leads to is protected by each name that leads there.
#[test]
fn a_symbolic_ref_of_the_server_protects_what_it_stands_for() {
    // The symbolic refs of the server in the order in which they are made, the branch that they lead
    // to, and the name that is pushed to.
    let table = [
        (&["refs/heads/latest refs/heads/main"][..], "main", "latest"),
        (&["refs/heads/b refs/heads/main", "refs/heads/a refs/heads/b"], "main", "a"),
        (&["refs/tags/latest refs/heads/main"], "main", "refs/tags/latest"),
        (&["refs/for/main refs/heads/main"], "main", "refs/for/main"),
        (&["refs/heads/latest refs/heads/release/1"], "release/1", "latest"),
        // A protected name that leads to another branch: neither of the two names is a way.
        (&["refs/heads/release/2 refs/heads/dev"], "dev", "release/2"),
        (&["refs/heads/release/2 refs/heads/dev"], "dev", "dev"),
        (&["refs/heads/x refs/heads/dev", "refs/heads/release/2 refs/heads/x"], "dev", "dev"),
        (&["HEAD refs/heads/now", "refs/heads/now refs/heads/dev"], "dev", "dev"),
        (&["HEAD refs/heads/now", "refs/heads/now refs/heads/dev"], "dev", "now"),
    ];
    let policy = format!("{STRICT}[protect]\nbranches = [\"main\", \"release/*\"]\n");
    for (links, branch, name) in table {
        let sandbox = Sandbox::new();
        let w = world(&sandbox, &policy);
        w.add("b", "2");
        w.push("origin main main:release/1 main:dev").ok();
        for link in links {
            w.remote.git(&[&["symbolic-ref"], &link.split(' ').collect::<Vec<_>>()[..]].concat());
        }
        w.remote.git(&["config", "receive.denyDeleteCurrent", "ignore"]).ok();
        let full = if name.starts_with("refs/") { "" } else { "refs/heads/" };
        let name = &format!("{full}{name}");
        let push = |source: &str, refused: bool| {
            let outcome = w.push(&format!("--force origin {source}:{name}"));
            let tip = w.remote.rev(branch);
            let expected = w.repo.rev(if refused { "main" } else { source });
            assert!((outcome.code != 0) == refused && tip == expected, "{links:?}\n{outcome}");
        };
        // Without the hook the name is a way to the branch.
        push("main~1", false);
        push("main", false);
        w.guard(Side::Server);
        push("", true);
        push("main~1", true);
        w.git("switch --quiet --create bad").ok();
        w.add("f", marker());
        push("bad", true);
        w.git("switch --quiet --create good main").ok();
        w.add("c", "3");
        push("good", false);
    }
}

#[test]
fn a_symbolic_ref_whose_name_is_not_utf_8_is_followed() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, STRICT);
    w.add("b", "2");
    w.push("origin main").ok();
    w.guard(Side::Server);
    let name = OsStr::from_bytes(b"refs/heads/caf\xe9");
    let link = [OsStr::new("symbolic-ref"), name, OsStr::new("refs/heads/main")];
    w.remote.git(&link).ok();
    let before = w.remote.rev("main");
    let refspec = OsString::from_vec([b"+main~1:", name.as_bytes()].concat());
    let push = [OsStr::new("push"), OsStr::new("origin"), &refspec];
    w.repo.git(&push).code(1).says("protected branch `main`");
    assert_eq!(w.remote.rev("main"), before);
}

/// The guard of a figure that a benchmark measures: before, 1,600 tags took half a minute.
#[test]
fn a_push_of_many_tags_takes_time_in_proportion() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, STRICT);
    let tree = w.repo.rev("HEAD^{tree}");
    let mut commits = vec![w.repo.rev("HEAD")];
    for number in 0..60 {
        let parent = commits[commits.len() - 1].clone();
        let message = format!("feat: {number}");
        let new = w.repo.git(&["commit-tree", "-p", &parent, "-m", &message, &tree]).ok();
        commits.push(new.out().to_owned());
    }
    w.git(&format!("reset --quiet --hard {}", commits[commits.len() - 1])).ok();
    w.push("origin main").ok();
    for number in 0..800 {
        let commit = &commits[number % commits.len()];
        let path = w.repo.path(format!(".git/refs/tags/t{number}"));
        fs::write(path, format!("{commit}\n")).unwrap();
    }
    w.guard(Side::Client);
    let started = Instant::now();
    w.push("--dry-run --tags origin").ok();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_first_merge_of_much_history_says_how_much_is_read() {
    let sandbox = Sandbox::new();
    let w = world(&sandbox, STRICT);
    let mut stream = String::new();
    for number in 0..600 {
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        let (file, message) = (format!("{number}\n"), format!("feat: {number}\n"));
        let (message_len, file_len) = (message.len(), file.len());
        write!(
            stream,
            "commit refs/heads/long\ncommitter A <a@example.invalid> {number} +0000\n\
             data {message_len}\n{message}{from}M 100644 inline n\ndata {file_len}\n{file}\n",
        )
        .unwrap();
    }
    let mut import = sandbox.command("git", &w.repo.dir);
    import.args(["fast-import", "--quiet"]);
    run(import, stream.as_bytes()).ok();
    w.guard(Side::Server).push("origin long:main").ok().says("checking 600 new commits");
    // They are on record now.
    w.git("branch other long").ok();
    w.push("origin other").ok().never_says("checking");
}
