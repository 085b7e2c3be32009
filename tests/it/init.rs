//! `init` in repositories of many kinds: what it writes, what it proposes, and what is left when it is
//! stopped on its way; and how quiet the hooks are after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, cases, executable, run};
use crate::output::terminal::on_terminal_typing;
use crate::scene::secret;

/// A repository with a secret in its history and a remote.
fn repository(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("deploy.txt", format!("{}\n", secret())).commit_unjudged("deploy with a key");
    repo.write("README.md", "A library.\n").commit_unjudged("readme");
    repo.push_to(&sandbox.bare("origin.git"));
    repo
}

/// The files that git does not know yet.
fn new_files(repo: &Repo<'_>) -> Vec<String> {
    let listed = repo.git(&["status", "--porcelain", "--untracked-files=all"]).ok();
    listed.stdout.lines().map(|line| line.trim_start_matches("?? ").to_owned()).collect()
}

/// Every file of the work tree and every hook, with its content.
fn everything(repo: &Repo<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![repo.dir.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(&repo.dir).unwrap();
            let is_other = below.starts_with(".git") && !below.starts_with(".git/hooks");
            if path.is_dir() && (!is_other || below == Path::new(".git")) {
                open.push(path);
            } else if !is_other {
                all.insert(below.to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// Runs `init` with only those programs in `PATH`, and git.
fn init_with(repo: &Repo<'_>, programs: &[&str], words: &[&str]) -> Outcome {
    let folder = repo.sandbox.path().join("programs");
    drop(fs::remove_dir_all(&folder));
    for program in programs {
        executable(folder.join(program), "#!/bin/sh\necho \"ran $0 $*\" >&2\n");
    }
    let git = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    executable(folder.join("git"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", git.display()));
    let words = [&["init"], words].concat();
    repo.tribunal_with(&words, &[("PATH", folder.to_str().unwrap())], b"")
}

#[test]
fn the_settings_the_baseline_and_the_hooks_are_written_and_nothing_else() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let before = everything(&repo);
    let said = repo.tribunal(&["init", "--dry-run"]).ok();
    let said =
        said.says("would write\n  .ai/baseline.txt\n      1 secret that the last commit holds");
    said.says("  tribunal.toml\n").says("would install the hooks in .git/hooks").says("commit-msg");
    assert!(everything(&repo) == before);

    let said = repo.tribunal(&["init"]).ok().says("wrote .ai/baseline.txt, tribunal.toml");
    said.says("installed 5 hooks").says("it takes effect once it is committed");
    assert_eq!(new_files(&repo), [".ai/baseline.txt", "tribunal.toml"]);
    repo.tribunal(&["hooks", "status"]).ok();

    // Until it is committed, the baseline holds nothing, and that is said.
    let check = repo.tribunal(&["check", "--all"]).code(1).says("deploy.txt");
    check.says("not committed: `.ai/baseline.txt` (untracked)").says("once");

    let again = repo.tribunal(&["init"]).ok();
    assert_eq!((again.stdout.lines().count(), again.stderr.as_str()), (1, ""), "{again}");
    again.says("nothing to do: the files are there and the hooks are in place");

    // The first commit after it is greeted by nothing.
    let made = repo.commit("chore: begin with tribunal").ok();
    assert_eq!((made.stdout.as_str(), made.stderr.as_str()), ("", ""), "{made}");
    repo.git(&["push", "--quiet", "origin", "main"]).ok().never_says("warning");
    repo.tribunal(&["check", "--all"]).ok().never_says("warning").never_says("hint");
    repo.tribunal(&["init"]).ok().says("nothing to do");
    repo.write("copy.txt", format!("{}\n", secret())).commit("chore: the same key").ok();
}

#[test]
fn what_else_there_is_is_written_on_request_alone() {
    let sandbox = Sandbox::new();
    for (number, (flag, files)) in [
        ("--agents-md", &["AGENTS.md"][..]),
        ("--constitution", &[".ai/constitution.md", ".ai/context/project.md"]),
        (
            "--docs",
            &[
                "docs/architecture.md",
                "docs/decisions/README.md",
                "docs/domain-model.md",
                "docs/specs/README.md",
            ],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let repo = sandbox.repo(&format!("r{number}"));
        repo.tribunal(&["init", "--no-hooks"]).ok().says(flag);
        assert_eq!(new_files(&repo), ["tribunal.toml"]);
        repo.tribunal(&["init", "--no-hooks", flag]).ok().says(files[0]);
        let written = new_files(&repo);
        let others: Vec<&String> = written.iter().filter(|name| *name != "tribunal.toml").collect();
        assert_eq!(others, files, "{flag}");
        repo.tribunal(&["init", "--no-hooks", flag]).ok().says("nothing to do");
        repo.commit_unjudged("chore: tribunal").tribunal(&["check", "--all"]).ok();
    }
}

#[test]
fn nothing_is_written_into_what_a_documentation_tool_builds() {
    for (sign, tool) in [
        ("docs/conf.py", "Sphinx"),
        ("docs/source/conf.py", "Sphinx"),
        ("mkdocs.yml", "MkDocs"),
        ("docs/.vitepress/config.ts", "VitePress"),
        ("website/docusaurus.config.js", "Docusaurus"),
        ("docs/astro.config.mjs", "Astro"),
        ("docs/book.toml", "mdBook"),
        ("docs/_config.yml", "Jekyll"),
        ("docs/hugo.toml", "Hugo"),
        ("docs/antora.yml", "Antora"),
    ] {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo("r");
        repo.write(sign, "x\n").commit_unjudged("docs: begin");
        let said = repo.tribunal(&["init", "--no-hooks", "--docs", "--agents-md"]).ok();
        let said =
            said.says("`docs/specs/README.md` are not written: `docs` is built by").says(tool);
        assert_eq!(said.stderr.matches("not written").count(), 1, "{said}");
        assert_eq!(new_files(&repo), ["AGENTS.md", "tribunal.toml"], "{sign}");
    }
}

#[test]
fn a_command_is_proposed_where_its_program_and_script_are_there_and_runs() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let package = r#"{"scripts":{"test":"vitest"},"packageManager":"pnpm@10.1.0"}"#;
    repo.write("package.json", package).write("yarn.lock", "").commit_unjudged("begin");
    let look = ["--no-hooks", "--dry-run"];
    let said = init_with(&repo, &["yarn", "npm", "pnpm"], &look).ok();
    said.says("not proposed: `pnpm test`: it starts `vitest`, which is neither in");
    repo.write(".gitignore", "node_modules\n").commit_unjudged("ignore");
    executable(repo.path("node_modules/.bin/vitest"), "#!/bin/sh\n");
    let said = init_with(&repo, &["yarn", "npm"], &look).ok();
    said.says("not proposed: `pnpm test`: `pnpm` is not in `PATH`").never_says("yarn");

    init_with(&repo, &["pnpm"], &["--no-hooks"]).ok().says(
        "`pnpm test` before each push: proposed, and switched off; once it is on a push that",
    );
    let policy = repo.read("tribunal.toml");
    assert!(policy.contains("\n# run = \"pnpm test\"\n"), "{policy}");
    // What is proposed is switched off: nothing to agree to, and nothing runs.
    repo.tribunal(&["trust", "commands"]).ok().says("this repository has no commands");
    fs::remove_file(repo.path("tribunal.toml")).unwrap();

    let said = init_with(&repo, &["pnpm"], &["--no-hooks", "--commands", "--dry-run"]).ok();
    said.says("would ask whether it may run `pnpm test`");
    let said = init_with(&repo, &["pnpm"], &["--no-hooks", "--commands"]).ok();
    said.says("runs    pnpm test").says("not trusted");
    init_with(&repo, &["pnpm"], &["--dry-run"])
        .ok()
        .says("would ask whether it may run `pnpm test`");
    init_with(&repo, &["pnpm"], &["--commands"]).ok().says("`--commands` changes nothing");
    repo.commit_unjudged("chore: tribunal");
    repo.tribunal(&["trust", "--yes"]).ok();
    let path = sandbox.path().join("programs");
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    repo.tribunal_with(&["check", "--all", "--commands"], &[("PATH", &path)], b"").ok();
    let log = repo.path(".git/tribunal/logs/commands");
    let logs =
        fs::read_dir(log).unwrap().map(|log| fs::read_to_string(log.unwrap().path()).unwrap());
    assert!(logs.collect::<String>().contains("/pnpm test\n"));
}

#[test]
fn what_is_set_up_already_is_told_and_not_doubled() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("lefthook.yml", "").write(".commitlintrc.json", "{}");
    for number in 0..25 {
        repo.write("n", format!("{number}")).commit_unjudged(&format!("feat: number {number}"));
    }
    let said = repo.tribunal(&["init", "--no-hooks"]).ok();
    said.says("lefthook: hooks that it installed are kept").says("commitlint: it checks messages");
    assert!(!repo.read("tribunal.toml").contains("commit-message"));
    fs::remove_file(repo.path("tribunal.toml")).unwrap();
    fs::remove_file(repo.path(".commitlintrc.json")).unwrap();
    // Where every commit has the form it is asked for, and a slip stops nobody.
    repo.tribunal(&["init"]).ok().says("`commit-message` warns: the last 25 commits");
    repo.commit("chore: tribunal").ok().never_says("warning");
    let made = repo.write("n", "x").commit("no form").ok();
    let line = "tribunal: 1 warning: the commit message's first line is not `<type>(<scope>): \
                <description>` [commit-message]\n";
    assert_eq!(made.stderr, line);
}

#[test]
fn on_a_terminal_it_asks_once() {
    for (typed, is_done) in [
        ("\n", true),
        ("y\n", true),
        ("yes\n", true),
        ("n\n", false),
        ("x\n", false),
        ("\u{4}", false),
    ] {
        let sandbox = Sandbox::new();
        let repo = repository(&sandbox);
        // To whatever is asked after it the answer is the end of the input: no.
        let typed = format!("{typed}\u{4}\u{4}\u{4}");
        let said = String::from_utf8(on_terminal_typing(repo.command(&["init"]), &typed)).unwrap();
        assert_eq!(said.matches("[Y/n]").count(), 1, "{said}");
        // The baseline and the hooks are named before the question.
        let shown = said.split("[Y/n]").next().unwrap();
        assert!(shown.contains(".ai/baseline.txt") && shown.contains("pre-push"), "{said}");
        assert!(shown.lines().count() < 24, "{said}");
        assert_eq!(repo.path("tribunal.toml").exists(), is_done, "{typed:?} {said}");
        assert_eq!(repo.path(".git/hooks/pre-push").exists(), is_done, "{typed:?} {said}");
        let said = on_terminal_typing(repo.command(&["init", "--yes"]), "\u{4}\u{4}");
        assert!(!String::from_utf8(said).unwrap().contains("[Y/n]"));
        assert!(repo.path("tribunal.toml").exists());
    }
}

#[test]
fn what_cannot_be_done_keeps_nothing_else_from_it() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    // A hooks folder that is a part of the work tree.
    repo.write(".husky/_/pre-commit", "").git(&["config", "core.hooksPath", ".husky/_"]).ok();
    repo.commit_unjudged("chore: husky");
    let said = repo.tribunal(&["init"]).code(2).says("wrote .ai/baseline.txt, tribunal.toml");
    said.says("no hook was installed: ").says("`tribunal hooks install --yes`").says("husky: ");
    assert_eq!(new_files(&repo), [".ai/baseline.txt", "tribunal.toml"]);
    repo.git(&["config", "--unset", "core.hooksPath"]).ok();
    repo.tribunal(&["init"]).ok().says("installed 5 hooks").never_says("wrote");

    // A file where a folder would be.
    let repo = sandbox.repo("file");
    repo.write("deploy.txt", format!("{}\n", secret())).write(".ai", "").commit_unjudged("begin");
    let said = repo.tribunal(&["init"]).ok().says("`.ai/baseline.txt` is not written: ");
    said.says("wrote tribunal.toml").says("installed 5 hooks");

    // Settings that cannot be used, and a hooks folder that is none.
    let repo = sandbox.repo("broken");
    drop(fs::remove_dir_all(repo.path(".git/hooks")));
    repo.write(".git/hooks", "");
    repo.tribunal(&["init"]).code(2).says("wrote tribunal.toml").says("run `tribunal init` again");
    fs::remove_file(repo.path(".git/hooks")).unwrap();
    repo.tribunal(&["init"]).ok().says("installed 5 hooks");
}

#[test]
fn on_a_full_disk_nothing_is_left() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let before = everything(&repo);
    // No file may have a byte, as on a disk without room; the signal for it is not listened to.
    let mut full = sandbox.command("sh", &repo.dir);
    full.args(["-c", &format!("trap '' XFSZ; ulimit -f 0; exec '{TRIBUNAL}' init")]);
    let said = run(full, b"").code(2).says("could not write").says("run `tribunal init` again");
    said.never_says("wrote").never_says("installed 5");
    assert!(everything(&repo) == before);
    repo.tribunal(&["init"]).ok().says("wrote").says("installed 5 hooks");
}

#[test]
fn a_kill_at_any_moment_is_made_up_for_by_the_next_init() {
    let words = ["init", "--constitution", "--docs", "--agents-md"];
    let sandbox = Sandbox::new();
    let template = repository(&sandbox);
    executable(template.path(".git/hooks/pre-commit"), "#!/bin/sh\n");
    let before = everything(&template);
    let lay_out = |name: &str| {
        let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join(name) };
        let mut copy = sandbox.command("cp", sandbox.path());
        copy.args(["-a".as_ref(), template.dir.as_os_str(), repo.dir.as_os_str()]);
        run(copy, b"").ok();
        repo
    };
    let whole = lay_out("whole");
    whole.tribunal(&words).ok();
    let after = everything(&whole);
    // In the usual form at one save of three.
    for save in (1..).step_by(cases(3, 1)) {
        let repo = lay_out(&format!("killed-{save}"));
        if repo.until_save(&words, save).code == 0 {
            assert!(save > 20, "{save}");
            break;
        }
        // Each file is whole or not there, but for what was about to take its place.
        let killed = everything(&repo);
        for (name, content) in &killed {
            let is_half = name.rsplit('/').next().unwrap().starts_with(".tribunal-");
            let known = [before.get(name), after.get(name)];
            assert!(is_half || known.contains(&Some(content)), "{save}: {name}");
        }
        repo.tribunal(&words).ok();
        let (now, names) = (everything(&repo), |all: &BTreeMap<String, Vec<u8>>| {
            all.keys().cloned().collect::<Vec<String>>()
        });
        assert_eq!(names(&now), names(&after), "{save}");
        assert!(now == after, "{save}");
    }
}

#[test]
fn the_usual_work_is_quiet_and_a_line_says_what_is_wrong() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.tribunal(&["init"]).ok();
    repo.commit("chore: tribunal").ok();
    for number in 0..20 {
        repo.write(format!("src/{number}.rs"), "fn a() {}\n".repeat(30));
    }
    let made = repo.commit("feat: many files").ok();
    assert_eq!(made.stderr, "", "{made}");

    repo.write("tribunal.toml", "[gates]\nscope = \"warn\"\n");
    let made = repo.commit("chore: keep changes small").ok();
    made.says("tribunal: 1 warning: `tribunal.toml` changed: ").says("[governance]");
    for number in 0..17 {
        repo.write(format!("lib/{number}.rs"), "fn a() {}\n");
    }
    let said = repo.commit("feat: many files").ok();
    let line = "tribunal: 1 warning: 17 files changed (limit 3) [scope]. Details: `tribunal check --from \
                HEAD~1`\n";
    assert_eq!(said.stderr, line);

    // What nobody wrote by hand, and what is gone, is counted apart.
    repo.write(".gitattributes", "dist/** linguist-generated\n").commit("chore: attributes").ok();
    for number in 0..6 {
        repo.write(format!("dist/{number}.js"), "x\n".repeat(200));
        repo.write(format!("a/_vendor/{number}.py"), "x\n".repeat(200));
        repo.write(format!("third_party/{number}.c"), "x\n".repeat(200));
        repo.write(
            format!("api/{number}.go"),
            "// Code generated by x. DO NOT EDIT.\n".repeat(150),
        );
        fs::remove_file(repo.path(format!("src/{number}.rs"))).unwrap();
    }
    let made = repo.commit("feat: generate and vendor").ok();
    assert_eq!(made.stderr, "", "{made}");
}

