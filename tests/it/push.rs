//! Shapes of pushes against a real bare remote, judged by what the remote holds afterwards.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use crate::harness::{Outcome, Repo, Sandbox, run};
use crate::output::terminal::on_terminal;

/// What must have become of the refs of the remote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Nothing on the remote changed.
    Refused,
    /// Something on the remote changed, and git ended well.
    Taken,
}
use Then::{Refused, Taken};

/// A clone of a remote whose `main` has three commits, with a branch `side` that left it.
struct World<'a> {
    repo: Repo<'a>,
    remote: Repo<'a>,
    /// What the remote held before what is tried: as the world began, or as a shape prepared it.
    before: RefCell<String>,
}

impl World<'_> {
    fn git(&self, line: &str) -> Outcome {
        let words: Vec<&str> = line.split(' ').collect();
        self.repo.git(&words)
    }

    fn push(&self, line: &str) -> Outcome {
        self.git(&format!("push {line}"))
    }

    fn refs(&self) -> String {
        self.remote.git(&["for-each-ref"]).ok().stdout
    }

    /// Ends a preparation that changes the remote.
    fn prepared(&self) {
        *self.before.borrow_mut() = self.refs();
    }

    /// A commit on the current branch with that file in it.
    fn add(&self, name: &str, content: &str) {
        self.repo.write(name, content).commit_unjudged(&format!("add {name}"));
    }

    /// A commit with the start of a conflict in it.
    fn add_bad(&self, name: &str) {
        self.add(name, &bad());
    }

    /// Somebody else pushes to the remote meanwhile.
    fn others_push(&self) {
        let other =
            Repo { sandbox: self.repo.sandbox, dir: self.repo.sandbox.path().join("other") };
        self.git("clone --quiet ../remote.git ../other").ok();
        other.write("theirs", "theirs").commit_unjudged("theirs");
        other.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    }
}

fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

/// Which side has the hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    Client,
    Server,
    /// Neither: shows what git itself does.
    Nobody,
}

fn world<'a>(sandbox: &'a Sandbox, guard: Guard, init: &[&str]) -> World<'a> {
    let mut bare = vec!["--bare"];
    bare.extend(init);
    let remote = sandbox.repo_with("remote.git", &bare);
    // Git's own refusal to delete the checked-out branch must not stand in for ours.
    remote.git(&["config", "receive.denyDeleteCurrent", "ignore"]).ok();
    let repo = sandbox.repo_with("repo", init);
    for name in ["one", "two", "three"] {
        repo.write(name, name).commit_unjudged(&format!("commit {name}"));
    }
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.git(&["branch", "side", "main~1"]).ok();
    repo.git(&["push", "--quiet", "origin", "main", "side"]).ok();
    repo.git(&["remote", "set-head", "origin", "main"]).ok();
    let world = World { repo, remote, before: RefCell::default() };
    world.git("switch --quiet side").ok();
    world.add("side", "side");
    world.git("switch --quiet main").ok();
    match guard {
        Guard::Client => world.repo.tribunal(&["hooks", "install"]).ok(),
        Guard::Server => world.remote.tribunal(&["hooks", "install"]).ok(),
        Guard::Nobody => return world,
    };
    world
}

type Shape = (&'static str, Then, fn(&World<'_>) -> Outcome);

#[expect(clippy::print_stdout, reason = "how many shapes passed is worth reading")]
fn run_shapes(guard: Guard, init: &[&str], shapes: &[Shape]) {
    let failed = failures(guard, init, shapes);
    println!("{} of {} push shapes as they should be", shapes.len() - failed.len(), shapes.len());
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

fn failures(guard: Guard, init: &[&str], shapes: &[Shape]) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, then, shape) in shapes {
        let sandbox = Sandbox::new();
        let world = world(&sandbox, guard, init);
        world.prepared();
        let outcome = shape(&world);
        let (before, after) = (world.before.borrow().clone(), world.refs());
        let right = match then {
            Refused => before == after && outcome.code != 0,
            Taken => before != after && outcome.code == 0,
        };
        if !right {
            failed.push(format!("## {name}\n{outcome}"));
        }
    }
    failed
}

