//! Shapes of pushes against a real bare remote, each with the hook at the client, with the hook at the
//! server, and those that must be refused without any. The judge is what the remote holds afterwards.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use crate::harness::{Outcome, Repo, Sandbox, cases, run};

/// What must have become of the refs of the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing on the remote changed, and git failed. Without a hook the push gets through.
    Refused,
    /// The same, and git itself refuses the push already.
    Stopped,
    /// Nothing on the remote changed.
    Unchanged,
    /// `main` has more commits, and git ended well.
    Grown,
    /// Other refs changed, and git ended well.
    Beside,
}
use Then::{Beside, Grown, Refused, Stopped, Unchanged};

/// Which side has the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    Client,
    Server,
    /// Neither: shows what git itself does.
    Nobody,
}

/// A clone of a remote whose `main` has three commits, with a branch `side` that left it.
pub struct World<'a> {
    guard: Guard,
    pub repo: Repo<'a>,
    pub remote: Repo<'a>,
    /// What the remote held before what is tried: as the world began, or as a shape prepared it.
    before: RefCell<Refs>,
}

/// The refs of a remote, and its `main`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Refs {
    all: String,
    main: String,
}

impl<'a> World<'a> {
    pub fn git(&self, line: &str) -> Outcome {
        let words: Vec<&str> = line.split(' ').collect();
        self.repo.git(&words)
    }

    pub fn push(&self, line: &str) -> Outcome {
        self.git(&format!("push {line}"))
    }

    fn refs(&self) -> Refs {
        let all = self.remote.git(&["for-each-ref"]).ok().stdout;
        let main = all.lines().find_map(|line| line.strip_suffix(" commit\trefs/heads/main"));
        Refs { main: main.unwrap_or_default().to_owned(), all }
    }

    /// Ends a preparation that changes the remote.
    pub fn prepared(&self) {
        *self.before.borrow_mut() = self.refs();
    }

    /// Pushes to the remote as somebody would whom neither side checks; ends a preparation.
    pub fn push_unjudged(&self, refs: &str) {
        let receive = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
        let mut words = vec!["push", "--quiet", "--no-verify", receive, "origin"];
        words.extend(refs.split(' '));
        self.repo.git(&words).ok();
        self.prepared();
    }

    /// A commit on the current branch with that file in it.
    pub fn add(&self, name: &str, content: &str) {
        self.repo.write(name, content).commit_unjudged(&format!("add {name}"));
    }

    /// A commit with the start of a conflict in it.
    pub fn add_bad(&self, name: &str) {
        self.add(name, &bad());
    }

    /// The branch `main` one commit back.
    fn rewind(&self) {
        self.git("reset --quiet --hard HEAD~1").ok();
    }

    /// No `main` here any more.
    fn lose_main(&self) {
        self.git("switch --quiet side").ok();
        self.git("branch --quiet -D main").ok();
    }

    /// Another repository in the sandbox, with the hook where the client has it.
    fn other(&self, name: &str) -> Repo<'a> {
        let other = Repo { sandbox: self.repo.sandbox, dir: self.repo.sandbox.path().join(name) };
        if self.guard == Guard::Client {
            other.tribunal(&["hooks", "install", "pre-push"]).ok();
        }
        other
    }

    /// A clone of the remote, made with these options, with the hook where the client has it.
    fn clone(&self, options: &str) -> Repo<'a> {
        let address = format!("file://{}", self.remote.dir.display());
        self.git(&format!("clone --quiet {options} {address} ../other")).ok();
        self.other("other")
    }

    /// Somebody else pushes to the remote meanwhile.
    fn others_push(&self) {
        let dir = self.repo.sandbox.path().join("theirs");
        let other = Repo { sandbox: self.repo.sandbox, dir };
        self.git("clone --quiet ../remote.git ../theirs").ok();
        other.write("theirs", "theirs").commit_unjudged("theirs");
        other.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
        self.prepared();
    }
}

/// The start of a conflict.
pub fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

