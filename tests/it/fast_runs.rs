//! Fast mode: a small spec is built without a plan and without a review, and stays out of the person's
//! repository unless they asked for it.

use std::fs;
use std::process::Command;

use crate::brain::{LEFT_OUT, Mistake, Part, Question, diligent};
use crate::harness::{Outcome, Repo, Sandbox, short, wait_for};
use crate::model_server::Asked;
use crate::real;
use crate::scene::{KEYS, Scene};
use crate::spec_runs::{
    CODE, Left, NARROW, POLICY, SPEC, Step, begun, builder, came, good_code, good_tests,
    killed_at_saves_of, made, project, refs, stepping, writes,
};

const FAST: [&str; 6] = ["run", "docs/specs/sizes.md", "--mode", "fast", "--format", "json"];

fn fast(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&FAST)
}

fn usual(mistakes: &'static [Mistake]) -> Scene {
    builder(vec![good_tests()], vec![good_code()], mistakes)
}

fn parts(scene: &Scene) -> Vec<Part> {
    let first = |asked: &Asked| asked.turns == 0;
    scene.asked().iter().filter(|asked| first(asked)).map(|one| Question::read(one).part).collect()
}

/// Does what a shell is told, somewhere else.
fn shell(repo: &Repo<'_>, line: &str) -> Outcome {
    let mut command: Command = repo.sandbox.command("sh", repo.sandbox.path());
    command.args(["-c", line]);
    crate::harness::run(command, b"")
}

#[test]
fn what_is_built_stays_with_the_run_and_the_printed_command_applies_it() {
    // A mistake that a reviewer would see: nobody is asked.
    let scene = usual(&[NARROW]);
    let repo = project(&scene);
    let before = (repo.rev("HEAD"), refs(&repo));
    let json = fast(&repo).ok().json();
    assert_eq!((&json["verdict"], &json["mode"]), (&"pass".into(), &"fast".into()));
    assert_eq!(parts(&scene), [Part::Tests, Part::Code]);
    assert_eq!((repo.rev("HEAD"), refs(&repo)), before);
    assert_eq!(repo.git(&["status", "--porcelain"]).out(), "?? docs/");
    let show = repo.tribunal(&["runs", "show", short(json["run"].as_str().unwrap())]).ok();
    let show = show.says("nothing is published").says("nobody reviewed it (fast mode)");
    // As printed, from any folder.
    let printed = show.stderr.lines().find_map(|line| line.strip_prefix("hint: `")).unwrap();
    let command = printed.split('`').next().unwrap();
    assert_eq!(json["apply"], command);
    shell(&repo, command).ok();
    assert_eq!(repo.read("src/size.sh"), CODE);
    let status = repo.git(&["status", "--porcelain"]).ok();
    assert_eq!(status.out(), "A  src/size.sh\nA  tests/size_test.sh\n?? docs/");
    assert_eq!(repo.rev("HEAD"), before.0);
    let own = repo.path(format!(".git/tribunal/runs/{}/repository", json["run"].as_str().unwrap()));
    let message = repo.git(&[
        "--git-dir",
        own.to_str().unwrap(),
        "log",
        "-1",
        "--format=%B",
        json["commit"].as_str().unwrap(),
    ]);
    assert!(message.out().contains("Tribunal-Mode: fast"), "{message}");
    for trailer in ["Tribunal-Reviewer", "Tribunal-Review", "Tribunal-Arbiter", "Criteria"] {
        assert!(!message.out().contains(trailer), "{message}");
    }
}

