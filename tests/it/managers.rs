//! Beside other hook managers: the real programs, in both orders, and what each leaves of the hooks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, executable, run, wait_for};
use crate::hook_managers::{Tool, Version, Versions, versions};
use crate::output::terminal::on_terminal_typing;
use crate::scene::{Watcher, secret};

/// What the line says that a hook or the watcher prints about hooks that do not run.
const LOST: &str = "these hooks of tribunal do not run any more";

const DOCUMENT: &str = include_str!("../../docs/hook-managers.md");

/// A sandbox in which the programs of that version are found, and tribunal.
fn sandbox_of(version: &Version) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.vars = vec![("PATH", version.path()), ("PYTHONPATH", version.python())];
    sandbox
}

/// A repository with two commits, of which `origin` has both, and with what the manager is configured by.
fn scene(sandbox: &Sandbox, tool: Tool) -> Repo<'_> {
    let repo = sandbox.repo("r");
    match tool {
        Tool::Husky => {
            repo.write(".husky/pre-commit", "true\n").write(".husky/pre-push", "true\n");
        }
        Tool::Lefthook => {
            let hooks = ["pre-commit", "commit-msg", "pre-push"];
            let jobs = hooks.map(|hook| format!("{hook}:\n  jobs:\n    - run: \"true\"\n"));
            repo.write("lefthook.yml", jobs.concat());
        }
        Tool::PreCommit | Tool::Prek => {
            let hook = "{id: x, name: x, language: system, entry: \"true\", pass_filenames: false}";
            repo.write(
                ".pre-commit-config.yaml",
                format!(
                    "default_install_hook_types: [pre-commit, pre-push]\n\
                     repos: [{{repo: local, hooks: [{hook}]}}]\n"
                ),
            );
        }
        Tool::SimpleGitHooks => {
            repo.write(
                "package.json",
                "{\"devDependencies\": {\"simple-git-hooks\": \"2\"},\
                  \"simple-git-hooks\": {\"pre-commit\": \"true\", \"pre-push\": \"true\"}}\n",
            );
        }
    }
    repo.commit_unjudged("chore: begin").write("a", "a\n").commit_unjudged("feat: a");
    repo.push_to(&sandbox.bare("origin.git"));
    repo
}

fn ours(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&["hooks", "install", "--yes"]).ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Install,
    Reinstall,
    Upgrade,
    Uninstall,
}

impl Action {
    const ALL: [Self; 4] = [Self::Install, Self::Reinstall, Self::Upgrade, Self::Uninstall];

    fn name(self) -> &'static str {
        match self {
            Self::Install => "installed",
            Self::Reinstall => "installed again",
            Self::Upgrade => "upgraded",
            Self::Uninstall => "uninstalled",
        }
    }
}

/// One row of the table in the document, as what happened writes it.
fn row(versions: &Versions, tool: Tool, tribunal_first: bool, action: Action) -> String {
    let upgraded = action == Action::Upgrade;
    let first = if upgraded { &versions.old } else { &versions.new };
    let sandbox = sandbox_of(&versions.new);
    let repo = scene(&sandbox, tool);
    if tribunal_first {
        ours(&repo);
        tool.install(&repo, first).ok();
    } else {
        tool.install(&repo, first).ok();
        ours(&repo);
    }
    match action {
        Action::Install => {}
        Action::Reinstall | Action::Upgrade => drop(tool.install(&repo, &versions.new).ok()),
        Action::Uninstall => drop(tool.uninstall(&repo, &versions.new).ok()),
    }
    // The lines in shared scripts are committed, as the hint says.
    repo.commit_unjudged("chore: hooks");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    let order = if tribunal_first { "tribunal first" } else { "tribunal second" };
    let (commit, push) = secret_and_force(&repo);
    format!("| {} | {order} | {} | {commit} | {push} |", tool.name(), action.name())
}

