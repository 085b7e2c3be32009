//! The run of a spec ends, whatever its jobs come to, and goes no way that it cannot go.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use crate::domain::development::reach::{Reach, ReachingFile};
use crate::domain::development::suite::{GreenProof, RedProof, RedReason, RedTest};
use crate::domain::development::words::{FileRequest, LastWords};
use crate::domain::diagnosis::answer as diagnosis;
use crate::domain::model::agent::{Money, Spent};
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Verdict;
use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::pipeline::format::{StoredRun, parse};
use crate::domain::pipeline::job::{CallFailure, JobId};
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::about::{
    RunMode, RunOptions, RunPurpose, RunUntil, SpecAbout,
};
use crate::domain::pipeline::spec_run::apply;
use crate::domain::pipeline::spec_run::apply::{apply, ask_again, start};
use crate::domain::pipeline::spec_run::begun::{AheadTask, BegunAhead};
use crate::domain::pipeline::spec_run::bug;
use crate::domain::pipeline::spec_run::outcome::{
    CheckpointAnswer, RebasedCommits, ResearchCame, SpecOutcome, TaskReview, Work,
};
use crate::domain::pipeline::spec_run::progress::PageFacts;
use crate::domain::pipeline::spec_run::proposal::{ProposalKind, ProposedCommit};
use crate::domain::pipeline::spec_run::specified::unwritten_copy;
use crate::domain::pipeline::spec_run::stage::{
    CheckpointKind, PLANNING_TRIES_MAX, REBASES_MAX, ReviewedTask, Snapshot, SpecStage, TRIES_MAX,
};
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::domain::pipeline::spec_run::{SpecRun, VERSION};
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan::{DecisionRecord, PartPlan};
use crate::domain::planning::plan_review::PlanFinding;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::planning::task::{PlannedTask, TaskKind};
use crate::domain::policy::run_settings::{AskBefore, OnExtension};
use crate::domain::research::decision::ResearchAsked;
use crate::domain::research::record::ShardResult;
use crate::domain::research::shard::ResearchShard;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::reported::ReportedBug;
use crate::domain::specifying::answer as specifying;
use crate::domain::specifying::answer::{IdeaAnswer, NoSpec, NoSpecKind};
use crate::domain::specifying::idea::Idea;

pub(super) fn oid(number: u32) -> Oid {
    Oid::parse(&format!("{number:040x}")).unwrap()
}

pub(super) fn at(number: u32) -> Snapshot {
    Snapshot { tree: oid(number), commit: oid(1_000 + number) }
}

pub(super) fn answer(run: SpecRun, answer: CheckpointAnswer) -> Option<SpecRun> {
    apply::answer(run, answer, Timestamp::UNIX_EPOCH)
}

fn new() -> SpecRun {
    sized(Some(Size::S), RunMode::Auto)
}

pub(super) fn sized(stated_size: Option<Size>, mode: RunMode) -> SpecRun {
    let spec = SpecCopy {
        ground: SpecGround::Named,
        path: "docs/specs/a.md".into(),
        hash: "h".to_owned(),
        text: "text".to_owned(),
        only: None,
        dropped: Vec::new(),
    };
    let about = SpecAbout {
        spec,
        spec_id: "a".to_owned(),
        title: "A".to_owned(),
        criteria: vec!["AC-1".to_owned(), "AC-2".to_owned()],
        for_people: Vec::new(),
        touches: Vec::new(),
        stated_size,
        counted_size: Size::S,
        mode,
        base: oid(1),
        base_tree: oid(2),
        base_name: "main".to_owned(),
        base_ref: "refs/heads/main".to_owned(),
        branch: "tribunal/a".to_owned(),
        started: Timestamp::UNIX_EPOCH,
        seed: "5e".to_owned(),
        asked: "q".to_owned(),
        report: None,
        idea: None,
        options: RunOptions::default(),
        research: ResearchAsked::default(),
        purpose: RunPurpose::Build,
        earlier: None,
        documents: Vec::new(),
    };
    SpecRun::new("01J".to_owned(), about)
}

fn of_bug() -> SpecRun {
    let mut run = new();
    run.about.report = Some("`sum 1 2` prints 1".to_owned());
    run
}

fn of_text() -> SpecRun {
    let mut run = new();
    run.about.spec = unwritten_copy("a", "docs/specs/a.md");
    run.about.idea = Some(Idea {
        text: "sum all items".to_owned(),
        beside: Vec::new(),
        spec_path: "docs/specs/a.md".to_owned(),
    });
    run
}

fn draft(text: &str, size: &str) -> SpecOutcome {
    let answer = specifying::parse(&json!({
        "verdict": "spec", "why": "", "evidence": [], "title": "Sum all items", "goal": text,
        "criteria": [
            {"text": "WHEN `sum 1 2` is run THEN it prints 3", "verify": "test"},
            {"text": "WHEN the manual is read THEN it names `sum`", "verify": "human"},
        ],
        "constraints": [], "critical_if": [], "edge_cases": [], "non_goals": [], "touches": ["src/**"],
        "size": size, "questions": [{"question": "What is the sum of nothing?", "assumption": "It is 0."}],
    }));
    SpecOutcome::SpecWritten(Ok(answer.unwrap()))
}

fn nothing_to_build() -> SpecOutcome {
    SpecOutcome::SpecWritten(Ok(IdeaAnswer::Nothing(NoSpec {
        kind: NoSpecKind::NothingWanted,
        why: "it greets".to_owned(),
        quotes: Vec::new(),
    })))
}

fn answered(verdict: &str) -> SpecOutcome {
    let answer = diagnosis::parse(&json!({
        "verdict": verdict, "title": "count the last item", "cause": "it ends one too early",
        "class": "correctness/off-by-one",
        "evidence": [{"path": "src/a", "line": 2, "quote": "to n - 1"}],
        "behaviour": {"input": "`sum 1 2` is run", "expected": "3", "got": "1"},
        "files": ["src/a"], "tests": ["tests/a"],
    }));
    SpecOutcome::Diagnosed(Ok(answer.unwrap()))
}

pub(super) fn work(number: u32, words: LastWords) -> SpecOutcome {
    SpecOutcome::Worked(Work::Changed { at: at(number), files: vec!["tests/a".to_owned()], words })
}

pub(super) fn red() -> SpecOutcome {
    let test = RedTest { command: "t".to_owned(), name: None, why: RedReason::Assertion };
    SpecOutcome::Red(RedProof::Proven(vec![test]))
}

pub(super) fn passed() -> SpecOutcome {
    SpecOutcome::Reviewed(TaskReview::Passed(Box::new(ReviewedTask {
        tree: oid(5),
        subject: String::new(),
        red: None,
        criteria: Vec::new(),
        review: "01K".to_owned(),
        reviewer: String::new(),
        arbiter: String::new(),
        reaching: Vec::new(),
        upheld: 0,
    })))
}

/// The same, with a finding that was upheld.
fn passed_upheld() -> SpecOutcome {
    match passed() {
        SpecOutcome::Reviewed(TaskReview::Passed(task)) => {
            SpecOutcome::Reviewed(TaskReview::Passed(Box::new(ReviewedTask { upheld: 1, ..*task })))
        }
        other => other,
    }
}

pub(super) fn not_passed() -> SpecOutcome {
    let (review, why) = ("01K".to_owned(), "why".to_owned());
    SpecOutcome::Reviewed(TaskReview::NotPassed { review, verdict: Verdict::Block, why })
}

/// Fixes led to no end.
pub(super) fn endless() -> SpecOutcome {
    let (review, why) = ("01K".to_owned(), "the sign is lost".to_owned());
    let found = vec!["critical: `-1` becomes 1".to_owned()];
    SpecOutcome::Reviewed(TaskReview::Endless { review, why, found })
}

/// A task of which others rely on what it changes.
fn passed_reaching(reach: Reach) -> SpecOutcome {
    let SpecOutcome::Reviewed(TaskReview::Passed(task)) = passed() else { panic!() };
    let reaching = vec![ReachingFile { path: "src/a".to_owned(), reach }];
    SpecOutcome::Reviewed(TaskReview::Passed(Box::new(ReviewedTask { reaching, ..*task })))
}

