//! Git's settings as git sees them: whichever way they were given, and on a server no user's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::harness::{Outcome, Repo, Sandbox, executable, run};
use crate::needs::{Need, skip};

/// A key that the secret gate knows, not spelled out in this file.
fn key() -> String {
    format!("AK{}{}", "IA", "T5RWKJ7VXQ3PNDLM")
}

fn installed(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").commit_unjudged("one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo
}

/// An editor that writes a line at the top of the message.
fn editor(sandbox: &Sandbox, line: &str) -> String {
    let path = sandbox.path().join("editor");
    executable(&path, format!("#!/bin/sh\nsed -i '1s/^/{line}\\n/' \"$1\"\n"));
    path.display().to_string()
}

/// Words before the command, and variables.
type Way = (Vec<String>, Vec<(String, String)>);

/// Every way in which git can be given a setting for one command.
fn ways(sandbox: &Sandbox, key: &str, value: &str) -> Vec<Way> {
    let file = sandbox.path().join("other-config");
    let (section, name) = key.rsplit_once('.').unwrap();
    fs::write(&file, format!("[{section}]\n\t{name} = \"{value}\"\n")).unwrap();
    let file = file.display().to_string();
    let var = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        (vec!["-c".to_owned(), format!("{key}={value}")], vec![]),
        (
            vec![],
            vec![
                var("GIT_CONFIG_COUNT", "1"),
                var("GIT_CONFIG_KEY_0", key),
                var("GIT_CONFIG_VALUE_0", value),
            ],
        ),
        (vec![], vec![var("GIT_CONFIG_GLOBAL", &file)]),
        (vec![], vec![var("GIT_CONFIG_SYSTEM", &file), var("GIT_CONFIG_NOSYSTEM", "0")]),
        (vec![], vec![var("GIT_CONFIG_PARAMETERS", &format!("'{key}'='{value}'"))]),
    ]
}

/// Runs git in one of these ways, with more variables.
fn git(repo: &Repo<'_>, (before, vars): &Way, words: &[&str], more: &[(&str, &str)]) -> Outcome {
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.args(before).args(words);
    command.envs(vars.iter().map(|(name, value)| (name, value))).envs(more.iter().copied());
    run(command, b"")
}

#[test]
fn what_a_comment_is_follows_settings_given_in_any_way() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    let takes_out = editor(&sandbox, "take it out");
    for way in ways(&sandbox, "core.commentChar", ";") {
        // What git shows below the scissors is no part of the message: the key that goes.
        repo.write("k", format!("aws_access_key_id = {}\n", key())).commit_unjudged("key");
        repo.git(&["rm", "--quiet", "k"]).ok();
        git(&repo, &way, &["commit", "--verbose"], &[("GIT_EDITOR", &takes_out)]).ok();
    }
    let with_key = editor(&sandbox, &format!("# aws_access_key_id = {}", key()));
    for way in ways(&sandbox, "core.commentChar", ";") {
        // A line that begins with `#` is no comment then, and git keeps it.
        repo.write("a", format!("{way:?}\n")).git(&["add", "a"]).ok();
        git(&repo, &way, &["commit", "-t", "/dev/null"], &[("GIT_EDITOR", &with_key)])
            .code(1)
            .says("blocked: commit message:1");
    }
    // Without the setting it is one, and is not kept.
    let plain = (vec![], vec![]);
    let words = ["commit", "--edit", "-m", "feat: two"];
    git(&repo, &plain, &words, &[("GIT_EDITOR", &with_key)]).ok();
    assert!(!repo.git(&["log", "-1", "--format=%B"]).stdout.contains("AK"));
}

#[test]
fn what_cleanup_keeps_follows_settings_given_in_any_way() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    let with_key = editor(&sandbox, &format!("x\\n# aws_access_key_id = {}", key()));
    for way in ways(&sandbox, "commit.cleanup", "whitespace") {
        repo.write("a", format!("{way:?}\n")).git(&["add", "a"]).ok();
        git(&repo, &way, &["commit"], &[("GIT_EDITOR", &with_key)])
            .code(1)
            .says("blocked: commit message:2");
    }
}