/// Commits a secret and pushes it, and forces an older commit on `main`: what came of each. Where neither is
/// stopped, it is said then, or by `status` and the watcher.
fn secret_and_force(repo: &Repo<'_>) -> (&'static str, &'static str) {
    let origin = Repo { sandbox: repo.sandbox, dir: repo.sandbox.path().join("origin.git") };
    let before = origin.rev("main");
    repo.write("s", format!("key = \"{}\"\n", secret()));
    let committed = repo.commit("feat: s");
    let topic = repo.git(&["push", "origin", "HEAD:refs/heads/topic"]);
    let arrived = origin.git(&["log", "--all", "-1", "--format=%H", "--", "s"]).ok();
    let forced = repo.git(&["push", "--force", "origin", "origin/main~1:main"]);
    let is_named = |said: &[&Outcome]| said.iter().any(|said| said.stderr.contains(LOST));
    let by_status = || {
        repo.tribunal(&["hooks", "status"]).code(1);
        repo.tribunal(&["status"]).ok().says("tribunal hooks install");
        repo.tribunal(&["daemon", "status"]).ok().says(LOST);
        "`status`, watcher"
    };
    let commit = match (committed.code, arrived.out().is_empty()) {
        (1, true) => {
            committed.says("blocked: s:1:8");
            "stopped"
        }
        (0, true) => {
            assert!(is_named(&[&committed]), "{committed}");
            topic.code(1).says("s:1:8");
            "named, the push stopped"
        }
        (0, false) if is_named(&[&committed, &topic]) => "named",
        (0, false) => by_status(),
        _ => panic!("{committed}\n{topic}"),
    };
    let push = if origin.rev("main") == before {
        forced.code(1).says("would rewrite the protected branch");
        "stopped"
    } else if is_named(&[&forced]) {
        "named"
    } else if commit == "named" {
        "named at the commit"
    } else {
        by_status()
    };
    (commit, push)
}

fn every() -> bool {
    std::env::var_os("TRIBUNAL_TEST_ALL").is_some()
}

/// Each cell is in the document, with what came of it. In the usual form one cell of every manager.
#[test]
fn no_action_of_another_manager_switches_the_hooks_off_in_silence() {
    let test = "no_action_of_another_manager_switches_the_hooks_off_in_silence";
    let Some(versions) = versions(test) else { return };
    let usual = |tool| match tool {
        Tool::Husky | Tool::PreCommit => (true, Action::Install),
        Tool::Lefthook | Tool::Prek => (false, Action::Upgrade),
        Tool::SimpleGitHooks => (false, Action::Reinstall),
    };
    let mut wrong = Vec::new();
    for tool in Tool::ALL {
        for (tribunal_first, action) in
            [true, false].into_iter().flat_map(|first| Action::ALL.map(|action| (first, action)))
        {
            if !every() && usual(tool) != (tribunal_first, action) {
                continue;
            }
            let row = row(versions, tool, tribunal_first, action);
            if !DOCUMENT.contains(&row) {
                wrong.push(row);
            }
        }
    }
    assert!(wrong.is_empty(), "not in docs/hook-managers.md:\n{}", wrong.join("\n"));
}

/// The files of the hooks folder that are tribunal's or are named after it.
fn left(repo: &Repo<'_>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [".git/hooks", ".husky"] {
        for entry in fs::read_dir(repo.path(folder)).into_iter().flatten().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let name = entry.file_name().into_string().unwrap();
            if name.contains("tribunal") || text.contains("tribunal") {
                found.push(entry.path());
            }
        }
    }
    if repo.path(".git/hooks.before-tribunal").exists() {
        found.push(repo.path(".git/hooks.before-tribunal"));
    }
    found
}

#[test]
fn uninstalling_both_leaves_no_hook_of_tribunals() {
    let Some(versions) = versions("uninstalling_both_leaves_no_hook_of_tribunals") else { return };
    for tool in Tool::ALL {
        // Who is installed first, how often the other one is, and who is uninstalled first.
        let cases = (0..8).map(|bits| [bits & 1 == 0, bits & 2 == 0, bits & 4 == 0]);
        for case in cases.filter(|case| every() || *case == [true, false, tool == Tool::Lefthook]) {
            let [tribunal_first, again, tribunal_out_first] = case;
            let sandbox = sandbox_of(&versions.new);
            let repo = scene(&sandbox, tool);
            if tribunal_first {
                ours(&repo);
            }
            tool.install(&repo, &versions.new).ok();
            if !tribunal_first {
                ours(&repo);
            }
            if again {
                tool.install(&repo, &versions.new).ok();
            }
            repo.write("b", "b\n").commit("feat: b").ok();
            let uninstall = || drop(repo.tribunal(&["hooks", "uninstall", "--yes"]).ok());
            if tribunal_out_first {
                uninstall();
            }
            tool.uninstall(&repo, &versions.new).ok();
            if !tribunal_out_first {
                uninstall();
            }
            assert_eq!(left(&repo), Vec::<PathBuf>::new(), "{tool:?} {case:?}");
            repo.tribunal(&["daemon", "status"]).ok().never_says(LOST);
            repo.write("s", secret()).commit("feat: s").ok().never_says("tribunal");
        }
    }
}

