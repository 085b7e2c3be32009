//! The branch that a run builds on moves meanwhile: its commits are put upon what it is by then, and judged there.

use crate::brain::LEFT_OUT;
use crate::harness::{Outcome, Repo, executable, short};
use crate::model_server::Call;
use crate::planned_runs;
use crate::planned_runs::{each_commit_passes, good, planned};
use crate::scene::Scene;
use crate::spec_runs::{
    Left, POLICY, Step, builder, came, good_code, good_tests, killed_at_saves, project, run,
};

/// An executor that does this, and meanwhile somebody commits these files to the person's `main`.
pub fn while_moving(step: Step, files: &[(&str, &str)]) -> Step {
    let mut script = "cd \"$(sed -n '1s|/[.]git/.*||p' .git/objects/info/alternates)\"".to_owned();
    for (path, text) in files {
        let add = format!("printf '%s\\n' '{text}' > {path} && git add {path}");
        script = format!("{script} && mkdir -p \"$(dirname {path})\" && {add}");
    }
    script += " && git -c core.hooksPath=/dev/null -c user.name=p -c user.email=p@localhost commit -qm 'feat: more' || true";
    Step { calls: [step.calls, vec![Call::Shell(script)]].concat(), ..step }
}

fn moving(files: &[(&str, &str)]) -> Scene {
    builder(vec![good_tests()], vec![while_moving(good_code(), files)], &[LEFT_OUT])
}

/// Somebody works beside what the run changes.
fn moving_near() -> Scene {
    moving(&[("src/more.sh", "echo more")])
}

/// How many reviews the run of a result made.
fn reviews(outcome: &Outcome) -> usize {
    outcome.json()["reviews"].as_array().unwrap().len()
}

fn is_upon_main(repo: &Repo<'_>, commits: usize) {
    assert_eq!(repo.rev(&format!("tribunal/sizes~{commits}")), repo.rev("main"));
}

