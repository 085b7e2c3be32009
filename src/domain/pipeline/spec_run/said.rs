//! What came of the job of a stage, for people: a short line, then the details.

use crate::domain::development::suite::{GreenProof, RedProof, RedReason, RedTest};
use crate::domain::development::words::FileRequest;
use crate::domain::diagnosis::answer::{CodeQuote, ReportAnswer};
use crate::domain::model::text::{counted, one_line};
use crate::domain::pipeline::said::{first, refused};
use crate::domain::pipeline::spec_run::outcome::{
    CheckpointAnswer, ResearchCame, SpecOutcome, TaskReview, Work,
};
use crate::domain::pipeline::spec_run::stage::Checkpoint;
use crate::domain::planning::prompt::in_words;
use crate::domain::planning::size_vote::SizeVote;
use crate::domain::research::record::ResearchRecord;
use crate::domain::specifying::answer::IdeaAnswer;
use crate::domain::specifying::draft::SpecDraft;

pub(super) fn of(outcome: &SpecOutcome) -> Vec<String> {
    match outcome {
        SpecOutcome::BaseTested(Ok(())) => vec!["its tests pass".to_owned()],
        SpecOutcome::BaseTested(Err(why)) => first("it cannot be built on", why),
        SpecOutcome::SpecWritten(Ok(IdeaAnswer::Spec(draft))) => of_draft(draft),
        SpecOutcome::SpecWritten(Ok(IdeaAnswer::Nothing(nothing))) => nothing.reasons(),
        SpecOutcome::Diagnosed(Ok(ReportAnswer::Found(found))) => {
            let quotes = found.quotes.iter().map(CodeQuote::in_words);
            [found.title.clone(), found.cause.clone()].into_iter().chain(quotes).collect()
        }
        SpecOutcome::Diagnosed(Ok(ReportAnswer::Nothing(nothing))) => nothing.reasons(),
        SpecOutcome::Sized(Some(vote)) => of_vote(vote),
        SpecOutcome::Researched(came) => of_research(came),
        SpecOutcome::Sized(None) => vec!["its answer could not be read".to_owned()],
        SpecOutcome::Split(Ok(parts)) => {
            let titles: Vec<String> = parts.iter().map(|part| part.title.clone()).collect();
            first(&counted(parts.len(), "part"), &titles)
        }
        SpecOutcome::PlanWritten(plan) => {
            let page = plan.markdown("");
            let lines = page.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned);
            first("a plan", &lines.collect::<Vec<_>>())
        }
        SpecOutcome::PlanReviewed(found) => {
            let lines: Vec<String> = in_words(found).lines().map(str::to_owned).collect();
            first(&counted(found.len(), "finding"), &lines)
        }
        SpecOutcome::Listed(Ok(tasks)) => {
            let titles: Vec<String> = tasks.iter().map(|task| task.title.clone()).collect();
            first(&counted(tasks.len(), "task"), &titles)
        }
        SpecOutcome::SpecWritten(Err(why))
        | SpecOutcome::Diagnosed(Err(why))
        | SpecOutcome::Split(Err(why))
        | SpecOutcome::Listed(Err(why)) => refused(why),
        SpecOutcome::Joined(came) => of_joined(came.as_ref().err()),
        SpecOutcome::Worked(work) => of_work(work),
        SpecOutcome::Beyond(why) => first("it is more than fast mode builds", why),
        SpecOutcome::Red(proof) => of_proof(proof),
        SpecOutcome::Green(proof) => of_green(proof),
        SpecOutcome::Reviewed(review) => of_review(review),
        SpecOutcome::Committed(Ok(at)) => vec![format!("commit {}", at.commit.short())],
        SpecOutcome::Committed(Err(why)) => first("the gates of a commit stop it", why),
        SpecOutcome::Proposed(Ok(Some(proposed))) => vec![proposed.in_words()],
        SpecOutcome::Proposed(Ok(None)) => vec!["there is nothing to propose".to_owned()],
        SpecOutcome::Proposed(Err(why)) => first("it is not proposed", why),
        SpecOutcome::BaseMoved => vec!["its base moved".to_owned()],
        SpecOutcome::Rebased(Ok(commits)) => {
            vec![format!("the commits are upon {} and pass there", commits.base.short())]
        }
        SpecOutcome::Rebased(Err(why)) => first("it does not fit on what its base is now", why),
        SpecOutcome::Published => vec!["the branch is there".to_owned()],
        SpecOutcome::Learned(Some(finding)) => vec![format!("finding {finding}")],
        SpecOutcome::Learned(None) => vec!["there are too many of its kind".to_owned()],
        SpecOutcome::Kept => vec!["the commit stays with the run".to_owned()],
        SpecOutcome::Failed(failure) => vec![failure.why().to_owned()],
    }
}