pub(super) fn request(is_of_spec: bool) -> FileRequest {
    FileRequest { path: "src/b".to_owned(), why: "it calls it".to_owned(), is_of_spec }
}

fn rebased(is_near: bool) -> RebasedCommits {
    let Snapshot { tree: base_tree, commit: base } = at(40);
    let built = vec![at(41), at(42)];
    RebasedCommits {
        base,
        base_tree,
        asked: String::new(),
        written: None,
        built,
        recorded: None,
        proposed: Vec::new(),
        is_near,
    }
}

pub(super) fn plan(text: &str) -> PartPlan {
    let text = text.to_owned();
    PartPlan {
        data_model: text.clone(),
        interfaces: text.clone(),
        flow: text.clone(),
        test_strategy: text.clone(),
        risks: text.clone(),
        needs_scaffold: false,
        decision: DecisionRecord {
            title: text.clone(),
            context: text.clone(),
            decision: text.clone(),
            consequences: text,
        },
    }
}

fn finding(severity: Severity) -> PlanFinding {
    let text = || "text".to_owned();
    PlanFinding { severity, section: text(), title: text(), failure: text(), remedy: text() }
}

pub(super) fn task(kind: TaskKind) -> PlannedTask {
    PlannedTask { kind, ..PlannedTask::whole("T", &["src/a".to_owned()], &["AC-1".to_owned()]) }
}

/// So many tasks that have nothing in common; `request` asks for the file of the second.
pub(super) fn independent(count: usize) -> Vec<PlannedTask> {
    let paths = ["src/a", "src/b", "src/c", "src/d"].into_iter().take(count);
    let alone = |path: &str| PlannedTask {
        paths: vec![path.to_owned()],
        criteria: vec![format!("AC-{path}")],
        ..task(TaskKind::Behaviour)
    };
    paths.map(alone).collect()
}

pub(super) fn parts() -> Vec<PlannedPart> {
    let part = |id: &str| PlannedPart::new(id.to_owned(), vec![id.to_owned()]);
    vec![part("AC-1"), part("AC-2")]
}

fn failed() -> SpecOutcome {
    SpecOutcome::Failed(CallFailure::Infrastructure("gone".to_owned()))
}

/// So many questions are answered.
fn researched(count: usize, failed: Option<CallFailure>) -> SpecOutcome {
    let answered = ResearchShard::ALL.into_iter().take(count);
    let answered = answered.map(|shard| ShardResult {
        shard,
        by: "claude".to_owned(),
        answer: None,
        searches: 1,
        is_recorded: true,
        sources: Vec::new(),
        struck: 0,
    });
    let came = ResearchCame { answered: answered.collect(), notes: Vec::new(), failed };
    SpecOutcome::Researched(Box::new(came))
}

fn of_planning(stage: &SpecStage) -> Vec<SpecOutcome> {
    let why = || vec!["why".to_owned()];
    let (no, looks) = (String::new, || "units".to_owned());
    let vote = |size, research| SpecOutcome::Sized(Some(SizeVote { size, why: no(), research }));
    match stage {
        SpecStage::WritingSpec { drafts, .. } => {
            let other = drafts.number().to_string();
            vec![
                draft(&other, "S"),
                draft(&other, "L"),
                draft("same", "M"),
                SpecOutcome::SpecWritten(Err(why())),
                nothing_to_build(),
            ]
        }
        SpecStage::ReviewingSpec(_) => {
            let high = |count| SpecOutcome::PlanReviewed(vec![finding(Severity::High); count]);
            vec![high(0), high(2), high(3), high(9)]
        }
        SpecStage::Classifying => vec![
            vote(Size::S, no()),
            vote(Size::M, no()),
            vote(Size::L, no()),
            vote(Size::M, looks()),
            vote(Size::L, looks()),
            SpecOutcome::Sized(None),
        ],
        SpecStage::Researching(_) => {
            let gone = CallFailure::Infrastructure("gone".to_owned());
            vec![researched(4, None), researched(2, Some(gone))]
        }
        SpecStage::Splitting(_) => {
            vec![SpecOutcome::Split(Ok(parts())), SpecOutcome::Split(Err(why()))]
        }
        SpecStage::WritingPlan(plans) => {
            let other = plan(&plans.number().to_string());
            vec![SpecOutcome::PlanWritten(other), SpecOutcome::PlanWritten(plan("same"))]
        }
        SpecStage::ReviewingPlan(_) => {
            let high = |count| SpecOutcome::PlanReviewed(vec![finding(Severity::High); count]);
            vec![high(0), high(2), high(3), high(4), high(9)]
        }
        _ => vec![
            SpecOutcome::Listed(Ok(vec![task(TaskKind::Behaviour)])),
            SpecOutcome::Listed(Ok(vec![task(TaskKind::Scaffold), task(TaskKind::Behaviour)])),
            SpecOutcome::Listed(Ok(independent(3))),
            SpecOutcome::Listed(Err(why())),
        ],
    }
}

fn of_proof(stage: &SpecStage) -> Vec<SpecOutcome> {
    let (why, not_run) = (|| vec!["why".to_owned()], || "why".to_owned());
    match stage {
        SpecStage::ProvingRed(_) => vec![
            red(),
            SpecOutcome::Red(RedProof::Removed { failing: Vec::new(), taken_out: why() }),
            SpecOutcome::Red(RedProof::Unproven(why())),
            SpecOutcome::Red(RedProof::NotRun(not_run())),
        ],
        _ => vec![
            SpecOutcome::Green(GreenProof::Green(1)),
            SpecOutcome::Green(GreenProof::Red(why())),
            SpecOutcome::Green(GreenProof::Lost(why())),
            SpecOutcome::Green(GreenProof::NotRun(not_run())),
        ],
    }
}

/// What an executor may leave and say.
fn of_work() -> Vec<SpecOutcome> {
    let why = || vec!["why".to_owned()];
    let words = LastWords::default;
    let disagrees = LastWords { disagreement: Some("no".to_owned()), ..words() };
    let extends = LastWords { extension: vec![request(true)], ..words() };
    vec![
        work(7, words()),
        work(7, disagrees.clone()),
        work(7, extends.clone()),
        SpecOutcome::Worked(Work::Nothing(words())),
        SpecOutcome::Worked(Work::Nothing(disagrees)),
        SpecOutcome::Worked(Work::Refused { why: why(), words: words() }),
        SpecOutcome::Worked(Work::Refused { why: why(), words: extends }),
    ]
}

/// Everything that the job of a stage may come to.
fn outcomes(stage: &SpecStage) -> Vec<SpecOutcome> {
    let why = || vec!["why".to_owned()];
    let mut all = match stage {
        SpecStage::TestingBase => {
            vec![SpecOutcome::BaseTested(Ok(())), SpecOutcome::BaseTested(Err(why()))]
        }
        SpecStage::Diagnosing(_) => {
            let wrong = SpecOutcome::Diagnosed(Err(why()));
            vec![answered("bug"), answered("no-bug"), wrong.clone(), wrong]
        }
        SpecStage::Learning(_) => vec![SpecOutcome::Learned(Some("01L".to_owned()))],
        SpecStage::WritingSpec { .. }
        | SpecStage::ReviewingSpec(_)
        | SpecStage::Classifying
        | SpecStage::Researching(_)
        | SpecStage::Splitting(_)
        | SpecStage::WritingPlan(_)
        | SpecStage::ReviewingPlan(_)
        | SpecStage::ListingTasks { .. } => of_planning(stage),
        SpecStage::WritingTests(_) => of_work(),
        SpecStage::WritingCode { .. } => [of_work(), vec![SpecOutcome::Beyond(why())]].concat(),
        SpecStage::ProvingRed(_) | SpecStage::ProvingGreen { .. } => of_proof(stage),
        SpecStage::Reviewing { .. } | SpecStage::Accepting => vec![
            passed(),
            passed_reaching(Reach::Dependency),
            passed_reaching(Reach::Routing),
            passed_upheld(),
            not_passed(),
            endless(),
            SpecOutcome::Reviewed(TaskReview::Paused {
                why: "why".to_owned(),
                resume_when: ResumeWhen::Asked,
            }),
        ],
        SpecStage::Joining(_) => {
            vec![SpecOutcome::Joined(Ok(oid(6))), SpecOutcome::Joined(Err(why()))]
        }
        SpecStage::RecordingSpec(_)
        | SpecStage::Committing(_)
        | SpecStage::Recording
        | SpecStage::Documenting(_) => {
            vec![SpecOutcome::Committed(Ok(at(9))), SpecOutcome::Committed(Err(why()))]
        }
        SpecStage::ProposingPages | SpecStage::ProposingRule => {
            let what = ProposalKind::Pages(why());
            let proposed = ProposedCommit { at: at(8), what };
            [Ok(Some(proposed)), Ok(None), Err(why())].map(SpecOutcome::Proposed).to_vec()
        }
        SpecStage::Publishing(_) => vec![SpecOutcome::Published, SpecOutcome::BaseMoved],
        SpecStage::Rebasing(_) => {
            [Ok(rebased(true)), Ok(rebased(false)), Err(why())].map(SpecOutcome::Rebased).to_vec()
        }
        SpecStage::Keeping(_) => vec![SpecOutcome::Kept],
        SpecStage::Waiting(_)
        | SpecStage::Planned(_)
        | SpecStage::Built(_)
        | SpecStage::Paused(_)
        | SpecStage::Ended(_) => return Vec::new(),
    };
    all.push(failed());
    all
}

