//! The state machine of runs, as it is performed: jobs side by side, pauses, and what is saved.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::brain::{LEFT_OUT, Part, Question, diligent};
use crate::harness::{Repo, short};
use crate::model_server::{Asked, Say};
use crate::resume::SMALL;
use crate::scene::Scene;

const REVIEW: [&str; 5] = ["review", "--commit", "HEAD", "--format", "json"];

/// Lets callers through when so many are there, or a time is over.
struct Gathering {
    there: Mutex<usize>,
    more: Condvar,
    wanted: usize,
}

impl Gathering {
    fn of(wanted: usize) -> Arc<Self> {
        Arc::new(Self { there: Mutex::new(0), more: Condvar::new(), wanted })
    }

    /// Whether all came in time.
    fn wait(&self) -> bool {
        let mut there = self.there.lock().unwrap();
        *there += 1;
        self.more.notify_all();
        let missing = |there: &mut usize| *there < self.wanted;
        let longest = Duration::from_mins(1);
        let (_there, waited) = self.more.wait_timeout_while(there, longest, missing).unwrap();
        !waited.timed_out()
    }
}

/// How many findings are of the review.
fn of_review(json: &Value) -> usize {
    let findings = json["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["gate"] == "review").count()
}

fn state(repo: &Repo<'_>, id: &str) -> Value {
    serde_json::from_str(&repo.read(format!(".git/tribunal/runs/{id}/run.json"))).unwrap()
}

/// When jobs of that kind started and ended, by the journal: name, start, end.
fn times(state: &Value, kind: &str) -> Vec<(String, String, String)> {
    let entries = state["journal"].as_array().unwrap();
    let at = |job: &str, is: &dyn Fn(&Value) -> bool| {
        let found = entries.iter().find(|entry| entry["job"] == job && is(&entry["event"]));
        found.unwrap()["at"].as_str().unwrap().to_owned()
    };
    let names = entries.iter().filter(|entry| entry["event"] == "started");
    let names = names.map(|entry| entry["job"].as_str().unwrap());
    let names = names.filter(|job| job.starts_with(kind) && job.ends_with(char::is_numeric));
    names
        .map(|job| {
            let started = at(job, &|event| event == "started");
            (job.to_owned(), started, at(job, &|event| event["ended"].is_string()))
        })
        .collect()
}

#[test]
fn two_chunks_of_one_review_and_two_arbitrations_are_asked_side_by_side() {
    let (reviews, arbitrations) = (Gathering::of(2), Gathering::of(2));
    let apart = Arc::new(AtomicBool::new(false));
    let (brain, said) = (diligent(&[LEFT_OUT]), Arc::clone(&apart));
    let scene = Scene::new("", move |asked: &Asked| {
        let met = match Question::read(asked).part {
            Part::Review => reviews.wait(),
            Part::Arbitrate => arbitrations.wait(),
            _ => true,
        };
        said.fetch_or(!met, Ordering::SeqCst);
        brain(asked)
    });
    let repo = scene.two_chunks();
    let json = repo.tribunal(&[&REVIEW[..], &SMALL].concat()).code(1).json();
    assert!(!apart.load(Ordering::SeqCst), "they were asked one after the other");
    assert_eq!(of_review(&json), 2, "{json:#}");
    assert_eq!(json["review"]["cost"]["calls"], 4, "{json:#}");
    let state = state(&repo, json["review"]["run"].as_str().unwrap());
    for kind in ["review-0-0-", "arbiter-0-F-"] {
        let times = times(&state, kind);
        assert_eq!(times.len(), 2, "{times:?}");
        let (last_start, first_end) = (
            times.iter().map(|(_, start, _)| start).max().unwrap(),
            times.iter().map(|(.., end)| end).min().unwrap(),
        );
        assert!(last_start < first_end, "{times:?}");
    }
}

#[test]
fn one_at_a_time_where_the_user_says_so() {
    let under_way = Arc::new(Mutex::new((0, 0)));
    let (brain, counted) = (diligent(&[LEFT_OUT]), Arc::clone(&under_way));
    let scene = Scene::new("[agents]\nparallel = 1\n", move |asked: &Asked| {
        {
            let mut counted = counted.lock().unwrap();
            counted.0 += 1;
            counted.1 = counted.1.max(counted.0);
        }
        let said = brain(asked);
        counted.lock().unwrap().0 -= 1;
        said
    });
    let repo = scene.two_chunks();
    let json = repo.tribunal(&[&REVIEW[..], &SMALL].concat()).code(1).json();
    assert_eq!(under_way.lock().unwrap().1, 1);
    let state = state(&repo, json["review"]["run"].as_str().unwrap());
    let times = times(&state, "review-0-0-");
    assert_eq!(times.len(), 2);
    assert!(times[0].2 <= times[1].1, "{times:?}");
}

/// The whole budget of a call is set aside while it is under way: there is enough for all of them one
/// after the other, and not for two at once.
#[test]
fn a_budget_that_is_too_small_for_two_calls_at_once_is_enough_for_one_after_the_other() {
    let scene = Scene::new("[budget]\nrun = 1.2\n", diligent(&[LEFT_OUT]));
    let repo = scene.two_chunks();
    let json = repo.tribunal(&[&REVIEW[..], &SMALL].concat()).code(1).json();
    assert_eq!(of_review(&json), 2, "{json:#}");
    assert_eq!(json["review"]["cost"]["calls"], 4, "{json:#}");
}

/// A reviewer that is not logged in answers nothing: once it is, the same command goes on, and what was
/// answered meanwhile is not asked for again.
#[test]
fn a_run_whose_agent_could_not_be_called_is_paused_and_goes_on() {
    for resume in [true, false] {
        let logged_in = Arc::new(AtomicBool::new(false));
        let (brain, now) = (diligent(&[LEFT_OUT]), Arc::clone(&logged_in));
        let scene = Scene::new("", move |asked: &Asked| {
            let question = Question::read(asked);
            let is_last = question.sections.iter().all(|section| section.path == "src/two.rs");
            if question.part == Part::Review && is_last && !now.load(Ordering::SeqCst) {
                return Say::unauthorized();
            }
            brain(asked)
        });
        let repo = scene.two_chunks();
        let words = [&REVIEW[..], &SMALL].concat();
        let paused = repo.tribunal(&words).code(4).json();
        let id = paused["review"]["run"].as_str().unwrap().to_owned();
        assert_eq!(paused["review"]["resume_when"], "asked", "{paused:#}");
        let asked = scene.asked().len();
        let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        assert_eq!((&runs["version"], &runs["runs"][0]["standing"]), (&1.into(), &"paused".into()));
        repo.tribunal(&["runs"]).ok().says("paused").says(&format!("resume {}", short(&id)));

        let other = ["resume", &id, "--set", "agents.reviewer.model=other"];
        repo.tribunal(&other).code(2).says("changed since").says("change them back");
        logged_in.store(true, Ordering::SeqCst);
        let resumed = [&["resume", &id, "--format", "json"][..], &SMALL].concat();
        let words = if resume { resumed } else { words };
        let json = repo.tribunal(&words).code(1).json();
        assert_eq!(json["review"]["run"], id.as_str());
        assert_eq!(of_review(&json), 2, "{json:#}");
        assert_eq!(json["review"]["resume_when"], Value::Null);
        let reviews = scene.asked()[asked..]
            .iter()
            .filter(|asked| Question::read(asked).part == Part::Review)
            .count();
        assert_eq!(reviews, 1, "the chunk that was answered is not asked about again");
        let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
        assert_eq!(cost["total"]["calls"], 5, "the call that failed counts too: {cost:#}");
    }
}

/// The state before a job is saved before it starts: a kill during a call is not taken for one before it.
#[test]
fn what_is_under_way_is_in_the_saved_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (brain, states) = (diligent(&[LEFT_OUT]), Arc::clone(&seen));
    let folder = Arc::new(Mutex::new(None::<std::path::PathBuf>));
    let runs = Arc::clone(&folder);
    let scene = Scene::new("", move |asked: &Asked| {
        let runs = runs.lock().unwrap().clone().unwrap();
        let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(run.join("run.json")).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        let last = state["journal"].as_array().unwrap().last().unwrap().clone();
        states.lock().unwrap().push((Question::read(asked).part, last));
        brain(asked)
    });
    let repo = scene.repo();
    *folder.lock().unwrap() = Some(repo.path(".git/tribunal/runs"));
    repo.tribunal(&[&REVIEW[..], &["--fix"]].concat()).ok();
    let seen = seen.lock().unwrap();
    let jobs = [
        (Part::Review, "review-0-0-0"),
        (Part::Arbitrate, "arbiter-0-F-1"),
        (Part::Fix, "fix-1-0"),
        (Part::Verify, "review-1-0-0"),
    ];
    for (part, job) in jobs {
        let (_, last) = seen.iter().find(|(seen, _)| *seen == part).unwrap();
        assert_eq!((&last["job"], &last["event"]), (&job.into(), &"started".into()), "{part:?}");
    }
}
