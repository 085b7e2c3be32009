//! Runs: one that ended, and three that were stopped on their way.

use serde_json::Value;

use crate::brain::{BUGGY, LEFT_OUT, Part, Question, diligent};
use crate::frozen_state::data::{Data, NOW, at, below, later, ledger};
use crate::frozen_state::frozen_and_fresh;
use crate::harness::{Repo, wait_for};
use crate::model_server::{Asked, Say};
use crate::scene::{Beside, Scene};

/// When the limit of the scene `rate-limited` is over: an hour after the scene.
const RESET: &str = "2026-03-04T13:00:00Z";

const SPEC: &str = "# Sums\n\n## Goal\n\nSum lists.\n\n## Acceptance criteria\n\n\
    - **AC-1** WHEN a list is summed THEN every item SHALL count\n  - verify: test\n";

const REVIEW: [&str; 3] = ["review", "--commit", "HEAD"];

/// A scene with a brain that answers each part with `say`, where that has something to say.
fn scene(say: impl Fn(Part) -> Option<Say> + Send + Sync + 'static) -> Scene {
    let brain = diligent(&[LEFT_OUT]);
    Scene::new("", move |asked: &Asked| {
        say(Question::read(asked).part).unwrap_or_else(|| brain(asked))
    })
}

/// A repository whose last commit brings the mistake in, with a spec of it below that.
pub(super) fn repo<'a>(scene: &'a Scene, name: &str) -> Repo<'a> {
    let repo = scene.sandbox.repo_with(name, &["--object-format=sha1"]);
    repo.write("README.md", "A library.\n").write("docs/specs/sums.md", SPEC);
    repo.commit_unjudged("docs: readme");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    repo
}

fn json(repo: &Repo<'_>, words: &[&str]) -> Value {
    later(repo, &[words, &["--format", "json"]].concat()).ok().json()
}

/// Runs the program until `stops` holds of what it said and asked, and kills it.
fn killed(scene: &Scene, repo: &Repo<'_>, words: &[&str], stops: impl Fn(&str) -> bool) {
    let mut run = Beside::start_with(repo, words, "killed", &[("TRIBUNAL_TEST_NOW", NOW)]);
    wait_for("the moment of the kill", || stops(&run.said()));
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    wait_for("the agents to end", || scene.alive().is_empty());
}

fn asked(scene: &Scene, part: Part) -> usize {
    let asked = scene.asked();
    asked.iter().filter(|asked| Question::read(asked).part == part).count()
}

/// A repository with the state laid in, in a scene in which nobody is asked but for it: how this
/// program names the question is found out in a scene of its own.
fn laid<'a>(scene: &'a Scene, data: &Data, more: &[&str]) -> Repo<'a> {
    let other = Scene::new("", diligent(&[LEFT_OUT]));
    let probe = repo(&other, "probe");
    later(&probe, &[&REVIEW[..], more].concat()).code(1);
    // What a review said of criteria is there as well, by the spec and the tree.
    let question = "SELECT question FROM receipts WHERE question NOT LIKE '%/%'";
    let question: String = ledger(&probe).query_row(question, [], |row| row.get(0)).unwrap();
    let repo = repo(scene, "r");
    data.lay_for(&repo, &question);
    repo
}

/// What `runs` and `cost` say of the only run.
fn told(repo: &Repo<'_>) -> (Value, Value) {
    let runs = json(repo, &["runs"])["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs:#}");
    let cost = json(repo, &["cost", "--since", "2026-03-01"]);
    (runs[0].clone(), cost)
}

