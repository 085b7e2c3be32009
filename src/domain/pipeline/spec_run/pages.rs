//! What a run planned and built, as pages for people.

use std::fmt::Write as _;

use crate::domain::development::words::FileRequest;
use crate::domain::model::text::{counted, one_line};
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::estimate::{CallRange, calls_to_come, cost_of};
use crate::domain::pipeline::spec_run::progress::{PageFacts, SpecProgress};
use crate::domain::pipeline::spec_run::stage::{
    BuiltTask, CheckpointKind, ReviewedTask, SpecStage,
};
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::planning::prompt::in_words;
use crate::domain::research;
use crate::domain::specifying::draft::{AssumedAnswer, SpecDraft};

/// The page of a checkpoint: all that the answer is about.
pub fn checkpoint(
    spec: &SpecProgress,
    about: &SpecAbout,
    at: &CheckpointKind,
    then: &SpecStage,
) -> String {
    let page = match (at, then) {
        (CheckpointKind::Research, _) => {
            let found = spec.research.as_ref();
            found.map(|record| research::page::page(&about.title, record)).unwrap_or_default()
        }
        (CheckpointKind::Spec, SpecStage::RecordingSpec(agreed)) => spec_page(about, agreed),
        (CheckpointKind::Plan, SpecStage::ListingTasks { plan, .. }) => {
            let title = spec.part().map_or(about.title.as_str(), |part| &part.title);
            part_line(spec) + &plan_page(title, plan)
        }
        (
            CheckpointKind::Acceptance,
            SpecStage::Documenting(task) | SpecStage::Publishing(BuiltTask { task, .. }),
        ) => acceptance(spec, about, task) + &proposals(spec),
        (CheckpointKind::Built, _) => built_so_far(spec, about),
        (CheckpointKind::Extension(files), _) => extension_page(spec, files),
        (CheckpointKind::Reach, SpecStage::Committing(task)) => reach_page(spec, task),
        _ => part_line(spec) + &spec.part().map(tasks_page).unwrap_or_default(),
    };
    page + &taken_away(about) + &costs(spec, about, then)
}

/// What the version that was built before asked for, and this one does not.
fn taken_away(about: &SpecAbout) -> String {
    if about.spec.dropped.is_empty() {
        return String::new();
    }
    let mut page = "\n## No longer asked for, and taken away\n\n".to_owned();
    for one in &about.spec.dropped {
        let _ = writeln!(page, "- {} of the version before: {}", one.id, one_line(&one.text));
    }
    page
}

/// What was planned and is not built yet, with what it is about to cost.
pub fn planned(spec: &SpecProgress, about: &SpecAbout, then: &SpecStage) -> String {
    let part = spec.part();
    let plan = part.and_then(|part| Some(plan_page(&part.title, part.plan.as_ref()?)));
    let plan = plan.map_or_else(String::new, |page| page + "\n");
    let later = spec.parts.iter().filter(|part| part.tasks.is_empty());
    let later: Vec<String> = later.map(|part| format!("- {}\n", part.title)).collect();
    let later = match later.as_slice() {
        [] => String::new(),
        parts => format!("\n## Planned once that is built\n\n{}", parts.concat()),
    };
    part_line(spec)
        + &plan
        + &part.map(tasks_page).unwrap_or_default()
        + &later
        + &taken_away(about)
        + &costs(spec, about, then)
}

/// What the run cost until now, what it is about to cost, and that its base moved; empty where that is not known.
fn costs(spec: &SpecProgress, about: &SpecAbout, then: &SpecStage) -> String {
    let Some(PageFacts { spent, base_beyond, .. }) = &spec.shown else { return String::new() };
    let mut page = format!("\n## What it costs\n\n- so far: {spent}\n");
    let to_come = calls_to_come(spec, then);
    let money = cost_of(to_come, *spent).map_or_else(String::new, |(least, most)| {
        format!(", {least} to {most} by what its calls cost so far")
    });
    let CallRange { least, most } = to_come;
    if most == 0 {
        page.push_str("- still to come: no call of an agent\n");
    } else {
        let calls = format!("about {least} to {}", counted(most, "call"));
        let _ =
            writeln!(page, "- still to come: {calls}{money}; never more than `budget.run` allows");
    }
    if *base_beyond > 0 {
        let commits = counted(*base_beyond, "commit");
        let _ = write!(
            page,
            "\n## The base\n\n`{}` has {commits} beyond the one that this is built on.\n",
            about.base_name
        );
    }
    page
}

/// The files that a task needs beside those that it may change.
fn extension_page(spec: &SpecProgress, files: &[FileRequest]) -> String {
    let mut page = format!("# {}\n", task_title(spec, "One more file for a task"));
    page.push_str("\nWho writes its code asks to change as well:\n\n");
    for file in files {
        let beyond = if file.is_of_spec { "" } else { " (the spec's `touches` do not name it)" };
        let _ = writeln!(page, "- {}{beyond}", file.in_words());
    }
    let paths = spec.task().map_or(&[][..], |now| &now.task.paths);
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    let _ = writeln!(page, "\nIt may change {}, and tests of its own.", paths.join(", "));
    page
}

