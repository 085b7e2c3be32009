//! Runs of specs where something about the repository, the person's settings or the machine is not as usual.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::harness::{Repo, executable, short, wait_for};
use crate::model_server::Call;
use crate::scene::Scene;
use crate::spec_runs::{
    CODE, NARROW, NEW_TEST, POLICY, RUNNER, SPEC, Step, begun, builder, came, good_code,
    good_tests, project, refs, run, writes,
};

fn usual() -> Scene {
    builder(vec![good_tests()], vec![good_code()], &[])
}

fn shell(script: &str, then: Step) -> Step {
    let mut step = then;
    step.calls.insert(0, Call::Shell(script.to_owned()));
    step
}

#[test]
fn what_git_ignores_of_what_was_written_is_named() {
    let scene = usual();
    let repo = project(&scene);
    let exclude = repo.path(".git/info/exclude");
    fs::write(&exclude, "size_test.sh\n").unwrap();
    let (_, _, reasons) = came(&run(&repo).code(3));
    let named = "ignored by git, and left out: `tests/size_test.sh`";
    assert!(reasons.contains(named), "{reasons}");
    let prompts: Vec<String> = scene.asked().into_iter().map(|asked| asked.prompt).collect();
    assert!(prompts.iter().any(|prompt| prompt.contains(named)), "{prompts:?}");

    // The code is there, and a part of it that it needs is not.
    let code = &[("src/size.sh", ". src/part.sh\n"), ("src/part.sh", CODE)];
    let scene = builder(vec![good_tests()], vec![writes(code, "")], &[]);
    let repo = project(&scene);
    fs::write(repo.path(".git/info/exclude"), "part.sh\n").unwrap();
    let (_, _, reasons) = came(&run(&repo).code(3));
    assert!(reasons.contains("ignored by git, and left out: `src/part.sh`"), "{reasons}");
}

#[test]
fn a_file_that_is_too_large_is_left_out_and_named() {
    let large = "head -c 3000 /dev/zero | tr '\\0' x > dump.txt";
    let scene = builder(vec![good_tests()], vec![shell(large, good_code())], &[]);
    let repo = project(&scene);
    let words = ["run", "docs/specs/sizes.md", "--set", "sandbox.file=2 KiB"];
    repo.tribunal(&words).ok().says("left out: `dump.txt` (2 KiB) (`sandbox.file` allows 2 KiB)");
    let files = repo.git(&["ls-tree", "-r", "--name-only", "tribunal/sizes"]).ok();
    assert!(files.out().contains("src/size.sh") && !files.out().contains("dump"), "{files}");
}

#[test]
fn a_base_that_was_rewritten_and_removed_is_told_with_what_to_do() {
    let scene = usual();
    let repo = project(&scene);
    let words = ["run", "sizes", "--format", "json", "--set", "budget.run=0.001"];
    let id = repo.tribunal(&words).code(4).json()["run"].as_str().unwrap().to_owned();
    repo.git(&[
        "commit",
        "--quiet",
        "--no-verify",
        "--amend",
        "--allow-empty",
        "-m",
        "feat: again",
    ])
    .ok();
    repo.git(&["reflog", "expire", "--expire=now", "--all"]).ok();
    repo.git(&["gc", "--quiet", "--prune=now"]).ok();
    repo.tribunal(&["resume", short(&id)])
        .code(2)
        .says("of `main` that this run builds on is no more")
        .says(&format!("`tribunal abort {}` ends this run", short(&id)));
    repo.tribunal(&["runs", "show", short(&id)]).ok();
    repo.tribunal(&["abort", short(&id)]).ok();
    run(&repo).ok();
}

/// What signs stands in for a program that waits for a person.
#[test]
fn a_signal_while_a_commit_is_signed_stops_the_run_and_it_goes_on_to_one_commit() {
    let scene = usual();
    let repo = project(&scene);
    let signer = scene.sandbox.path().join("signer");
    let (begun, go) = (scene.sandbox.path().join("signing"), scene.sandbox.path().join("go"));
    executable(
        &signer,
        format!(
            "#!/bin/sh\ncat > {0}.text\ntouch {0}\nwhile [ ! -e {1} ]; do sleep 0.05; done\n\
             echo '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n",
            begun.display(),
            go.display()
        ),
    );
    repo.git(&["config", "commit.gpgSign", "true"]).ok();
    repo.git(&["config", "gpg.program", signer.to_str().unwrap()]).ok();
    let mut command = repo.command(&["run", "docs/specs/sizes.md"]);
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for("the signature", || begun.exists());
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("was stopped by signal 2") && said.contains("tribunal resume"), "{said}");
    fs::write(&go, "").unwrap();
    let id = said.split("tribunal resume ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    let asked = scene.asked().len();
    repo.tribunal(&["resume", &id]).ok().says("built `sizes`");
    assert_eq!(scene.asked().len(), asked);
    assert_eq!(repo.git(&["rev-list", "--count", "main..tribunal/sizes"]).out(), "1");
    let commit = repo.git(&["cat-file", "commit", "tribunal/sizes"]).ok();
    assert!(commit.out().contains("gpgsig"), "{commit}");
}

