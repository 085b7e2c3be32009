//! Scripts of the work tree that git runs as hooks: what is said of them is what git does with them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::harness::{Repo, Sandbox, TRIBUNAL, executable, run};
use crate::output::terminal::on_terminal_typing;
use crate::scene::secret;

/// A sandbox in which tribunal is found by its name.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let folder = Path::new(TRIBUNAL).parent().unwrap().display();
    let path = std::env::var("PATH").unwrap();
    sandbox.vars = vec![("PATH", format!("{folder}:{path}"))];
    sandbox
}

/// A repository whose hooks are the scripts of that folder of its work tree, with one commit.
fn repo<'a>(sandbox: &'a Sandbox, name: &str, folder: &str) -> Repo<'a> {
    let repo = sandbox.repo(name);
    repo.git(&["config", "core.hooksPath", folder]).ok();
    repo.commit_unjudged("chore: begin");
    repo
}

fn mode(repo: &Repo<'_>, script: &str) -> u32 {
    fs::metadata(repo.path(script)).unwrap().permissions().mode() & 0o777
}

fn every() -> bool {
    std::env::var_os("TRIBUNAL_TEST_ALL").is_some()
}

/// The line of `hooks status` about that hook.
fn line_of(repo: &Repo<'_>, event: &str) -> String {
    let said = repo.tribunal(&["hooks", "status"]).stdout;
    said.lines().find(|line| line.starts_with(event)).unwrap_or_default().to_owned()
}

/// The status says that a commit is checked exactly where a secret does not get through.
#[test]
fn what_is_said_of_a_script_is_what_git_does_with_it() {
    let call = "tribunal hook pre-commit \"$@\"";
    let scripts = [
        (true, format!("#!/bin/sh\n{call}\n")),
        (true, format!("{call} || exit $?\ntrue\n")),
        (true, format!("#!/bin/sh\ntrue\ncommand -v tribunal >/dev/null && {call}\n")),
        (true, format!("#!/bin/sh\nif ! {call}; then exit 1; fi\ntrue\n")),
        (true, format!("#!/bin/sh -e\n{call}\ntrue\n")),
        (true, format!("#!/bin/sh\nexec </dev/null\nexec sh -c '{call}' --\n")),
        (
            true,
            "#!/bin/sh\ntribunal \\\n  hook 'pre-commit'; code=$?\ntrue\nexit $code\n".to_owned(),
        ),
        (false, format!("#!/bin/sh\necho {call}\n")),
        (false, format!("#!/bin/sh\n# {call}\n")),
        (false, format!("#!/bin/sh\ncat <<END\n{call}\nEND\n")),
        (false, "#!/bin/sh\nx='\ntribunal hook pre-commit\n'\n".to_owned()),
        (false, format!("#!/bin/sh\nexit 0\n{call}\n")),
        (false, format!("#!/bin/sh\nexec true\n{call}\n")),
        (false, format!("#!/bin/sh\nchecks() {{\n  {call}\n}}\n")),
        (false, format!("#!/bin/sh\nif false; then\n  {call}\nfi\n")),
        (false, format!("#!/bin/sh\nfalse && {call}\ntrue\n")),
        (false, format!("#!/bin/sh\n{call}\ntrue\n")),
        (false, format!("#!/bin/sh\nset -e\n{call} || true\n")),
        (false, format!("#!/bin/sh\n{call} | cat\n")),
        (false, format!("#!/bin/sh\n{call} &\nwait\n")),
    ];
    let sandbox = sandbox();
    for (number, (guards, script)) in scripts.iter().enumerate() {
        let repo = repo(&sandbox, &number.to_string(), ".githooks");
        executable(repo.path(".githooks/pre-commit"), script);
        let line = line_of(&repo, "pre-commit ");
        assert_eq!(line.contains("  installed; called by"), *guards, "{script}\n{line}");
        let committed = repo.write("s", secret()).commit("feat: s");
        assert_eq!(committed.code != 0, *guards, "{script}\n{committed}");
        if *guards || (!every() && number % 4 != 0) {
            continue;
        }
        // Installed, the lines come first, and once.
        repo.git(&["reset", "--quiet", "--soft", "HEAD~1"]).ok();
        repo.tribunal(&["hooks", "install", "--yes", "pre-commit"]).ok();
        let line = line_of(&repo, "pre-commit ");
        assert!(line.ends_with(".githooks/pre-commit`"), "{line}");
        repo.commit("feat: s").code(1).says("blocked: s:1:1");
        repo.tribunal(&["hooks", "install", "pre-commit"]).ok().says("nothing to change");
        repo.tribunal(&["hooks", "uninstall", "--yes"]).ok();
        assert_eq!(repo.read(".githooks/pre-commit"), *script);
    }
}