#[test]
fn the_printed_command_works_from_a_linked_work_tree_whose_path_has_spaces_and_quotes() {
    let scene = usual(&[]);
    let repo = project(&scene);
    let linked = scene.sandbox.path().join("it's a tree");
    let words = ["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()];
    repo.git(&words).ok();
    fs::create_dir_all(linked.join("docs/specs")).unwrap();
    fs::write(linked.join("docs/specs/sizes.md"), SPEC).unwrap();
    let linked_repo = ["--repo", linked.to_str().unwrap()];
    let words =
        [&["run", "sizes", "--mode", "fast", "--format", "json"], &linked_repo[..]].concat();
    let json = repo.tribunal(&words).ok().json();
    shell(&repo, json["apply"].as_str().unwrap()).ok();
    assert_eq!(fs::read_to_string(linked.join("src/size.sh")).unwrap(), CODE);
    assert!(!repo.path("src/size.sh").exists());
}

#[test]
fn it_is_published_where_that_was_asked_for_and_the_push_still_wants_a_review() {
    for by_variable in [false, true] {
        let scene = usual(&[LEFT_OUT]);
        let repo = project(&scene);
        repo.write("tribunal.toml", format!("{POLICY}[review]\npre-push = \"block\"\n"));
        repo.commit_unjudged("chore: policy and spec").push_to(&scene.sandbox.bare("origin.git"));
        repo.tribunal(&["hooks", "install"]).ok();
        let outcome = if by_variable {
            repo.tribunal_with(&FAST, &[("FAST_AUTO_WORK_COMMIT", "1")], b"")
        } else {
            repo.tribunal(&[&FAST[..], &["--commit"]].concat())
        };
        let json = outcome.ok().json();
        assert_eq!(repo.rev("tribunal/sizes"), json["commit"].as_str().unwrap());
        assert_eq!(json["apply"], serde_json::Value::Null);
        let message = repo.git(&["log", "-1", "--format=%B", "tribunal/sizes"]).ok();
        assert!(!message.out().contains("Tribunal-Reviewer"), "{message}");
        let pushed = repo.git(&["push", "origin", "tribunal/sizes"]);
        assert_ne!(pushed.code, 0, "{pushed}");
        pushed.says("review");
    }
    let scene = usual(&[]);
    let repo = project(&scene);
    let other = ["run", "sizes", "--commit"];
    repo.tribunal(&other).code(2).says("`--commit` is for `--mode fast`");
}

#[test]
fn whether_it_is_published_is_as_it_was_last_asked_for() {
    let scene = usual(&[]);
    let repo = project(&scene);
    let commits = [&FAST[..], &["--commit"]].concat();
    let killed = repo.until_save(&commits, 12);
    assert_eq!(killed.code, -1, "{killed}");
    wait_for("the agents to end", || scene.alive().is_empty());
    repo.git(&["branch", "tribunal/sizes"]).ok();
    repo.tribunal(&commits).code(4).says("the branch `tribunal/sizes` was made meanwhile");
    repo.git(&["branch", "-D", "tribunal/sizes"]).ok();
    let words = ["run", "sizes", "--mode", "fast"];
    repo.tribunal(&words).ok().says("nothing is published").never_says("the branch");
    assert_eq!(repo.rev("tribunal/sizes"), "");
    // Of one that begins no branch is told either.
    repo.tribunal(&words).ok().says("building the spec `sizes` on main").never_says("the branch");
}

#[test]
fn what_needs_a_plan_is_refused_before_anything_is_asked() {
    let scene = usual(&[]);
    let repo = project(&scene);
    for size in ["M", "L"] {
        repo.write("docs/specs/sizes.md", SPEC.replace("size: S", &format!("size: {size}")));
        fast(&repo)
            .code(2)
            .says(&format!("the spec `sizes` is of size {size}, and fast mode builds size S alone"))
            .says("tribunal run sizes --mode auto")
            .says("--mode manual");
    }
    assert!(begun(&repo).is_none());
    assert_eq!(scene.asked().len(), 0);
    // Where nobody states a size it is counted, and nobody is asked.
    repo.write("docs/specs/sizes.md", SPEC.replace("size: S\n", ""));
    fast(&repo).ok();
    assert_eq!(parts(&scene), [Part::Tests, Part::Code]);
}

#[test]
fn what_is_not_committed_is_refused_and_settings_narrow_that_to_what_the_spec_touches() {
    let scene = usual(&[]);
    let repo = project(&scene);
    let touching = SPEC.replace("size: S", "size: S\ntouches: [\"src/size.sh\", \"new.txt\"]");
    repo.write("docs/specs/sizes.md", &touching);
    repo.write("src/hello.sh", "echo hi\n").write("note.txt", "mine\n");
    fast(&repo).code(2).says("`src/hello.sh`, `note.txt`").says("runs.fast-dirty = \"touched\"");
    let narrowed = [&FAST[..], &["--set", "runs.fast-dirty=touched"]].concat();
    repo.write("new.txt", "mine\n");
    repo.tribunal(&narrowed).code(2).says("the work tree has changes that are in none: `new.txt`");
    assert_eq!(scene.asked().len(), 0);
    fs::remove_file(repo.path("new.txt")).unwrap();
    let json = repo.tribunal(&narrowed).ok().json();
    // What is not committed stays as it is, and what was built lies beside it.
    shell(&repo, json["apply"].as_str().unwrap()).ok();
    assert_eq!(
        (repo.read("src/hello.sh"), repo.read("src/size.sh")),
        ("echo hi\n".into(), CODE.into())
    );

    // A repository has no say in it.
    let policy = format!("{POLICY}[runs]\nfast-dirty = \"touched\"\n");
    repo.write("tribunal.toml", policy);
    repo.tribunal(&["check", "--all"]).says("runs");
}

#[test]
fn what_leaves_the_scope_is_escalated_with_the_mode_that_builds_it() {
    let four: Vec<(String, &str)> = (0..4).map(|n| (format!("src/part{n}.sh"), CODE)).collect();
    let four: Vec<(&str, &str)> = four.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let beside = |path: &'static str| writes(&[("src/size.sh", CODE), (path, "echo 1\n")], "");
    let cases: [(Step, &str, &str); 7] = [
        (writes(&four, ""), "it changes 4 files beside tests", "auto"),
        (beside("tools/size.sh"), "several areas of the project: `src`, `tools`", "auto"),
        (beside("src/router.sh"), "`src/router.sh`: it says where requests go", "manual"),
        (
            beside("src/openapi.yaml"),
            "`src/openapi.yaml`: it is what others are promised",
            "manual",
        ),
        (beside("src/migrations/1.sql"), "`src/migrations/1.sql`", "manual"),
        (beside("docs/architecture.md"), "how the system is put together", "manual"),
        (
            writes(&[], "EXTEND: src/units.sh, for the units"),
            "asks for more: `src/units.sh`: for the units",
            "auto",
        ),
    ];
    for (code, reason, mode) in cases {
        let scene = builder(vec![good_tests()], vec![code], &[]);
        let repo = project(&scene);
        let outcome = fast(&repo).code(3);
        let (stage, verdict, reasons) = came(&outcome);
        assert_eq!((stage.as_str(), verdict), ("ended", "escalate".into()), "{reason}");
        assert!(reasons.contains(reason), "`{reason}` in {reasons}");
        assert_eq!(parts(&scene), [Part::Tests, Part::Code], "it is not tried again: {reason}");
        assert_eq!(refs(&repo).trim(), "refs/heads/main");
        let json = outcome.json();
        let file = json["escalation"].as_str().unwrap();
        let page = fs::read_to_string(file).unwrap();
        assert!(page.contains(reason), "`{reason}` in {page}");
        assert!(page.contains(&format!("tribunal run sizes --mode {mode}")), "{page}");
        // What was written can be taken, with its tests.
        let command = page.lines().find(|line| line.contains(" fetch --quiet "));
        let is_written = !reason.contains("asks for more");
        if let Some(command) = command.filter(|_| is_written) {
            shell(&repo, command.trim()).ok();
            let taken = repo.git(&["ls-tree", "-r", "--name-only", "tribunal/sizes-attempt"]).ok();
            assert!(taken.out().contains("tests/size_test.sh"), "{taken}");
        }
        assert_eq!(command.is_some(), is_written, "{page}");
        let id = json["run"].as_str().unwrap();
        assert!(file.contains(id), "it is in the folder of the run: {file}");
        repo.tribunal(&["runs", "show", short(id)]).ok().says(file);
    }
}

/// Of so many save points one is tried.
const STEP: u64 = 17;

#[test]
fn a_fast_run_survives_a_kill_at_a_save() {
    let whole_project = || usual(&[]);
    let scene = whole_project();
    let repo = project(&scene);
    let words = [&FAST[..], &["--commit"]].concat();
    let whole = Left::of(&scene, &repo, &repo.tribunal(&words).ok());
    assert_eq!(whole.calls, ["task-1-code-1", "task-1-tests-1"]);
    assert_eq!(made(&scene).len(), 2);
    killed_at_saves_of(&words, &whole, STEP, whole_project, project);
}

/// The real program writes; what a real service would answer nobody verifies here.
#[test]
fn the_real_program_builds_in_fast_mode() {
    let test = "fast_runs::the_real_program_builds_in_fast_mode";
    let Some(programs) = real::programs(test) else { return };
    let brain = stepping(vec![good_tests()], vec![good_code()], diligent(&[]));
    let scene = Scene::real(Sandbox::new(), programs, "[agents]\nretries = 0\n", brain);
    let scene = scene.logged_in(&KEYS);
    let repo = project(&scene);
    let json = fast(&repo).ok().json();
    assert_eq!(
        (&json["cost"]["calls"], &json["cost"]["unknown"]),
        (&2.into(), &0.into()),
        "{json}"
    );
    shell(&repo, json["apply"].as_str().unwrap()).ok();
    assert_eq!(repo.read("src/size.sh"), CODE);
}

#[test]
fn a_run_of_another_mode_is_not_continued_by_accident() {
    let scene = usual(&[]);
    let repo = project(&scene);
    let words = ["run", "sizes", "--set", "budget.run=0.001", "--format", "json"];
    let id = repo.tribunal(&words).code(4).json()["run"].as_str().unwrap().to_owned();
    fast(&repo)
        .code(2)
        .says("it is in mode `auto`")
        .says(&format!("tribunal abort {}", short(&id)));
}