#[test]
fn a_mirror_push_is_seen_by_settings_given_in_any_way() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    remote.git(&["config", "receive.denyDeleteCurrent", "ignore"]).ok();
    let repo = installed(&sandbox);
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "-c", "dev"]).ok();
    repo.git(&["push", "--quiet", "origin", "dev"]).ok();
    repo.git(&["fetch", "--quiet"]).ok();
    for way in ways(&sandbox, "remote.origin.mirror", "false") {
        git(&repo, &way, &["push", "origin", "dev"], &[]).ok().never_says("mirror push");
    }
    repo.git(&["branch", "--quiet", "-D", "main"]).ok();
    for way in ways(&sandbox, "remote.origin.mirror", "true") {
        git(&repo, &way, &["push", "--quiet", "origin"], &[]).code(1).says("mirror push");
        assert!(!remote.rev("refs/heads/main").is_empty(), "{way:?}");
    }
    // A key without a value is `true` to git.
    fs::write(sandbox.home().join("bare-key"), "[remote \"origin\"]\n\tmirror\n").unwrap();
    repo.git(&["config", "include.path", sandbox.home().join("bare-key").to_str().unwrap()]).ok();
    repo.git(&["push", "--quiet", "origin"]).code(1).says("mirror push");
    assert!(!remote.rev("refs/heads/main").is_empty());
}

/// Runs a program as somebody who owns nothing here; `None` where that cannot be done.
fn as_another_user(repo: &Repo<'_>, words: &[&str], vars: &[(&str, &str)]) -> Option<Outcome> {
    let command = |words: &[&str]| {
        let mut command = repo.sandbox.command("setpriv", &repo.dir);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(words);
        command
    };
    if !command(&["true"]).output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = command(words);
    command.envs(vars.iter().copied());
    Some(run(command, b""))
}

/// Lets everybody write below a folder.
fn open_to_all(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_dir = path.is_dir();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        let rights = if is_dir { 0o777 } else { 0o666 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | rights)).unwrap();
        if is_dir {
            open_to_all(&path);
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_repository_that_git_was_told_is_safe_is_judged() {
    const SAFE: [(&str, &str); 3] = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
    ];
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    repo.write("b", "b\n").git(&["add", "b"]).ok();
    open_to_all(sandbox.path());
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    for repo in [&repo, &linked] {
        let commit = ["git", "commit", "--quiet", "--allow-empty", "-m", "two"];
        let Some(outcome) = as_another_user(repo, &commit, &SAFE) else {
            let why = "there is no `setpriv`, or no right to use it";
            skip("a_repository_that_git_was_told_is_safe_is_judged", Need::OtherUser, why);
            return;
        };
        outcome.ok().never_says("could not judge");
        let by_option =
            ["git", "-c", "safe.directory=*", "commit", "--quiet", "--allow-empty", "-m", "three"];
        as_another_user(repo, &by_option, &[]).unwrap().ok().never_says("could not judge");
        repo.write("bad", format!("{} HEAD\nours\n", "<".repeat(7))).git(&["add", "bad"]).ok();
        open_to_all(sandbox.path());
        as_another_user(repo, &commit, &SAFE).unwrap().code(1).says("bad:1");
        // By hand it is as for git itself: refused, unless it was told.
        let check = [crate::harness::TRIBUNAL, "check"];
        as_another_user(repo, &check, &[]).unwrap().code(2).says("dubious ownership");
        as_another_user(repo, &check, &SAFE).unwrap().code(1).says("bad:1");
    }
}

#[test]
fn on_a_server_the_settings_of_a_user_who_pushes_do_not_count() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    remote.tribunal(&["hooks", "install"]).ok();
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.write("a", "2\n").commit_unjudged("feat: two");
    repo.git(&["push", "--quiet", "../remote.git", "main"]).ok();
    let eve = Sandbox::new();
    eve.settings("[gates]\nprotected-branch = \"off\"\nconflict-markers = \"off\"\n");
    let receive = format!(
        "--receive-pack=env HOME={0} XDG_CONFIG_HOME={0}/.config TRIBUNAL_GATES_SECRETS=off \
         git-receive-pack",
        eve.home().display()
    );
    repo.git(&["push", "--force", &receive, "../remote.git", "HEAD~1:main"])
        .code(1)
        .says("protected-branch");
    repo.write("bad", format!("{} HEAD\nours\n", "<".repeat(7))).commit_unjudged("feat: bad");
    repo.git(&["push", &receive, "../remote.git", "HEAD:refs/heads/x"]).code(1).says("bad:1");
    // Settings that cannot be read are the pusher's affair alone, too.
    eve.settings("[gates]\nscpe = 1\n");
    repo.git(&["push", "--quiet", &receive, "../remote.git", "HEAD~1:refs/heads/y"]).ok();
}