/// What comes before the call is named, and why one does not count.
#[test]
fn the_line_that_decides_is_named() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".githooks");
    let call = "tribunal hook pre-commit \"$@\"";
    for (script, said) in [
        (format!("npm test\n{call}\n"), "behind `npm test` (line 1): where that ends the script"),
        (format!("#!/bin/sh\nexit 0\n{call}\n"), "behind `exit 0` (line 2), which ends it"),
        (
            format!("if [ -z \"$CI\" ]; then\n{call}\nfi\n"),
            "only where `if [ -z \"$CI\" ]; then` (line 1) lets it",
        ),
        (format!("{call} || true\n"), "does not end with what tribunal answers: `tribunal hook"),
        (format!("echo \"\n{call}\n"), "cannot be read to its end as a shell script"),
        (format!("{call}\r\n"), "has Windows line ends (CRLF)"),
        (format!("#!/usr/bin/env python3\nrun('{call}')\n"), "in a language that is not read here"),
    ] {
        executable(repo.path(".githooks/pre-commit"), &script);
        let line = line_of(&repo, "pre-commit ");
        assert!(line.contains(said), "no `{said}` in {line}");
    }
}

#[test]
fn a_script_that_is_not_executable_is_made_so_on_a_yes_and_else_named() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".githooks");
    let own = "#!/bin/sh\ntrue\n";
    repo.write(".githooks/pre-commit", own);
    let asked = repo.tribunal(&["hooks", "install"]).code(2);
    asked.says("`.githooks/pre-commit` is not executable, so git passes over it");
    assert_eq!(mode(&repo, ".githooks/pre-commit") & 0o111, 0);
    let done = repo.tribunal(&["hooks", "install", "--yes"]).ok();
    done.says("made `.githooks/pre-commit` executable");
    assert_eq!(mode(&repo, ".githooks/pre-commit") & 0o111, 0o111);
    repo.tribunal(&["hooks", "status"]).ok();
    repo.tribunal(&["status"])
        .ok()
        .says("hooks     pre-commit, pre-merge-commit, commit-msg, pre-push");
    repo.write("s", secret()).commit("feat: s").code(1).says("blocked: s:1:1");
    // Checked out without the right, as on another system: it is missed, by whoever is asked.
    let script = repo.path(".githooks/pre-commit");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let repair = format!("(`chmod +x {}`)", script.canonicalize().unwrap().display());
    repo.tribunal(&["hooks", "status"]).code(1).says("git passes over").says(&repair);
    repo.tribunal(&["status"]).ok().says("git passes over").says(&repair);
    repo.tribunal(&["daemon", "status"]).ok().says("pre-commit (not executable)");
    let printed = on_terminal_typing(repo.command(&["hooks", "install"]), "y\nn\nn\nn\n");
    let printed = String::from_utf8_lossy(&printed);
    assert!(printed.contains("would be made executable"), "{printed}");
    repo.tribunal(&["hooks", "status"]).ok();
    // Without the yes of anybody a script of another language is not touched.
    let python = "#!/usr/bin/env python3\nprint('tribunal hook pre-push')\n";
    fs::write(repo.path(".githooks/pre-push"), python).unwrap();
    fs::set_permissions(repo.path(".githooks/pre-push"), fs::Permissions::from_mode(0o600))
        .unwrap();
    repo.tribunal(&["hooks", "install", "--yes"]).ok();
    assert_eq!(repo.read(".githooks/pre-push"), python);
    assert_eq!(mode(&repo, ".githooks/pre-push"), 0o700, "whoever may not read it may not run it");
}

/// What husky puts into its own folder runs the scripts by `sh`.
#[test]
fn a_script_that_another_one_runs_needs_no_right_to_be_run() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".husky/_");
    for event in ["pre-commit", "pre-push"] {
        let runs = format!("#!/bin/sh\ns=.husky/{event}\n[ ! -f $s ] || sh -e $s \"$@\"\n");
        executable(repo.path(".husky/_").join(event), runs);
        repo.write(format!(".husky/{event}"), "true\n");
    }
    repo.tribunal(&["hooks", "install", "--yes"]).ok().never_says("executable");
    assert_eq!(mode(&repo, ".husky/pre-commit") & 0o111, 0);
    repo.tribunal(&["hooks", "status"]).ok();
    repo.write("s", secret()).commit("feat: s").code(1).says("blocked: s:1:1");
    // But what git itself runs does.
    let wrapper = repo.path(".husky/_/pre-commit");
    fs::set_permissions(wrapper, fs::Permissions::from_mode(0o644)).unwrap();
    repo.tribunal(&["hooks", "status"]).code(1).says("git passes over").says("chmod +x");
    repo.commit("feat: s").ok();
}