fn step(run: SpecRun, outcome: SpecOutcome) -> SpecRun {
    let job = run.job().unwrap();
    let run = start(run, &job, Timestamp::UNIX_EPOCH).unwrap();
    apply(run, &job, outcome, &[], Timestamp::UNIX_EPOCH).unwrap()
}

/// What is left of a run, the weightiest first: it falls with each outcome but those that pause it.
fn measure(run: &SpecRun) -> [usize; 8] {
    let (spec, stage) = (run.progress(), goes_on_with(run.stage()));
    let begun = match stage {
        SpecStage::TestingBase => 4,
        SpecStage::WritingSpec { .. }
        | SpecStage::ReviewingSpec(_)
        | SpecStage::RecordingSpec(_)
        | SpecStage::Classifying
        | SpecStage::Diagnosing(_) => 3,
        SpecStage::Researching(_) => 2,
        SpecStage::Ended(_) => return [0; 8],
        _ => 1,
    };
    let may_grow = match spec.size {
        None => 3,
        Some(Size::S) => 2,
        Some(Size::M) => 1,
        Some(Size::L) => 0,
    };
    let tasks: usize = spec.parts.iter().map(|part| part.tasks.len()).sum();
    let planned = spec.parts.iter().filter(|part| !part.tasks.is_empty()).count();
    let parts = match stage {
        SpecStage::Splitting(ask) => 1_000 - ask.number as usize,
        _ => spec.parts.len() - planned,
    };
    let rebases = (REBASES_MAX - spec.rebases) as usize;
    let is_ahead = usize::from(spec.begun.is_some());
    let tasks_left = tasks - spec.built.len();
    let ahead = (spec.built.len() + 1..tasks).map(|before| {
        let ahead = spec.ahead.iter().find(|task| task.begun.before == before);
        let is_aside = spec.set_aside.iter().any(|task| task.before == before);
        match ahead {
            Some(task) => 1 + of_stage(goes_on_with(&task.stage)),
            None if is_aside => 0,
            None => 300,
        }
    });
    [may_grow, begun, parts, tasks_left, rebases, is_ahead, of_stage(stage), ahead.sum()]
}

fn goes_on_with(stage: &SpecStage) -> &SpecStage {
    match stage {
        SpecStage::Paused(pause) => goes_on_with(&pause.stage),
        SpecStage::Waiting(checkpoint) => goes_on_with(&checkpoint.then),
        SpecStage::Planned(then) | SpecStage::Built(then) => goes_on_with(then),
        stage => stage,
    }
}

fn of_stage(stage: &SpecStage) -> usize {
    let tries = |number: u32| 2 * (TRIES_MAX - number) as usize;
    // With each of them as many tries of code are made.
    let tests = |number: u32| 30 * (TRIES_MAX - number) as usize;
    match stage {
        SpecStage::TestingBase
        | SpecStage::Classifying
        | SpecStage::Researching(_)
        | SpecStage::Splitting(_) => 1_000,
        SpecStage::WritingSpec { drafts, ask } => {
            900 - 3 * drafts.rounds.len() - ask.number as usize
        }
        SpecStage::ReviewingSpec(drafts) => 900 - 3 * drafts.rounds.len(),
        SpecStage::RecordingSpec(_) => 600,
        SpecStage::Diagnosing(ask) => 1_000 - ask.number as usize,
        SpecStage::WritingPlan(plans) | SpecStage::ReviewingPlan(plans) => 500 - plans.rounds.len(),
        SpecStage::ListingTasks { ask, .. } => 100 + (PLANNING_TRIES_MAX - ask.number) as usize,
        SpecStage::WritingTests(ask) => 20 + tests(ask.number),
        SpecStage::ProvingRed(written) => 19 + tests(written.number),
        SpecStage::WritingCode { red, ask } => 6 + tests(red.number) + tries(ask.number),
        SpecStage::ProvingGreen { red, code } => 5 + tests(red.number) + tries(code.number),
        SpecStage::Reviewing { .. } | SpecStage::Rebasing(_) | SpecStage::ProposingRule => 4,
        SpecStage::ProposingPages => 5,
        SpecStage::Recording => 6,
        SpecStage::Joining(_) | SpecStage::Committing(_) | SpecStage::Accepting => 3,
        SpecStage::Documenting(_) => 2,
        SpecStage::Publishing(_) | SpecStage::Keeping(_) => 1,
        SpecStage::Learning(_)
        | SpecStage::Waiting(_)
        | SpecStage::Planned(_)
        | SpecStage::Built(_)
        | SpecStage::Paused(_)
        | SpecStage::Ended(_) => 0,
    }
}

fn any_run() -> impl Strategy<Value = SpecRun> {
    let sizes =
        prop_oneof![Just(None), Just(Some(Size::S)), Just(Some(Size::M)), Just(Some(Size::L)),];
    let modes = prop_oneof![Just(RunMode::Auto), Just(RunMode::Manual), Just(RunMode::Fast)];
    let untils = prop_oneof![Just(RunUntil::Plan), Just(RunUntil::Code), Just(RunUntil::End)];
    let options = (0usize..3, any::<bool>(), untils, 1usize..4);
    let asks = (any::<bool>(), any::<bool>());
    let (sign, rule) = (|| vec!["a choice".to_owned()], || "rule".to_owned());
    let research = prop_oneof![
        Just(ResearchAsked::default()),
        Just(ResearchAsked::Open(sign())),
        Just(ResearchAsked::Forced(rule())),
        Just(ResearchAsked::Forbidden(rule())),
    ];
    let of_specs = (sizes, modes, options, asks, research).prop_map(
        |(size, mode, options, (grants, asks), research)| {
            let mut run = sized(size, mode);
            run.about.research = research;
            run.about.documents = vec!["docs/architecture.md".to_owned()];
            let (ask_every, autopilot, until, tasks_at_once) = options;
            let extend = if grants { OnExtension::Grant } else { OnExtension::Ask };
            let ask_before = if asks { vec![AskBefore::Dependency] } else { Vec::new() };
            let chosen =
                RunOptions { until, ask_every, tasks_at_once, autopilot, ..RunOptions::default() };
            run.about.options = RunOptions { extend, ask_before, ..chosen };
            run
        },
    );
    let of_texts = any::<bool>().prop_map(|is_manual| {
        let mut run = of_text();
        run.about.mode = if is_manual { RunMode::Manual } else { RunMode::Auto };
        run.about.stated_size = None;
        run
    });
    prop_oneof![4 => of_specs, 1 => Just(of_bug()), 2 => of_texts]
}