#[test]
fn a_review_that_ended_is_known_and_asked_about_no_more() {
    let make = |data: &Data| {
        let scene = scene(|_| None);
        let repo = repo(&scene, "r");
        at(&repo, NOW, &REVIEW).code(1);
        data.take(&repo, &[]);
    };
    frozen_and_fresh("ended-review", make, |data| {
        let (scene, id) = (scene(|_| None), data.run());
        let repo = laid(&scene, data, &[]);
        let (run, cost) = told(&repo);
        assert_eq!((&run["id"], &run["kind"]), (&id.as_str().into(), &"review".into()));
        assert_eq!((&run["standing"], &run["decision"]), (&"ended".into(), &"fix".into()));
        assert_eq!(run["started"], NOW);
        assert_eq!((&cost["total"]["calls"], &cost["runs"][0]["name"]), (&2.into(), &run["id"]));
        assert_eq!(cost["total"]["dollars"]["unknown"], 0, "{cost:#}");

        let listed = json(&repo, &["findings", "list"]);
        assert_eq!(listed["total"], 1);
        let finding = &listed["findings"][0];
        assert_eq!(
            (&finding["gate"], &finding["class"]),
            (&"review".into(), &LEFT_OUT.class.into())
        );
        assert_eq!(
            (&finding["severity"], &finding["status"]),
            (&"critical".into(), &"open".into())
        );
        assert_eq!((&finding["path"], &finding["line"]), (&"src/sum.rs".into(), &3.into()));
        let finding = finding["id"].as_str().unwrap();
        let shown = json(&repo, &["findings", "show", finding]);
        assert_eq!(shown["finding"]["times"], 1, "{shown:#}");

        let words = [&REVIEW[..], &["--format", "json"]].concat();
        let again = later(&repo, &words).code(1).json();
        assert_eq!(again["review"]["from_receipt"], true, "{again:#}");
        assert_eq!((&again["review"]["run"], &again["verdict"]), (&run["id"], &"block".into()));
        assert_eq!(again["findings"][0]["id"], finding);
        later(&repo, &["resume", &id]).code(1).says(LEFT_OUT.title);
        later(&repo, &["findings", "dismiss", finding, "--reason", "a sentinel"]).ok();
        later(&repo, &REVIEW).ok();
        assert_eq!(scene.asked().len(), 0, "nobody was asked again");
        assert_eq!(json(&repo, &["runs"])["runs"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_review_that_was_stopped_goes_on_with_the_calls_that_were_missing() {
    let spec = ["--spec", "docs/specs/sums.md"];
    let words = [&REVIEW[..], &spec].concat();
    let make = |data: &Data| {
        let scene = scene(|part| (part == Part::Arbitrate).then_some(Say::Hang));
        let repo = repo(&scene, "r");
        killed(&scene, &repo, &words, |_| asked(&scene, Part::Arbitrate) == 1);
        data.take(&repo, &[]);
    };
    frozen_and_fresh("stopped-review", make, |data| {
        for resume in [true, false] {
            let (scene, id) = (scene(|_| None), data.run());
            let repo = laid(&scene, data, &spec);
            let (run, cost) = told(&repo);
            assert_eq!((&run["id"], &run["standing"]), (&id.as_str().into(), &"stopped".into()));
            assert_eq!(run["stage"], "arbitrating");
            assert_eq!(cost["total"]["dollars"]["unknown"], 1, "one was under way: {cost:#}");
            let words = if resume { vec!["resume", &id] } else { words.clone() };
            let end = later(&repo, &[&words[..], &["--format", "json"]].concat()).code(1);
            let json = end.json();
            assert_eq!((&json["verdict"], &json["review"]["run"]), (&"block".into(), &run["id"]));
            assert_eq!(json["review"]["criteria"][0]["id"], "AC-1", "{json:#}");
            assert_eq!(json["review"]["criteria"][0]["met"], "met", "{json:#}");
            assert_eq!(json["findings"][0]["severity"], "critical", "{json:#}");
            assert_eq!((asked(&scene, Part::Arbitrate), scene.asked().len()), (1, 1));
            let (run, cost) = told(&repo);
            assert_eq!((&run["standing"], &run["decision"]), (&"ended".into(), &"fix".into()));
            assert_eq!(
                (&cost["total"]["calls"], &cost["total"]["dollars"]["unknown"]),
                (&2.into(), &0.into())
            );
            later(&repo, &words).code(1);
            assert_eq!(scene.asked().len(), 1, "it has its receipt");
        }
    });
}

/// Kills a review at the first save after the reply of a call was kept: nothing else knows of it.
fn killed_after_the_reply(call: &str, data: &Data) {
    let (mut before, mut after) = (1_u32, 128_u32);
    while before < after {
        let save = before.midpoint(after);
        let scene = scene(|_| None);
        let repo = repo(&scene, "r");
        let crash = ("TRIBUNAL_TEST_CRASH_AT_SAVE", &*save.to_string());
        repo.tribunal_with(&REVIEW, &[("TRIBUNAL_TEST_NOW", NOW), crash], b"");
        let replies = below(&repo.path(".git/tribunal/runs"));
        if replies.iter().any(|path| path.ends_with(format!("{call}/reply.json"))) {
            after = save;
            data.clear();
            data.take(&repo, &[]);
        } else {
            before = save + 1;
        }
    }
    assert!(before < 128, "no save is after the reply of {call}");
}

#[test]
fn a_reply_that_was_kept_is_not_asked_for_again() {
    for (folder, call, stage, missing) in [
        ("answered-review", "review-0-0-0", "reviewing", vec![Part::Arbitrate]),
        ("answered-arbiter", "arbiter-0-F-1", "arbitrating", vec![]),
    ] {
        let make = |data: &Data| killed_after_the_reply(call, data);
        frozen_and_fresh(folder, make, |data| {
            let (scene, id) = (scene(|_| None), data.run());
            let repo = laid(&scene, data, &[]);
            let (run, cost) = told(&repo);
            assert_eq!((&run["stage"], &run["standing"]), (&stage.into(), &"stopped".into()));
            assert_eq!(cost["total"]["dollars"]["unknown"], 1, "{cost:#}");
            let json = later(&repo, &["resume", &id, "--format", "json"]).code(1).json();
            assert_eq!(json["verdict"], "block", "{json:#}");
            assert_eq!(json["findings"][0]["class"], LEFT_OUT.class, "{json:#}");
            let asked = scene.asked();
            let asked: Vec<Part> = asked.iter().map(|asked| Question::read(asked).part).collect();
            // Sections that an earlier version laid out otherwise are not shown to have been read.
            let otherwise = data.is_frozen() && stage == "reviewing";
            let again = otherwise.then_some(Part::Review);
            assert_eq!(asked, again.into_iter().chain(missing.clone()).collect::<Vec<Part>>());
            let (cost, calls) = (told(&repo).1, if otherwise { 3 } else { 2 });
            assert_eq!(
                (&cost["total"]["calls"], &cost["total"]["dollars"]["unknown"]),
                (&calls.into(), &0.into())
            );
        });
    }
}

/// Today: replies have no version. One that is not known counts as none: it is asked for anew, and
/// written over.
#[test]
fn a_reply_that_is_not_known_is_asked_for_anew() {
    let (scene, data) = (scene(|_| None), Data::frozen("answered-arbiter"));
    let (repo, id) = (laid(&scene, &data, &[]), data.run());
    let reply = format!(".git/tribunal/runs/{id}/calls/arbiter-0-F-1/reply.json");
    repo.write(&reply, "{\"version\": 2, \"answer\": {}}");
    later(&repo, &["resume", &id]).code(1).says(LEFT_OUT.title);
    assert_eq!((asked(&scene, Part::Arbitrate), scene.asked().len()), (1, 1));
    assert!(repo.read(&reply).contains("\"answered\""), "{}", repo.read(&reply));
}

#[test]
fn a_fix_that_was_stopped_goes_on_from_its_last_attempt() {
    let words = [&REVIEW[..], &["--fix"]].concat();
    let make = |data: &Data| {
        let scene = scene(|part| (part == Part::Verify).then_some(Say::Hang));
        let repo = repo(&scene, "r");
        killed(&scene, &repo, &words, |_| asked(&scene, Part::Verify) == 1);
        data.take(&repo, &[]);
    };
    frozen_and_fresh("stopped-fix", make, |data| {
        let (scene, id) = (scene(|_| None), data.run());
        let repo = laid(&scene, data, &[]);
        let (run, _) = told(&repo);
        assert_eq!((&run["kind"], &run["standing"]), (&"fix".into(), &"stopped".into()));
        assert_eq!((&run["stage"], &run["attempts"]), (&"reviewing".into(), &2.into()));
        let attempt = repo.rev(&format!("refs/tribunal/{id}/1"));
        assert!(!attempt.is_empty(), "the attempt was laid in too");
        let json = later(&repo, &["resume", &id, "--format", "json"]).ok().json();
        assert_eq!(json["verdict"], "pass", "{json:#}");
        let branch = json["review"]["offer"]["branch"].as_str().unwrap();
        assert_eq!(repo.rev(branch), attempt);
        let fixed = repo.git(&["show", &format!("{branch}:src/sum.rs")]).ok();
        assert_eq!(fixed.stdout, BUGGY.replace(LEFT_OUT.needle, LEFT_OUT.right));
        assert_eq!((asked(&scene, Part::Verify), scene.asked().len()), (1, 1));
        let (run, cost) = told(&repo);
        assert_eq!((&run["standing"], &run["decision"]), (&"ended".into(), &"submit".into()));
        assert_eq!(cost["total"]["calls"], 4, "{cost:#}");
    });
}

#[test]
fn a_fix_that_was_stopped_while_the_executor_worked_is_asked_for_again() {
    let words = [&REVIEW[..], &["--fix"]].concat();
    let make = |data: &Data| {
        let scene = scene(|part| (part == Part::Fix).then_some(Say::Hang));
        let repo = repo(&scene, "r");
        killed(&scene, &repo, &words, |_| asked(&scene, Part::Fix) == 1);
        data.take(&repo, &[]);
    };
    frozen_and_fresh("stopped-while-fixing", make, |data| {
        let scene = scene(|_| None);
        let repo = laid(&scene, data, &[]);
        let (run, _) = told(&repo);
        assert_eq!((&run["stage"], &run["standing"]), (&"fixing".into(), &"stopped".into()));
        let json = later(&repo, &[&words[..], &["--format", "json"]].concat()).ok().json();
        assert_eq!((&json["verdict"], &json["review"]["run"]), (&"pass".into(), &run["id"]));
        assert_eq!((asked(&scene, Part::Fix), asked(&scene, Part::Verify)), (1, 1));
        assert_eq!(scene.asked().len(), 2);
        assert_eq!(told(&repo).1["total"]["calls"], 4, "what was made twice counts once");
    });
}

/// A program that is not logged in, an executor that does nothing, and nothing to find: a commit
/// each, and what the review of it comes to.
const ENDS: [(&str, i32, &str); 3] =
    [("login", 4, "inconclusive"), ("idle", 3, "escalate"), ("clean", 0, "submit")];

#[test]
fn runs_keep_how_they_ended() {
    let commits = |scene: &Scene| {
        let repo = repo(scene, "r").dir;
        let repo = Repo { sandbox: &scene.sandbox, dir: repo };
        for (name, _, decision) in ENDS {
            let text = if decision == "escalate" { BUGGY } else { "pub fn one() {}\n" };
            repo.write(format!("src/{name}.rs"), text).commit_unjudged(&format!("feat: {name}"));
        }
        repo.dir
    };
    let make = |data: &Data| {
        let brain = diligent(&[LEFT_OUT]);
        let scene = Scene::new("", move |asked: &Asked| match Question::read(asked).part {
            Part::Review if asked.prompt.contains("src/login.rs") => Say::unauthorized(),
            Part::Fix => Say::done(Vec::new()),
            _ => brain(asked),
        });
        let repo = Repo { sandbox: &scene.sandbox, dir: commits(&scene) };
        for (number, (_, code, _)) in ENDS.into_iter().enumerate() {
            let commit = format!("HEAD~{}", ENDS.len() - 1 - number);
            let words = ["review", "--fix", "--commit", &commit];
            at(&repo, NOW, &words).code(code);
        }
        data.take(&repo, &[]);
    };
    frozen_and_fresh("ended-runs", make, |data| {
        let scene = scene(|_| None);
        let repo = Repo { sandbox: &scene.sandbox, dir: commits(&scene) };
        data.lay(&repo);
        let runs = json(&repo, &["runs"])["runs"].clone();
        assert_eq!(runs.as_array().unwrap().len(), ENDS.len(), "{runs:#}");
        for (run, (_, code, decision)) in runs.as_array().unwrap().iter().rev().zip(ENDS) {
            assert_eq!(run["decision"], decision);
            if run["standing"] == "paused" {
                // From the second format on what could not be asked can be gone on with.
                assert_eq!((decision, &run["resume_when"]), ("inconclusive", &"asked".into()));
                continue;
            }
            assert_eq!(run["standing"], "ended");
            let id = run["id"].as_str().unwrap();
            let told = later(&repo, &["resume", id, "--format", "json"]).code(code).json();
            assert_eq!(told["review"]["decision"], decision, "{told:#}");
        }
        assert_eq!(scene.asked().len(), 0);
    });
}

#[test]
fn a_rate_limit_that_was_met_is_kept_to() {
    let make = |data: &Data| {
        let reset: jiff::Timestamp = RESET.parse().unwrap();
        let scene = scene(move |_| Some(Say::limited_until(reset.as_second(), 3600)));
        let repo = repo(&scene, "r");
        killed(&scene, &repo, &REVIEW, |said| said.contains("is at its rate limit"));
        data.take(&repo, &[]);
    };
    frozen_and_fresh("rate-limited", make, |data| {
        let id = data.run();
        let resume = ["resume", &id, "--format", "json"];
        let until = scene(|_| None);
        let early = laid(&until, data, &[]);
        // Longer before the end of the limit than any call waits.
        let before = at(&early, "2026-03-04T00:00:00Z", &resume).code(4);
        // What is told to the minute ends with it.
        before.says("is at its rate limit until 2026-03-04 13:00:");
        assert_eq!(until.asked().len(), 0);

        let over = scene(|_| None);
        let late = laid(&over, data, &[]);
        let (run, _) = told(&late);
        assert_eq!((&run["stage"], &run["standing"]), (&"reviewing".into(), &"stopped".into()));
        let json = later(&late, &resume).code(1).json();
        assert_eq!(json["verdict"], "block", "{json:#}");
        assert_eq!((asked(&over, Part::Review), over.asked().len()), (1, 2));
        assert_eq!(told(&late).1["total"]["calls"], 3, "the one that met the limit counts");
    });
}