/// What a task changes that others rely on.
fn reach_page(spec: &SpecProgress, task: &ReviewedTask) -> String {
    let mut page = format!("# {}\n", task_title(spec, "What a task changes"));
    let _ = writeln!(
        page,
        "\nIt is reviewed by {}, and not committed yet. It changes:\n",
        task.reviewer
    );
    for file in &task.reaching {
        let _ = writeln!(page, "- {}", file.in_words());
    }
    page
}

fn task_title(spec: &SpecProgress, what: &str) -> String {
    spec.task().map_or_else(|| what.to_owned(), |now| format!("{what}: {}", now.task.title))
}

/// What is built, which criteria are met by it, and what comes.
fn built_so_far(spec: &SpecProgress, about: &SpecAbout) -> String {
    let mut page = format!("# Built so far: {}\n", about.title);
    let mut met: Vec<&String> = Vec::new();
    let mut built = spec.built.iter();
    for (number, part) in (1..).zip(&spec.parts) {
        let _ = write!(page, "\n## Part {number}: {}\n\n", part.title);
        if part.tasks.is_empty() {
            page.push_str("It is planned once what stands before it is built.\n");
        }
        for (number, task) in (1..).zip(&part.tasks) {
            let Some(BuiltTask { task: done, commit }) = built.next() else {
                let files: Vec<String> =
                    task.paths.iter().map(|path| format!("`{path}`")).collect();
                let _ = writeln!(page, "{number}. to come: {} ({})", task.title, files.join(", "));
                continue;
            };
            let _ = writeln!(page, "{number}. {}: {} {}", task.title, commit.short(), done.subject);
            met.extend(&done.criteria);
        }
    }
    page.push_str("\n## Criteria\n\n");
    for id in &about.criteria {
        let word = if met.contains(&id) { "met, says the review of its task" } else { "to come" };
        let _ = writeln!(page, "- {id}: {word}");
    }
    page
}

/// Which part of a large spec a page is about; empty where there is one part.
fn part_line(spec: &SpecProgress) -> String {
    let all = spec.parts.len();
    let Some(part) = spec.part().filter(|_| all > 1) else { return String::new() };
    let number = spec.parts.iter().position(|one| one == part).map_or(1, |at| at + 1);
    let criteria = part.criteria.join(", ");
    format!("Part {number} of {all}, {}: {criteria}\n\n", part.title)
}

/// What tells one page from another.
pub fn hash(page: &str) -> String {
    blake3::hash(page.as_bytes()).to_hex().to_string()
}

/// How much of a hash is shown to people, and names a page.
pub const SHOWN: usize = 8;

/// A hash as people are shown it.
pub fn short(hash: &str) -> &str {
    hash.get(..SHOWN).unwrap_or(hash)
}

/// Whether a word that a person typed names the page of that hash.
pub fn names(word: &str, hash: &str) -> bool {
    word.len() >= SHOWN && hash.starts_with(word)
}

/// A plan, with what its last review left open.
pub fn plan_page(title: &str, agreed: &AgreedPlan) -> String {
    agreed.plan.markdown(title) + &left_open(agreed)
}

/// What the last review of something left open.
fn left_open<D>(agreed: &AgreedPlan<D>) -> String {
    let open = in_words(&agreed.open);
    let open = if open.is_empty() { "Nothing.\n".to_owned() } else { open };
    let rounds = counted(agreed.rounds, "round");
    let stopped = match agreed.stopped.as_str() {
        "" => String::new(),
        why => format!("It did not get better: {why}.\n\n"),
    };
    format!("\n## Left open by its review, after {rounds}\n\n{stopped}{open}")
}

/// A spec that was written of an idea: first what its person may want otherwise.
fn spec_page(about: &SpecAbout, agreed: &AgreedPlan<SpecDraft>) -> String {
    let mut page = String::new();
    if !agreed.plan.assumed.is_empty() {
        page.push_str("# Open questions\n\nWhat is assumed where you say nothing else:\n\n");
        for (number, AssumedAnswer { question, assumption }) in (1..).zip(&agreed.plan.assumed) {
            let (question, assumption) = (one_line(question), one_line(assumption));
            let _ = writeln!(page, "{number}. {question}\n   - assumed: {assumption}");
        }
        page.push('\n');
    }
    let spec = agreed.plan.markdown(&about.spec_id);
    let body = spec.split_once("\n---\n").map_or(spec.as_str(), |(_, body)| body);
    page.push_str(body);
    if !agreed.plan.touches.is_empty() {
        let _ = write!(page, "\n## May change\n\n{}\n", agreed.plan.touches.join(", "));
    }
    page + &left_open(agreed)
}

