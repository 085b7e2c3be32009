//! What goes round the hooks is told, and nothing of a push is left unread.

use std::fs;

use crate::harness::{Repo, Sandbox, TRIBUNAL, executable};
use crate::scene::secret;

/// A repository with the hooks, one commit and a remote that has it.
fn guarded(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("repo");
    sandbox.bare("remote.git");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.write("a", "a\n").commit("feat: begin").ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo
}

#[test]
fn a_commit_past_the_hooks_is_named_at_the_next_one_and_in_status() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("b", "b\n").commit("feat: seen").ok().never_says("past the hooks");
    let mut past = Vec::new();
    for (name, before) in [("c", &["-c", "core.hooksPath=/dev/null"][..]), ("d", &[]), ("e", &[])] {
        repo.write(name, name).git(&["add", name]).ok();
        let flag = if before.is_empty() { &["--no-verify"][..] } else { &[] };
        let message = format!("feat: {name}");
        repo.git(&[before, &["commit", "--quiet", "-m", &message], flag].concat()).ok();
        past.push(repo.rev("HEAD")[..10].to_owned());
    }
    let status = repo.tribunal(&["status", "--format", "json"]).ok().json();
    assert_eq!(status["past_hooks"].as_array().unwrap().len(), 3, "{status}");
    let told = repo.write("f", "f\n").commit("feat: f").ok().says("3 commits went past the hooks");
    for commit in &past {
        assert!(told.stderr.contains(commit), "{told}");
    }
    // It is said once, and kept.
    repo.write("g", "g\n").commit("feat: g").ok().never_says("past the hooks");
    repo.tribunal(&["status"]).ok().says("past the hooks").says(&past[2]);
    repo.git(&["push", "origin", "main"]).ok().says("3 of 6 commits not checked when made");
}

#[test]
fn what_git_runs_no_hook_for_and_what_was_bypassed_aloud_is_not_told_again() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("b", "b\n").commit("feat: b").ok();
    repo.git(&["switch", "--quiet", "-c", "side", "HEAD~1"]).ok();
    repo.git(&["cherry-pick", "main"]).ok();
    repo.write("s", "s\n").commit("feat: side").ok().never_says("past the hooks");
    repo.git(&["rebase", "--quiet", "main"]).ok();
    repo.git(&["commit", "--quiet", "--amend", "-m", "feat: other"])
        .ok()
        .never_says("past the hooks");
    for variables in [&[("TRIBUNAL", "0")][..], &[("TRIBUNAL_SKIP", "scope")]] {
        repo.write("t", format!("{variables:?}")).git(&["add", "t"]).ok();
        repo.git_env(&["commit", "--quiet", "-m", "feat: t"], variables).ok();
    }
    repo.write("u", "u\n").commit("feat: u").ok().never_says("past the hooks");
    repo.git(&["merge", "--quiet", "--no-ff", "--no-edit", "main"]).ok();
    // In another work tree the beginning is another one.
    repo.git(&["worktree", "add", "--quiet", "../w", "-b", "w"]).ok();
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("w") };
    linked.commit_unjudged("feat: before any hook ran here");
    linked.write("v", "v\n").commit("feat: v").ok().never_says("past the hooks");
    linked.write("past", "past\n").commit_unjudged("feat: past");
    linked.write("x", "x\n").commit("feat: x").ok().says("1 commit went past the hooks");
}

#[test]
fn a_push_past_the_hooks_is_named_at_the_next_one() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("b", "b\n").commit("feat: b").ok();
    repo.git(&["push", "--no-verify", "--quiet", "origin", "main"]).ok();
    let past = repo.rev("HEAD")[..10].to_owned();
    repo.write("c", "c\n").commit("feat: c").ok();
    let push = ["push", "--quiet", "origin", "main"];
    repo.git(&push).ok().says("1 push went past the hooks").says(&past);
    repo.write("d", "d\n").commit("feat: d").ok();
    repo.git(&push).ok().never_says("past the hooks");
    repo.write("e", "e\n").commit("feat: e").ok();
    repo.git_env(&push, &[("TRIBUNAL", "0")]).ok();
    repo.write("f", "f\n").commit("feat: f").ok();
    repo.git(&push).ok().never_says("past the hooks");
    repo.tribunal(&["status"]).ok().says("past the hooks");
}