#[test]
fn what_a_manager_took_over_is_repaired_for_good() {
    let Some(versions) = versions("what_a_manager_took_over_is_repaired_for_good") else { return };
    for tool in Tool::ALL.into_iter().filter(|tool| every() || *tool == Tool::Lefthook) {
        let sandbox = sandbox_of(&versions.new);
        let repo = scene(&sandbox, tool);
        let displaces = matches!(tool, Tool::Husky | Tool::Lefthook | Tool::SimpleGitHooks);
        let hint = format!("this repository is made for {}", tool.name());
        assert_eq!(ours(&repo).stderr.contains(&hint), displaces);
        tool.install(&repo, &versions.old).ok();
        ours(&repo).never_says(&hint);
        repo.tribunal(&["hooks", "status"]).ok();
        assert_eq!(secret_and_force(&repo), ("stopped", "stopped"), "{tool:?}");
        // The manager installs itself again without an error, and the repair is the same.
        tool.install(&repo, &versions.new).ok();
        ours(&repo);
        repo.tribunal(&["hooks", "status"]).ok();
        ours(&repo).says("nothing to change");
        assert_eq!(secret_and_force(&repo), ("stopped", "stopped"), "{tool:?}");
    }
}

#[test]
fn a_commit_is_checked_by_the_next_hook_where_another_manager_took_the_first() {
    let test = "a_commit_is_checked_by_the_next_hook_where_another_manager_took_the_first";
    let Some(versions) = versions(test) else { return };
    let sandbox = sandbox_of(&versions.new);
    let repo = sandbox.repo("r");
    repo.write("lefthook.yml", "pre-commit:\n  jobs:\n    - run: \"true\"\n");
    repo.commit_unjudged("chore: begin");
    ours(&repo);
    Tool::Lefthook.install(&repo, &versions.new).ok();
    let named = "pre-commit (the hook of lefthook is in their place)";
    repo.write("s", secret()).commit("feat: s").code(1).says(named).says("blocked: s:1:1");
    let said = repo.write("s", "s\n").commit("feat: s").ok().says(named);
    assert_eq!(said.stderr.matches(LOST).count(), 1, "{said}");
    // A person who means it says so, and is told no more.
    repo.tribunal(&["hooks", "uninstall", "pre-commit"]).ok();
    repo.write("t", "t\n").commit("feat: t").ok().never_says(LOST);
    repo.tribunal(&["hooks", "status"]).ok();
}

#[test]
fn the_watcher_says_it_where_no_hook_is_left() {
    let Some(versions) = versions("the_watcher_says_it_where_no_hook_is_left") else { return };
    for tool in [Tool::Husky, Tool::SimpleGitHooks] {
        let sandbox = sandbox_of(&versions.new);
        let repo = scene(&sandbox, tool);
        ours(&repo);
        let watcher = Watcher::start(&repo);
        let log = || repo.tribunal(&["daemon", "log"]).ok().stdout;
        assert!(!log().contains(LOST), "{}", log());
        tool.install(&repo, &versions.new).ok();
        wait_for("the watcher's word", || log().contains(LOST));
        ours(&repo);
        assert_eq!(log().matches(LOST).count(), 1, "{}", log());
        drop(watcher);
    }
}