proptest! {
    #[test]
    fn every_run_ends_pauses_or_waits(
        run in any_run(),
        choices in proptest::collection::vec(0usize..1_000, 400),
    ) {
        let (mut run, mut stops, mut calls) = (run, 0, BTreeSet::new());
        let count = choices.len();
        for choice in choices {
            for job in run.jobs() {
                if !run.journal.is_under_way(&job) {
                    let call = run.call_key(&job);
                    prop_assert!(calls.insert(call), "an answer would be taken for another one");
                    run = start(run, &job, Timestamp::UNIX_EPOCH).unwrap();
                }
            }
            let under_way = run.journal.under_way();
            if under_way.is_empty() {
                let stored = serde_json::to_vec(&run).unwrap();
                prop_assert_eq!(parse(&stored).unwrap(), StoredRun::Spec(Box::new(run.clone())));
                if run.has_ended() {
                    return Ok(());
                }
                stops += 1;
                let before = measure(&run);
                run = match run.stage() {
                    SpecStage::Waiting(_) => answer(run, CheckpointAnswer::Approve).unwrap(),
                    _ => run.resumed(),
                };
                // What is granted may set aside what is ahead.
                prop_assert!(measure(&run) <= before);
                continue;
            }
            let before = measure(&run);
            let job = &under_way[choice % under_way.len()];
            let outcomes = outcomes(run.seen_by(job).unwrap().stage());
            let outcome = outcomes[choice / under_way.len() % outcomes.len()].clone();
            let may_pause = matches!(
                outcome,
                SpecOutcome::Failed(_)
                    | SpecOutcome::Researched(_)
                    | SpecOutcome::Red(RedProof::NotRun(_))
                    | SpecOutcome::Green(GreenProof::NotRun(_))
                    | SpecOutcome::Reviewed(TaskReview::Paused { .. })
            );
            run = apply(run, job, outcome, &[], Timestamp::UNIX_EPOCH).unwrap();
            let after = measure(&run);
            prop_assert!(after < before || may_pause && after == before, "{:?}", run.stage());
            let spec = run.progress();
            let tasks = spec.parts.iter().map(|part| part.tasks.len()).sum::<usize>();
            prop_assert!(spec.ahead.len() < run.about.options.tasks_at_once.max(1));
            let is_later = |task: &AheadTask| (spec.before() + 1..tasks).contains(&task.begun.before);
            prop_assert!(spec.ahead.iter().all(is_later), "{:?}", spec.ahead);
            let begun = spec.ahead.iter().map(|task| &task.begun).chain(&spec.begun);
            let mut places: Vec<usize> = begun.map(BegunAhead::workspace).collect();
            places.sort_unstable();
            let most = run.about.options.tasks_at_once;
            let is_own = |pair: &[usize]| pair[0] < pair[1];
            prop_assert!(places.windows(2).all(is_own), "one workspace each: {places:?}");
            prop_assert!(places.iter().all(|place| (1..=most).contains(place)), "{places:?}");
        }
        prop_assert!(stops > count / 4, "it goes on and on: {:?}", run.stage());
    }
}

/// What is published, and what was reviewed, is upon the base as it is then.
#[test]
fn where_the_base_moved_the_commits_are_judged_upon_it_before_they_are_published() {
    let built = || {
        let way = [
            SpecOutcome::BaseTested(Ok(())),
            work(3, LastWords::default()),
            red(),
            work(4, LastWords::default()),
            SpecOutcome::Green(GreenProof::Green(1)),
            passed(),
            SpecOutcome::Committed(Ok(at(9))),
        ];
        way.into_iter().fold(new(), step)
    };
    let moved = || step(built(), SpecOutcome::BaseMoved);
    assert_eq!(moved().job(), Some(JobId::new("rebase")));
    let far = step(moved(), SpecOutcome::Rebased(Ok(rebased(false))));
    assert_eq!((far.job(), &far.about.base), (Some(JobId::new("publish")), &at(40).commit));
    let done = step(far, SpecOutcome::Published);
    assert_eq!(done.stage(), &SpecStage::Ended(SpecEnd::Done { commit: at(41).commit }));
    // What is near is reviewed once more, by a review of its own.
    let mut near = moved();
    near.machine.spec.reviews = vec!["of-task".to_owned()];
    let near = step(near, SpecOutcome::Rebased(Ok(rebased(true))));
    assert_eq!((near.job(), near.progress().review()), (Some(JobId::new("accept")), None));
    let mut near = step(near, passed());
    assert_eq!(near.job(), Some(JobId::new("publish")));
    // It ends with a person, however often the base moves.
    for _ in 1..REBASES_MAX {
        near = step(step(near, SpecOutcome::BaseMoved), SpecOutcome::Rebased(Ok(rebased(false))));
    }
    let often = step(near, SpecOutcome::BaseMoved);
    let SpecStage::Ended(end) = often.stage() else { panic!() };
    assert_eq!(end.verdict(), Verdict::Escalate);
    // In manual mode the person is asked about what it is now.
    let mut manual = built();
    manual.about.mode = RunMode::Manual;
    let manual =
        step(step(manual, SpecOutcome::BaseMoved), SpecOutcome::Rebased(Ok(rebased(false))));
    assert!(matches!(manual.stage(), SpecStage::Waiting(_)), "{:?}", manual.stage());
}

#[test]
fn the_way_to_a_commit_is_this_and_no_shorter() {
    let mut run = new();
    let way = [
        ("base", SpecOutcome::BaseTested(Ok(()))),
        ("task-1-tests-1", work(3, LastWords::default())),
        ("task-1-red-1", red()),
        ("task-1-code-1", work(4, LastWords::default())),
        ("task-1-green-1", SpecOutcome::Green(GreenProof::Green(1))),
        ("task-1-review", passed()),
        ("task-1-commit", SpecOutcome::Committed(Ok(at(9)))),
        ("publish", SpecOutcome::Published),
    ];
    for (job, outcome) in way {
        assert_eq!(run.job(), Some(JobId::new(job)));
        run = step(run, outcome);
    }
    assert_eq!(run.stage(), &SpecStage::Ended(SpecEnd::Done { commit: at(9).commit }));
}

#[test]
fn a_repair_begins_with_its_cause_and_is_held_to_it() {
    let mut way = vec![
        SpecOutcome::BaseTested(Ok(())),
        SpecOutcome::Diagnosed(Err(vec!["the quote is not there".to_owned()])),
        answered("bug"),
    ];
    let (_, run) = jobs_of(of_bug(), way.clone());
    let about = &run.about;
    assert_eq!(
        (about.title.as_str(), &about.touches[..]),
        ("count the last item", &["src/a".to_owned()][..])
    );
    let spec = ReportedBug::read(&about.spec.text).unwrap().spec();
    assert_eq!(spec.criteria[0].text, "WHEN `sum 1 2` is run THEN 3 (before the repair: 1)");
    assert!(spec.goal.contains("`sum 1 2` prints 1") && spec.goal.contains("src/a:2: to n - 1"));
    assert_eq!(run.progress().task().unwrap().task.paths, ["src/a"]);
    // Another report is another run; the same one is the same, whatever became known of it.
    assert_eq!(about.source_hash(), of_bug().about.source_hash());
    assert_eq!(bug::id_of("a  b\n", None), bug::id_of("a b", None));
    assert_ne!(bug::id_of("a b", None), bug::id_of("a b", Some("next")));
    way.extend(built_task());
    way.extend([SpecOutcome::Published, SpecOutcome::Learned(Some("01L".to_owned()))]);
    let (jobs, run) = jobs_of(of_bug(), way);
    assert_eq!(jobs[..3], ["base", "diagnosis-1", "diagnosis-2"]);
    assert_eq!(jobs[jobs.len() - 2..], ["publish", "learn"]);
    assert_eq!(run.progress().learned.as_deref(), Some("01L"));

    // What is wrong twice, and what is no bug, is a person's.
    let base = || step(of_bug(), SpecOutcome::BaseTested(Ok(())));
    let wrong = || SpecOutcome::Diagnosed(Err(vec!["why".to_owned()]));
    for (run, first) in [
        (step(step(base(), wrong()), wrong()), "its cause was not told"),
        (step(base(), answered("no-bug")), "the planner says that the code does"),
        (step(base(), answered("not-found")), "the planner found no place"),
        (step(base(), answered("contradiction")), "the planner says that the report"),
    ] {
        let SpecStage::Ended(SpecEnd::Stopped(stop)) = run.stage() else { panic!() };
        assert!(stop.reasons()[0].starts_with(first), "{:?}", stop.reasons());
        assert_eq!(SpecEnd::Stopped(stop.clone()).verdict(), Verdict::Escalate);
    }
}