#[test]
fn what_a_partial_clone_lacks_of_the_base_is_fetched_first() {
    let scene = usual();
    let origin = scene.sandbox.repo("origin");
    origin.write("run-tests", RUNNER).write("tribunal.toml", POLICY);
    origin.commit_unjudged("feat: nothing");
    origin.git(&["checkout", "--quiet", "-b", "other"]).ok();
    let old = "[ \"$(sh src/hello.sh)\" = hello ] || { echo 'assert: no hello'; exit 1; }\n";
    origin.write("src/hello.sh", "echo hello\n").write("tests/hello_test.sh", old);
    origin.commit_unjudged("feat: hello");
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        origin.git(&["config", key, "true"]).ok();
    }
    let repo = scene.sandbox.repo("r");
    let address = format!("file://{}", origin.path("").display());
    repo.git(&["remote", "add", "origin", &address]).ok();
    repo.git(&["fetch", "--quiet", "--filter=blob:none", "origin"]).ok();
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC.replace("size: S", "size: S\nbase: other"));
    // The policy of the base is read first, and is that of what is checked out.
    fs::rename(origin.path(""), scene.sandbox.path().join("away")).unwrap();
    run(&repo).code(2).says("could not be fetched").says("hint: ");
    fs::rename(scene.sandbox.path().join("away"), origin.path("")).unwrap();
    run(&repo).ok();
    let touched = repo.git(&["diff", "--name-only", "origin/other", "tribunal/sizes"]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
}

#[test]
fn hooks_and_monitors_that_a_person_has_everywhere_do_not_run_in_a_run() {
    let meddles = shell("git add --all; git commit -qm mine; git status; true", good_code());
    let scene = builder(vec![good_tests()], vec![meddles], &[]);
    let repo = project(&scene);
    let hooks = scene.sandbox.path().join("hooks");
    let ran = scene.sandbox.path().join("ran");
    fs::create_dir_all(&hooks).unwrap();
    let names = [
        "reference-transaction",
        "post-index-change",
        "pre-commit",
        "post-commit",
        "post-checkout",
        "monitor",
    ];
    for name in names {
        executable(
            hooks.join(name),
            format!("#!/bin/sh\necho \"{name} $PWD\" >> {}\n", ran.display()),
        );
    }
    let config = format!("[core]\n\thooksPath = {0}\n\tfsmonitor = {0}/monitor\n", hooks.display());
    fs::write(scene.sandbox.home().join(".gitconfig"), config).unwrap();
    run(&repo).ok();
    assert_eq!(fs::read_to_string(&ran).unwrap_or_default(), "");
    // What a spec is built with does not depend on them.
    assert_eq!(repo.git(&["show", "tribunal/sizes:tests/size_test.sh"]).stdout, NEW_TEST);
}

#[test]
fn specs_whose_ids_differ_in_case_alone_are_one() {
    let scene = usual();
    let repo = project(&scene);
    let other = SPEC.replace("id: sizes", "id: Sizes");
    repo.write("docs/specs/other.md", &other);
    assert_eq!(repo.until_save(&["run", "docs/specs/sizes.md"], 30).code, -1);
    wait_for("the agents to end", || scene.alive().is_empty());
    repo.tribunal(&["run", "docs/specs/other.md"])
        .code(2)
        .says("ids that differ in case alone (`Sizes`, `sizes`)")
        .says("`tribunal resume ");
    let id = begun(&repo).unwrap();
    repo.tribunal(&["resume", &id])
        .ok()
        .says(&format!("continuing the run {} of the spec `sizes`", short(&id)));
    repo.tribunal(&["run", "docs/specs/other.md"])
        .code(2)
        .says("the branch `tribunal/sizes`, which differs from `tribunal/Sizes` in case alone")
        .says("`git branch -m tribunal/sizes NAME`");
    assert_eq!(refs(&repo).trim(), "refs/heads/main\nrefs/heads/tribunal/sizes");
}

