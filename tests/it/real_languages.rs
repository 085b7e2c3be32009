//! The real `claude` and `codex` build specs that are dropped into projects of real languages: one writes and the other
//! judges. Their models are on loopback; what a real service would answer is not verified here.
//!
//! In the usual form the spec is of two tasks in Rust alone, where a suite takes the least time; with
//! `TRIBUNAL_TEST_ALL=1` it is in each language, with both casts.

use serde_json::{Value, json};

use crate::dropped_specs::{agree, looks_often};
use crate::harness::{Repo, Sandbox, cases, happens};
use crate::model_server::{Api, Asked, Say};
use crate::planned_runs::{by_task, planner};
use crate::projects::LanguageProject;
use crate::real;
use crate::scene::{KEYS, Scene, Watcher};
use crate::spec_runs::stepping;
use crate::{projects, toolchains};

/// Who plans and writes, and who judges.
const CASTS: [[&str; 2]; 2] = [["claude", "codex"], ["codex", "claude"]];

/// The run of the spec that was dropped, once it has ended.
fn ended(repo: &Repo<'_>) -> Value {
    let run = || {
        let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let all = listed["runs"].as_array().unwrap().clone();
        all.into_iter().find(|run| run["kind"] == "spec" && run["standing"] == "ended")
    };
    // On a busy machine it takes longer than what is waited for at once.
    let came = (0..6).any(|_| happens(|| run().is_some()));
    assert!(came, "{}\n{}", repo.tribunal(&["status"]), repo.tribunal(&["daemon", "log"]));
    let id = run().unwrap()["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["runs", "show", &id, "--format", "json"]).json()
}

/// What is dropped in the usual form.
struct UsualForm {
    cast: [&'static str; 2],
    is_planned: bool,
}

/// A dropped spec becomes commits that build and pass each by itself.
fn is_built(test: &str, project: &LanguageProject, usual: &UsualForm) {
    let Some(programs) = real::programs(test) else { return };
    if !real::codex_is_held(test) {
        return;
    }
    let is_planned = cases(usual.is_planned, true);
    for [writer, judge] in cases(vec![usual.cast], CASTS.to_vec()) {
        let settings = format!(
            "[agents]\nretries = 0\nplanner.use = \"{writer}\"\nexecutor.use = \"{writer}\"\n\
             reviewer.use = \"{judge}\"\narbiter.use = \"{judge}\"\n"
        );
        let scene = Scene::real(Sandbox::new(), programs, &settings, brain(project, is_planned));
        let scene = project.found_in(scene.logged_in(&KEYS));
        let repo = project.repo(&scene.sandbox);
        looks_often(&scene, &repo);
        agree(&repo);
        let _watcher = Watcher::without_reviews(&repo);
        let one = &project.features[0];
        let (id, subjects) = if is_planned {
            project.spec_of_two(&repo);
            ("sizes", project.subjects_of_two().to_vec())
        } else {
            one.spec(&repo);
            (one.id, vec![one.subject()])
        };
        let json = ended(&repo);
        let cost = &json["cost"]["unknown"];
        assert_eq!((&json["verdict"], cost), (&json!("pass"), &json!(0)), "{json}");
        let branch = format!("tribunal/{id}");
        project.each_commit_passes(&repo, &branch, &subjects);
        // Those behind it are of documents.
        for back in subjects.len().saturating_sub(2)..subjects.len() {
            let message = repo.git(&["log", "-1", "--format=%B", &format!("{branch}~{back}")]).ok();
            for (trailer, name) in [("Executor", writer), ("Reviewer", judge)] {
                let line = format!("Tribunal-{trailer}: {name} ");
                assert!(message.out().contains(&line), "{message}");
            }
        }
        for api in [Api::Messages, Api::Responses] {
            assert!(scene.asked().iter().any(|asked| asked.api == api), "{api:?}: nobody asked it");
        }
    }
}

type Brain = Box<dyn Fn(&Asked) -> Say + Send + Sync>;

/// Answers for both, of the first feature or of the first two.
fn brain(project: &LanguageProject, is_planned: bool) -> Brain {
    let [tests, code] = project.steps_of_two();
    let others = planner(project.planning_of_two());
    if is_planned {
        Box::new(by_task(tests, code, others))
    } else {
        Box::new(stepping(tests, code, others))
    }
}

#[test]
fn they_build_a_dropped_spec_in_a_python_project() {
    let test = "real_languages::they_build_a_dropped_spec_in_a_python_project";
    let Some(toolchain) = toolchains::python(test) else { return };
    is_built(test, &projects::python(toolchain), &UsualForm { cast: CASTS[0], is_planned: false });
}

#[test]
fn they_build_a_dropped_spec_in_a_typescript_project() {
    let test = "real_languages::they_build_a_dropped_spec_in_a_typescript_project";
    let Some(toolchain) = toolchains::typescript(test) else { return };
    is_built(
        test,
        &projects::typescript(toolchain),
        &UsualForm { cast: CASTS[1], is_planned: false },
    );
}

#[test]
fn they_build_a_dropped_spec_in_a_rust_project() {
    let test = "real_languages::they_build_a_dropped_spec_in_a_rust_project";
    is_built(test, &projects::rust(), &UsualForm { cast: CASTS[0], is_planned: true });
}