/// History is rewritten or taken away.
const REWRITES: &[Shape] = &[
    ("--force, rewind", Refused, |w| w.push("--force origin HEAD~1:main")),
    ("-f, rewind", Refused, |w| w.push("-f origin main~2:main")),
    ("+ref, rewind", Refused, |w| w.push("origin +HEAD~1:refs/heads/main")),
    ("--force-with-lease, amended", Refused, |w| {
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("--force-with-lease origin main")
    }),
    ("--force-with-lease=main, amended", Refused, |w| {
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("--force-with-lease=main origin main")
    }),
    ("--force-if-includes", Refused, |w| {
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("--force-with-lease --force-if-includes origin main")
    }),
    ("plain, not a fast-forward", Refused, |w| {
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("origin main")
    }),
    ("an object id as source", Refused, |w| {
        let oid = w.repo.rev("HEAD~1");
        w.push(&format!("-f origin {oid}:main"))
    }),
    ("another branch onto main", Refused, |w| w.push("-f origin side:main")),
    ("an orphan history", Refused, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add("alone", "alone");
        w.push("-f origin alone:main")
    }),
    ("a tag as source", Refused, |w| {
        w.git("tag old HEAD~1").ok();
        w.push("-f origin old:refs/heads/main")
    }),
    ("spaces in the source", Refused, |w| {
        w.repo.git(&["push", "-f", "origin", "HEAD^{/commit two}:refs/heads/main"])
    }),
    ("a date as source", Refused, |w| {
        w.git("reset --quiet --hard HEAD~1").ok();
        w.repo.git(&["push", "-f", "origin", "main@{0 seconds ago}:refs/heads/main"])
    }),
    ("the second ref", Refused, |w| w.push("-f origin side:free HEAD~1:main")),
    ("the second ref, --atomic", Refused, |w| w.push("--atomic -f origin side:free HEAD~1:main")),
    (":main", Refused, |w| w.push("origin :main")),
    ("--delete", Refused, |w| w.push("origin --delete main")),
    ("-d with another", Refused, |w| w.push("-d origin side main")),
    ("--prune", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.push("--prune origin refs/heads/*:refs/heads/*")
    }),
    ("--mirror, main is not here", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.push("--mirror origin")
    }),
    ("--mirror, shortened", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.push("--mir origin")
    }),
    ("--mirror, main rewound", Refused, |w| {
        w.git("reset --quiet --hard HEAD~1").ok();
        w.push("--mirror origin")
    }),
    ("--mirror to a path, main is not here", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.push("--mirror ../remote.git")
    }),
    ("remote.origin.mirror", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.git("config remote.origin.mirror true").ok();
        w.push("origin")
    }),
    ("-c remote.origin.mirror", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.git("-c remote.origin.mirror=true push origin")
    }),
    ("remote.origin.mirror in the environment", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        let vars = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "remote.origin.mirror"),
            ("GIT_CONFIG_VALUE_0", "true"),
        ];
        w.repo.git_env(&["push", "origin"], &vars)
    }),
    ("an alias that forces", Refused, |w| {
        w.git("reset --quiet --hard HEAD~1").ok();
        w.repo.git(&["-c", "alias.yolo=push --force", "yolo", "origin", "main"])
    }),
    ("an alias that mirrors", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.repo.git(&["-c", "alias.all=push --mirror", "all", "origin"])
    }),
    ("a forcing refspec in the configuration", Refused, |w| {
        w.git("reset --quiet --hard HEAD~1").ok();
        w.git("config remote.origin.push +refs/heads/*:refs/heads/*").ok();
        w.push("origin")
    }),
    ("--all --force", Refused, |w| {
        w.git("reset --quiet --hard HEAD~1").ok();
        w.push("--all --force origin")
    }),
    ("by address", Refused, |w| {
        let address = format!("file://{}", w.remote.dir.display());
        w.push(&format!("-f {address} HEAD~1:main"))
    }),
    ("by path", Refused, |w| w.push("-f ../remote.git HEAD~1:main")),
    ("by path, deletion", Refused, |w| w.push("../remote.git :main")),
    ("onto HEAD", Refused, |w| w.push("-f origin HEAD~1:HEAD")),
    ("from a detached HEAD", Refused, |w| {
        w.git("checkout --quiet --detach HEAD~1").ok();
        w.push("-f origin HEAD:main")
    }),
    ("from a linked work tree", Refused, |w| {
        w.git("worktree add --quiet ../linked side").ok();
        let linked = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("linked") };
        linked.git(&["push", "-f", "origin", "HEAD:main"])
    }),
    ("from a folder below", Refused, |w| {
        w.repo.write("below/file", "");
        w.git("-C below push -f origin HEAD~1:main")
    }),
    ("a replace ref makes it look like a fast-forward", Refused, |w| {
        let (main, side) = (w.repo.rev("main"), w.repo.rev("side"));
        w.git(&format!("replace --graft {side} {main}")).ok();
        w.push("-f origin side:main")
    }),
    ("a graft makes it look like a fast-forward", Refused, |w| {
        let (main, side) = (w.repo.rev("main"), w.repo.rev("side"));
        fs::create_dir_all(w.repo.path(".git/info")).unwrap();
        fs::write(w.repo.path(".git/info/grafts"), format!("{side} {main}\n")).unwrap();
        w.push("-f origin side:main")
    }),
    ("the remote's tip is unknown, plain", Refused, |w| {
        w.others_push();
        w.prepared();
        w.add("mine", "mine");
        w.push("origin main").says("fetch first")
    }),
    ("the remote's tip is unknown, forced", Refused, |w| {
        w.others_push();
        w.prepared();
        w.add("mine", "mine");
        w.push("-f origin main")
    }),
    ("a shallow history", Refused, |w| {
        let address = format!("file://{}", w.remote.dir.display());
        w.git(&format!("clone --quiet --depth 1 {address} ../shallow")).ok();
        let shallow = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("shallow") };
        shallow.tribunal(&["hooks", "install"]).ok();
        shallow.git(&["checkout", "--quiet", "--orphan", "alone"]).ok();
        shallow.commit_unjudged("alone");
        shallow.git(&["push", "-f", "origin", "alone:main"])
    }),
    ("a default branch of another name", Refused, |w| {
        w.git("push --quiet --no-verify origin side:trunk").ok();
        w.git("fetch --quiet").ok();
        w.git("remote set-head origin trunk").ok();
        w.prepared();
        w.push("-f origin main~2:trunk")
    }),
    ("a branch that policy protects by a glob", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.git("push --quiet --no-verify origin main main:release/1").ok();
        w.prepared();
        w.push("-f origin main~1:release/1")
    }),
    ("a branch lifts the protection of another", Refused, |w| {
        w.add("tribunal.toml", "[gates]\nprotected-branch = \"off\"\n");
        w.push("-f origin main:lawless main~2:main")
    }),
    ("a push from a bare repository", Refused, |w| {
        w.git("clone --quiet --bare ../remote.git ../bare.git").ok();
        let bare = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("bare.git") };
        bare.tribunal(&["hooks", "install", "pre-push"]).ok();
        bare.git(&["push", "-f", "origin", "main~1:main"])
    }),
    ("a mirror clone that lost main", Refused, |w| {
        w.git("clone --quiet --mirror ../remote.git ../mirror.git").ok();
        let mirror =
            Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("mirror.git") };
        mirror.tribunal(&["hooks", "install", "pre-push"]).ok();
        mirror.git(&["update-ref", "-d", "refs/heads/main"]).ok();
        mirror.git(&["push", "origin"])
    }),
];

