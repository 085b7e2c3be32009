//! Reviews: from a change to a verdict that models argued for and code decided.

mod arbitration;
mod ask;
pub mod background;
mod delivery;
pub mod docket;
pub mod finding;
pub mod finish;
pub mod fix;
mod fix_prompt;
pub mod gate;
pub mod judges;
pub mod leftovers;
pub mod matter;
pub mod outcome;
pub mod push;
pub mod receipt;
pub mod report;
pub mod session;
pub mod subject;
mod texts;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use bstr::ByteSlice as _;
use ulid::Ulid;

use crate::domain::model::agent::Role;
use crate::domain::model::change::FileChange;
use crate::domain::model::error::hinted;
use crate::domain::model::globs;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Verdict};
use crate::domain::model::size::Size;
use crate::domain::pipeline::run::{Run, RunKind, RunStart, Stage};
use crate::domain::policy::agents::RouteChoice;
use crate::domain::review::converge::StopLimits;
use crate::domain::spec::types;
use crate::flow::call::Desk;
use crate::flow::call::cast;
use crate::flow::evaluate::judge;
use crate::flow::review::docket::{Docket, Names};
use crate::flow::review::matter::Matter;
use crate::flow::review::outcome::{Ending, Reviewed};
use crate::flow::review::session::Session;
use crate::flow::review::subject::{Range, Subject};
use crate::flow::workspace::{attempt, room};
use crate::platform::agents::Around;
use crate::platform::config::env::{Env, now};
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::report::printable;

/// What the person asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub range: Range,
    /// The file that says what the change is meant to do.
    pub spec: Option<PathBuf>,
    /// Have what is found fixed.
    pub fix: bool,
    /// Ask again, though the same question was answered before.
    pub fresh: bool,
}

/// The longest list of runs that is looked through for one that was stopped half-way.
const UNFINISHED_MAX: usize = 20;