#[test]
fn an_idea_becomes_a_spec_that_is_committed_below_what_is_built_by_it() {
    let refused = || SpecOutcome::SpecWritten(Err(vec!["vague-wording".to_owned()]));
    let reviewed = |count| SpecOutcome::PlanReviewed(vec![finding(Severity::High); count]);
    let committed = |number| SpecOutcome::Committed(Ok(at(number)));
    let mut way = vec![SpecOutcome::BaseTested(Ok(())), refused(), draft("p", "S"), reviewed(3)];
    way.extend([draft("q", "S"), reviewed(0), committed(8)]);
    let (jobs, run) = jobs_of(of_text(), way.clone());
    assert_eq!(jobs.join(" "), "base spec-1-1 spec-1-2 spec-review-2 spec-3-1 spec-review-4 spec");
    let about = &run.about;
    assert_eq!((about.title.as_str(), about.criteria.len()), ("Sum all items", 2));
    assert_eq!(
        (&about.for_people[..], &about.touches[..]),
        (&["AC-2".into()][..], &["src/**".into()][..])
    );
    assert!(
        about.spec.text.contains("- What is the sum of nothing? It is 0."),
        "{}",
        about.spec.text
    );
    assert_eq!(about.source_hash(), of_text().about.source_hash());
    // What is built stands on its commit, and nobody is asked for its size again.
    let SpecStage::WritingTests(ask) = run.stage() else { panic!("{:?}", run.stage()) };
    assert_eq!(ask.from, at(8));
    way.extend(built_task());
    way.push(SpecOutcome::Published);
    let (_, run) = jobs_of(of_text(), way);
    assert_eq!(run.stage(), &SpecStage::Ended(SpecEnd::Done { commit: at(9).commit }));

    // What is wrong twice, what leads nowhere, and what is wanted by nobody, is a person's.
    let base = || step(of_text(), SpecOutcome::BaseTested(Ok(())));
    let same = jobs_of(base(), vec![draft("p", "S"), reviewed(3), draft("p", "S")]).1;
    for (run, reason) in [
        (step(step(base(), refused()), refused()), "vague-wording"),
        (same, "it was written again as it was before"),
        (step(base(), nothing_to_build()), "it greets"),
    ] {
        let SpecStage::Ended(SpecEnd::Stopped(stop)) = run.stage() else { panic!() };
        assert_eq!(stop.reasons()[1], reason);
        assert_eq!(SpecEnd::Stopped(stop.clone()).verdict(), Verdict::Escalate);
    }
}

#[test]
fn a_person_answers_the_open_questions_of_a_spec_that_is_written() {
    let mut manual = of_text();
    manual.about.mode = RunMode::Manual;
    let way = vec![
        SpecOutcome::BaseTested(Ok(())),
        draft("p", "S"),
        SpecOutcome::PlanReviewed(Vec::new()),
    ];
    let (_, run) = jobs_of(manual, way);
    let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
    assert_eq!(waiting.at, CheckpointKind::Spec);
    let page = run.page().unwrap();
    for text in [
        "# Open questions",
        "1. What is the sum of nothing?",
        "- assumed: It is 0.",
        "## Acceptance",
    ] {
        assert!(page.contains(text), "`{text}` in {page}");
    }
    let again = answer(run.clone(), CheckpointAnswer::Reject("it is an error".to_owned())).unwrap();
    let SpecStage::WritingSpec { drafts, .. } = again.stage() else { panic!() };
    assert_eq!(drafts.findings()[0].failure, "it is an error");
    // What comes back as it was is asked about again.
    let again = step(again, draft("p", "S"));
    assert!(again.page().unwrap().contains("It did not get better: it was written again"));
    let approved = answer(again, CheckpointAnswer::Approve).unwrap();
    assert_eq!(approved.stage().as_str(), "committing the spec");
}

#[test]
fn fast_mode_goes_from_green_to_a_commit_that_is_published_only_where_that_was_asked_for() {
    for commits in [false, true] {
        let mut run = sized(None, RunMode::Fast);
        run.about.options.commits = commits;
        let last = if commits { SpecOutcome::Published } else { SpecOutcome::Kept };
        let mut way = vec![SpecOutcome::BaseTested(Ok(()))];
        way.extend(built_task().into_iter().filter(|outcome| *outcome != passed()));
        way.push(last);
        let (jobs, run) = jobs_of(run, way);
        let last = if commits { "publish" } else { "keep" };
        let wanted = format!(
            "base task-1-tests-1 task-1-red-1 task-1-code-1 task-1-green-1 task-1-commit {last}"
        );
        assert_eq!(jobs.join(" "), wanted);
        let commit = at(9).commit;
        let end = if commits { SpecEnd::Done { commit } } else { SpecEnd::Kept { commit } };
        assert_eq!(run.stage(), &SpecStage::Ended(end.clone()));
        assert_eq!(end.verdict(), Verdict::Pass);
    }
}

/// A way that a run goes, as the names of its jobs.
fn jobs_of(mut run: SpecRun, outcomes: Vec<SpecOutcome>) -> (Vec<String>, SpecRun) {
    let mut jobs = Vec::new();
    for outcome in outcomes {
        jobs.push(run.job().unwrap().to_string());
        run = step(run, outcome);
    }
    (jobs, run)
}

fn built_task() -> Vec<SpecOutcome> {
    vec![
        work(3, LastWords::default()),
        red(),
        work(4, LastWords::default()),
        SpecOutcome::Green(GreenProof::Green(1)),
        passed(),
        SpecOutcome::Committed(Ok(at(9))),
    ]
}

#[test]
fn a_large_spec_is_planned_and_built_part_by_part_and_reviewed_as_a_whole() {
    let planned = |tasks: Vec<PlannedTask>| {
        let written = SpecOutcome::PlanWritten(plan("p"));
        vec![written, SpecOutcome::PlanReviewed(Vec::new()), SpecOutcome::Listed(Ok(tasks))]
    };
    let mut way = vec![
        SpecOutcome::BaseTested(Ok(())),
        SpecOutcome::Sized(None),
        SpecOutcome::Split(Err(vec!["why".to_owned()])),
        SpecOutcome::Split(Ok(parts())),
    ];
    way.extend(planned(vec![task(TaskKind::Scaffold), task(TaskKind::Behaviour)]));
    // A scaffold has no tests of its own.
    way.extend(built_task().split_off(2));
    way.extend(built_task());
    way.extend(planned(vec![task(TaskKind::Behaviour)]));
    way.extend(built_task());
    let committed = |number| SpecOutcome::Committed(Ok(at(number)));
    way.extend([committed(11), passed(), committed(12), SpecOutcome::Published]);
    let (jobs, run) = jobs_of(sized(None, RunMode::Auto), way);
    assert_eq!(run.stage(), &SpecStage::Ended(SpecEnd::Done { commit: at(12).commit }));
    assert_eq!(run.progress().built.len(), 3);
    let wanted = "base size split-1 split-2 plan-1-1 plan-review-1-2 tasks-1-1 task-1-code-1 task-1-green-1 \
        task-1-review task-1-commit task-2-tests-1 task-2-red-1 task-2-code-1 task-2-green-1 task-2-review \
        task-2-commit plan-2-1 plan-review-2-2 tasks-2-1 task-3-tests-1 task-3-red-1 task-3-code-1 \
        task-3-green-1 task-3-review task-3-commit decisions accept documents publish";
    assert_eq!(jobs.join(" "), wanted);
}

#[test]
fn a_plan_that_finds_no_end_makes_the_spec_larger_and_then_a_persons() {
    let rounds = |finds: usize| {
        let written = move |n: usize| SpecOutcome::PlanWritten(plan(&n.to_string()));
        let found = SpecOutcome::PlanReviewed(vec![finding(Severity::Critical); finds]);
        (0..4).flat_map(move |n| [written(n), found.clone()]).collect::<Vec<_>>()
    };
    let mut way = vec![SpecOutcome::BaseTested(Ok(()))];
    way.extend(rounds(2));
    let (jobs, run) = jobs_of(sized(Some(Size::M), RunMode::Auto), way);
    assert_eq!(jobs.last().unwrap(), "plan-review-1-8");
    assert_eq!(
        (run.job().unwrap().to_string().as_str(), run.progress().size),
        ("split-1", Some(Size::L))
    );
    let mut way = vec![SpecOutcome::Split(Ok(parts()))];
    way.extend(rounds(1));
    let (_, run) = jobs_of(run, way);
    let SpecStage::Ended(SpecEnd::Stopped(SpecStop::NoPlan(why))) = run.stage() else { panic!() };
    assert!(why[0].contains("3 reviews in a row"), "{why:?}");
}

