//! Tasks that are independent of each other are worked on side by side and committed in their order.

use jiff::Timestamp;

use crate::domain::development::reach::ReachingFile;
use crate::domain::development::suite::GreenProof;
use crate::domain::development::words::LastWords;
use crate::domain::model::agent::Role;
use crate::domain::model::size::Size;
use crate::domain::pipeline::job::{AgentAnswer, CallFailure, JobId};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, RunUntil};
use crate::domain::pipeline::spec_run::apply::{apply, begin_ahead, put_off, start};
use crate::domain::pipeline::spec_run::outcome::{CheckpointAnswer, SpecOutcome, TaskReview, Work};
use crate::domain::pipeline::spec_run::stage::{CheckpointKind, SpecStage};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::pipeline::spec_run::tests::{
    answer, at, endless, independent, not_passed, oid, parts, passed, plan, red, request, sized,
    task, work,
};
use crate::domain::planning::task::{PlannedTask, TaskKind};
use crate::domain::policy::run_settings::{AskBefore, OnExtension};

/// A run whose tasks were just listed.
fn listed(tasks: Vec<PlannedTask>, mode: RunMode, options: RunOptions) -> SpecRun {
    let mut run = sized(Some(Size::M), mode);
    run.about.options = RunOptions { tasks_at_once: 2, ..options };
    for outcome in [
        SpecOutcome::BaseTested(Ok(())),
        SpecOutcome::PlanWritten(plan("p")),
        SpecOutcome::PlanReviewed(Vec::new()),
        SpecOutcome::Listed(Ok(tasks)),
    ] {
        while matches!(run.stage(), SpecStage::Waiting(_)) {
            run = approved(run);
        }
        run = ended(run, None, outcome);
    }
    if matches!(run.stage(), SpecStage::Waiting(_)) { approved(run) } else { run }
}

fn approved(run: SpecRun) -> SpecRun {
    answer(run, CheckpointAnswer::Approve).unwrap()
}

fn two() -> SpecRun {
    listed(independent(2), RunMode::Auto, RunOptions::default())
}

/// The run after an outcome of that job; `None` is that of the task whose turn it is.
fn ended(run: SpecRun, job: Option<&str>, outcome: SpecOutcome) -> SpecRun {
    let job = job.map_or_else(|| run.job().unwrap(), JobId::new);
    let is_begun = run.journal.is_under_way(&job);
    let run = if is_begun { run } else { start(run, &job, Timestamp::UNIX_EPOCH).unwrap() };
    apply(run, &job, outcome, &[], Timestamp::UNIX_EPOCH).unwrap()
}

fn names(run: &SpecRun) -> Vec<String> {
    run.jobs().iter().map(JobId::to_string).collect()
}

/// The steps of a task up to its review.
fn reviewed(mut run: SpecRun, number: usize) -> SpecRun {
    for (job, outcome) in [
        ("tests-1", work(3, LastWords::default())),
        ("red-1", red()),
        ("code-1", work(4, LastWords::default())),
        ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("review", passed()),
    ] {
        let job = format!("task-{number}-{job}");
        if job.ends_with("review") {
            run.note_review(&JobId::new(&job), &format!("review-{number}"));
        }
        run = ended(run, Some(&job), outcome);
    }
    run
}

