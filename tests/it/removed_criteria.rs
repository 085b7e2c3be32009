//! What a spec no longer asks for, and was built by an earlier run, is built away.

use serde_json::Value;

use crate::brain::{Part, diligent};
use crate::harness::{Outcome, Repo};
use crate::model_server::Call;
use crate::planned_runs::{
    KILO, SPEC, asked_for, code, good, planned, project, reasons, subjects, tests,
};
use crate::spec_runs::{Step, builder_beside, run, writes};

/// The code of both criteria, with a comment more.
const REMARKED: &str = "# Prints a size in bytes, or what is no size.\ncase $1 in\n  *K) echo $((${1%K} * 1024)) ;;\n  \
    *M) echo $((${1%M} * 1048576)) ;;\nesac\n";

const GONE_TEST: &str =
    "got=$(sh src/size.sh 2M)\n[ \"$got\" = 0 ] || { echo \"assert: got $got\"; exit 1; }\n";

fn removes(files: &[&str], then: Step) -> Step {
    let remove = Call::Shell(format!("rm {}", files.join(" ")));
    Step { calls: std::iter::once(remove).chain(then.calls).collect(), says: then.says }
}

/// The spec without its second criterion.
fn shorter() -> String {
    let kept: Vec<&str> = SPEC.lines().filter(|line| !line.contains("AC-2")).collect();
    format!("{}\n", kept.join("\n")).replace("size: M", "size: S")
}

/// Takes over what was built, as a person does.
fn merged(repo: &Repo<'_>, branch: &str) {
    repo.git(&["merge", "--quiet", "--no-edit", branch]).ok();
    repo.git(&["branch", "--quiet", "-D", branch]).ok();
}

/// The criteria that the last commit of the branch serves.
fn served(repo: &Repo<'_>) -> String {
    let trailer = "--format=%(trailers:key=Criteria,valueonly)";
    repo.git(&["log", "-1", trailer, "tribunal/sizes"]).ok().out().trim().to_owned()
}

fn tree(repo: &Repo<'_>) -> Vec<String> {
    let names = repo.git(&["ls-tree", "-r", "--name-only", "tribunal/sizes"]).ok();
    names.out().lines().map(str::to_owned).collect()
}

fn refusals(repo: &Repo<'_>, outcome: &Outcome) -> String {
    let id = outcome.json()["run"].as_str().unwrap().to_owned();
    repo.tribunal(&["logs", &id, "--full"]).ok().out().to_owned()
}

#[test]
fn what_a_spec_no_longer_asks_for_is_built_away_with_its_tests() {
    let gone = || writes(&[("tests/gone_test.sh", GONE_TEST)], "");
    let mut wrote = tests();
    // A test of what is still asked for is no test to be taken out.
    wrote.push(removes(&["tests/kilo_test.sh"], gone()));
    wrote.push(removes(&["tests/mega_test.sh"], gone()));
    let mut coded = code();
    coded.push(writes(&[("src/size.sh", KILO)], "SUBJECT: feat(size): read no megabytes"));
    let scene = planned(good(), wrote, coded);
    let repo = project(&scene, SPEC);
    run(&repo).ok();

    // What nobody took over is no part of what is built on.
    repo.git(&["branch", "--quiet", "-m", "tribunal/sizes", "later"]).ok();
    repo.write("docs/specs/sizes.md", shorter());
    let plan = repo.tribunal(&["run", "docs/specs/sizes.md", "--plan-only", "--format", "json"]);
    let plan = plan.ok().never_says("version before");
    repo.tribunal(&["abort", plan.json()["run"].as_str().unwrap()]).ok();

    merged(&repo, "later");
    let outcome = run(&repo).ok();
    let outcome = outcome.says("without what AC-2 of the version before asked for");
    let dropped = &outcome.json()["dropped"];
    assert_eq!(
        (&dropped[0]["id"], &dropped[0]["criterion"], dropped.as_array().unwrap().len()),
        (&"AC-2".into(), &"AC-2-gone".into(), 1)
    );
    assert_eq!(subjects(&repo), ["feat(size): read no megabytes"]);
    assert_eq!(served(&repo), "AC-1, AC-2-gone");
    let files = tree(&repo);
    let has = |name: &str| files.iter().any(|file| file == name);
    assert!(has("tests/kilo_test.sh") && has("tests/gone_test.sh"), "{files:?}");
    assert!(!has("tests/mega_test.sh"), "{files:?}");
    let asked = asked_for(&scene, Part::Tests).remove(2);
    assert!(asked.contains("For AC-2-gone: tests in tests/mega_test.sh.\n"), "{asked}");
    let log = refusals(&repo, &outcome);
    assert!(log.contains("it changed `tests/kilo_test.sh`, which was there"), "{log}");
}

#[test]
fn where_no_test_can_show_it_the_earlier_tests_do_once_they_are_put_back() {
    let both = [tests().remove(0), tests().remove(1)].map(|step| step.calls).concat();
    let wrote = vec![
        Step { calls: both, says: "" },
        removes(&["tests/kilo_test.sh", "tests/mega_test.sh"], Step::default()),
        removes(&["tests/mega_test.sh"], Step::default()),
    ];
    let coded = vec![
        code().remove(1),
        // Nothing is gone by that.
        writes(&[("src/size.sh", REMARKED)], ""),
        writes(&[("src/size.sh", KILO)], "SUBJECT: feat(size): read no megabytes"),
    ];
    let scene = builder_beside(wrote, coded, diligent(&[]));
    let repo = project(&scene, &SPEC.replace("size: M", "size: S"));
    run(&repo).ok();
    merged(&repo, "tribunal/sizes");
    repo.write("docs/specs/sizes.md", shorter());
    let outcome = run(&repo).ok();
    assert_eq!(outcome.json()["verdict"], Value::from("pass"), "{}", reasons(&outcome));
    assert_eq!(served(&repo), "AC-1, AC-2-gone");
    let files = tree(&repo);
    assert!(files.contains(&"tests/kilo_test.sh".to_owned()), "{files:?}");
    assert!(!files.contains(&"tests/mega_test.sh".to_owned()), "{files:?}");
    let log = refusals(&repo, &outcome);
    for said in [
        "`AC-2-gone` is not met: every test that was written for what is to go still passes as it was",
        "`tests/kilo_test.sh` was taken out, and passes upon the new code as it was",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
}