#[test]
fn scripts_that_are_shared_are_changed_on_a_yes_and_given_back() {
    let Some(versions) = versions("scripts_that_are_shared_are_changed_on_a_yes_and_given_back")
    else {
        return;
    };
    let sandbox = sandbox_of(&versions.new);
    let repo = scene(&sandbox, Tool::Husky);
    Tool::Husky.install(&repo, &versions.new).ok();
    let before = repo.read(".husky/pre-push");
    let lines = "    tribunal hook pre-commit \"$@\" || exit $?";
    // No terminal to ask on: both say so, and `init` does everything else.
    repo.tribunal(&["hooks", "install"]).code(2).says(lines).says("tribunal hooks install --yes");
    repo.tribunal(&["init"]).code(2).says(lines).says("tribunal hooks install --yes");
    fs::remove_file(repo.path("tribunal.toml")).unwrap();
    assert_eq!(repo.read(".husky/pre-push"), before);
    for (typed, agreed) in [("n\n", false), ("\n", false), ("y\n", true)] {
        // And no to whatever else is asked.
        let typed = format!("{typed}n\nn\nn\n");
        let printed = on_terminal_typing(repo.command(&["hooks", "install"]), &typed);
        let printed = String::from_utf8_lossy(&printed);
        assert!(printed.contains("shared through git"), "{printed}");
        assert_eq!(repo.read(".husky/pre-push") != before, agreed, "{printed}");
    }
    repo.tribunal(&["hooks", "install"]).ok().says("nothing to change");
    repo.tribunal(&["hooks", "status"]).ok().says(".husky/pre-push`");
    repo.commit_unjudged("chore: lines");
    assert_eq!(secret_and_force(&repo), ("stopped", "stopped"));
    // In another work tree husky has to be set up, as it is by `npm install`.
    repo.git(&["reset", "--quiet", "--hard"]).ok();
    repo.git(&["worktree", "add", "--quiet", "../w"]).ok();
    repo.tribunal(&["hooks", "status"]).code(1).says("/w` is not guarded").says("(local)");
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("w") };
    fs::create_dir_all(linked.path(".husky/_")).unwrap();
    for entry in fs::read_dir(repo.path(".husky/_")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), linked.path(".husky/_").join(entry.file_name())).unwrap();
    }
    repo.tribunal(&["hooks", "status"]).ok();
    linked.tribunal(&["hooks", "status"]).ok();
    linked.write("s", secret()).commit("feat: s").code(1).says("blocked: s:1:1");
    // And out again, on the same terms.
    repo.tribunal(&["hooks", "uninstall"]).code(2).says("the lines stay");
    assert_ne!(repo.read(".husky/pre-push"), before);
    repo.tribunal(&["hooks", "uninstall", "--yes"]).ok();
    assert_eq!(repo.read(".husky/pre-push"), before);
    assert!(!repo.path(".husky/commit-msg").exists());
    repo.tribunal(&["hooks", "status"]).code(1).says("the hook of husky is in its place");
}

/// Whatever scope has git look elsewhere, it is named by whoever is asked.
#[test]
fn the_setting_that_has_git_look_elsewhere_is_named_with_its_scope() {
    for scope in ["system", "global", "local", "worktree"] {
        let mut sandbox = Sandbox::new();
        let elsewhere = sandbox.path().join("elsewhere").display().to_string();
        let system = sandbox.path().join("system").display().to_string();
        sandbox.vars = vec![("GIT_CONFIG_SYSTEM", system), ("GIT_CONFIG_NOSYSTEM", "0".to_owned())];
        let repo = sandbox.repo("r");
        repo.commit_unjudged("chore: begin");
        ours(&repo);
        repo.git(&["worktree", "add", "--quiet", "../w"]).ok();
        repo.tribunal(&["daemon", "status"]).ok().never_says(LOST);
        repo.git(&["config", "extensions.worktreeConfig", "true"]).ok();
        repo.git(&["config", &format!("--{scope}"), "core.hooksPath", &elsewhere]).ok();
        let named = format!("({scope})");
        repo.tribunal(&["hooks", "status"]).code(1).says(&named).says("missing");
        repo.tribunal(&["status"]).ok().says(&named);
        repo.tribunal(&["daemon", "status"]).ok().says(LOST).says(&named);
        let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("w") };
        let there = linked.tribunal(&["hooks", "status"]).code(1);
        // A setting of one work tree leaves the others guarded, which say of that one.
        assert_eq!(there.stdout.contains("missing"), scope != "worktree", "{there}");
        assert_eq!(there.stderr.contains("/r` is not guarded"), scope == "worktree", "{there}");
    }
}