#[test]
fn independent_tasks_are_worked_on_at_once_and_committed_in_their_order() {
    let run = two();
    assert_eq!(names(&run), ["task-1-tests-1", "task-2-tests-1"]);
    let seen = run.seen_by(&JobId::new("task-2-tests-1")).unwrap();
    let (task, head) = (seen.progress().task().unwrap(), seen.progress().head(&run.about));
    assert_eq!((task.number, &task.task.paths[..]), (2, &["src/b".to_owned()][..]));
    assert_eq!((head.commit, seen.progress().built_before()), (oid(1), 0));
    // What is ahead is done first, and waits.
    let run = reviewed(run, 2);
    assert_eq!(names(&run), ["task-1-tests-1"]);
    assert_eq!((run.progress().review(), run.progress().review_of(1)), (None, Some("review-2")));
    let run = reviewed(run, 1);
    assert_eq!(names(&run), ["task-1-commit"]);
    let run = ended(run, None, SpecOutcome::Committed(Ok(at(9))));
    // It was judged upon other code.
    assert_eq!(names(&run), ["task-2-join"]);
    assert_eq!(run.progress().tip(&run.about), at(9));
    let run = ended(run, None, SpecOutcome::Joined(Ok(oid(6))));
    assert_eq!(names(&run), ["task-2-commit"]);
    let SpecStage::Committing(task) = run.stage() else { panic!() };
    assert_eq!((&task.tree, run.progress().head(&run.about)), (&oid(6), at(9)));
    let run = ended(run, None, SpecOutcome::Committed(Ok(at(10))));
    assert_eq!(names(&run), ["decisions"]);
    assert_eq!(run.progress().reviews, ["review-1", "review-2"]);
    assert_eq!((run.progress().review(), run.progress().review_of(1)), (None, Some("review-2")));
}