/// What must not be in the way.
const FREE: &[Shape] = &[
    ("a fast-forward", Taken, |w| {
        w.add("four", "four");
        w.push("origin main").never_says("blocked")
    }),
    ("a fast-forward by path", Taken, |w| {
        w.add("four", "four");
        w.push("../remote.git main")
    }),
    ("a fast-forward of many commits", Taken, |w| {
        for number in 0..300 {
            let message = format!("empty {number}");
            w.repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", &message]).ok();
        }
        w.push("origin main")
    }),
    ("--force of a fast-forward", Taken, |w| {
        w.add("four", "four");
        w.push("--force origin main")
    }),
    ("a merge onto main", Taken, |w| {
        w.git("merge --quiet --no-edit side").ok();
        w.push("origin main")
    }),
    ("a fast-forward from a shallow history", Taken, |w| {
        let address = format!("file://{}", w.remote.dir.display());
        w.git(&format!("clone --quiet --depth 1 {address} ../shallow")).ok();
        let shallow = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("shallow") };
        shallow.tribunal(&["hooks", "install"]).ok();
        shallow.write("four", "four").commit_unjudged("four");
        shallow.git(&["push", "origin", "main"])
    }),
    ("a fast-forward from a partial clone", Taken, |w| {
        w.remote.git(&["config", "uploadpack.allowFilter", "true"]).ok();
        let address = format!("file://{}", w.remote.dir.display());
        w.git(&format!("clone --quiet --filter=blob:none {address} ../partial")).ok();
        let partial = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("partial") };
        partial.tribunal(&["hooks", "install"]).ok();
        partial.write("four", "four").write("one", "another").commit_unjudged("four");
        partial.git(&["push", "origin", "main"])
    }),
    ("a new branch", Taken, |w| w.push("origin side:new")),
    ("a new branch of an orphan history", Taken, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add("alone", "alone");
        w.push("origin alone")
    }),
    ("a forced branch that is not protected", Taken, |w| {
        w.git("branch --quiet -f side main").ok();
        w.git("switch --quiet side").ok();
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("-f origin side")
    }),
    ("a deleted branch that is not protected", Taken, |w| w.push("origin :side")),
    ("refs/for/main", Taken, |w| w.push("-f origin side:refs/for/main")),
    ("x/main, forced", Taken, |w| {
        w.git("push --quiet --no-verify origin main:refs/heads/x/main").ok();
        w.prepared();
        w.push("-f origin side:refs/heads/x/main")
    }),
    ("a tag", Taken, |w| {
        w.git("tag v1").ok();
        w.push("origin v1")
    }),
    ("an annotated tag", Taken, |w| {
        w.git("tag -a -m one v1").ok();
        w.push("origin v1")
    }),
    ("a tag named main", Taken, |w| {
        w.git("tag main side").ok();
        w.push("origin refs/tags/main")
    }),
    ("a tag moved by force", Taken, |w| {
        w.git("tag v1 side").ok();
        w.git("push --quiet --no-verify origin v1").ok();
        w.prepared();
        w.git("tag -f v1 main").ok();
        w.push("-f origin v1")
    }),
    ("spaces in the source of a fast-forward", Taken, |w| {
        w.add("four", "four");
        w.repo.git(&["push", "origin", "HEAD^{/add four}:refs/heads/main"])
    }),
    ("a branch whose name is not UTF-8", Taken, |w| {
        let mut name = OsString::from("refs/heads/").into_vec();
        name.extend(b"caf\xe9");
        let mut spec = b"side:".to_vec();
        spec.extend(&name);
        w.repo.git(&[OsStr::new("push"), "origin".as_ref(), &OsString::from_vec(spec)])
    }),
    ("--mirror with everything here", Taken, |w| w.push("--mirror origin")),
    ("another case of main", Taken, |w| w.push("origin side:Main").says("case of letters")),
    ("main of an empty remote", Taken, |w| {
        let other = w.repo.sandbox.bare("empty.git");
        w.git("remote add new ../empty.git").ok();
        w.push("new main").ok();
        assert_eq!(other.rev("main"), w.repo.rev("main"));
        w.push("origin side")
    }),
    ("main has left the work tree behind", Taken, |w| {
        w.add("four", "four");
        w.repo.write("four", bad());
        w.push("origin main")
    }),
    ("a bad commit that is on the remote already", Taken, |w| {
        w.git("switch --quiet side").ok();
        w.add_bad("bad");
        w.git("push --quiet --no-verify origin side:known").ok();
        w.add("bad", "good again");
        w.prepared();
        w.push("origin side")
    }),
];