#[test]
fn a_person_is_asked_about_plan_tasks_and_result_and_what_they_reject_is_made_again() {
    let run = sized(Some(Size::M), RunMode::Manual);
    let planned =
        || vec![SpecOutcome::PlanWritten(plan("p")), SpecOutcome::PlanReviewed(Vec::new())];
    let mut way = vec![SpecOutcome::BaseTested(Ok(()))];
    way.extend(planned());
    let (_, run) = jobs_of(run, way);
    let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
    assert_eq!(waiting.at, CheckpointKind::Plan);
    assert!(run.page().is_some_and(|page| page.contains("## Risks")));

    let run = answer(run, CheckpointAnswer::Reject("no cache".to_owned())).unwrap();
    let SpecStage::WritingPlan(plans) = run.stage() else { panic!() };
    assert_eq!(plans.findings()[0].failure, "no cache");
    assert!(answer(run.clone(), CheckpointAnswer::Approve).is_none(), "it waits for no answer");
    let way = vec![SpecOutcome::PlanWritten(plan("q")), SpecOutcome::PlanReviewed(Vec::new())];
    let (_, run) = jobs_of(run, way);
    let run = answer(run, CheckpointAnswer::Approve).unwrap();
    let run = step(run, SpecOutcome::Listed(Ok(vec![task(TaskKind::Behaviour)])));
    let run = answer(run, CheckpointAnswer::Reject("one more".to_owned())).unwrap();
    let SpecStage::ListingTasks { ask, .. } = run.stage() else { panic!() };
    assert!(ask.refused[0].ends_with("one more"));
    let run = step(run, SpecOutcome::Listed(Ok(vec![task(TaskKind::Behaviour)])));
    let (_, run) = jobs_of(answer(run, CheckpointAnswer::Approve).unwrap(), built_task());
    let run = step(step(run, SpecOutcome::Committed(Ok(at(11)))), passed());
    let run = answer(run, CheckpointAnswer::Reject("not so".to_owned())).unwrap();
    let end = SpecEnd::Stopped(SpecStop::Rejected("not so".to_owned()));
    assert_eq!(run.stage(), &SpecStage::Ended(end));
}

#[test]
fn a_rejected_plan_that_does_not_get_better_is_its_persons_again() {
    let written = |text: &str| SpecOutcome::PlanWritten(plan(text));
    let critical = || SpecOutcome::PlanReviewed(vec![finding(Severity::Critical)]);
    let rejected = || {
        let planned = vec![SpecOutcome::BaseTested(Ok(())), written("p")];
        let planned = [planned, vec![SpecOutcome::PlanReviewed(Vec::new())]].concat();
        let (_, run) = jobs_of(sized(Some(Size::M), RunMode::Manual), planned);
        answer(run, CheckpointAnswer::Reject("no cache".to_owned())).unwrap()
    };
    let worse = ["q", "r", "s"].into_iter().flat_map(|text| [written(text), critical()]);
    for (way, why) in [
        (vec![written("p")], "it was written again as it was before"),
        (worse.collect(), "3 reviews in a row found no less"),
    ] {
        let (_, run) = jobs_of(rejected(), way.clone());
        let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!((&waiting.at, run.progress().size), (&CheckpointKind::Plan, Some(Size::M)));
        let page = run.page().unwrap();
        assert!(page.contains(&format!("It did not get better: {why}.")), "{page}");
        let again = answer(run.clone(), CheckpointAnswer::Reject("none".to_owned())).unwrap();
        assert_eq!(again.stage().as_str(), "writing the plan");
        let listed = answer(run, CheckpointAnswer::Approve).unwrap();
        assert_eq!(listed.stage().as_str(), "listing tasks");
        // Where nobody is asked any more it is as without a person.
        let mut alone = rejected();
        alone.about.options.autopilot = true;
        let (_, run) = jobs_of(alone, way);
        assert_eq!(
            (run.stage().as_str(), run.progress().size),
            ("splitting it into parts", Some(Size::L))
        );
    }
}

#[test]
fn after_so_many_tasks_a_person_looks_and_with_autopilot_nobody_is_asked() {
    let built = |ask_every: usize, autopilot: bool| {
        let mut run = sized(Some(Size::M), RunMode::Auto);
        run.about.options = RunOptions { ask_every, autopilot, ..RunOptions::default() };
        let tasks = vec![task(TaskKind::Behaviour), task(TaskKind::Behaviour)];
        let mut way = vec![
            SpecOutcome::BaseTested(Ok(())),
            SpecOutcome::PlanWritten(plan("p")),
            SpecOutcome::PlanReviewed(Vec::new()),
            SpecOutcome::Listed(Ok(tasks)),
        ];
        way.extend(built_task());
        jobs_of(run, way).1
    };
    for (every, autopilot) in [(0, false), (2, false), (1, true)] {
        let run = built(every, autopilot);
        assert!(matches!(run.stage(), SpecStage::WritingTests(_)), "{every}");
    }
    let run = built(1, false);
    let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
    assert_eq!(waiting.at, CheckpointKind::Built);
    let page = run.page().unwrap();
    assert!(!page.contains("What it costs"), "nothing is told that is not known: {page}");
    let spent = Spent { calls: 6, money: Money(600_000), unknown: 1, ..Spent::default() };
    let facts = PageFacts { spent, base_tip: Some(oid(77)), base_beyond: 2 };
    let again = ask_again(run.clone(), facts);
    // Another page: an answer to the first is none to it.
    let page = again.page().unwrap();
    assert!(page.contains("about 4 to 10 calls, $0.4800 to $1.20 by what"), "{page}");
    assert!(page.contains("`main` has 2 commits beyond"), "{page}");
    // After the last task all of it is reviewed, and nobody is asked.
    let (_, last) = jobs_of(answer(run.clone(), CheckpointAnswer::Approve).unwrap(), built_task());
    assert_eq!(last.stage(), &SpecStage::Recording);
    let rejected = answer(run, CheckpointAnswer::Reject("no".to_owned())).unwrap();
    let end = SpecEnd::Stopped(SpecStop::Rejected("no".to_owned()));
    assert_eq!(rejected.stage(), &SpecStage::Ended(end));
}

#[test]
fn a_file_beyond_the_task_takes_a_yes_of_its_person_or_of_their_settings() {
    let asks = |options: RunOptions, mode: RunMode, is_of_spec: bool| {
        let mut run = sized(Some(Size::S), mode);
        run.about.touches = vec!["src/a".to_owned()];
        run.about.options = options;
        let words = LastWords { extension: vec![request(is_of_spec)], ..LastWords::default() };
        let way = vec![
            SpecOutcome::BaseTested(Ok(())),
            work(3, LastWords::default()),
            red(),
            work(4, words),
        ];
        jobs_of(run, way).1
    };
    let files = |run: &SpecRun| run.progress().task().unwrap().task.paths.clone();
    let goes_on = |run: &SpecRun| {
        let SpecStage::WritingCode { ask, .. } = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!((ask.number, &ask.from), (2, &at(4)), "from what was within the task");
        ask.refused.clone()
    };
    let (ask, grant) =
        (RunOptions::default(), RunOptions { extend: OnExtension::Grant, ..RunOptions::default() });
    for (options, mode, is_of_spec) in [
        (ask.clone(), RunMode::Auto, true),
        (grant.clone(), RunMode::Auto, false),
        (grant.clone(), RunMode::Manual, true),
    ] {
        let run = asks(options, mode, is_of_spec);
        let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!(waiting.at, CheckpointKind::Extension(vec![request(is_of_spec)]));
        assert_eq!(files(&run), ["src/a"], "nothing is taken before");
        let page = run.page().unwrap();
        assert!(page.contains("- `src/b`: it calls it"), "{page}");
        assert_eq!(page.contains("`touches` do not name it"), !is_of_spec, "{page}");
        let yes = answer(run.clone(), CheckpointAnswer::Approve).unwrap();
        assert_eq!(
            (files(&yes), goes_on(&yes).len()),
            (vec!["src/a".to_owned(), "src/b".to_owned()], 0)
        );
        let no = answer(run, CheckpointAnswer::Reject("use its result".to_owned())).unwrap();
        assert_eq!(files(&no), ["src/a"]);
        let told = goes_on(&no).concat();
        assert!(told.ends_with("does not allow `src/b`: use its result"), "{told}");
    }
    let autopilot = RunOptions { autopilot: true, ..ask };
    for (options, mode, is_of_spec) in
        [(grant, RunMode::Auto, true), (autopilot, RunMode::Manual, false)]
    {
        let run = asks(options, mode, is_of_spec);
        assert_eq!((files(&run).len(), goes_on(&run).len()), (2, 0));
    }
}