#[test]
fn what_is_put_off_is_made_again_as_the_same_call() {
    let job = JobId::new("task-2-tests-1");
    let begun = start(two(), &job, Timestamp::UNIX_EPOCH).unwrap();
    let run = put_off(begun, &job, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((run.jobs().len(), run.call_key(&job)), (2, "task-2-tests-1".to_owned()));
    assert!(put_off(run.clone(), &job, Timestamp::UNIX_EPOCH).is_err());
    assert!(start(run, &job, Timestamp::UNIX_EPOCH).is_ok());
}

#[test]
fn a_task_whose_turn_comes_while_it_is_worked_on_goes_on_from_what_it_was_begun_upon() {
    let run = ended(two(), Some("task-2-tests-1"), work(3, LastWords::default()));
    let started = start(run, &JobId::new("task-2-red-1"), Timestamp::UNIX_EPOCH).unwrap();
    let run = ended(reviewed(started, 1), None, SpecOutcome::Committed(Ok(at(9))));
    assert_eq!(names(&run), ["task-2-red-1"]);
    assert_eq!(
        (run.progress().head(&run.about).commit, run.progress().built_before()),
        (oid(1), 0)
    );
    let run = ended(run, None, red());
    let run = ended(run, None, work(4, LastWords::default()));
    let run = ended(run, None, SpecOutcome::Green(GreenProof::Green(1)));
    assert_eq!(names(&ended(run, None, passed())), ["task-2-join"]);
}

#[test]
fn nothing_is_built_ahead_of_what_it_needs_or_across_a_question() {
    let same = vec![task(TaskKind::Behaviour), task(TaskKind::Behaviour)];
    let structured = vec![task(TaskKind::Scaffold), independent(2).remove(1)];
    let asks = |ask_every| RunOptions { ask_every, ..RunOptions::default() };
    let ask_before = RunOptions { ask_before: vec![AskBefore::Interface], ..RunOptions::default() };
    let autopilot = RunOptions { autopilot: true, ask_every: 1, ..RunOptions::default() };
    for (tasks, mode, options, at_once) in [
        (independent(2), RunMode::Auto, RunOptions::default(), 2),
        (independent(3), RunMode::Auto, RunOptions::default(), 2),
        (independent(2), RunMode::Manual, autopilot, 2),
        (same, RunMode::Auto, RunOptions::default(), 1),
        (structured, RunMode::Auto, RunOptions::default(), 1),
        (independent(2), RunMode::Manual, RunOptions::default(), 1),
        (independent(2), RunMode::Auto, ask_before, 1),
        (independent(2), RunMode::Auto, asks(1), 1),
        (independent(2), RunMode::Auto, asks(2), 2),
    ] {
        let run = listed(tasks, mode, options);
        assert_eq!(run.jobs().len(), at_once, "{:?} {:?}", run.about.mode, run.about.options);
    }
    let mut alone = sized(Some(Size::M), RunMode::Auto);
    alone.about.options.tasks_at_once = 1;
    for outcome in [
        SpecOutcome::BaseTested(Ok(())),
        SpecOutcome::PlanWritten(plan("p")),
        SpecOutcome::PlanReviewed(Vec::new()),
        SpecOutcome::Listed(Ok(independent(2))),
    ] {
        alone = ended(alone, None, outcome);
    }
    assert_eq!(names(&alone), ["task-1-tests-1"]);
}

#[test]
fn what_waits_or_pauses_ahead_does_so_in_its_turn_and_what_stops_is_built_again() {
    let gone = || SpecOutcome::Failed(CallFailure::Infrastructure("gone".to_owned()));
    let disagrees = LastWords { disagreement: Some("no".to_owned()), ..LastWords::default() };
    let committed = |run| ended(reviewed(run, 1), None, SpecOutcome::Committed(Ok(at(9))));
    let paused = ended(two(), Some("task-2-tests-1"), gone());
    assert_eq!(names(&paused), ["task-1-tests-1"]);
    assert_eq!(names(&committed(paused.clone())), ["task-2-tests-1"], "it is tried again");
    assert_eq!(paused.resumed().jobs().len(), 2);
    // It stopped upon other code, whether that was ahead or in its turn: only upon all that comes before it does it count.
    let no = || work(3, disagrees.clone());
    let ahead = committed(ended(two(), Some("task-2-tests-1"), no()));
    let begun = start(two(), &JobId::new("task-2-tests-1"), Timestamp::UNIX_EPOCH).unwrap();
    let in_turn = ended(committed(begun), Some("task-2-tests-1"), no());
    for again in [ahead, in_turn] {
        assert_eq!(again.call_key(&again.job().unwrap()), "task-2-tests-1-again-1");
        let SpecStage::WritingTests(ask) = again.stage() else { panic!("{:?}", again.stage()) };
        assert_eq!((ask.number, &ask.from), (1, &at(9)));
        let why = &again.progress().set_aside[0].why;
        assert!(why[0].starts_with("it stopped without that: "), "{why:?}");
        let stopped = ended(again, None, no());
        let SpecStage::Ended(SpecEnd::Stopped(stop)) = stopped.stage() else { panic!() };
        assert_eq!(*stop, SpecStop::Disagreement("no".to_owned()));
        assert_eq!(stopped.progress().built.len(), 1);
    }
    let extends = LastWords { extension: vec![request(true)], ..LastWords::default() };
    let mut asks = two();
    asks.machine.spec.parts[0].tasks[1].paths = vec!["src/c".to_owned()];
    for (job, outcome) in
        [("tests", work(3, LastWords::default())), ("red", red()), ("code", work(4, extends))]
    {
        asks = ended(asks, Some(&format!("task-2-{job}-1")), outcome);
    }
    assert_eq!(names(&asks), ["task-1-tests-1"]);
    let asks = committed(asks);
    let SpecStage::Waiting(waiting) = asks.stage() else { panic!("{:?}", asks.stage()) };
    assert!(matches!(waiting.at, CheckpointKind::Extension(_)));
    assert_eq!(names(&approved(asks)), ["task-2-code-2"]);
    // Where the first one stops, so does the run, and what is ahead with it.
    let mut stopped = two();
    for (job, outcome) in [
        ("tests-1", work(3, LastWords::default())),
        ("red-1", red()),
        ("code-1", work(4, LastWords::default())),
        ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("review", not_passed()),
    ] {
        stopped = ended(stopped, Some(&format!("task-1-{job}")), outcome);
    }
    assert!(stopped.has_ended() && stopped.progress().ahead.is_empty());
}

#[test]
fn what_does_not_fit_upon_the_others_is_built_again_once_and_by_itself() {
    let run = reviewed(reviewed(two(), 2), 1);
    let run = ended(run, None, SpecOutcome::Committed(Ok(at(9))));
    let run = ended(run, None, SpecOutcome::Joined(Err(vec!["it conflicts".to_owned()])));
    assert_eq!(names(&run), ["task-2-tests-1"]);
    let SpecStage::WritingTests(ask) = run.stage() else { panic!() };
    assert_eq!((ask.number, &ask.from), (1, &at(9)));
    assert_eq!(run.call_key(&run.job().unwrap()), "task-2-tests-1-again-1");
    assert_eq!((run.progress().review(), run.progress().all_reviews().len()), (None, 2));
    let mut run = run;
    for outcome in [
        work(3, LastWords::default()),
        red(),
        work(4, LastWords::default()),
        SpecOutcome::Green(GreenProof::Green(1)),
    ] {
        run = ended(run, None, outcome);
    }
    run.note_review(&JobId::new("task-2-review"), "anew");
    let run = ended(run, None, passed());
    assert_eq!(
        (names(&run), run.progress().review()),
        (vec!["task-2-commit".to_owned()], Some("anew"))
    );
}

#[test]
fn what_was_not_asked_for_before_its_turn_is_built_upon_what_is_committed_by_then() {
    let late = JobId::new("task-2-tests-1");
    let begun = start(two(), &late, Timestamp::UNIX_EPOCH).unwrap();
    let put_off = put_off(begun, &late, Timestamp::UNIX_EPOCH).unwrap();
    for run in [two(), put_off] {
        let run = ended(reviewed(run, 1), None, SpecOutcome::Committed(Ok(at(9))));
        let SpecStage::WritingTests(ask) = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!((&ask.from, run.progress().begun.is_none()), (&at(9), true));
        assert_eq!((names(&run), run.progress().set_aside.len()), (vec![late.to_string()], 0));
    }
}

#[test]
fn what_was_interrupted_and_is_set_aside_is_asked_for_anew() {
    let grant = RunOptions { extend: OnExtension::Grant, ..RunOptions::default() };
    let late = JobId::new("task-2-tests-1");
    let run = listed(independent(2), RunMode::Auto, grant);
    let run = start(run, &late, Timestamp::UNIX_EPOCH).unwrap();
    let mut run = run.interrupted(Timestamp::UNIX_EPOCH).resumed();
    let extends = LastWords { extension: vec![request(true)], ..LastWords::default() };
    for outcome in [work(3, LastWords::default()), red(), work(4, extends)] {
        run = ended(run, None, outcome);
    }
    assert_eq!(names(&run), ["task-1-code-2"]);
    // The answer to the one before was to another state of the code, in another workspace.
    assert_eq!(run.call_key(&late), "task-2-tests-1-again-1");
}

#[test]
fn who_wrote_a_task_is_said_of_that_task() {
    let wrote = |run: SpecRun, job: &str, agent: &str| {
        let job = JobId::new(job);
        let run = start(run, &job, Timestamp::UNIX_EPOCH).unwrap();
        let (agent, family) = (agent.to_owned(), String::new());
        let answer = AgentAnswer { role: Role::Executor, agent, family, hash: String::new() };
        let work = work(3, LastWords::default());
        apply(run, &job, work, &[answer], Timestamp::UNIX_EPOCH).unwrap()
    };
    let run = wrote(wrote(two(), "task-1-tests-1", "one"), "task-2-tests-1", "other");
    assert_eq!(run.progress().executor, "one");
    let mut run = run;
    for job in ["task-1", "task-2"] {
        for (step, outcome) in [
            ("red-1", red()),
            ("code-1", work(4, LastWords::default())),
            ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
            ("review", passed()),
        ] {
            run = ended(run, Some(&format!("{job}-{step}")), outcome);
        }
    }
    let run = ended(run, Some("task-1-commit"), SpecOutcome::Committed(Ok(at(9))));
    let run = ended(run, Some("task-2-join"), SpecOutcome::Joined(Ok(oid(6))));
    assert_eq!(
        (names(&run), &run.progress().executor[..]),
        (vec!["task-2-commit".to_owned()], "other")
    );
}

#[test]
fn what_was_only_planned_is_built_side_by_side_from_the_first_step() {
    let plan_only = RunOptions { until: RunUntil::Plan, ..RunOptions::default() };
    let run = listed(independent(2), RunMode::Auto, plan_only);
    assert!(run.jobs().is_empty());
    assert_eq!(names(&begin_ahead(run.resumed())), ["task-1-tests-1", "task-2-tests-1"]);
}

#[test]
fn what_shares_a_file_by_now_is_set_aside_and_nothing_of_it_counts() {
    let grant = RunOptions { extend: OnExtension::Grant, ..RunOptions::default() };
    let run = listed(independent(3), RunMode::Auto, grant);
    let mut run = start(run, &JobId::new("task-2-tests-1"), Timestamp::UNIX_EPOCH).unwrap();
    let extends = LastWords { extension: vec![request(true)], ..LastWords::default() };
    let asks = Work::Changed { at: at(4), files: Vec::new(), words: extends };
    for outcome in [work(3, LastWords::default()), red(), SpecOutcome::Worked(asks)] {
        run = ended(run, None, outcome);
    }
    // The third one takes its place; what comes of the second is of no use.
    assert_eq!(names(&run), ["task-1-code-2", "task-3-tests-1"]);
    let late = JobId::new("task-2-tests-1");
    assert!(run.seen_by(&late).is_none() && !run.journal.is_under_way(&late));
    assert_eq!(run.call_key(&late), "task-2-tests-1-again-1");
}

#[test]
fn who_has_it_go_on_in_manual_mode_is_asked_about_what_passed_its_review_without_a_question() {
    let reaching = || {
        let SpecOutcome::Reviewed(TaskReview::Passed(mut task)) = passed() else { panic!() };
        task.reaching = ReachingFile::among(&["Cargo.toml".to_owned()]);
        SpecOutcome::Reviewed(TaskReview::Passed(task))
    };
    let mut run = two();
    for (job, outcome) in [
        ("tests-1", work(3, LastWords::default())),
        ("red-1", red()),
        ("code-1", work(4, LastWords::default())),
        ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("review", reaching()),
    ] {
        run = ended(run, Some(&format!("task-2-{job}")), outcome);
    }
    let ahead = run.clone().in_mode(RunMode::Manual);
    let built = |run| ended(reviewed(run, 1), None, SpecOutcome::Committed(Ok(at(9))));
    for run in [built(ahead), built(run).in_mode(RunMode::Manual)] {
        let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!((&waiting.at, &run.progress().shown), (&CheckpointKind::Reach, &None));
        // Asked once, whichever step it is at.
        let run = approved(run).in_mode(RunMode::Manual);
        assert_eq!(names(&run), ["task-2-join"]);
        let run = ended(run, None, SpecOutcome::Joined(Ok(oid(6)))).in_mode(RunMode::Manual);
        assert_eq!(names(&run), ["task-2-commit"]);
    }
}

#[test]
fn what_was_built_ahead_before_the_size_was_raised_says_nothing_of_the_next_plan() {
    let mut run = ended(two(), Some("task-2-tests-1"), work(3, LastWords::default()));
    for (job, outcome) in [
        ("tests-1", work(3, LastWords::default())),
        ("red-1", red()),
        ("code-1", work(4, LastWords::default())),
        ("green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("review", endless()),
    ] {
        run = ended(run, Some(&format!("task-1-{job}")), outcome);
    }
    assert_eq!((run.progress().set_aside.len(), run.progress().ahead.len()), (1, 0));
    for outcome in [
        SpecOutcome::Split(Ok(parts())),
        SpecOutcome::PlanWritten(plan("p")),
        SpecOutcome::PlanReviewed(Vec::new()),
        SpecOutcome::Listed(Ok(independent(2))),
    ] {
        run = ended(run, None, outcome);
    }
    assert_eq!(names(&run), ["task-1-tests-1", "task-2-tests-1"]);
    // What the second one left keeps its name.
    let spec = run.progress();
    assert!(spec.attempt_of(0, 1, true, 3) < spec.attempt(1));
}