/// The lines of a shared folder: colleagues without tribunal notice nothing, and the rest of a script has
/// the input, the arguments and the exit status that it had.
#[test]
fn lines_in_a_shared_folder_leave_the_rest_of_a_script_as_it_is() {
    for tool in ["hooks", ".husky/_"] {
        let mut sandbox = Sandbox::new();
        let path = std::env::var("PATH").unwrap();
        let with = format!("{}:{path}", Path::new(TRIBUNAL).parent().unwrap().display());
        sandbox.vars = vec![("PATH", with)];
        let repo = sandbox.repo("r");
        sandbox.bare("origin.git");
        repo.git(&["config", "core.hooksPath", tool]).ok();
        let folder = repo.path(tool.trim_end_matches("/_"));
        executable(folder.join("pre-commit"), "#!/bin/sh\necho own >>ran\nexit $FAIL\n");
        let push =
            "#!/bin/sh\nset -e\nwhile read -r a b c d; do echo \"$1 $c\" >>ran; done\nexit $FAIL\n";
        executable(folder.join("pre-push"), push);
        if tool.ends_with('_') {
            for event in ["pre-commit", "commit-msg", "pre-merge-commit", "pre-push"] {
                let wrapper =
                    format!("#!/bin/sh\ns=.husky/{event}\n[ ! -f $s ] || sh -e $s \"$@\"\n");
                executable(repo.path(tool).join(event), wrapper);
            }
        }
        repo.git(&["config", "core.excludesFile", "/dev/null"]).ok();
        repo.write(".gitignore", "ran\n");
        ours(&repo).says("added lines to");
        repo.commit_unjudged("chore: begin");
        for there in [true, false] {
            for fails in ["0", "3"] {
                let mut vars = vec![("FAIL", fails)];
                if !there {
                    vars.push(("PATH", path.as_str()));
                }
                drop(fs::remove_file(repo.path("ran")));
                repo.write("a", format!("{there} {fails}\n")).git(&["add", "a"]).ok();
                let committed = repo.git_env(&["commit", "--quiet", "-m", "feat: a"], &vars);
                assert_eq!(committed.code, i32::from(fails != "0"), "{there} {committed}");
                let targets = ["push", "--quiet", "../origin.git", "HEAD:x", "HEAD:y"];
                let pushed = repo.git_env(&targets, &vars);
                assert_eq!(pushed.code, i32::from(fails != "0"), "{there} {pushed}");
                let ran = repo.read("ran");
                assert!(ran.starts_with("own\n../origin.git refs/heads/"), "{there} {ran}");
                assert_eq!(ran.lines().count(), 3, "{there} {ran}");
                repo.git_env(&["push", "--quiet", "../origin.git", ":x", ":y"], &[("FAIL", "0")]);
                repo.git(&["reset", "--quiet"]).ok();
            }
            // Nothing to push: git writes nothing, and nothing is read.
            fs::remove_file(repo.path("ran")).unwrap();
            let same = ["push", "--quiet", "../origin.git", "HEAD:z"];
            repo.git_env(&same, &[("FAIL", "0")]).ok();
            repo.git_env(&same, &[("FAIL", "0")]).ok();
            assert_eq!(repo.read("ran").lines().count(), 1);
            repo.git_env(&["push", "--quiet", "../origin.git", ":z"], &[("FAIL", "0")]).ok();
        }
    }
}

#[test]
fn a_script_in_another_language_gets_no_lines_and_may_call_by_itself() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.git(&["config", "core.hooksPath", ".githooks"]).ok();
    executable(repo.path(".githooks/pre-commit"), "#!/usr/bin/env python3\n");
    let before = repo.read(".githooks/pre-commit");
    repo.tribunal(&["hooks", "install", "--yes"])
        .code(2)
        .says("`.githooks/pre-commit` is not a shell script")
        .says("have it run `tribunal hook pre-commit`");
    assert_eq!(repo.read(".githooks/pre-commit"), before);
    assert!(!repo.path(".githooks/pre-push").exists(), "all or nothing");
    let calls = format!(
        "{before}import subprocess\nsubprocess.check_call('tribunal hook pre-commit'.split())\n"
    );
    repo.write(".githooks/pre-commit", &calls);
    ours(&repo).says("added lines to `.githooks/pre-push`");
    assert_eq!(repo.read(".githooks/pre-commit"), calls);
    repo.tribunal(&["hooks", "status"]).ok();
}