#[test]
fn what_others_rely_on_takes_a_yes_where_the_mode_or_the_policy_asks_for_it() {
    let reviewed = |mode: RunMode, asked: &[AskBefore], autopilot: bool, reach: Reach| {
        let mut run = sized(Some(Size::S), mode);
        let ask_before = asked.to_vec();
        run.about.options = RunOptions { autopilot, ask_before, ..RunOptions::default() };
        let mut way = vec![SpecOutcome::BaseTested(Ok(()))];
        let review = |outcome: SpecOutcome| {
            if outcome == passed() { passed_reaching(reach) } else { outcome }
        };
        way.extend(built_task().into_iter().take(5).map(review));
        jobs_of(run, way).1
    };
    for (mode, asked, reach) in [
        (RunMode::Manual, &[][..], Reach::Dependency),
        (RunMode::Manual, &[], Reach::Architecture),
        (RunMode::Auto, &[AskBefore::Interface], Reach::Routing),
        (RunMode::Auto, &[AskBefore::Interface], Reach::Contract),
    ] {
        let run = reviewed(mode, asked, false, reach);
        let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
        assert_eq!(waiting.at, CheckpointKind::Reach);
        let page = run.page().unwrap();
        assert!(page.contains(&format!("- `src/a`: {}", reach.in_words())), "{page}");
        let yes = answer(run.clone(), CheckpointAnswer::Approve).unwrap();
        assert!(matches!(yes.stage(), SpecStage::Committing(_)));
        assert!(answer(run, CheckpointAnswer::Reject(String::new())).unwrap().has_ended());
    }
    for (mode, asked, autopilot, reach) in [
        (RunMode::Auto, &[][..], false, Reach::Dependency),
        (RunMode::Auto, &[AskBefore::Interface], false, Reach::Dependency),
        (RunMode::Manual, &[AskBefore::Interface], true, Reach::Routing),
    ] {
        let run = reviewed(mode, asked, autopilot, reach);
        assert!(matches!(run.stage(), SpecStage::Committing(_)), "{:?}", run.stage());
    }
}

#[test]
fn what_passes_no_review_is_planned_as_something_larger_until_a_person_decides() {
    let refused = |outcome: SpecOutcome| if outcome == passed() { endless() } else { outcome };
    let task_that_fails = || built_task().into_iter().take(5).map(refused);
    let planned = || {
        [
            SpecOutcome::PlanWritten(plan("p")),
            SpecOutcome::PlanReviewed(Vec::new()),
            SpecOutcome::Listed(Ok(vec![task(TaskKind::Behaviour)])),
        ]
    };
    let mut run = new();
    run.about.criteria = vec!["AC-1".to_owned(), "AC-2".to_owned()];
    run = step(run, SpecOutcome::BaseTested(Ok(())));
    for outcome in task_that_fails() {
        if matches!(outcome, SpecOutcome::Reviewed(_)) {
            run.machine.spec.note_review("first");
        }
        run = step(run, outcome);
    }
    assert!(matches!(run.stage(), SpecStage::WritingPlan(_)), "{:?}", run.stage());
    assert_eq!((run.progress().size, run.progress().review()), (Some(Size::M), None));
    let raised = run.progress().raised[0].in_words();
    assert_eq!(raised, "built smaller than M, it did not pass its review: the sign is lost");
    let as_medium = planned().into_iter().fold(run, step);
    let mut run = as_medium.clone();
    for outcome in task_that_fails() {
        assert_ne!(run.progress().review(), Some("first"), "each has a review of its own");
        run = step(run, outcome);
    }
    assert!(matches!(run.stage(), SpecStage::Splitting(_)), "{:?}", run.stage());
    assert_eq!(run.progress().size, Some(Size::L));
    let split = step(run, SpecOutcome::Split(Ok(parts())));
    let as_large = planned().into_iter().chain(task_that_fails()).fold(split, step);
    assert!(as_large.has_ended(), "{:?}", as_large.stage());

    // What a person has to decide is theirs, and so is what stands on commits, a repair, and a plan of one criterion.
    let escalated = built_task().into_iter().take(4).fold(as_medium.clone(), step);
    assert!(step(escalated, not_passed()).has_ended());
    let mut built = as_medium;
    built.machine.spec.parts[0].tasks.push(task(TaskKind::Behaviour));
    let built = built_task().into_iter().chain(task_that_fails()).fold(built, step);
    assert!(built.has_ended() && built.progress().built.len() == 1);
    let base = step(of_bug(), SpecOutcome::BaseTested(Ok(())));
    assert!(task_that_fails().fold(step(base, answered("bug")), step).has_ended());
    let mut one = sized(Some(Size::M), RunMode::Auto);
    one.about.criteria.truncate(1);
    let one = step(one, SpecOutcome::BaseTested(Ok(())));
    assert!(planned().into_iter().chain(task_that_fails()).fold(one, step).has_ended());
}

#[test]
fn a_stage_is_as_old_as_what_is_done_in_it_now() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let begun = |run: SpecRun, seconds| {
        let job = run.job().unwrap();
        start(run, &job, at(seconds)).unwrap()
    };
    let run = begun(new(), 10);
    assert_eq!(run.stage_since(), at(10));
    let job = run.job().unwrap();
    let run = apply(run, &job, SpecOutcome::BaseTested(Ok(())), &[], at(40)).unwrap();
    assert_eq!(run.stage_since(), at(40));
    let run = begun(run, 41);
    assert_eq!(run.stage_since(), at(41));
    // What was killed is made again, and nobody worked on it between.
    let run = begun(run.interrupted(at(90)), 90);
    assert_eq!((run.stage_since(), run.about.started), (at(90), at(0)));
}

#[test]
fn a_run_of_a_version_without_choices_is_read() {
    let run = sized(Some(Size::M), RunMode::Manual);
    let mut stored = serde_json::to_value(&run).unwrap();
    assert!(stored["about"].as_object_mut().unwrap().remove("options").is_some());
    let read = parse(&serde_json::to_vec(&stored).unwrap()).unwrap();
    assert_eq!(read, StoredRun::Spec(Box::new(run)));
}