/// What a later version of the program wrote is said to be that, is left as it is, and is not built beside it.
#[test]
fn a_run_of_a_later_version_is_told_and_not_begun_again() {
    let scene = usual();
    let repo = project(&scene);
    assert_eq!(repo.until_save(&["run", "sizes"], 30).code, -1);
    wait_for("the agents to end", || scene.alive().is_empty());
    let id = begun(&repo).unwrap();
    let file = format!(".git/tribunal/runs/{id}/run.json");
    let mut stored: Value = serde_json::from_str(&repo.read(&file)).unwrap();
    stored["version"] = 99.into();
    stored["machine"]["spec"]["stage"] = "a-later-stage".into();
    repo.write(&file, stored.to_string());
    let asked = scene.asked().len();
    let told = |words: &[&str], code| {
        repo.tribunal(words).code(code).says("is from a newer tribunal (format 99, known is 7)");
    };
    told(&["run", "sizes"], 2);
    told(&["resume", &id], 2);
    told(&["runs", "show", &id], 2);
    told(&["runs"], 0);
    repo.tribunal(&["status"]).ok();
    assert_eq!((repo.read(&file), scene.asked().len()), (stored.to_string(), asked));
    // What has ended is in nobody's way.
    stored["machine"]["spec"]["stage"] = json!({"ended": {"a-later-end": {}}});
    repo.write(&file, stored.to_string());
    repo.tribunal(&["run", "sizes"]).ok();
}

#[test]
fn what_is_typed_that_is_no_spec_is_told_in_words_that_fit() {
    let scene = usual();
    let repo = project(&scene);
    repo.tribunal(&["run", "docs/specs"])
        .code(2)
        .says("`docs/specs` is a folder")
        .says("spec list");
    repo.tribunal(&["runs"]).ok().says("no runs yet").says("`tribunal run SPEC` builds a spec");
    repo.tribunal(&["spec", "new", "x.lock"]).code(2).says("`.lock` at its end");
    repo.tribunal(&["status"]).ok().never_says("no runs of specs");
}

/// A run is ended that was killed while its review was under way.
#[test]
fn the_review_of_a_run_that_was_ended_has_ended_with_it() {
    let standings = |repo: &Repo<'_>| -> Vec<(String, String)> {
        let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let word = |run: &Value, key: &str| run[key].as_str().unwrap().to_owned();
        let runs = json["runs"].as_array().unwrap();
        runs.iter().map(|run| (word(run, "kind"), word(run, "standing"))).collect()
    };
    for k in (40..).step_by(20) {
        let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
        let repo = project(&scene);
        let killed = repo.until_save(&["run", "sizes"], k);
        assert_eq!(killed.code, -1, "no review was under way before save {k}");
        let before = standings(&repo);
        if before != [("fix", "stopped"), ("spec", "stopped")].map(|(a, b)| (a.into(), b.into())) {
            continue;
        }
        let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let id = json["runs"][1]["id"].as_str().unwrap().to_owned();
        repo.tribunal(&["abort", &id]).ok();
        assert!(standings(&repo).iter().all(|(_, standing)| standing == "ended"));
        repo.tribunal(&["runs"]).ok().says("ended with its run").never_says("tribunal resume");
        return;
    }
}

#[test]
fn what_was_built_and_not_published_outlasts_the_newest_runs() {
    let scene = builder(vec![good_tests()], vec![writes(&[("src/size.sh", "echo 1\n")], "")], &[]);
    let repo = project(&scene);
    let json = run(&repo).code(3).json();
    let id = json["run"].as_str().unwrap();
    let runs = repo.path(".git/tribunal/runs");
    let state = fs::read_to_string(runs.join(id).join("run.json")).unwrap();
    // Newer ones by their names, with nothing in them that is nowhere else.
    let newer: Vec<String> = (0..101).map(|n| format!("{}ZZZZZZZZZZZZ{n:04}", &id[..10])).collect();
    for newer in &newer {
        fs::create_dir(runs.join(newer)).unwrap();
        fs::write(runs.join(newer).join("run.json"), state.replace(id, newer)).unwrap();
    }
    run(&repo).code(3);
    assert!(runs.join(id).join("repository/refs/tribunal").exists());
    assert!(!runs.join(&newer[0]).exists() && runs.join(&newer[50]).exists());
}