#[test]
fn a_variable_that_keeps_commands_from_running_is_told_and_recorded() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    let out = sandbox.path().join("inner");
    // The command itself calls the program: it must not run its commands again.
    let run = format!("{TRIBUNAL} check --commands > {} 2>&1; false", out.display());
    repo.write("tribunal.toml", format!("[[commands]]\nname = \"c\"\nrun = '''{run}'''\n"));
    repo.commit_unjudged("chore: policy");
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.write("b", "b\n").commit("feat: b").ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let push = ["push", "--quiet", "origin", "main:topic"];
    repo.git(&push).code(1).says("[commands/c ").never_says("TRIBUNAL_INSIDE_COMMAND");
    for value in ["x", "1 c", &format!("{} c", std::process::id())] {
        let dry = ["push", "--quiet", "--dry-run", "origin", "main:topic"];
        let set = [("TRIBUNAL_INSIDE_COMMAND", value)];
        repo.git_env(&dry, &set).ok().says("not checked in full: TRIBUNAL_INSIDE_COMMAND");
    }
    repo.tribunal(&["status"]).ok().says("pre-push TRIBUNAL_INSIDE_COMMAND");
}

#[test]
fn a_secret_in_what_is_neither_a_file_nor_a_message_stops_the_push() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    let server = sandbox.bare("server.git");
    server.tribunal(&["hooks", "install"]).ok();
    repo.git(&["push", "--quiet", "../server.git", "main"]).ok();
    let token = secret();
    let tree = repo.rev("HEAD^{tree}");
    let person = "A Person <a@example.invalid> 1767323045 +0000";
    let object = |kind: &str, text: String| {
        repo.write("raw", text);
        let made = repo.git(&["hash-object", "-t", kind, "-w", "--literally", "raw"]).ok();
        made.out().to_owned()
    };
    let commit = |lines: &str| {
        let begin = format!("tree {tree}\nparent {}\n", repo.rev("main"));
        object("commit", format!("{begin}{lines}\n\nfeat: x\n"))
    };
    let named = format!("{token} <a@example.invalid> 1767323045 +0000");
    let main = repo.rev("main");
    let tag = |lines: &str| object("tag", format!("object {main}\ntype commit\n{lines}\n\nv1\n"));
    let cases = [
        (commit(&format!("author {named}\ncommitter {person}")), "refs/heads/x".to_owned()),
        (commit(&format!("author {person}\ncommitter {named}")), "refs/heads/x".to_owned()),
        (
            commit(&format!("author {person}\ncommitter {person}\nnote {token}")),
            "refs/heads/x".to_owned(),
        ),
        (
            commit(&format!("author {person}\ncommitter {person}\ngpgsig -----\n {token}\n -----")),
            "refs/heads/x".to_owned(),
        ),
        (tag(&format!("tag v1\ntagger {named}")), "refs/tags/v1".to_owned()),
        (tag(&format!("tag {token}\ntagger {person}")), "refs/tags/v2".to_owned()),
        (main.clone(), format!("refs/heads/{token}")),
        (main.clone(), format!("refs/tags/{token}")),
    ];
    for (number, (oid, target)) in cases.iter().enumerate() {
        let refspec = format!("{oid}:{target}");
        let client = repo.git(&["push", "--quiet", "origin", &refspec]).code(1);
        assert!(client.stderr.contains("blocked: "), "{number}: {client}");
        // Git itself names the ref that it could not push, on a line of its own.
        let ours: Vec<&str> =
            client.stderr.lines().filter(|line| !line.contains("refspec")).collect();
        assert!(!ours.iter().any(|line| line.contains(&token)), "{number}: {client}");
        let there =
            repo.git(&["push", "--no-verify", "--quiet", "../server.git", &refspec]).code(1);
        assert!(there.stderr.contains("blocked: "), "{number}: {there}");
    }
    // What is clean passes, signed or not.
    let clean = commit(&format!("author {person}\ncommitter {person}"));
    repo.git(&["push", "--quiet", "origin", &format!("{clean}:refs/heads/clean")]).ok();
}