/// What is in the commits that are pushed.
const CONTENT: &[Shape] = &[
    ("in the tip", Refused, |w| {
        w.add_bad("bad");
        w.push("origin main").says("bad:1")
    }),
    ("added and removed again inside the range", Refused, |w| {
        w.add_bad("bad");
        w.add("bad", "good again");
        w.push("origin main").says("bad:1")
    }),
    ("in a branch that is not checked out", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.add_bad("bad");
        w.git("switch --quiet main").ok();
        w.push("origin side").says("bad:1")
    }),
    ("in the second ref", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.add_bad("bad");
        w.git("switch --quiet main").ok();
        w.add("four", "four");
        w.push("origin main side").says("bad:1")
    }),
    ("under a tag alone", Refused, |w| {
        w.git("checkout --quiet --detach").ok();
        w.add_bad("bad");
        w.git("tag v1").ok();
        w.push("origin v1").says("bad:1")
    }),
    ("under an annotated tag on a tag", Refused, |w| {
        w.git("checkout --quiet --detach").ok();
        w.add_bad("bad");
        w.git("tag -a -m one v1").ok();
        w.git("tag -a -m two v2 v1").ok();
        w.push("origin v2").says("bad:1")
    }),
    ("under a tag of a tree", Refused, |w| {
        w.add_bad("bad");
        w.git("tag tree HEAD^{tree}").ok();
        w.push("origin refs/tags/tree").says("bad:1")
    }),
    ("under a tag of a file", Refused, |w| {
        w.add_bad("bad");
        w.git("tag file HEAD:bad").ok();
        w.push("origin refs/tags/file").says("blocked")
    }),
    ("in a merge that no parent has", Refused, |w| {
        w.git("merge --quiet --no-commit side").ok();
        w.repo.write("three", bad());
        w.git("add three").ok();
        w.git("commit --quiet --no-verify -m evil").ok();
        w.push("origin main").says("three:1")
    }),
    ("in a new branch's first commit", Refused, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add_bad("bad");
        w.add("more", "more");
        w.push("origin alone").says("bad:1")
    }),
    ("behind a graft", Refused, |w| {
        w.add_bad("bad");
        w.add("bad", "good again");
        let (tip, base) = (w.repo.rev("main"), w.repo.rev("origin/main"));
        fs::create_dir_all(w.repo.path(".git/info")).unwrap();
        fs::write(w.repo.path(".git/info/grafts"), format!("{tip} {base}\n")).unwrap();
        w.push("origin main").says("bad:1")
    }),
    ("behind a replace ref", Refused, |w| {
        w.add_bad("bad");
        w.add("bad", "good again");
        let (tip, base) = (w.repo.rev("main"), w.repo.rev("origin/main"));
        w.git(&format!("replace --graft {tip} {base}")).ok();
        w.push("origin main").says("bad:1")
    }),
    ("a bad commit that another branch of the remote has", Refused, |w| {
        w.add_bad("bad");
        w.git("push --quiet --no-verify origin main:known").ok();
        w.add("bad", "good again");
        w.prepared();
        w.push("origin main").says("bad:1")
    }),
    ("with the policy switched off in the same push", Refused, |w| {
        w.add("tribunal.toml", "[gates]\nconflict-markers = \"off\"\n");
        w.add_bad("bad");
        w.push("origin main").says("bad:1").says("changes the policy")
    }),
];