/// Reviews a change, or goes on with the review of it that was stopped. `tell` hears of the progress.
pub fn review(
    repo: &Repo,
    env: &Env,
    flags: &[String],
    request: &Request,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Reviewed> {
    let subject = subject::of(repo, &request.range)?;
    let spec = request.spec.as_deref().map(matter::copy_spec).transpose()?;
    let home = cast::home(repo);
    let around = cast::around(repo, env, &home);
    let matter = Matter::gather(repo, env, flags, &subject, spec, around)?;
    if !delivery::is_reviewable(repo, &matter, &subject.change)? {
        let report = gates_alone(repo, env, &subject, &matter)?;
        return Ok(nothing(subject, report));
    }
    let Some(question) = matter.question(&subject) else {
        return unjudged(repo, env, subject, &matter);
    };
    for note in &matter.cast.notes {
        tell(note);
    }
    let started = now(env);
    if !request.fresh
        && !request.fix
        && let Some(found) = receipt::find(repo, env, &question)?
    {
        leftovers::note_closed(repo, &found.receipt.run)?;
        let gates = gates_alone(repo, env, &subject, &matter)?;
        return Ok(finish::of_receipt(&subject, &found, gates, started, now(env)));
    }
    let work = Work { repo, env, around, tell };
    let kind = if request.fix { RunKind::Fix } else { RunKind::Review };
    let (folder, docket) = match work.unfinished(&question, kind, request.fresh)? {
        Some(found) => found,
        None => work.begin(&matter, &subject, question, kind)?,
    };
    work.perform(&matter, &folder, docket, subject.paths())
}

/// Goes on with a run that was stopped; of one that has ended, tells once more what it came to.
pub fn resume(
    repo: &Repo,
    env: &Env,
    flags: &[String],
    id: &str,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Reviewed> {
    let state_dir = repo.state_dir();
    let unknown =
        || hinted(format!("there is no run `{}`", printable(id)), "`tribunal runs` lists them");
    // A branch has the name in lower case.
    let known = runs::list(&state_dir)?.into_iter().find(|known| known.eq_ignore_ascii_case(id));
    let id = known.ok_or_else(unknown)?;
    let folder = RunFolder::take(&state_dir, &id)?.ok_or_else(|| {
        hinted(
            format!("another process works on the run `{id}`"),
            "wait for it, or end that process",
        )
    })?;
    let mut docket: Docket = runs::load(&state_dir, &id)?.ok_or_else(unknown)?;
    let home = cast::home(repo);
    let around = cast::around(repo, env, &home);
    let subject = docket.subject(repo)?;
    let matter = Matter::gather(repo, env, flags, &subject, docket.spec.clone(), around)?;
    for note in &matter.cast.notes {
        tell(note);
    }
    // Half of an answer by one reviewer and half by another would be nobody's.
    let is_same = matter.question(&subject).is_some_and(|question| question == docket.question);
    if is_same {
        docket = docket.continued().unwrap_or(docket);
    } else if !matches!(docket.run.stage, Stage::Ended(_)) {
        return Err(hinted(
            format!("the agents, the settings or this program changed since `{id}` was stopped"),
            "change them back, or ask anew with `tribunal review`",
        ));
    }
    let work = Work { repo, env, around, tell };
    work.perform(&matter, &folder, docket, subject.paths())
}

/// Reviews a commit that waits. An error is the reason why there is no answer.
pub fn in_background(repo: &Repo, env: &Env, flags: &[String], commit: &Oid) -> Result<()> {
    let request =
        Request { range: Range::Commit(commit.clone()), spec: None, fix: false, fresh: false };
    let tell = |line: &str| tracing::info!("{line}");
    let reviewed = review(repo, env, flags, &request, &tell)?;
    tracing::info!("{}", reviewed.last_line());
    match (&reviewed.ending, reviewed.report.verdict) {
        (Ending::Judged(judged), Verdict::Inconclusive) => {
            Err(anyhow!(outcome::reason(&judged.decision)))
        }
        (Ending::Unjudged { why }, _) => Err(anyhow!(why.join("; "))),
        _ => Ok(()),
    }
}

fn nothing(subject: Subject, report: Report) -> Reviewed {
    Reviewed { paths: subject.paths(), title: subject.title, report, ending: Ending::Nothing }
}

/// The gates that need no program, for a change that no model is asked about.
fn gates_alone(repo: &Repo, env: &Env, subject: &Subject, matter: &Matter) -> Result<Report> {
    let started = Instant::now();
    let change = &subject.change;
    let judgement = judge::mechanical(repo, change, &matter.law)?;
    let mut kept = judge::keep(repo, env, change, judgement.findings);
    kept.skipped.splice(0..0, judgement.skipped);
    Ok(judge::report(kept.findings, kept.skipped, started))
}

/// What is said where no model judges: not a pass, unless that is what the policy asks for.
fn unjudged(repo: &Repo, env: &Env, subject: Subject, matter: &Matter) -> Result<Reviewed> {
    let mut report = gates_alone(repo, env, &subject, matter)?;
    let asked_for = matter.policy().agents.route == RouteChoice::C;
    if report.verdict == Verdict::Pass && !asked_for {
        report.verdict = Verdict::Inconclusive;
    }
    Ok(Reviewed {
        paths: subject.paths(),
        title: subject.title,
        report,
        ending: Ending::Unjudged { why: matter.cast.notes.clone() },
    })
}

struct Work<'a> {
    repo: &'a Repo,
    env: &'a Env,
    around: Around<'a>,
    tell: &'a (dyn Fn(&str) + Sync),
}

impl Work<'_> {
    /// The run about the same question that was stopped half-way, by a used up budget too, or
    /// between its end and its closing. Who asks afresh is not given an end that was reached before.
    fn unfinished(
        &self,
        question: &str,
        kind: RunKind,
        fresh: bool,
    ) -> Result<Option<(RunFolder, Docket)>> {
        let state_dir = self.repo.state_dir();
        for id in runs::list(&state_dir)?.into_iter().take(UNFINISHED_MAX) {
            // What cannot be read is no run to go on with.
            let Ok(Some(docket)) = runs::load::<Docket>(&state_dir, &id) else { continue };
            let over = |docket: &Docket| {
                let has_ended = matches!(docket.run.stage, Stage::Ended(_));
                fresh && has_ended || docket.closed && docket.run.continued().is_none()
            };
            if over(&docket) || docket.question != question || docket.run.kind != kind {
                continue;
            }
            let Some(folder) = RunFolder::take(&state_dir, &id)? else {
                return Err(hinted(
                    format!("the run `{id}` reviews this already"),
                    "wait for it, or end the process that makes it",
                ));
            };
            // It may have ended before we had it.
            let docket = runs::load::<Docket>(&state_dir, &id)?;
            let Some(docket) = docket.filter(|docket| !over(docket)) else { continue };
            let docket = docket.continued().unwrap_or(docket);
            (self.tell)(&format!("going on with the run {id}"));
            return Ok(Some((folder, docket)));
        }
        Ok(None)
    }

    fn begin(
        &self,
        matter: &Matter,
        subject: &Subject,
        question: String,
        kind: RunKind,
    ) -> Result<(RunFolder, Docket)> {
        // What a killed run left behind is put in order by the next one.
        leftovers::put_away(self.repo, self.env)?;
        let id = Ulid::generate().to_string();
        let folder = RunFolder::take(&self.repo.state_dir(), &id)?
            .context("a new run belongs to nobody else")?;
        let change = &subject.change;
        let head = match (&change.commit, kind) {
            // Fixes stand on a commit: one of the program's own where the person made none.
            (None, RunKind::Fix) => {
                let message = "wip: what was staged when the review began\n";
                let on = subject.on.as_ref();
                Some(attempt::keep(self.repo, &id, 0, &change.tree, on, message)?)
            }
            (commit, _) => commit.clone(),
        };
        let begin = RunStart {
            id,
            kind,
            route: matter.cast.route,
            base: change.base_tree.clone(),
            head,
            tree: change.tree.clone(),
            size: size(matter, subject),
            started: now(self.env),
        };
        let criteria = matter.reading.iter().flat_map(types::Spec::all_criteria);
        let run = Run::new(begin, criteria.map(|criterion| criterion.id.clone()));
        let docket = Docket {
            version: docket::VERSION,
            run,
            question,
            title: subject.title.clone(),
            change_key: change.key.clone(),
            spec: matter.spec.clone(),
            seed: blake3::hash(Ulid::generate().to_string().as_bytes()).to_hex().to_string(),
            gated: Vec::new(),
            skipped: Vec::new(),
            unscanned: Vec::new(),
            delivered: Vec::new(),
            unanchored: 0,
            kept: std::collections::BTreeMap::new(),
            judges: Names {
                reviewer: matter
                    .judges()
                    .map_or_else(String::new, |judges| judges.reviewer.shown()),
                arbiter: String::new(),
            },
            answers: Vec::new(),
            closed: false,
        };
        folder.save(&docket)?;
        Ok((folder, docket))
    }

    fn perform(
        &self,
        matter: &Matter,
        folder: &RunFolder,
        docket: Docket,
        paths: Vec<String>,
    ) -> Result<Reviewed> {
        let interrupts = Interrupts::listen().context("could not listen for signals")?;
        let policy = matter.policy();
        let executor = match docket.run.kind {
            RunKind::Review => None,
            RunKind::Fix => Some(
                cast::find(policy, Role::Executor, self.around)
                    .map_err(|missing| hinted(missing.message, missing.hint))?,
            ),
        };
        let started = docket.run.started;
        let session = Session {
            repo: self.repo,
            env: self.env,
            matter,
            desk: Desk {
                env: self.env,
                policy,
                around: self.around,
                state_dir: self.repo.state_dir(),
                run: docket.run.id.clone(),
                folder: folder.path().to_owned(),
                interrupts,
                ledger: Mutex::default(),
                tell: self.tell,
            },
            executor,
            limits: limits(matter, &docket.subject(self.repo)?)?,
            interrupts,
            folder,
            in_room: None,
            unshown: Vec::new(),
            docket,
        };
        let mut docket = session.perform()?;
        room::clear(&room::folder(self.repo, &docket.run.id));
        let reviewed = finish::close(self.repo, self.env, &docket, paths, started)?;
        if !docket.closed {
            docket.closed = true;
            folder.save(&docket)?;
        }
        Ok(reviewed)
    }
}

/// What may stay open: a change that is nothing but specs is a plan.
fn limits(matter: &Matter, subject: &Subject) -> Result<StopLimits> {
    let policy = matter.policy();
    let specs = globs::union(policy.watch.specs.iter().map(String::as_str))?;
    let is_spec = |file: &FileChange| specs.is_match(file.path.to_path_lossy());
    Ok(if subject.change.files.iter().all(is_spec) {
        StopLimits::of_plans(&policy.review)
    } else {
        StopLimits::of_changes(&policy.review)
    })
}

/// How much work a change is: by its spec, else by how much it touches.
fn size(matter: &Matter, subject: &Subject) -> Size {
    if let Some(size) = matter.reading.as_ref().and_then(|spec| spec.size) {
        return size;
    }
    let scope = &matter.policy().gates.scope;
    match subject.change.files.len() {
        files if files <= scope.files => Size::S,
        files if files <= scope.files * 4 => Size::M,
        _ => Size::L,
    }
}