/// What running new tests showed.
fn of_proof(proof: &RedProof) -> Vec<String> {
    match proof {
        RedProof::Proven(tests) => {
            let verb = if tests.len() == 1 { "fails" } else { "fail" };
            let line = format!("{} {verb} for want of the code", counted(tests.len(), "new test"));
            first(&line, &tests.iter().map(of_red).collect::<Vec<_>>())
        }
        RedProof::Removed { failing, taken_out } => {
            let line = format!(
                "taken out: {} of what is no longer asked for; {} for want of the code",
                counted(taken_out.len(), "test"),
                counted(failing.len(), "failure")
            );
            let lines = failing.iter().map(of_red).chain(taken_out.iter().cloned());
            first(&line, &lines.collect::<Vec<_>>())
        }
        RedProof::Unproven(why) => refused(why),
        RedProof::NotRun(why) => vec![format!("the tests did not run: {why}")],
    }
}

/// What running all tests upon the code showed.
fn of_green(proof: &GreenProof) -> Vec<String> {
    match proof {
        GreenProof::Green(count) => {
            vec![format!("all tests pass, with {}", counted(*count, "new one"))]
        }
        GreenProof::Red(why) | GreenProof::Lost(why) => refused(why),
        GreenProof::NotRun(why) => vec![format!("the tests did not run: {why}")],
    }
}

/// What a person answered, and about what.
pub(super) fn of_answer(checkpoint: &Checkpoint, answer: &CheckpointAnswer) -> String {
    let about = checkpoint.at.as_str();
    match answer {
        CheckpointAnswer::Approve => format!("{about}: approved"),
        CheckpointAnswer::Reject(note) if note.is_empty() => format!("{about}: rejected"),
        CheckpointAnswer::Reject(note) => format!("{about}: rejected: {note}"),
    }
}

fn of_draft(draft: &SpecDraft) -> Vec<String> {
    let sections = draft.sections();
    let lines = sections.iter().flat_map(|(name, text)| {
        let lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned);
        std::iter::once(format!("## {name}")).chain(lines)
    });
    first("a spec", &lines.collect::<Vec<_>>())
}

/// `why` it does not fit.
fn of_joined(why: Option<&Vec<String>>) -> Vec<String> {
    const BESIDE: &str = "upon what was committed meanwhile";
    match why {
        None => vec![format!("its tests pass {BESIDE}")],
        Some(why) => first(&format!("it does not fit {BESIDE}, and is built again"), why),
    }
}

fn of_vote(vote: &SizeVote) -> Vec<String> {
    let asks = vote.asks_for_research().map(|why| format!("it asks for research: {why}"));
    let size = format!("{}: {}", vote.size.as_str(), vote.why);
    std::iter::once(size).chain(asks).collect()
}

fn of_work(work: &Work) -> Vec<String> {
    let (came, words) = match work {
        Work::Changed { files, words, .. } => {
            (first(&counted(files.len(), "changed file"), files), words)
        }
        Work::Nothing(words) => (vec!["nothing was written".to_owned()], words),
        Work::Refused { why, words } => (refused(why), words),
    };
    if let Some(why) = &words.disagreement {
        return first(&format!("the executor disagrees: {why}"), &came);
    }
    if !words.extension.is_empty() {
        let files: Vec<String> = words.extension.iter().map(FileRequest::in_words).collect();
        let asks = format!("the executor asks for more files: {}", files.join("; "));
        return first(&asks, &came);
    }
    came
}

/// What is answered, then how it was done and what each recommends.
fn of_research(came: &ResearchCame) -> Vec<String> {
    let ResearchCame { answered, notes, failed } = came;
    let record =
        ResearchRecord { why: String::new(), shards: answered.clone(), notes: notes.clone() };
    let mut lines: Vec<String> = failed.iter().map(|failure| failure.why().to_owned()).collect();
    lines.push(record.in_words());
    lines.extend(record.caveats());
    for one in answered {
        if let Some(answer) = &one.answer {
            lines.push(format!("{}: {}", one.shard.as_str(), one_line(&answer.recommendation)));
        }
    }
    lines
}

/// Its name, and why it fails.
fn of_red(test: &RedTest) -> String {
    let RedTest { command, name, why } = test;
    let name = name.as_deref().unwrap_or("all of them");
    match why {
        RedReason::Assertion => format!("{command}: {name}: an assertion"),
        RedReason::MissingSymbol(symbol) => format!("{command}: {name}: `{symbol}` is missing"),
    }
}

fn of_review(review: &TaskReview) -> Vec<String> {
    match review {
        TaskReview::Passed(task) if task.criteria.is_empty() => vec!["passed".to_owned()],
        TaskReview::Passed(task) => {
            vec![format!("passed; met: {}", task.criteria.join(", "))]
        }
        TaskReview::NotPassed { verdict, why, .. } => vec![format!("{}: {why}", verdict.as_str())],
        TaskReview::Endless { why, .. } => vec![format!("escalate: {why}")],
        TaskReview::Paused { why, .. } => vec![format!("paused: {why}")],
    }
}