#[test]
fn lines_come_behind_nothing_but_the_line_that_runs_the_script_again() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".githooks");
    let husky = ". \"$(dirname -- \"$0\")/_/husky.sh\"\n";
    for (before, rest) in [
        ("#!/usr/bin/env sh\n# a note\n\n", husky.to_owned() + "npm test\n"),
        ("#!/bin/sh\n", format!("if true; then\n{husky}fi\nnpm test\n")),
        ("#!/bin/sh\n", format!("load() {{\n{husky}}}\nload\n")),
        ("#!/bin/sh\n", format!("[ -f x ] && \\\n{husky}npm test\n")),
        ("", format!("cat <<END\n{husky}END\n")),
    ] {
        let text = format!("{before}{rest}");
        executable(repo.path(".githooks/pre-commit"), &text);
        repo.tribunal(&["hooks", "install", "--yes", "pre-commit"]).ok();
        let before =
            if rest.starts_with(husky) { format!("{before}{husky}") } else { before.to_owned() };
        let put = repo.read(".githooks/pre-commit");
        assert!(put.starts_with(&format!("{before}# tribunal, where it is installed")), "{put}");
        repo.tribunal(&["hooks", "uninstall", "--yes", "pre-commit"]).ok();
        assert_eq!(repo.read(".githooks/pre-commit"), text);
    }
}

#[test]
fn windows_line_ends_are_named_at_the_install_and_no_hindrance_when_lines_are_taken_out() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".githooks");
    executable(repo.path(".githooks/pre-commit"), "#!/bin/sh\r\nnpm test\r\n");
    let refused = repo.tribunal(&["hooks", "install", "--yes"]).code(2);
    refused.says("Windows line ends (CRLF)").says("sed -i 's/\\r$//' .githooks/pre-commit");
    assert!(!repo.path(".githooks/pre-push").exists(), "all or nothing");
    executable(repo.path(".githooks/pre-commit"), "#!/bin/sh\nnpm test\n");
    repo.tribunal(&["hooks", "install", "--yes"]).ok();
    // As a checkout on Windows, or a formatter, leaves them.
    let reindented = repo.read(".githooks/pre-commit").replace("\n    ", "\n\t");
    executable(repo.path(".githooks/pre-commit"), reindented);
    for script in ["pre-push", "commit-msg"] {
        let text = repo.read(format!(".githooks/{script}")).replace('\n', "\r\n");
        executable(repo.path(".githooks").join(script), text + "echo own\r\n");
    }
    repo.tribunal(&["hooks", "status"]).code(1).says("has Windows line ends (CRLF)");
    repo.tribunal(&["hooks", "uninstall", "--yes"]).ok();
    assert_eq!(repo.read(".githooks/pre-commit"), "#!/bin/sh\nnpm test\n");
    assert_eq!(repo.read(".githooks/pre-push"), "#!/bin/sh\r\necho own\r\n");
    assert_eq!(repo.read(".githooks/commit-msg"), "#!/bin/sh\r\necho own\r\n");
    assert!(!repo.path(".githooks/pre-merge-commit").exists());
}

#[test]
fn lines_are_found_in_whatever_folder_git_was_told_to_look() {
    let sandbox = sandbox();
    // Not committed yet, so that the record alone knows them.
    let repo = repo(&sandbox, "r", "ci/my hooks");
    repo.tribunal(&["hooks", "install", "--yes"]).ok();
    repo.git(&["config", "--unset", "core.hooksPath"]).ok();
    repo.tribunal(&["hooks", "uninstall"]).code(2).says("`ci/my hooks/pre-commit`");
    assert!(repo.path("ci/my hooks/pre-commit").exists());
    repo.tribunal(&["hooks", "uninstall", "--yes"]).ok();
    assert!(!repo.path("ci/my hooks/pre-commit").exists());
    assert!(!repo.path(".git/tribunal/installed").exists(), "nothing is left on record");
    // In a clone, where nothing is on record.
    let own = "#!/bin/sh\nnpm test\n";
    executable(repo.path("ci/my hooks/pre-push"), own);
    executable(repo.path("other/pre-push"), "#!/bin/sh\necho tribunal hook pre-push\n");
    executable(repo.path("other/commit-msg"), "#!/bin/sh\ntribunal hook commit-msg \"$1\"\n");
    repo.git(&["config", "core.hooksPath", "ci/my hooks"]).ok();
    repo.tribunal(&["hooks", "install", "--yes"]).ok();
    repo.commit_unjudged("chore: hooks");
    repo.git(&["clone", "--quiet", ".", "../clone"]).ok();
    let clone = Repo { sandbox: &sandbox, dir: sandbox.path().join("clone") };
    let said = clone.tribunal(&["uninstall", "--yes"]).ok();
    let said = said.says("took the lines out of `ci/my hooks/pre-push`");
    // What a person wrote is a person's.
    let said = said.says("still call tribunal: take them out of `other/commit-msg`");
    said.never_says("other/pre-push");
    assert_eq!(clone.read("ci/my hooks/pre-push"), own);
    // A link that leads out of the repository is not followed.
    let outside = sandbox.path().join("outside");
    fs::rename(repo.path("ci/my hooks"), &outside).unwrap();
    symlink(&outside, repo.path("ci/my hooks")).unwrap();
    let before = fs::read(outside.join("pre-push")).unwrap();
    repo.git(&["config", "--unset", "core.hooksPath"]).ok();
    repo.tribunal(&["hooks", "uninstall", "--yes"]).ok();
    assert_eq!(fs::read(outside.join("pre-push")).unwrap(), before);
}

