//! The real `claude` and `codex` in every cast: each reviews and arbitrates what the other or itself
//! repairs. Their models are on loopback; what a real service would answer nobody verifies here.
//!
//! `TRIBUNAL_TEST_ALL=1` does the same with every cast and with the newest versions of npm, and says
//! what it cost.

use std::io::{self, Write as _};

use serde_json::Value;

use crate::brain::{CLEAN, LEFT_OUT, Part, Question, diligent};
use crate::harness::Sandbox;
use crate::model_server::{Api, Asked};
use crate::real;
use crate::real::Programs;
use crate::scene::{KEYS, Scene};

/// Who repairs, and who reviews and arbitrates. Those of two vendors are in `agents` too.
const CASTS: [[&str; 2]; 4] =
    [["claude", "claude"], ["codex", "codex"], ["claude", "codex"], ["codex", "claude"]];

/// The effort that a model is asked with.
fn effort(asked: &Asked) -> Option<&str> {
    match asked.api {
        Api::Messages => asked.body["output_config"]["effort"].as_str(),
        Api::Responses => asked.body["reasoning"]["effort"].as_str(),
        Api::Chat => None,
    }
}

fn version<'p>(programs: &'p Programs, name: &str) -> &'p str {
    &programs.versions[usize::from(name == "codex")]
}

fn is_long_form() -> bool {
    std::env::var_os("TRIBUNAL_TEST_ALL").is_some()
}

fn all_casts(test: &str, programs: &Programs) {
    for [executor, reviewer] in CASTS.into_iter().take(if is_long_form() { 4 } else { 2 }) {
        if [executor, reviewer].contains(&"codex") && !real::codex_is_held(test) {
            continue;
        }
        let settings = format!(
            "[agents]\nretries = 0\nreviewer.use = \"{reviewer}\"\narbiter.use = \"{reviewer}\"\n\
             executor.use = \"{executor}\"\n"
        );
        let scene = Scene::real(Sandbox::new(), programs, &settings, diligent(&[LEFT_OUT]));
        let scene = scene.logged_in(&KEYS);
        let repo = scene.repo();
        let words = ["review", "--commit", "HEAD", "--fix", "--format", "json"];
        let outcome = repo.tribunal(&words).ok();
        let json = outcome.json();
        let review = &json["review"];
        let branch = review["offer"]["branch"].as_str().unwrap();
        assert_eq!(repo.git(&["show", &format!("{branch}:src/sum.rs")]).ok().stdout, CLEAN);
        let independent = executor != reviewer;
        assert_eq!(review["independent"], independent, "{outcome}");
        for role in ["reviewer", "arbiter"] {
            let who = review[role].as_str().unwrap();
            let begin = format!("{reviewer} {} (", version(programs, reviewer));
            assert!(who.starts_with(&begin) && who.contains("effort high) at http://"), "{who}");
        }
        let asked = scene.asked();
        for one in &asked {
            let question = Question::read(one);
            let by = if question.part == Part::Fix { executor } else { reviewer };
            assert_eq!(one.api == Api::Messages, by == "claude", "{:?}", question.part);
            if matches!(question.part, Part::Review | Part::Verify | Part::Arbitrate) {
                assert_eq!(effort(one), Some("high"), "{:?} of {by}: {}", question.part, one.body);
            }
        }
        let cost = &review["cost"];
        assert_eq!(cost["unknown"], 0, "{outcome}");
        assert!(cost["usd"].as_f64().unwrap() > 0.0, "{outcome}");
        if is_long_form() {
            tell(programs, [executor, reviewer], asked.len(), cost);
        }
    }
}

/// Says what a cast cost, past the test harness.
fn tell(programs: &Programs, cast: [&str; 2], requests: usize, costs: &Value) {
    let [executor, reviewer] = cast.map(|name| format!("{name} {}", version(programs, name)));
    let line = format!(
        "{executor} repairs, {reviewer} reviews: {} calls, {requests} requests, ${} (${} of it by \
         the price table)",
        costs["calls"], costs["usd"], costs["estimated_usd"]
    );
    writeln!(io::stderr().lock(), "{line}").unwrap();
}

#[test]
fn each_reviews_what_the_other_or_itself_repairs() {
    let test = "real_casts::each_reviews_what_the_other_or_itself_repairs";
    let Some(programs) = real::programs(test) else { return };
    all_casts(test, programs);
}

#[test]
fn the_newest_versions_do_too() {
    if !is_long_form() {
        return;
    }
    let test = "real_casts::the_newest_versions_do_too";
    let Some(programs) = real::newest_programs(test) else { return };
    all_casts(test, programs);
}