#[test]
fn what_is_built_is_published_upon_what_its_base_is_by_then() {
    let scene = moving(&[("lib/more.sh", "echo more")]);
    let repo = project(&scene);
    let outcome = run(&repo).ok().says("`main` moved meanwhile: it has 1 commit beyond");
    let json = outcome.json();
    is_upon_main(&repo, 1);
    assert_eq!((json["base"]["moved_by"].clone(), reviews(&outcome)), (().into(), 1));
    assert_eq!(json["base"]["commit"], repo.rev("main"));
    let touched = repo.git(&["diff", "--name-only", "main", "tribunal/sizes"]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh", "nothing of it is taken back");
    let message = repo.git(&["log", "-1", "--format=%B", "tribunal/sizes"]).out().to_owned();
    assert!(
        message.starts_with("feat(size): read sizes with a unit\n\nSpec: sizes\n"),
        "{message}"
    );
    let id = short(json["run"].as_str().unwrap()).to_owned();
    repo.tribunal(&["logs", &id]).ok().says("rebasing").says("and pass there");

    // What is near is looked at once more.
    let scene = moving_near();
    let repo = project(&scene);
    assert_eq!(reviews(&run(&repo).ok()), 2);
    is_upon_main(&repo, 1);
}

#[test]
fn commits_that_are_signed_are_signed_upon_the_new_base() {
    let scene = moving(&[("lib/more.sh", "echo more")]);
    let repo = project(&scene);
    let signer = scene.sandbox.path().join("signer");
    // It tells much of what it verified, which git shows with each commit where it is asked to.
    let sign = "cat > /dev/null; case \"$*\" in *--verify*) echo 'gpg: Good signature' >&2; exit 0;; esac\n\
        echo '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n";
    executable(&signer, format!("#!/bin/sh\n{sign}"));
    for (key, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.program", signer.to_str().unwrap()),
        ("log.showSignature", "true"),
        ("i18n.logOutputEncoding", "latin1"),
    ] {
        repo.git(&["config", "--global", key, value]).ok();
    }
    run(&repo).ok();
    is_upon_main(&repo, 1);
    let commit = repo.git(&["cat-file", "commit", "tribunal/sizes"]).ok();
    assert!(commit.out().contains("gpgsig"), "{commit}");
    assert!(commit.out().contains("\n\nfeat(size): read sizes with a unit\n"), "{commit}");
}

#[test]
fn what_does_not_fit_there_is_for_a_person_and_kept() {
    let clash = "[ ! -e src/size.sh ] || { echo \"assert: two sizes\"; exit 1; }";
    for (files, says) in [
        ([("src/size.sh", "echo 2")], "it conflicts with what `main` has now in `src/size.sh`"),
        ([("tests/clash_test.sh", clash)], "upon what `main` has now task 1 does not pass:"),
    ] {
        let scene = moving(&files);
        let repo = project(&scene);
        let outcome = run(&repo).code(3);
        let (stage, verdict, why) = came(&outcome);
        assert_eq!((stage.as_str(), verdict), ("ended", "escalate".into()));
        assert!(
            why.contains("it does not fit on what its base is now") && why.contains(says),
            "{why}"
        );
        assert!(repo.git(&["branch", "--list", "tribunal/*"]).out().is_empty());
        // It is theirs to take.
        let take = outcome.json()["apply"].as_str().unwrap().to_owned();
        let words = shell_words(&take);
        repo.git(&words[1..]).ok();
        assert_ne!(repo.rev("tribunal/sizes~1"), repo.rev("main"));
    }
}

/// The words of a line without quotes and spaces in them.
fn shell_words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_planned_run_is_reviewed_and_documented_upon_the_new_base() {
    let [first, second] = <[Step; 2]>::try_from(planned_runs::code()).ok().unwrap();
    let second = while_moving(second, &[("src/more.sh", "echo more")]);
    let scene = planned(good(), planned_runs::tests(), vec![first, second]);
    let repo = planned_runs::project(&scene, planned_runs::SPEC);
    let outcome = repo.tribunal(&["run", "docs/specs/sizes.md", "--format", "json"]).ok();
    is_upon_main(&repo, 4);
    // All of it is reviewed anyway, after that.
    assert_eq!(reviews(&outcome), 3);
    each_commit_passes(&repo);
    let document = repo.git(&["show", "tribunal/sizes:docs/review/sizes.md"]).ok();
    for commit in ["tribunal/sizes~3", "tribunal/sizes~2"] {
        let name = repo.rev(commit)[..10].to_owned();
        assert!(document.out().contains(&name), "{name} in {document}");
    }
}

#[test]
fn who_approved_the_result_is_asked_about_what_it_became() {
    let scene = builder(vec![good_tests()], vec![good_code()], &[LEFT_OUT]);
    let repo = project(&scene);
    let words = ["run", "docs/specs/sizes.md", "--mode", "manual", "--format", "json"];
    let json = repo.tribunal(&words).code(3).json();
    let id = short(json["run"].as_str().unwrap()).to_owned();
    repo.write("lib/more.sh", "echo more\n").git(&["add", "lib"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "feat: more"]).ok();
    let approve = ["approve", &id, "--format", "json"];
    repo.tribunal(&approve).code(2).says("`main` moved since the page was written");
    let again = repo.tribunal(&approve).code(3).json();
    assert_eq!(
        (&again["stage"], &again["base"]["moved_by"]),
        (&"waiting for you".into(), &().into())
    );
    repo.tribunal(&approve).ok();
    is_upon_main(&repo, 1);
}

#[test]
fn a_policy_that_came_with_it_takes_a_yes() {
    let policy = format!("{POLICY}[[commands]]\nname = \"more\"\nrun = \"true\"\n");
    let scene = moving(&[("tribunal.toml", &policy)]);
    let repo = project(&scene);
    let json = run(&repo).code(4).json();
    let why = json["reasons"].to_string();
    assert!(
        why.contains("you have not agreed to the commands of this repository: `more`"),
        "{why}"
    );
    // Whatever is checked out by then.
    repo.git(&["checkout", "--quiet", "-b", "other", "main~1"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let asked = scene.asked().len();
    repo.tribunal(&["resume", short(json["run"].as_str().unwrap())]).ok();
    is_upon_main(&repo, 1);
    assert_eq!(scene.asked().len(), asked, "nothing is asked again");
}

#[test]
fn a_run_whose_base_moved_survives_a_kill_at_a_save() {
    let scene = moving_near();
    let repo = project(&scene);
    let whole = Left::of(&scene, &repo, &run(&repo).ok());
    killed_at_saves(&whole, 13, moving_near, project);
}