#[test]
fn research_comes_before_the_first_plan_and_once() {
    let asking = |size| {
        SpecOutcome::Sized(Some(SizeVote {
            size,
            why: String::new(),
            research: "which unit".to_owned(),
        }))
    };
    let base = || SpecOutcome::BaseTested(Ok(()));
    let gone = CallFailure::Infrastructure("gone".to_owned());
    // What is answered is not asked again, and what failed is.
    let (_, run) = jobs_of(
        sized(None, RunMode::Manual),
        vec![base(), asking(Size::L), researched(2, Some(gone))],
    );
    let SpecStage::Paused(pause) = run.stage() else { panic!("{:?}", run.stage()) };
    let SpecStage::Researching(ask) = &*pause.stage else { panic!("{pause:?}") };
    assert_eq!(ask.why, "the planner asks for it: which unit");
    assert_eq!(ask.open(), [ResearchShard::Comparison, ResearchShard::Code]);
    let run = step(run.resumed(), researched(4, None));
    let SpecStage::Waiting(waiting) = run.stage() else { panic!("{:?}", run.stage()) };
    assert_eq!(waiting.at, CheckpointKind::Research);
    assert!(run.page().unwrap().starts_with("# Research: A\n"));
    // What is rejected is looked into again, from the beginning and with the note.
    let again = answer(run.clone(), CheckpointAnswer::Reject("in SI".to_owned())).unwrap();
    let SpecStage::Researching(ask) = again.stage() else { panic!() };
    assert_eq!((ask.note.as_str(), ask.open().len()), ("in SI", 4));
    let again = step(again, researched(4, None));
    let again = answer(again, CheckpointAnswer::Approve).unwrap();
    assert_eq!(again.job(), Some(JobId::new("split-1")));

    // A plan that finds no end makes the spec large, and nothing is looked into again.
    let mut run = sized(Some(Size::M), RunMode::Auto);
    run.about.research = ResearchAsked::Forced("the spec".to_owned());
    let mut way = vec![base(), researched(4, None)];
    for n in 0..4 {
        way.push(SpecOutcome::PlanWritten(plan(&n.to_string())));
        way.push(SpecOutcome::PlanReviewed(vec![finding(Severity::Critical); 2]));
    }
    let (jobs, run) = jobs_of(run, way);
    assert_eq!(jobs[..3], ["base", "research", "plan-1-1"]);
    assert_eq!(run.job(), Some(JobId::new("split-1")));

    // One task has no plan, and what is forbidden is not done whatever the planner says.
    for (research, size, next) in [
        (ResearchAsked::Forced(String::new()), Size::S, "task-1-tests-1"),
        (ResearchAsked::Forbidden(String::new()), Size::M, "plan-1-1"),
        (ResearchAsked::Open(Vec::new()), Size::M, "research"),
    ] {
        let mut run = sized(None, RunMode::Auto);
        run.about.research = research;
        let (_, run) = jobs_of(run, vec![base(), asking(size)]);
        assert_eq!(run.job(), Some(JobId::new(next)));
    }
    // Alone it is the first and the last.
    let mut about = sized(None, RunMode::Auto).about;
    about.purpose = RunPurpose::Research;
    let (jobs, run) = jobs_of(SpecRun::new("01J".to_owned(), about), vec![researched(4, None)]);
    assert_eq!(
        (jobs, run.stage()),
        (vec!["research".to_owned()], &SpecStage::Ended(SpecEnd::Researched))
    );
}

/// The words of a stored run that have a version: with another one an earlier program has to say that a later one
/// wrote the run, so it raises `VERSION`, and is added here.
#[test]
fn the_words_of_a_stored_run_have_a_version() {
    fn words<T: serde::de::DeserializeOwned>() -> String {
        let error = serde_json::from_str::<T>("\"no-such-word\"").err().unwrap().to_string();
        let (_, known) = error.split_once("expected one of ").unwrap();
        known.split(" at line").next().unwrap().replace('`', "")
    }
    assert_eq!(VERSION, 7);
    assert_eq!(
        words::<SpecStage>(),
        "testing-base, writing-spec, reviewing-spec, recording-spec, diagnosing, classifying, researching, splitting, writing-plan, reviewing-plan, \
         listing-tasks, writing-tests, proving-red, writing-code, proving-green, reviewing, joining, committing, recording, proposing-pages, proposing-rule, accepting, \
         documenting, rebasing, publishing, learning, keeping, waiting, planned, built, paused, ended"
    );
    assert_eq!(
        words::<CheckpointKind>(),
        "spec, research, plan, tasks, extension, reach, built, acceptance"
    );
    assert_eq!(words::<RunMode>(), "auto, manual, fast");
    assert_eq!(words::<RunUntil>(), "plan, code, end");
    assert_eq!(
        words::<SpecStop>(),
        "base-untested, no-spec, nothing-to-build, no-diagnosis, no-repair, not-split, no-plan, no-tasks, no-red-tests, disagreement, extension, \
         beyond-fast, not-built, not-passed, gates, not-rebased, rejected, aborted"
    );
}

#[test]
fn a_run_of_an_earlier_version_is_read_and_one_of_a_later_version_is_named_as_that() {
    let run = sized(Some(Size::M), RunMode::Manual);
    let mut stored = serde_json::to_value(&run).unwrap();
    stored["version"] = json!(4);
    let read = |stored: &serde_json::Value| parse(&serde_json::to_vec(stored).unwrap());
    // What is saved from now on is of this version.
    assert_eq!(read(&stored).unwrap(), StoredRun::Spec(Box::new(run)));
    // Before there was more to stop at.
    let options = stored["about"]["options"].as_object_mut().unwrap();
    options.remove("until");
    options.insert("plan_only".to_owned(), json!(true));
    let StoredRun::Spec(planned) = read(&stored).unwrap() else { panic!() };
    assert_eq!(planned.about.options.until, RunUntil::Plan);
    // As the fourth version wrote one, of two tasks.
    let fourth = include_bytes!("../../../../tests/data/run-4.json");
    let StoredRun::Spec(fourth) = parse(fourth).unwrap() else { panic!() };
    assert_eq!((fourth.version, fourth.progress().built.len()), (VERSION, 2));
    assert!(fourth.has_ended() && fourth.progress().parts[0].plan.is_some());
    stored["version"] = json!(VERSION + 1);
    stored["machine"]["spec"]["stage"] = json!({"a-later-stage": {}});
    let why = read(&stored).unwrap_err().to_string();
    assert_eq!(why, format!("format {}, known is {VERSION}", VERSION + 1));
}

#[test]
fn an_outcome_of_another_job_is_refused_and_changes_nothing() {
    let kinds = [
        SpecOutcome::BaseTested(Ok(())),
        work(3, LastWords::default()),
        red(),
        SpecOutcome::Green(GreenProof::Green(1)),
        passed(),
        SpecOutcome::Committed(Ok(at(9))),
        SpecOutcome::Published,
    ];
    let mut run = new();
    for outcome in &kinds {
        let job = run.job().unwrap();
        let begun = start(run.clone(), &job, Timestamp::UNIX_EPOCH).unwrap();
        assert!(start(begun.clone(), &job, Timestamp::UNIX_EPOCH).is_err(), "started twice");
        for other in kinds.iter().filter(|other| *other != outcome) {
            let is_work = |one: &SpecOutcome| matches!(one, SpecOutcome::Worked(_));
            if is_work(other) && is_work(outcome) {
                continue;
            }
            let applied = apply(begun.clone(), &job, other.clone(), &[], Timestamp::UNIX_EPOCH);
            let is_code = matches!(run.stage(), SpecStage::WritingCode { .. });
            assert!(applied.is_err() || is_code && is_work(other), "{job}: {other:?}");
        }
        run = step(run, outcome.clone());
        if matches!(run.stage(), SpecStage::WritingCode { .. }) {
            run = step(run, work(4, LastWords::default()));
        }
    }
    assert!(run.has_ended());
}

#[test]
fn a_refused_try_begins_anew_and_a_red_one_goes_on() {
    let tests = step(step(new(), SpecOutcome::BaseTested(Ok(()))), work(3, LastWords::default()));
    let again = step(tests.clone(), SpecOutcome::Red(RedProof::Unproven(vec!["why".to_owned()])));
    let SpecStage::WritingTests(ask) = again.stage() else { panic!() };
    let base = Snapshot { tree: oid(2), commit: oid(1) };
    assert_eq!((ask.number, &ask.from, &ask.refused[..]), (2, &base, &["why".to_owned()][..]));

    let code = step(step(tests, red()), work(4, LastWords::default()));
    let again = step(code, SpecOutcome::Green(GreenProof::Red(vec!["why".to_owned()])));
    let SpecStage::WritingCode { red, ask } = again.stage() else { panic!() };
    assert_eq!((ask.number, &ask.from, &red.at), (2, &at(4), &at(3)));

    // After the last try a person decides.
    let mut run = again;
    for _ in 1..TRIES_MAX {
        let refused = Work::Refused { why: vec!["why".to_owned()], words: LastWords::default() };
        run = step(run, SpecOutcome::Worked(refused));
    }
    let end = SpecEnd::Stopped(SpecStop::NotBuilt(vec!["why".to_owned()]));
    assert_eq!(run.stage(), &SpecStage::Ended(end.clone()));
    assert_eq!(end.verdict(), Verdict::Escalate);
}