#[test]
fn what_is_in_the_place_of_the_state_folder_is_named_by_every_command_and_left_alone() {
    let sandbox = sandbox();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    repo.tribunal(&["hooks", "install"]).ok();
    let outside = sandbox.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("installed"), "pre-commit\n").unwrap();
    let state = repo.path(".git/tribunal");
    for put in [(|to, at| fs::write(at, to).unwrap()) as fn(&str, &Path), |to, at| {
        symlink(to, at).unwrap();
    }] {
        fs::remove_dir_all(&state).or_else(|_| fs::remove_file(&state)).unwrap();
        put(outside.to_str().unwrap(), &state);
        for words in [
            "hooks install",
            "hooks uninstall --yes",
            "hooks status",
            "uninstall --yes",
            "uninstall --purge --yes",
            "init --yes",
            "status",
            "doctor",
            "daemon status",
            "findings list",
            "trust --yes",
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let said = repo.tribunal(&words).code(2);
            said.says(".git/tribunal` is ").says("hint: ");
        }
        assert!(fs::symlink_metadata(&state).is_ok());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert!(repo.path(".git/hooks/pre-commit").exists(), "nothing is half done");
    }
    fs::remove_file(&state).unwrap();
    repo.tribunal(&["uninstall", "--purge", "--yes"]).ok();
}

/// Git itself would wait for a pipe for good.
#[test]
fn an_index_that_is_no_file_is_named_by_every_command() {
    let sandbox = sandbox();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    fs::remove_file(repo.path(".git/index")).unwrap();
    let mut pipe = sandbox.command("mkfifo", &repo.dir);
    pipe.arg(".git/index");
    run(pipe, b"").ok();
    for words in ["status", "check", "config", "trust --yes", "uninstall --purge --yes"] {
        let words: Vec<&str> = words.split(' ').collect();
        repo.tribunal(&words).code(2).says(".git/index` is no file").says("hint: move it away");
    }
}

#[test]
fn init_says_what_it_does_about_scripts_that_are_shared() {
    let sandbox = sandbox();
    let repo = repo(&sandbox, "r", ".githooks");
    let asks = "ask whether lines may be put into `.githooks/pre-commit`";
    repo.tribunal(&["init", "--dry-run"]).ok().says(&format!("would {asks}"));
    repo.tribunal(&["init", "--dry-run", "--yes"]).ok().says("would put lines into");
    repo.tribunal(&["init", "--yes"])
        .ok()
        .says("will put lines into `.githooks/pre-commit`")
        .never_says("ask whether");
}

/// What git 2.54 and later read in their settings displaces no hook, and counts for no older git.
#[test]
fn hooks_in_git_s_settings_are_neither_missed_nor_counted_where_git_does_not_read_them() {
    let sandbox = sandbox();
    let repo = sandbox.repo("r");
    repo.commit_unjudged("chore: begin");
    let version = repo.git(&["version"]).stdout;
    let numbers: Vec<u32> =
        version.split([' ', '.']).filter_map(|part| part.trim().parse().ok()).collect();
    let reads_keys = numbers[..2] >= [2, 54][..];
    repo.tribunal(&["hooks", "install"]).ok();
    // Another program's, and what an install with a newer git would leave.
    for key in ["hook.other", "hook.tribunal-pre-commit"] {
        repo.git(&["config", &format!("{key}.command"), "true"]).ok();
        repo.git(&["config", &format!("{key}.event"), "pre-commit"]).ok();
    }
    if reads_keys {
        repo.tribunal(&["hooks", "status"])
            .code(1)
            .says("`hook.tribunal-pre-commit.command` was changed");
        return;
    }
    repo.tribunal(&["hooks", "status"]).ok();
    repo.tribunal(&["daemon", "status"]).ok().never_says("do not run any more");
    repo.write("a", "a\n").commit("feat: a").ok().never_says("tribunal");
    fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
    repo.tribunal(&["hooks", "status"]).code(1).says("pre-commit        not installed; missing");
    repo.tribunal(&["daemon", "status"]).ok().says("do not run any more: pre-commit (deleted)");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("s", secret()).commit("feat: s").code(1).says("blocked: s:1:1");
}