#[test]
fn the_whole_tree_is_no_change_of_the_policy_and_a_first_policy_changes_none() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("begin");
    repo.tribunal(&["init", "--constitution"]).ok();
    repo.commit("chore: tribunal").ok().never_says("warning");
    repo.tribunal(&["check", "--all"]).ok().never_says("warning");
    let github = repo.tribunal(&["check", "--all", "--format", "github"]).ok();
    assert_eq!(github.stdout, "");
    // A first policy that guards less than the defaults is named.
    let repo = sandbox.repo("weak");
    repo.write("a", "1\n").commit_unjudged("begin");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("tribunal.toml", "[gates]\nsecrets = \"off\"\n");
    repo.commit("chore: policy").ok().says("1 warning: `tribunal.toml` changed");
    repo.tribunal(&["check", "--all"]).ok().never_says("changed");
}

#[test]
fn examples_of_conflicts_are_no_conflicts() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let (start, end) = ("<".repeat(7) + " ours", ">".repeat(7) + " theirs");
    let conflict = format!("{start}\na\n=======\nb\n{end}\n");
    let check = |name: &str, text: &str| {
        repo.write(name, text).git(&["add", "--all"]).ok();
        let said = repo.tribunal(&["check"]);
        repo.git(&["rm", "--quiet", "--force", name]).ok();
        said
    };
    repo.write("README.md", "A page.\n").commit_unjudged("begin");
    let fenced = format!("# Conflicts\n\n```text\n{conflict}```\n");
    check("docs/conflicts.md", &fenced).ok();
    check("docs/conflicts.txt", &fenced).code(1).says("unresolved merge conflict marker");
    check("docs/open.md", &format!("```text\n{conflict}")).code(1);
    check("docs/around.md", &format!("{start}\n```\na\n```\n=======\nb\n{end}\n")).code(1);

    let mark = ["tribunal:", "allow conflict-markers"].concat();
    check("t.rs", &format!("// {mark} what the parser reads\n{conflict}")).ok();
    check("t.rs", &format!("// {mark}\n{conflict}")).code(1).says("gives no reason");
    check("t.rs", &format!("// {mark} of one alone\n{conflict}{conflict}")).code(1).says("t.rs:7");
    let blocked = check("t.rs", &conflict).code(1);
    blocked
        .says("tribunal:allow conflict-markers <reason>")
        .says("gates.conflict-markers.allow-paths");

    let policy = "[gates.conflict-markers]\nallow-paths = [\"docs/**\"]\n";
    repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
    check("docs/conflicts.txt", &conflict).ok();
    check("t.rs", &conflict).code(1);
}