/// The tasks of a part.
pub fn tasks_page(part: &PlannedPart) -> String {
    let pages = (1..).zip(&part.tasks).map(|(number, task)| task.markdown(number));
    pages.collect::<Vec<_>>().join("\n")
}

/// Each criterion with what shows that it is met: the tasks that bring it, their tests, who reviewed it.
/// `whole` is what the review of all of it came to.
pub fn acceptance(spec: &SpecProgress, about: &SpecAbout, whole: &ReviewedTask) -> String {
    let mut page = format!("# What is shown: {}\n", about.title);
    for id in &about.criteria {
        let _ = write!(page, "\n## {id}\n\n");
        for (number, built) in (1..).zip(&spec.built) {
            if built.task.criteria.contains(id) {
                page.push_str(&shown_by(number, built));
            }
        }
        let word = if whole.criteria.contains(id) {
            format!("met, says {}, who saw all of it", whole.reviewer)
        } else {
            "a person has to look at it".to_owned()
        };
        let _ = writeln!(page, "- {word}");
        if about.for_people.contains(id) {
            page.push_str("- the spec wants a person to look at it\n");
        }
    }
    page
}

fn shown_by(number: usize, built: &BuiltTask) -> String {
    let BuiltTask { task, commit } = built;
    let mut lines = format!("- task {number}, commit {}: {}\n", commit.short(), task.subject);
    if let Some(red) = &task.red {
        let quoted = |name: &String| format!("`{name}`");
        let files: Vec<String> = red.files.iter().map(quoted).collect();
        let names: Vec<String> =
            red.failing.iter().filter_map(|test| test.name.as_ref()).map(quoted).collect();
        let names =
            if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let files = files.join(", ");
        if red.taken_out.is_empty() {
            let _ =
                writeln!(lines, "  - the tests in {files}{names} failed before it and pass now");
        } else {
            let out: Vec<String> = red.taken_out.iter().map(quoted).collect();
            if !red.failing.is_empty() {
                let _ = writeln!(lines, "  - new tests{names} failed before it and pass now");
            }
            let out = out.join(", ");
            let _ = writeln!(
                lines,
                "  - the tests of what it took away ({out}) passed before it, and put back they fail"
            );
        }
    }
    let _ = writeln!(lines, "  - reviewed by {}", task.reviewer);
    lines
}

/// What a run did, from its plan to its commits.
pub fn progress(spec: &SpecProgress, about: &SpecAbout) -> String {
    let mut page = format!("# {}\n\nSpec `{}`", about.title, about.spec_id);
    if let Some(size) = spec.size {
        let _ = write!(page, ", size {}", size.as_str());
    }
    let _ = writeln!(page, ", built on `{}` at {}.", about.base_name, about.base.short());
    let _ = writeln!(
        page,
        "Planned by {}, written by {}.",
        known(&spec.planner),
        known(&spec.executor)
    );
    for raised in &spec.raised {
        let _ = writeln!(page, "Size {}: {}.", raised.to.as_str(), raised.in_words());
    }
    let written = spec.written.as_ref().zip(about.idea.as_ref());
    if let Some((written, idea)) = written {
        let _ = writeln!(page, "\nIts spec, `{}`, was written by a run.", idea.spec_path);
        let assumed = &written.agreed.plan.assumed;
        if !assumed.is_empty() {
            page.push_str("\n## Assumed, since the idea does not say it\n\n");
        }
        for one in assumed {
            let _ = writeln!(page, "- {}", one.in_words());
        }
    }
    let mut built = spec.built.iter();
    for (number, part) in (1..).zip(&spec.parts) {
        let _ = write!(page, "\n## Part {number}: {}\n\n", part.title);
        for (number, task) in (1..).zip(&part.tasks) {
            match built.next() {
                Some(one) => {
                    let (commit, subject) = (one.commit.short(), &one.task.subject);
                    let _ = writeln!(page, "{number}. {}: {commit} {subject}", task.title);
                    for file in &one.task.reaching {
                        let _ = writeln!(page, "   - it changes {}", file.in_words());
                    }
                }
                None => {
                    let _ = writeln!(page, "{number}. {}: not built yet", task.title);
                }
            }
        }
    }
    page + &taken_away(about) + &proposals(spec)
}

/// What is proposed beside the tasks, and what is not.
fn proposals(spec: &SpecProgress) -> String {
    if spec.proposed.is_empty() && spec.unproposed.is_empty() {
        return String::new();
    }
    let mut page = "\n## Proposed beside the tasks\n\n".to_owned();
    for one in &spec.proposed {
        let _ = writeln!(page, "- {}", one.in_words());
    }
    for why in &spec.unproposed {
        let _ = writeln!(page, "- not: {}", one_line(why));
    }
    page
}

fn known(name: &str) -> &str {
    if name.is_empty() { "nobody" } else { name }
}
