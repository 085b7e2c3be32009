//! Runs of specs in projects of Python, TypeScript and Rust in every mode.

use serde_json::Value;

use crate::harness::{Outcome, short};
use crate::projects;
use crate::projects::{Feature, LanguageProject};
use crate::spec_runs::{
    NEW_TEST, POLICY, RUNNER, SPEC, builder, good_code, run as run_spec, writes,
};
use crate::toolchains;

fn built(outcome: Outcome) -> Value {
    let json = outcome.ok().json();
    assert_eq!(json["verdict"], "pass", "{json}");
    json
}

/// Of three specs each is built in another mode.
fn are_built_in_every_mode(project: &LanguageProject) {
    let code = project.features.iter().map(|one| project.code(one, &[])).collect();
    let tests = project.features.iter().map(Feature::tests).collect();
    let scene = project.found_in(builder(tests, code, &[]));
    let repo = project.repo(&scene.sandbox);
    for feature in &project.features {
        feature.spec(&repo);
    }
    repo.commit_unjudged("docs: specs");
    let run = |feature: &Feature, words: &[&str]| {
        repo.tribunal(&[&["run", feature.id, "--format", "json"], words].concat())
    };
    let passes = |feature: &Feature| {
        let branch = format!("tribunal/{}", feature.id);
        project.each_commit_passes(&repo, &branch, &[feature.subject()]);
    };
    let [auto, fast, manual] = &project.features;
    built(run(auto, &[]));
    passes(auto);
    let json = built(run(fast, &["--mode=fast", "--commit"]));
    assert_eq!(json["mode"], "fast", "{json}");
    passes(fast);
    let json = run(manual, &["--mode=manual"]).code(3).json();
    assert_eq!(json["waits_for"]["about"], "the result", "{json}");
    let id = short(json["run"].as_str().unwrap());
    built(repo.tribunal(&["approve", id, "--format", "json"]));
    passes(manual);
}

#[test]
fn specs_are_built_in_a_python_project_in_every_mode() {
    let name = "specs_are_built_in_a_python_project_in_every_mode";
    let Some(toolchain) = toolchains::python(name) else { return };
    are_built_in_every_mode(&projects::python(toolchain));
}

#[test]
fn specs_are_built_in_a_typescript_project_in_every_mode() {
    let name = "specs_are_built_in_a_typescript_project_in_every_mode";
    let Some(toolchain) = toolchains::typescript(name) else { return };
    are_built_in_every_mode(&projects::typescript(toolchain));
}

#[test]
fn specs_are_built_in_a_rust_project_in_every_mode() {
    are_built_in_every_mode(&projects::rust());
}

/// As `tsc` does, which writes what it compiled beside what an earlier call of it did.
#[test]
fn what_was_compiled_of_refused_tests_is_not_run_with_those_that_replace_them() {
    let refused = "echo 'getaddrinfo ENOTFOUND'; exit 1\n";
    let tests = [("tests/first_test.sh", refused), ("tests/size_test.sh", NEW_TEST)];
    let tests = tests.map(|file| writes(&[file], "")).to_vec();
    let scene = builder(tests, vec![good_code()], &[]);
    let repo = scene.sandbox.repo("r");
    let compiles = format!(
        "mkdir -p build && cp tests/*_test.sh build/\n{}",
        RUNNER.replace("tests/*", "build/*")
    );
    repo.write("run-tests", compiles).write(".gitignore", "build\n").write("tribunal.toml", POLICY);
    repo.write("tests/old_test.sh", "true\n").commit_unjudged("feat: begin");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC);
    built(run_spec(&repo));
    let touched = repo.git(&["diff", "--name-only", "main", "tribunal/sizes"]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
}
