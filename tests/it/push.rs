//! What is pushed is judged commit by commit, against a real bare remote, judged by what the remote
//! holds afterwards; and the ways past a client's hook, where the server has one.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use crate::harness::{Repo, Sandbox, run};
use crate::output::terminal::on_terminal;
use crate::push_shapes::Then::{Grown, Refused};
use crate::push_shapes::{FREE, Guard, REWRITES, Shape, bad, run_shapes};

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
        w.push_unjudged("main:known");
        w.add("bad", "good again");
        w.push("origin main").says("bad:1")
    }),
    ("with the policy switched off in the same push", Refused, |w| {
        w.add("tribunal.toml", "[gates]\nconflict-markers = \"off\"\n");
        w.add_bad("bad");
        w.push("origin main").says("bad:1").says("changes the policy")
    }),
];

/// What gets by a client's hook: only a server can refuse it.
const PAST_THE_CLIENT: &[Shape] = &[
    ("--no-verify", Refused, |w| w.push("-f --no-verify origin HEAD~1:main")),
    ("no hooks at all", Refused, |w| {
        w.git("-c core.hooksPath=/dev/null push -f origin HEAD~1:main")
    }),
    ("TRIBUNAL=0", Refused, |w| {
        let vars = [("TRIBUNAL", "0"), ("TRIBUNAL_SKIP", "protected-branch")];
        w.repo.git_env(&["push", "-f", "origin", "HEAD~1:main"], &vars)
    }),
    ("policy in the environment", Refused, |w| {
        let vars = [("TRIBUNAL_GATES_PROTECTED_BRANCH", "off")];
        w.repo.git_env(&["push", "-f", "origin", "HEAD~1:main"], &vars)
    }),
    ("no hooks, said in the environment", Refused, |w| {
        let vars = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.hooksPath"),
            ("GIT_CONFIG_VALUE_0", "/dev/null"),
        ];
        w.repo.git_env(&["push", "-f", "origin", "HEAD~1:main"], &vars)
    }),
    ("git send-pack", Refused, |w| w.git("send-pack --force ../remote.git HEAD~1:refs/heads/main")),
    ("git send-pack --mirror", Refused, |w| {
        w.git("branch --quiet -m main other").ok();
        w.git("send-pack --mirror ../remote.git")
    }),
    ("git send-pack of forbidden content", Refused, |w| {
        w.add_bad("bad");
        w.git("send-pack ../remote.git main").says("bad:1")
    }),
    ("a glob in the policy that was pushed before", Refused, |w| {
        w.add("tribunal.toml", "[protect]\nbranches = [\"release/*\"]\n");
        w.push("origin main main:release/1").ok();
        w.prepared();
        w.push("-f origin main~1:release/1")
    }),
    ("a fast-forward, --no-verify", Grown, |w| {
        w.add("four", "four");
        w.push("--no-verify origin main")
    }),
];

#[test]
fn what_is_pushed_is_judged_commit_by_commit() {
    run_shapes(Guard::Client, &[], CONTENT);
    // With a graft a client sends too little, and git itself refuses that.
    let at_server: Vec<Shape> =
        CONTENT.iter().filter(|(name, _, _)| *name != "behind a graft").copied().collect();
    run_shapes(Guard::Server, &[], &at_server);
}

#[test]
fn what_passes_by_a_client_s_hook_meets_the_server_s() {
    run_shapes(Guard::Server, &[], PAST_THE_CLIENT);
}

#[test]
fn a_sha_256_repository_is_no_different() {
    let some = |name: &str| {
        [
            "--force, rewind",
            ":main",
            "--delete",
            "--mirror, main is not here",
            "by path",
            "a fast-forward",
            "a new branch",
            "an annotated tag",
            "a merge onto main",
        ]
        .contains(&name)
    };
    let shapes = [REWRITES, FREE].concat().into_iter().filter(|(name, _, _)| some(name));
    let shapes: Vec<Shape> = shapes.chain(CONTENT.iter().take(4).copied()).collect();
    assert_eq!(shapes.len(), 13);
    for guard in [Guard::Client, Guard::Server] {
        run_shapes(guard, &["--object-format=sha256"], &shapes);
    }
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
        // So much to read that it takes several times as long as from one look at the clock to the next.
        let text = format!("{number}\n{}", "a line of no interest to anybody\n".repeat(2_000));
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
    assert!(printed.contains("\rtribunal: checking 700 new commits"), "{printed:?}");
    assert!(printed.contains("\rtribunal: checked "), "{printed:?}");
    // Nothing of it stays.
    let gone = format!("\r{}\r", " ".repeat(36));
    assert!(printed.contains(&gone) && !printed.ends_with("commits"), "{printed:?}");
    // Where there is no terminal it is one line.
    sandbox.bare("other.git");
    let told = repo.git(&["push", "--quiet", "--force", "../other.git", "main"]).ok();
    assert!(!told.stderr.contains('\r'), "{told}");
}