/// The folders that each world of a table is a copy of.
fn template(guard: Guard, init: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let bare = [&["--bare", "--template="], init].concat();
    let remote = sandbox.repo_with("remote.git", &bare);
    // Git's own refusal to delete the checked-out branch must not stand in for ours.
    remote.git(&["config", "receive.denyDeleteCurrent", "ignore"]).ok();
    let repo = sandbox.repo_with("repo", &[&["--template="], init].concat());
    // Housekeeping and waiting for the disk would take most of the time of a table.
    for setting in ["maintenance.auto", "receive.autogc", "core.fsync"] {
        let value = if setting == "core.fsync" { "none" } else { "false" };
        remote.git(&["config", setting, value]).ok();
        repo.git(&["config", setting, value]).ok();
    }
    for name in ["one", "two", "three"] {
        repo.write(name, name).commit_unjudged(&format!("commit {name}"));
    }
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.git(&["branch", "side", "main~1"]).ok();
    repo.git(&["push", "--quiet", "origin", "main", "side"]).ok();
    repo.git(&["remote", "set-head", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "side"]).ok();
    repo.write("side", "side").commit_unjudged("add side");
    repo.git(&["switch", "--quiet", "main"]).ok();
    match guard {
        Guard::Client => repo.tribunal(&["hooks", "install"]).ok(),
        Guard::Server => remote.tribunal(&["hooks", "install"]).ok(),
        Guard::Nobody => return sandbox,
    };
    sandbox
}

fn world<'a>(sandbox: &'a Sandbox, template: &Sandbox, guard: Guard) -> World<'a> {
    let mut copy = sandbox.command("cp", sandbox.path());
    copy.arg("-a").args(["repo", "remote.git"].map(|name| template.path().join(name))).arg(".");
    run(copy, b"").ok();
    let [repo, remote] =
        ["repo", "remote.git"].map(|name| Repo { sandbox, dir: sandbox.path().join(name) });
    World { guard, repo, remote, before: RefCell::default() }
}

/// A name, what must have become of the remote, and the push with what comes before it.
pub type Shape = (&'static str, Then, fn(&World<'_>) -> Outcome);