/// The same and more where the server judges.
const SERVER: &[Shape] = &[
    ("pre-receive: --force", Refused, |w| w.push("--force origin HEAD~1:main")),
    ("pre-receive: --force --no-verify", Refused, |w| w.push("-f --no-verify origin HEAD~1:main")),
    ("pre-receive: no hooks at all", Refused, |w| {
        w.git("-c core.hooksPath=/dev/null push -f origin HEAD~1:main")
    }),
    ("pre-receive: TRIBUNAL=0", Refused, |w| {
        let vars = [("TRIBUNAL", "0"), ("TRIBUNAL_SKIP", "protected-branch")];
        w.repo.git_env(&["push", "-f", "origin", "HEAD~1:main"], &vars)
    }),
    ("pre-receive: policy in the environment", Refused, |w| {
        let vars = [("TRIBUNAL_GATES_PROTECTED_BRANCH", "off")];
        w.repo.git_env(&["push", "-f", "origin", "HEAD~1:main"], &vars)
    }),
    ("pre-receive: deletion", Refused, |w| w.push("origin :main")),
    ("pre-receive: --mirror without main", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet -D main").ok();
        w.push("--mirror origin")
    }),
    ("pre-receive: an orphan history", Refused, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add("alone", "alone");
        w.push("-f origin alone:main")
    }),
    ("pre-receive: added and removed inside the range", Refused, |w| {
        w.add_bad("bad");
        w.add("bad", "good again");
        w.push("origin main").says("bad:1")
    }),
    ("pre-receive: the second ref", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.add_bad("bad");
        w.push("origin main side").says("bad:1")
    }),
    ("pre-receive: a tag", Refused, |w| {
        w.git("checkout --quiet --detach").ok();
        w.add_bad("bad");
        w.git("tag -a -m one v1").ok();
        w.push("origin v1").says("bad:1")
    }),
    ("pre-receive: a glob in the server's policy", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push("origin main main:release/1").ok();
        w.prepared();
        w.push("-f origin main~1:release/1")
    }),
    ("pre-receive: a fast-forward", Taken, |w| {
        w.add("four", "four");
        w.push("origin main")
    }),
    ("pre-receive: a merge", Taken, |w| {
        w.git("merge --quiet --no-edit side").ok();
        w.push("origin main")
    }),
    ("pre-receive: a new branch", Taken, |w| w.push("origin side:new")),
    ("pre-receive: a forced branch that is not protected", Taken, |w| {
        w.push("-f origin main~2:side")
    }),
    ("pre-receive: a deleted branch that is not protected", Taken, |w| w.push("origin :side")),
    ("pre-receive: refs/for/main", Taken, |w| w.push("origin side:refs/for/main")),
];