#[test]
fn an_old_password_is_not_told_at_every_edit_of_its_file() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["hooks", "install"]).ok();
    let line = |value: &str| format!("DB_{} = \"{value}\"\n", "PASSWORD");
    let old = line("vK8wQ2zR5tYp");
    repo.write("app.py", &old)
        .commit("feat: app")
        .ok()
        .says("1 warning: app.py:1")
        .says("[secrets]");
    repo.write("app.py", format!("import os\n{old}"))
        .commit("feat: more")
        .ok()
        .never_says("warning");
    let new = line("mT4xN9cL7hBd");
    let made = repo.write("app.py", format!("{old}{new}")).commit("feat: another").ok();
    made.says("1 warning: app.py:2");
    // What would block is told as long as it is there.
    repo.write("key", format!("{}\n", secret())).commit_unjudged("by some other way");
    repo.write("key", format!("{}\n# a line more\n", secret()));
    repo.commit("chore: a line").ok().says("1 warning: key:1").says("it was there before");
}

#[test]
fn a_clone_s_baseline_has_nothing_that_is_allowed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let turned = |by: usize| {
        let secret = secret();
        let (first, last) = secret[4..].split_at(by);
        [&secret[..4], last, first].concat()
    };
    repo.write("listed", format!("key = {}\n", secret())).git(&["add", "listed"]).ok();
    let found = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    let id = found["findings"][0]["id"].as_str().unwrap();
    repo.tribunal(&["findings", "allow", id, "--reason", "a sample"]).ok();
    let marker = ["tribunal:allow", "secrets", "a sample"].join(" ");
    repo.write("beside", format!("# {marker}\nkey = {}\n", turned(3)));
    repo.write("plain", format!("key = {}\n", turned(5))).commit_unjudged("samples");
    let clone = sandbox.path().join("clone");
    repo.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]).ok();
    let clone = Repo { sandbox: &sandbox, dir: clone };
    clone.tribunal(&["init"]).ok();
    let baseline = clone.read(".ai/baseline.txt");
    assert!(baseline.contains(" plain\n"), "{baseline}");
    assert!(!baseline.contains("listed") && !baseline.contains("beside"), "{baseline}");
    // Where there is nothing else, there is no baseline.
    fs::remove_file(clone.path(".ai/baseline.txt")).unwrap();
    clone.git(&["rm", "--quiet", "plain"]).ok();
    clone.commit_unjudged("no other");
    clone.tribunal(&["init"]).ok();
    assert!(!clone.path(".ai/baseline.txt").exists());
}

#[test]
fn a_dry_run_says_what_would_be() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    executable(repo.path(".git/hooks/pre-commit"), "#!/bin/sh\n");
    let said = repo.tribunal(&["init", "--dry-run"]).ok();
    said.says("would install the hooks").says("your own `pre-commit` would be kept and still run");
    repo.tribunal(&["init"]).ok().says("your own `pre-commit` will be kept and still run");
    let other = sandbox.repo("other");
    other.write("mkdocs.yml", "x\n").commit_unjudged("docs: begin");
    let words = ["init", "--no-hooks", "--docs", "--dry-run"];
    other
        .tribunal(&words)
        .ok()
        .says("would not be written: `docs` is built by")
        .never_says("not written:");
}