/// Makes a world for each shape and fails the test where one is not as it should be.
#[expect(clippy::print_stdout, reason = "how many shapes passed is worth reading")]
pub fn run_shapes(guard: Guard, init: &[&str], shapes: &[Shape]) {
    let template = template(guard, init);
    let mut failed = Vec::new();
    for (name, then, shape) in shapes {
        let sandbox = Sandbox::new();
        let world = world(&sandbox, &template, guard);
        world.prepared();
        let outcome = shape(&world);
        let (before, after) = (world.before.borrow().clone(), world.refs());
        let grown = || {
            let range = ["merge-base", "--is-ancestor", &before.main, &after.main];
            before.main != after.main
                && world.remote.git_env(&range, &[("GIT_NO_REPLACE_OBJECTS", "1")]).code == 0
        };
        let right = match then {
            Refused | Stopped => before == after && outcome.code != 0,
            Unchanged => before == after,
            Grown => outcome.code == 0 && grown(),
            Beside => outcome.code == 0 && before.main == after.main && before.all != after.all,
        };
        if !right {
            failed.push(format!("## {guard:?}, {name}: not {then:?}\n{outcome}"));
        }
    }
    println!("{} of {} push shapes as they should be", shapes.len() - failed.len(), shapes.len());
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

/// History is rewritten or taken away.
pub const REWRITES: &[Shape] = &[
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
    ("--force-if-includes", Stopped, |w| {
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("--force-with-lease --force-if-includes origin main")
    }),
    ("plain, not a fast-forward", Stopped, |w| {
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
        w.rewind();
        w.repo.git(&["push", "-f", "origin", "main@{0 seconds ago}:refs/heads/main"])
    }),
    ("the second ref", Refused, |w| w.push("-f origin side:free HEAD~1:main")),
    ("the second ref, --atomic", Refused, |w| w.push("--atomic -f origin side:free HEAD~1:main")),
    (":main", Refused, |w| w.push("origin :main")),
    ("--delete", Refused, |w| w.push("origin --delete main")),
    ("-d with another", Refused, |w| w.push("-d origin side main")),
    ("--prune", Refused, |w| {
        w.lose_main();
        w.push("--prune origin refs/heads/*:refs/heads/*")
    }),
    ("--mirror, main is not here", Refused, |w| {
        w.lose_main();
        w.push("--mirror origin")
    }),
    ("--mirror, shortened", Refused, |w| {
        w.lose_main();
        w.push("--mir origin")
    }),
    ("--mirror, main rewound", Refused, |w| {
        w.rewind();
        w.push("--mirror origin")
    }),
    ("--mirror to a path, main is not here", Refused, |w| {
        w.lose_main();
        w.push("--mirror ../remote.git")
    }),
    ("remote.origin.mirror", Refused, |w| {
        w.lose_main();
        w.git("config remote.origin.mirror true").ok();
        w.push("origin")
    }),
    ("-c remote.origin.mirror", Refused, |w| {
        w.lose_main();
        w.git("-c remote.origin.mirror=true push origin")
    }),
    ("remote.origin.mirror in the environment", Refused, |w| {
        w.lose_main();
        let vars = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "remote.origin.mirror"),
            ("GIT_CONFIG_VALUE_0", "true"),
        ];
        w.repo.git_env(&["push", "origin"], &vars)
    }),
    ("an alias that forces", Refused, |w| {
        w.rewind();
        w.repo.git(&["-c", "alias.yolo=push --force", "yolo", "origin", "main"])
    }),
    ("an alias that mirrors", Refused, |w| {
        w.lose_main();
        w.repo.git(&["-c", "alias.all=push --mirror", "all", "origin"])
    }),
    ("a forcing refspec in the configuration", Refused, |w| {
        w.rewind();
        w.git("config remote.origin.push +refs/heads/*:refs/heads/*").ok();
        w.push("origin")
    }),
    ("--all --force", Refused, |w| {
        w.rewind();
        w.push("--all --force origin")
    }),
    ("by address", Refused, |w| {
        let address = format!("file://{}", w.remote.dir.display());
        w.push(&format!("-f {address} HEAD~1:main"))
    }),
    ("by path", Refused, |w| w.push("-f ../remote.git HEAD~1:main")),
    ("by path, deletion", Refused, |w| w.push("../remote.git :main")),
    // Newer gits take `HEAD` for the name of a ref of the remote.
    ("onto HEAD", Stopped, |w| w.push("-f origin HEAD~1:HEAD")),
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
    ("the remote's tip is unknown, plain", Stopped, |w| {
        w.others_push();
        w.add("mine", "mine");
        w.push("origin main").says("fetch first")
    }),
    ("the remote's tip is unknown, forced", Refused, |w| {
        w.others_push();
        w.add("mine", "mine");
        w.push("-f origin main")
    }),
    ("a shallow history", Refused, |w| {
        let shallow = w.clone("--depth 1");
        shallow.git(&["checkout", "--quiet", "--orphan", "alone"]).ok();
        shallow.commit_unjudged("alone");
        shallow.git(&["push", "-f", "origin", "alone:main"])
    }),
    ("a default branch of another name", Refused, |w| {
        w.push_unjudged("side:trunk");
        w.git("remote set-head origin trunk").ok();
        w.remote.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]).ok();
        w.push("-f origin main~2:trunk")
    }),
    ("a branch that policy protects by a glob", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push_unjudged("main main:release/1");
        w.push("-f origin main~1:release/1")
    }),
    ("a branch lifts the protection of another", Refused, |w| {
        w.add("tribunal.toml", "[gates]\nprotected-branch = \"off\"\n");
        w.push("-f origin main:lawless main~2:main")
    }),
    ("a push from a bare repository", Refused, |w| {
        w.clone("--bare").git(&["push", "-f", "origin", "main~1:main"])
    }),
    ("a mirror clone that lost main", Refused, |w| {
        let mirror = w.clone("--mirror");
        mirror.git(&["update-ref", "-d", "refs/heads/main"]).ok();
        mirror.git(&["push", "origin"])
    }),
    ("--force-with-lease=main:<the tip>", Refused, |w| {
        let tip = w.repo.rev("origin/main");
        w.push(&format!("--force-with-lease=main:{tip} origin HEAD~1:main"))
    }),
    ("-f of HEAD alone", Refused, |w| {
        w.rewind();
        w.push("-f origin HEAD")
    }),
    ("-f without a refspec, push.default=current", Refused, |w| {
        w.rewind();
        w.git("-c push.default=current push -f origin")
    }),
    ("-f without a refspec, push.default=matching", Refused, |w| {
        w.rewind();
        w.git("-c push.default=matching push -f origin")
    }),
    ("-f without a refspec, push.default=upstream", Refused, |w| {
        w.git("switch --quiet side").ok();
        w.git("branch --quiet --set-upstream-to=origin/main").ok();
        w.git("-c push.default=upstream push -f origin")
    }),
    ("+: for all that match", Refused, |w| {
        w.rewind();
        w.push("origin +:")
    }),
    ("wildcards", Refused, |w| {
        w.rewind();
        w.push("origin +refs/heads/*:refs/heads/*")
    }),
    ("wildcards from another folder", Refused, |w| {
        w.git("branch old/main main~2").ok();
        w.push("-f origin refs/heads/old/*:refs/heads/*")
    }),
    ("wildcards within a name", Refused, |w| {
        w.git("branch old-main main~2").ok();
        w.push("-f origin refs/heads/old-*:refs/heads/*")
    }),
    ("wildcards with another left out", Refused, |w| {
        w.rewind();
        w.push("-f origin refs/heads/*:refs/heads/* ^refs/heads/side")
    }),
    ("the target as heads/main", Refused, |w| w.push("-f origin HEAD~1:heads/main")),
    ("--delete heads/main", Refused, |w| w.push("--delete origin heads/main")),
    ("+:refs/heads/main", Refused, |w| w.push("origin +:refs/heads/main")),
    ("deleted, and its name made a folder", Refused, |w| {
        w.push("origin :main side:refs/heads/main/x")
    }),
    ("its name made a folder", Stopped, |w| w.push("-f origin side:refs/heads/main/x")),
    ("the first ref of two", Refused, |w| w.push("-f origin HEAD~1:main side:free")),
    ("one ref of fifty", Refused, |w| {
        let many = (0..50).map(|number| format!("side:free-{number}")).collect::<Vec<_>>();
        w.push(&format!("origin {} +HEAD~1:main", many.join(" ")))
    }),
    ("two sources for main", Stopped, |w| w.push("-f origin main:main side:main")),
    ("--tags", Refused, |w| {
        w.git("tag v1").ok();
        w.push("-f --tags origin HEAD~1:main")
    }),
    ("--follow-tags", Refused, |w| {
        w.git("tag -a -m one v1 HEAD~1").ok();
        w.push("-f --follow-tags origin HEAD~1:main")
    }),
    ("--prune --all", Refused, |w| {
        w.lose_main();
        w.push("--prune --all origin")
    }),
    ("--dry-run", Unchanged, |w| w.push("--dry-run -f origin HEAD~1:main")),
    ("an annotated tag's commit as source", Refused, |w| {
        w.git("tag -a -m one v1 HEAD~1").ok();
        w.push("-f origin v1^{}:refs/heads/main")
    }),
    ("an annotated tag itself", Stopped, |w| {
        w.git("tag -a -m one v1 HEAD").ok();
        w.push("-f origin v1:refs/heads/main")
    }),
    ("a tree", Stopped, |w| w.push("-f origin HEAD^{tree}:refs/heads/main")),
    ("a tag named main", Refused, |w| {
        w.git("tag main main~1").ok();
        w.push("-f origin refs/tags/main:refs/heads/main")
    }),
    ("a tag named main is on the remote", Refused, |w| {
        w.push_unjudged("main:refs/tags/main");
        w.push("origin :refs/heads/main")
    }),
    ("a message as source, with a colon", Refused, |w| {
        w.repo.git(&["push", "-f", "origin", ":/commit two:refs/heads/main"])
    }),
    ("a source of words like a line of the hook", Refused, |w| {
        let zero = "0".repeat(40);
        w.repo
            .git(
                &["commit", "--quiet", "--no-verify", "--allow-empty", "--amend", "-m"]
                    .iter()
                    .map(|word| (*word).to_owned())
                    .chain([format!("x {zero} refs/heads/free {zero}")])
                    .collect::<Vec<_>>(),
            )
            .ok();
        let source = format!("HEAD^{{/x {zero} refs/heads/free {zero}}}:refs/heads/main");
        w.repo.git(&["push", "-f", "origin", &source])
    }),
    ("remote.origin.pushurl", Refused, |w| {
        w.git("config remote.origin.url ../none.git").ok();
        w.git("config remote.origin.pushurl ../remote.git").ok();
        w.push("-f origin HEAD~1:main")
    }),
    ("two addresses, the second is the remote", Refused, |w| {
        w.repo.sandbox.bare("first.git");
        w.git("config remote.origin.pushurl ../first.git").ok();
        w.git("config --add remote.origin.pushurl ../remote.git").ok();
        w.push("-f origin HEAD~1:main")
    }),
    ("url.insteadOf", Refused, |w| {
        let folder = format!("{}/", w.repo.sandbox.path().display());
        w.repo.git(&["config", &format!("url.{folder}.insteadOf"), "s:"]).ok();
        w.push("-f s:remote.git HEAD~1:main")
    }),
    ("url.pushInsteadOf", Refused, |w| {
        let folder = format!("{}/", w.repo.sandbox.path().display());
        w.repo.git(&["config", &format!("url.{folder}.pushInsteadOf"), "s:"]).ok();
        w.git("config remote.origin.url s:remote.git").ok();
        w.push("-f origin HEAD~1:main")
    }),
    ("--repo", Refused, |w| {
        w.rewind();
        w.git("-c push.default=current push -f --repo=../remote.git")
    }),
    ("a remote that was never fetched", Refused, |w| {
        w.git("remote add second ../remote.git").ok();
        w.push("-f second HEAD~1:main")
    }),
    ("a remote that was never fetched, --mirror, main is not here", Refused, |w| {
        w.git("remote add second ../remote.git").ok();
        w.lose_main();
        w.push("--mirror second")
    }),
    ("a remote with a slash in its name", Refused, |w| {
        w.git("remote add team/one ../remote.git").ok();
        w.git("fetch --quiet team/one").ok();
        w.push("-f team/one HEAD~1:main")
    }),
    ("a remote in .git/remotes", Refused, |w| {
        let text = "URL: ../remote.git\nPush: +refs/heads/side:refs/heads/main\n";
        w.repo.write(".git/remotes/old", text);
        w.push("old")
    }),
    ("a remote in .git/branches", Refused, |w| {
        w.repo.write(".git/branches/old", "../remote.git#main\n");
        w.rewind();
        w.push("-f old")
    }),
    ("a remote whose refs are tracked under another name", Refused, |w| {
        w.git("config remote.origin.fetch +refs/heads/*:refs/remotes/up/*").ok();
        w.git("remote set-head origin --delete").ok();
        w.git("update-ref -d refs/remotes/origin/main").ok();
        w.git("fetch --quiet").ok();
        w.push("-f origin HEAD~1:main")
    }),
    ("branch.main.pushRemote", Refused, |w| {
        w.git("remote add second ../remote.git").ok();
        w.git("config branch.main.pushRemote second").ok();
        w.rewind();
        w.git("-c push.default=current push -f")
    }),
    ("the remote and its refspec in the environment", Refused, |w| {
        let vars = [
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "remote.made.url"),
            ("GIT_CONFIG_VALUE_0", "../remote.git"),
            ("GIT_CONFIG_KEY_1", "remote.made.push"),
            ("GIT_CONFIG_VALUE_1", "+refs/heads/side:refs/heads/main"),
        ];
        w.repo.git_env(&["push", "made"], &vars)
    }),
    ("from outside, by GIT_DIR", Refused, |w| {
        let git_dir = w.repo.path(".git");
        let address = w.remote.dir.display().to_string();
        let vars = [("GIT_DIR", git_dir.to_str().unwrap())];
        let outside = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.home() };
        outside.git_env(&["push", "-f", &address, "HEAD~1:main"], &vars)
    }),
    ("from a submodule", Refused, |w| {
        let outer = w.repo.sandbox.repo("outer");
        outer.git(&[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "../remote.git",
            "sub",
        ]);
        w.other("outer/sub").git(&["push", "-f", "origin", "HEAD~1:main"])
    }),
    ("from a clone that borrows its objects", Refused, |w| {
        let shared = w.clone("--shared");
        shared.git(&["push", "-f", "origin", "HEAD~1:main"])
    }),
    ("from a partial clone", Refused, |w| {
        w.remote.git(&["config", "uploadpack.allowFilter", "true"]).ok();
        w.clone("--filter=tree:0").git(&["push", "-f", "origin", "HEAD~1:main"])
    }),
    ("from a shallow history, receive.shallowUpdate", Refused, |w| {
        w.remote.git(&["config", "receive.shallowUpdate", "true"]).ok();
        let shallow = w.clone("--depth 1");
        shallow.git(&["checkout", "--quiet", "--orphan", "alone"]).ok();
        shallow.commit_unjudged("alone");
        shallow.git(&["push", "-f", "origin", "alone:main"])
    }),
    ("with a replace ref in the same push", Refused, |w| {
        let (main, side) = (w.repo.rev("main"), w.repo.rev("side"));
        w.git(&format!("replace --graft {side} {main}")).ok();
        w.push("-f origin refs/replace/*:refs/replace/* side:main")
    }),
    ("the remote has a replace ref", Refused, |w| {
        w.push_unjudged("side");
        let (main, side) = (w.repo.rev("main"), w.repo.rev("side"));
        w.remote.git(&["replace", "--graft", &side, &main]).ok();
        w.prepared();
        w.push("-f origin side:main")
    }),
    ("the remote has a graft", Refused, |w| {
        w.push_unjudged("side");
        let (main, side) = (w.repo.rev("main"), w.repo.rev("side"));
        w.remote.write("info/grafts", format!("{side} {main}\n"));
        w.push("-f origin side:main")
    }),
    ("the remote's tip is unknown, deletion", Refused, |w| {
        w.others_push();
        w.push("origin :main")
    }),
    ("a glob of policy, from a branch without that policy", Refused, |w| {
        w.git("branch plain").ok();
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push_unjudged("main plain:release/1");
        w.push("-f origin main~2:release/1")
    }),
    ("a glob of policy, deletion", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push_unjudged("main main:release/1");
        w.push("origin :release/1")
    }),
    ("a glob of policy, --mirror, the branch is not here", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push_unjudged("main main:release/1");
        w.push("--mirror origin")
    }),
];