#[test]
fn rewrites_of_a_protected_branch_are_refused() {
    run_shapes(Guard::Client, &[], REWRITES);
}

/// The shapes are real: without a hook all but those that git itself refuses reach the remote.
#[test]
fn without_a_hook_the_remote_is_rewritten() {
    let shapes: Vec<Shape> = REWRITES
        .iter()
        .filter(|(name, _, _)| {
            ![
                "--force-if-includes",
                "plain, not a fast-forward",
                "the remote's tip is unknown, plain",
            ]
            .contains(name)
        })
        // These install hooks of their own, or need the newer gits that take `HEAD` for a name.
        .filter(|(name, _, _)| {
            ![
                "a shallow history",
                "a push from a bare repository",
                "a mirror clone that lost main",
                "onto HEAD",
            ]
            .contains(name)
        })
        .map(|(name, _, shape)| (*name, Taken, *shape))
        .collect();
    let failed = failures(Guard::Nobody, &[], &shapes);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn everything_else_is_free() {
    run_shapes(Guard::Client, &[], FREE);
}

#[test]
fn what_is_pushed_is_judged_commit_by_commit() {
    run_shapes(Guard::Client, &[], CONTENT);
}

#[test]
fn the_server_decides_the_same() {
    run_shapes(Guard::Server, &[], SERVER);
}

#[test]
fn a_sha_256_repository_is_no_different() {
    let client: Vec<Shape> = REWRITES
        .iter()
        .filter(|(name, _, _)| {
            ["--force, rewind", ":main", "--delete", "--mirror, main is not here", "by path"]
                .contains(name)
        })
        .chain(FREE.iter().filter(|(name, _, _)| {
            ["a fast-forward", "a new branch", "an annotated tag", "a merge onto main"]
                .contains(name)
        }))
        .chain(CONTENT.iter().take(4))
        .copied()
        .collect();
    run_shapes(Guard::Client, &["--object-format=sha256"], &client);
    let server: Vec<Shape> = SERVER
        .iter()
        .filter(|(name, _, _)| {
            name.ends_with("--force")
                || name.ends_with("deletion")
                || name.ends_with("range")
                || name.ends_with("fast-forward")
        })
        .copied()
        .collect();
    run_shapes(Guard::Server, &["--object-format=sha256"], &server);
}

#[test]
fn a_path_of_spaces_and_stray_bytes_is_no_different() {
    let sandbox = Sandbox::new();
    let name = OsString::from_vec(b"a b \xff".to_vec());
    let dir = sandbox.path().join(Path::new(&name));
    fs::create_dir_all(&dir).unwrap();
    let repo = Repo { sandbox: &sandbox, dir };
    let remote = sandbox.bare("remote.git");
    repo.git(&["init", "--quiet", "--initial-branch=main"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "a").commit("feat: a").ok();
    repo.write("a", "b").commit("feat: b").ok();
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.git(&["push", "origin", "main"]).ok();
    repo.git(&["push", "-f", "origin", "main~1:main"]).code(1).says("would rewrite");
    assert_eq!(remote.rev("main"), repo.rev("main"));
}

#[test]
fn a_rewrite_of_what_may_be_the_default_branch_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    sandbox.bare("remote.git");
    repo.tribunal(&["hooks", "install"]).ok();
    // Not by `git clone`: which branch is the default there is noted nowhere.
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.write("a", "1").commit("feat: a").ok();
    let push = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        repo.git(&[&["push"], words.as_slice()].concat()).ok()
    };
    push("origin main:trunk main:topic").never_says("default");
    repo.write("b", "1").commit("feat: b").ok();
    push("origin main:trunk").never_says("default");
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    push("-f origin main:trunk")
        .says("`trunk` is rewritten")
        .says("git remote set-head origin --auto");
    push("origin :topic").says("`topic` is rewritten or deleted");
    repo.git(&["remote", "set-head", "origin", "trunk"]).ok();
    push("origin main:topic").never_says("default");
    push("origin :topic").never_says("default");
}