/// The code blocks of a section of the document, in its order.
fn recipes(heading: &str) -> Vec<&'static str> {
    let section = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("\n```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap().1).map(str::trim_end).collect()
}

/// A repository set up by a recipe: it guards, `hooks status` knows it, and without tribunal on the machine
/// nothing is in the way.
fn holds(repo: &Repo<'_>, version: &Version) {
    repo.commit_unjudged("chore: recipe").write("a", "a\n").commit_unjudged("feat: a");
    repo.push_to(&repo.sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "status"]).ok();
    repo.write("a", "b\n").commit("feat: clean").ok().never_says(LOST);
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.write("tribunal.toml", "[gates]\ncommit-message = \"block\"\n")
        .commit("feat: policy")
        .ok();
    repo.write("a", "c\n").commit("no form").code(1).says("commit message:1");
    assert_eq!(secret_and_force(repo), ("stopped", "stopped"));
    fs::remove_file(repo.path("s")).unwrap();
    repo.git(&["add", "--all"]).ok();
    let gone = [("PATH", version.path_without_tribunal())];
    let gone: Vec<(&str, &str)> =
        gone.iter().map(|(name, value)| (*name, value.as_str())).collect();
    repo.git_env(&["commit", "--quiet", "-m", "feat: without"], &gone).ok();
}

#[test]
fn the_recipe_for_lefthook_guards() {
    let Some(versions) = versions("the_recipe_for_lefthook_guards") else { return };
    let sandbox = sandbox_of(&versions.new);
    let repo = sandbox.repo("r");
    repo.write("lefthook.yml", recipes("lefthook")[0]);
    Tool::Lefthook.install(&repo, &versions.new).ok();
    holds(&repo, &versions.new);
    ours(&repo);
    assert_eq!(secret_and_force(&repo), ("stopped", "stopped"), "and beside installed hooks");
}

#[test]
fn the_recipes_for_pre_commit_and_prek_guard() {
    let Some(versions) = versions("the_recipes_for_pre_commit_and_prek_guard") else { return };
    for tool in [Tool::PreCommit, Tool::Prek] {
        for (number, recipe) in recipes("pre-commit and prek").into_iter().enumerate() {
            if !every() && (number == 0) != (tool == Tool::PreCommit) {
                continue;
            }
            let sandbox = sandbox_of(&versions.new);
            let published = sandbox.repo("tribunal");
            let hooks = include_str!("../../.pre-commit-hooks.yaml");
            published.write(".pre-commit-hooks.yaml", hooks).commit_unjudged("chore: hooks");
            let recipe = recipe
                .replace("ADDRESS", published.dir.to_str().unwrap())
                .replace("VERSION", &published.rev("HEAD"));
            let repo = sandbox.repo("r");
            repo.write(".pre-commit-config.yaml", recipe).git(&["add", "--all"]).ok();
            tool.install(&repo, &versions.new).ok();
            repo.tribunal(&["hooks", "install", "pre-push"]).ok();
            holds(&repo, &versions.new);
        }
    }
}

#[test]
fn the_recipe_for_simple_git_hooks_guards() {
    let Some(versions) = versions("the_recipe_for_simple_git_hooks_guards") else { return };
    let sandbox = sandbox_of(&versions.new);
    let repo = sandbox.repo("r");
    repo.write("package.json", recipes("simple-git-hooks")[0].replace("npx lint-staged", "true"));
    ours(&repo);
    Tool::SimpleGitHooks.install(&repo, &versions.new).ok();
    holds(&repo, &versions.new);
}

#[test]
fn the_lines_of_the_document_for_husky_are_those_that_are_written() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.git(&["config", "core.hooksPath", ".husky/_"]).ok();
    ours(&repo);
    let written = recipes("husky and other shared folders");
    for (event, lines) in [("pre-commit", written[0]), ("pre-push", written[1])] {
        assert_eq!(repo.read(format!(".husky/{event}")), format!("#!/bin/sh\n{lines}\n"));
    }
    let mut shell = sandbox.command("sh", sandbox.path());
    shell.args(["-n"]);
    run(shell, written[1].as_bytes()).ok();
}