#[test]
fn a_hook_that_was_there_before_runs_under_its_own_name() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    executable(repo.path("tools/pre-commit"), "#!/bin/sh\necho the team check; exit 1\n");
    repo.commit_unjudged("feat: begin");
    let chooses = "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\nt=tools/$(basename \"$0\")\n\
                   [ -x \"$t\" ] || exit 0\nexec \"$t\"\n";
    executable(repo.path(".git/hooks/pre-commit"), chooses);
    repo.write(".git/hooks/lib.sh", "echo helped\n");
    repo.write("a", "a\n").commit("feat: a").code(1).says("the team check").says("helped");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.commit("feat: a").code(1).says("the team check").says("helped");
    // The links are relative: the repository may move.
    fs::rename(&repo.dir, sandbox.path().join("moved")).unwrap();
    let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join("moved") };
    repo.commit("feat: a").code(1).says("the team check").says("helped");
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert_eq!(repo.read(".git/hooks/pre-commit"), chooses);
    assert!(!repo.path(".git/hooks.before-tribunal").exists());
}

#[test]
fn a_work_tree_whose_hooks_are_elsewhere_is_named() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.git(&["worktree", "add", "--quiet", "../w"]).ok();
    repo.tribunal(&["hooks", "status"]).ok();
    repo.git(&["config", "core.hooksPath", ".git/hooks"]).ok();
    repo.tribunal(&["hooks", "status"])
        .code(1)
        .says("/w` is not guarded")
        .says("--path-format=absolute");
    repo.tribunal(&["status"]).ok().says("/w` is not guarded");
    let absolute = repo.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]).ok();
    repo.git(&["config", "core.hooksPath", &format!("{}/hooks", absolute.out())]).ok();
    repo.tribunal(&["hooks", "status"]).ok().never_says("not guarded");
}

#[test]
fn settings_of_the_user_that_weaken_a_guard_are_told_recorded_and_in_status() {
    let sandbox = Sandbox::new();
    let repo = guarded(&sandbox);
    repo.write("tribunal.toml", "[gates]\nlarge-files = \"warn\"\n").commit("chore: policy").ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    // Stricter, equal, overruled by the repository, or of no guard: nothing to tell.
    let harmless = "[gates]\nscope = { level = \"off\", lines = 5000 }\nlarge-files = \"off\"\n\
                    commit-message = \"off\"\n[gates.secrets]\ngeneric = \"block\"\n[protect]\nbranches = [\"main\", \"master\", \"x\"]\n\
                    [watch]\nstart = \"manual\"\n";
    sandbox.settings(harmless);
    repo.write("b", "b\n").commit("feat: b").ok().never_says("not checked in full");
    repo.git(&["push", "--quiet", "origin", "main"]).ok().never_says("not checked in full");
    repo.tribunal(&["status"]).ok().never_says("weaker");
    for (settings, key) in [
        ("[gates]\nsecrets = \"off\"\n", "gates.secrets.level in "),
        ("[gates]\ncommands = \"warn\"\n", "gates.commands.level in "),
        ("[gates.secrets]\nallow-paths = [\"**\"]\n", "gates.secrets.allow-paths in "),
        ("[gates.scope]\nlevel = \"warn\"\nlines = 5000\n", "gates.scope.lines in "),
        (
            "[gates.conflict-markers]\nallow-paths = [\"**\"]\n",
            "gates.conflict-markers.allow-paths in ",
        ),
        ("[protect]\nbranches = []\n", "protect.branches in "),
    ] {
        sandbox.settings(settings);
        repo.write("b", settings)
            .commit("feat: b again")
            .ok()
            .says("not checked in full")
            .says(key);
        repo.git(&["push", "--quiet", "origin", "main"]).ok().says("not checked in full").says(key);
        repo.tribunal(&["status"]).ok().says(&format!("weaker    {key}")).says("pre-push");
        let status = repo.tribunal(&["status", "--format", "json"]).ok().json();
        assert!(status["weakened_by_user"][0].as_str().unwrap().starts_with(key), "{status}");
        assert!(
            status["bypasses"]
                .as_array()
                .unwrap()
                .iter()
                .any(|b| b.as_str().unwrap().contains(key))
        );
    }
    // What is told here is not taken for a commit past the hooks, nor excuses one.
    repo.write("c", "c\n").commit_unjudged("feat: c");
    repo.write("d", "d\n").commit("feat: d").ok().says("1 commit went past the hooks");
}