/// What must not be in the way.
pub const FREE: &[Shape] = &[
    ("a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.push("origin main").never_says("blocked")
    }),
    ("a fast-forward by path", Grown, |w| {
        w.add("four", "four");
        w.push("../remote.git main")
    }),
    ("a fast-forward of many commits", Grown, |w| {
        for number in 0..300 {
            let message = format!("empty {number}");
            w.repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", &message]).ok();
        }
        w.push("origin main")
    }),
    ("--force of a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.push("--force origin main")
    }),
    ("a merge onto main", Grown, |w| {
        w.git("merge --quiet --no-edit side").ok();
        w.push("origin main")
    }),
    ("a fast-forward from a shallow history", Grown, |w| {
        let shallow = w.clone("--depth 1");
        shallow.write("four", "four").commit_unjudged("four");
        shallow.git(&["push", "origin", "main"])
    }),
    ("a fast-forward from a partial clone", Grown, |w| {
        w.remote.git(&["config", "uploadpack.allowFilter", "true"]).ok();
        let partial = w.clone("--filter=blob:none");
        partial.write("four", "four").write("one", "another").commit_unjudged("four");
        partial.git(&["push", "origin", "main"])
    }),
    ("a new branch", Beside, |w| w.push("origin side:new")),
    ("a new branch of an orphan history", Beside, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add("alone", "alone");
        w.push("origin alone")
    }),
    ("a forced branch that is not protected", Beside, |w| {
        w.git("branch --quiet -f side main").ok();
        w.git("switch --quiet side").ok();
        w.git("commit --quiet --no-verify --amend -m amended").ok();
        w.push("-f origin side")
    }),
    ("a deleted branch that is not protected", Beside, |w| w.push("origin :side")),
    ("refs/for/main", Beside, |w| w.push("-f origin side:refs/for/main")),
    ("x/main, forced", Beside, |w| {
        w.push_unjudged("main:refs/heads/x/main");
        w.push("-f origin side:refs/heads/x/main")
    }),
    ("a tag", Beside, |w| {
        w.git("tag v1").ok();
        w.push("origin v1")
    }),
    ("an annotated tag", Beside, |w| {
        w.git("tag -a -m one v1").ok();
        w.push("origin v1")
    }),
    ("a tag named main", Beside, |w| {
        w.git("tag main side").ok();
        w.push("origin refs/tags/main")
    }),
    ("a tag moved by force", Beside, |w| {
        w.git("tag v1 side").ok();
        w.push_unjudged("v1");
        w.git("tag -f v1 main").ok();
        w.push("-f origin v1")
    }),
    ("spaces in the source of a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.repo.git(&["push", "origin", "HEAD^{/add four}:refs/heads/main"])
    }),
    ("a branch whose name is not UTF-8", Beside, |w| {
        let mut name = OsString::from("refs/heads/").into_vec();
        name.extend(b"caf\xe9");
        let mut spec = b"side:".to_vec();
        spec.extend(&name);
        w.repo.git(&[OsStr::new("push"), "origin".as_ref(), &OsString::from_vec(spec)])
    }),
    ("--mirror with everything here", Beside, |w| w.push("--mirror origin")),
    ("another case of main", Beside, |w| w.push("origin side:Main").says("case of letters")),
    ("main of an empty remote", Beside, |w| {
        let other = w.repo.sandbox.bare("empty.git");
        w.git("remote add new ../empty.git").ok();
        w.push("new main").ok();
        assert_eq!(other.rev("main"), w.repo.rev("main"));
        w.push("origin side")
    }),
    ("main has left the work tree behind", Grown, |w| {
        w.add("four", "four");
        w.repo.write("four", bad());
        w.push("origin main")
    }),
    ("a bad commit that is on the remote already", Beside, |w| {
        w.git("switch --quiet side").ok();
        w.add_bad("bad");
        w.push_unjudged("side:known");
        w.add("bad", "good again");
        w.push("origin side")
    }),
    ("--force-with-lease of a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.push("--force-with-lease origin main")
    }),
    ("--set-upstream", Grown, |w| {
        w.add("four", "four");
        w.push("--set-upstream origin main")
    }),
    ("HEAD alone", Grown, |w| {
        w.add("four", "four");
        w.push("origin HEAD")
    }),
    ("HEAD:main from a detached HEAD", Grown, |w| {
        w.git("checkout --quiet --detach").ok();
        w.add("four", "four");
        w.push("origin HEAD:main")
    }),
    ("an object id as source of a fast-forward", Grown, |w| {
        w.add("four", "four");
        let oid = w.repo.rev("HEAD");
        w.push(&format!("origin {oid}:refs/heads/main"))
    }),
    ("another branch onto main, a fast-forward", Grown, |w| {
        w.git("switch --quiet --create other").ok();
        w.add("four", "four");
        w.push("origin other:main")
    }),
    ("a tag's commit onto main, a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.git("tag -a -m one v1").ok();
        w.push("origin v1^{}:refs/heads/main")
    }),
    ("push.default=matching", Grown, |w| {
        w.add("four", "four");
        w.git("-c push.default=matching push origin")
    }),
    ("push.default=upstream", Grown, |w| {
        w.git("switch --quiet --create other --track origin/main").ok();
        w.add("four", "four");
        w.git("-c push.default=upstream push")
    }),
    ("--all", Grown, |w| {
        w.add("four", "four");
        w.push("--all origin")
    }),
    ("wildcards, nothing forced", Grown, |w| {
        w.add("four", "four");
        w.push("origin refs/heads/*:refs/heads/*")
    }),
    ("--atomic of two branches", Grown, |w| {
        w.add("four", "four");
        w.push("--atomic origin main side")
    }),
    ("--follow-tags of a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.git("tag -a -m one v1").ok();
        w.push("--follow-tags origin main")
    }),
    ("--mirror of a fast-forward", Grown, |w| {
        w.add("four", "four");
        w.push("--mirror origin")
    }),
    ("--prune with main here", Grown, |w| {
        w.add("four", "four");
        w.git("branch --quiet -D side").ok();
        w.push("--prune origin refs/heads/*:refs/heads/*")
    }),
    ("--dry-run of a fast-forward", Unchanged, |w| {
        w.add("four", "four");
        w.push("--dry-run origin main").ok()
    }),
    ("nothing to push", Unchanged, |w| w.push("origin main").ok()),
    ("remote.origin.pushurl, a fast-forward", Grown, |w| {
        w.git("config remote.origin.url ../none.git").ok();
        w.git("config remote.origin.pushurl ../remote.git").ok();
        w.add("four", "four");
        w.push("origin main")
    }),
    ("url.insteadOf, a fast-forward", Grown, |w| {
        let folder = format!("{}/", w.repo.sandbox.path().display());
        w.repo.git(&["config", &format!("url.{folder}.insteadOf"), "s:"]).ok();
        w.add("four", "four");
        w.push("s:remote.git main")
    }),
    ("a remote that was never fetched, a fast-forward", Grown, |w| {
        w.git("remote add second ../remote.git").ok();
        w.add("four", "four");
        w.push("second main")
    }),
    ("a fast-forward from a linked work tree", Grown, |w| {
        w.git("worktree add --quiet --detach ../linked").ok();
        let linked = Repo { sandbox: w.repo.sandbox, dir: w.repo.sandbox.path().join("linked") };
        linked.write("four", "four").commit_unjudged("add four");
        linked.git(&["push", "origin", "HEAD:main"])
    }),
    ("a fast-forward from a submodule", Grown, |w| {
        let outer = w.repo.sandbox.repo("outer");
        outer.git(&[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "../remote.git",
            "sub",
        ]);
        let sub = w.other("outer/sub");
        sub.write("four", "four").commit_unjudged("add four");
        sub.git(&["push", "origin", "HEAD:main"])
    }),
    ("a fast-forward from a bare repository", Grown, |w| {
        let bare = w.clone("--bare");
        let made = bare.git(&["commit-tree", "-p", "main", "-m", "four", "main^{tree}"]).ok();
        bare.git(&["push", "origin", &format!("{}:main", made.out())])
    }),
    ("a merge of an unrelated history", Grown, |w| {
        w.git("checkout --quiet --orphan alone").ok();
        w.add("alone", "alone");
        w.git("switch --quiet main").ok();
        w.git("merge --quiet --no-edit --allow-unrelated-histories alone").ok();
        w.push("origin main")
    }),
    ("what others pushed, fetched and merged", Grown, |w| {
        w.others_push();
        w.add("mine", "mine");
        w.git("pull --quiet --no-rebase --no-edit origin main").ok();
        w.push("origin main")
    }),
    ("a replace ref, nothing forced", Grown, |w| {
        w.add("four", "four");
        w.git("replace --graft main main~1 side").ok();
        w.push("origin main")
    }),
    ("a namespace of the remote", Unchanged, |w| {
        let vars = [("GIT_NAMESPACE", "other")];
        w.repo.git_env(&["push", "origin", "side:refs/heads/free"], &vars);
        assert!(!w.remote.rev("refs/namespaces/other/refs/heads/free").is_empty());
        w.remote.git(&["update-ref", "-d", "refs/namespaces/other/refs/heads/free"])
    }),
    ("a new protected branch", Beside, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push_unjudged("main");
        w.push("origin side:release/1")
    }),
    ("a branch below the name of none", Beside, |w| w.push("origin side:refs/heads/mains/x")),
    ("a tag's commit as a new branch", Beside, |w| {
        w.git("tag -a -m one v1").ok();
        w.push("origin v1^{}:refs/heads/new")
    }),
];

#[test]
fn rewrites_of_a_protected_branch_are_refused_at_the_client() {
    run_shapes(Guard::Client, &[], REWRITES);
}

#[test]
fn rewrites_of_a_protected_branch_are_refused_at_the_server() {
    run_shapes(Guard::Server, &[], REWRITES);
}

/// The shapes are real: without a hook all but those that git itself refuses reach the remote. Every
/// fourth, or with `TRIBUNAL_TEST_ALL` each.
#[test]
fn without_a_hook_the_remote_is_rewritten() {
    let template = template(Guard::Nobody, &[]);
    let mut failed = Vec::new();
    let step = cases(4, 1);
    let real = REWRITES.iter().filter(|(_, then, _)| *then == Refused);
    for (name, _, shape) in real.step_by(step) {
        let sandbox = Sandbox::new();
        let world = world(&sandbox, &template, Guard::Nobody);
        world.prepared();
        let outcome = shape(&world);
        if *world.before.borrow() == world.refs() {
            failed.push(format!("## {name}\n{outcome}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn everything_else_is_free_at_the_client() {
    run_shapes(Guard::Client, &[], FREE);
}

#[test]
fn everything_else_is_free_at_the_server() {
    run_shapes(Guard::Server, &[], FREE);
}