#[test]
fn what_blocks_in_commits_from_before_the_hooks_is_one_line_with_the_way_to_accept_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    sandbox.bare("remote.git");
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    for number in 0..6 {
        repo.write(format!("f{number}"), format!("{} HEAD\n", "<".repeat(7)));
        repo.commit_unjudged(&format!("old {number}"));
        repo.write(format!("f{number}"), "good\n").commit_unjudged("good");
    }
    let old = repo.rev("HEAD")[..10].to_owned();
    repo.tribunal(&["hooks", "install"]).ok();
    let push = ["push", "origin", "main"];
    let told = repo
        .git(&push)
        .code(1)
        .says("blocked: 6 findings in 6 commits from before the hooks were here");
    assert_eq!(told.stderr.matches("<<<<<<<").count(), 0, "{told}");
    // From here on commits are not old, and the way that is told accepts none of them.
    repo.write("a", "1\n").commit("feat: a").ok();
    repo.write("new", format!("{} HEAD\n", "<".repeat(7))).commit_unjudged("feat: new");
    let way = format!("`TRIBUNAL_SKIP=conflict-markers git push origin {old}:refs/heads/main`");
    let told =
        repo.git(&push).code(1).says("in 6 commits from before").says(&way).says("feat: new");
    assert_eq!(told.stderr.matches("<<<<<<<").count(), 1, "{told}");
    let words = ["push", "origin", &format!("{old}:refs/heads/main")];
    repo.git_env(&words, &[("TRIBUNAL_SKIP", "conflict-markers")]).ok();
    repo.git(&push).code(1).says("feat: new").never_says("from before the hooks");
    repo.tribunal(&["status"]).ok().says("TRIBUNAL_SKIP=conflict-markers");
}

#[test]
fn a_large_push_tells_on_one_line_of_the_terminal_how_far_it_is() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    sandbox.bare("remote.git");
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    let mut stream = String::new();
    for number in 0..700 {
        // Enough to read that it takes longer than one look at the clock.
        let text = format!("{number}\n{}", "a line of no interest to anybody\n".repeat(400));
        let _infallible = write!(
            stream,
            "commit refs/heads/main\ncommitter n <n@example.org> {} +0000\ndata 6\nfeat:x\n\
             M 100644 inline f{}\ndata {}\n{text}\n",
            1_600_000_000 + number,
            number % 50,
            text.len()
        );
    }
    let mut import = repo.sandbox.command("git", &repo.dir);
    import.args(["fast-import", "--quiet", "--force"]);
    run(import, stream.as_bytes()).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.args(["push", "--quiet", "origin", "main"]);
    let printed = String::from_utf8(on_terminal(command, b"")).unwrap();
    assert!(printed.contains("\rtribunal: checking 700 commits"), "{printed:?}");
    assert!(printed.contains("\rtribunal: checked "), "{printed:?}");
    // Nothing of it stays.
    let gone = format!("\r{}\r", " ".repeat(36));
    assert!(printed.contains(&gone) && !printed.ends_with("commits"), "{printed:?}");
    // Where there is no terminal it is one line.
    sandbox.bare("other.git");
    let told = repo.git(&["push", "--quiet", "--force", "../other.git", "main"]).ok();
    assert!(!told.stderr.contains('\r'), "{told}");
}
