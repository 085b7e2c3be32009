//! Reviews: from a change to a verdict that models argued for and code decided.

mod arbitration;
mod ask;
pub mod background;
mod claim;
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
use crate::domain::pipeline::run::{Begin, Kind, Run, Stage};
use crate::domain::policy::agents::RouteChoice;
use crate::domain::review::converge::Limits;
use crate::domain::spec::types;
use crate::flow::call::cleanup::end_surviving_agents;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles;
use crate::flow::evaluate::gates::run_gates;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::report::build_report;
use crate::flow::review::claim::Known;
use crate::flow::review::docket::{Docket, Names};
use crate::flow::review::matter::Matter;
use crate::flow::review::outcome::{Ending, Reviewed};
use crate::flow::review::session::Session;
use crate::flow::review::subject::{Range, Subject};
use crate::flow::workspace::{attempt, reading_copy};
use crate::platform::agents::env::Around;
use crate::platform::config::env::{Env, now};
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::backlog;
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

impl Request {
    /// Whether an answer that was given before is as good as a new one.
    fn takes_receipts(&self) -> bool {
        !self.fresh && !self.fix
    }
}

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
    let home = roles::agents_home(repo);
    let around = roles::around(repo, env, &home);
    let matter = Matter::gather(repo, env, flags, &subject, spec, around)?;
    if !delivery::is_reviewable(repo, &matter, &subject.change)? {
        let report = gates_alone(repo, env, &subject, &matter)?;
        return Ok(nothing(subject, report));
    }
    let Some(question) = matter.question(&subject) else {
        return unjudged(repo, env, subject, &matter);
    };
    for note in &matter.assignment.notes {
        tell(note);
    }
    let started = now(env);
    let work = Work { repo, env, around, tell };
    loop {
        if request.takes_receipts()
            && let Some(found) = receipt::find(repo, env, &question)?
        {
            leftovers::note_closed(repo, &found.receipt.run)?;
            note_answer(repo, request);
            let gates = gates_alone(repo, env, &subject, &matter)?;
            return Ok(finish::of_receipt(&subject, &found, gates, started, now(env)));
        }
        if let Some((folder, docket)) = work.claim(&matter, &subject, &question, request)? {
            let reviewed = work.perform(&matter, &folder, docket, subject.paths())?;
            note_answer(repo, request);
            return Ok(reviewed);
        }
    }
}

/// A commit with an answer is no longer one whose review failed or was given up.
fn note_answer(repo: &Repo, request: &Request) {
    if let Range::Commit(commit) = &request.range
        && let Err(error) = backlog::answered(&repo.state_dir(), commit)
    {
        tracing::warn!("{error:#}");
    }
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
    let folder = claim::resume(&state_dir, &id, tell)?;
    let mut docket: Docket = runs::load(&state_dir, &id)?.ok_or_else(unknown)?;
    let home = roles::agents_home(repo);
    let around = roles::around(repo, env, &home);
    let subject = docket.subject(repo)?;
    let matter = Matter::gather(repo, env, flags, &subject, docket.spec.clone(), around)?;
    for note in &matter.assignment.notes {
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
    let judgement = run_gates(repo, change, &matter.effective)?;
    let mut kept = recording::record_findings(repo, env, change, judgement.findings);
    kept.skipped.splice(0..0, judgement.skipped);
    Ok(build_report(kept.findings, kept.skipped, started))
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
        ending: Ending::Unjudged { why: matter.assignment.notes.clone() },
    })
}

struct Work<'a> {
    repo: &'a Repo,
    env: &'a Env,
    around: Around<'a>,
    tell: &'a (dyn Fn(&str) + Sync),
}

impl Work<'_> {
    /// Goes on with the run about the same question that was stopped half-way, or waits for the one
    /// that another process makes, or begins one. `None` where a receipt came meanwhile.
    fn claim(
        &self,
        matter: &Matter,
        subject: &Subject,
        question: &str,
        request: &Request,
    ) -> Result<Option<(RunFolder, Docket)>> {
        let state_dir = self.repo.state_dir();
        let kind = if request.fix { Kind::Fix } else { Kind::Review };
        loop {
            let beginning = claim::beginning(&state_dir)?;
            if request.takes_receipts() && receipt::find(self.repo, self.env, question)?.is_some() {
                return Ok(None);
            }
            match claim::look(&state_dir, question, kind, request.fresh)? {
                Known::Nothing => {
                    return self.begin(matter, subject, question.to_owned(), kind).map(Some);
                }
                Known::Stopped(folder, docket) => {
                    (self.tell)(&format!("going on with the run {}", docket.run.id));
                    return Ok(Some((folder, *docket)));
                }
                Known::AtWork(id) => {
                    drop(beginning);
                    let longest = matter.policy().agents.wait;
                    if let Some(found) = claim::await_run(&state_dir, &id, longest, self.tell)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    fn begin(
        &self,
        matter: &Matter,
        subject: &Subject,
        question: String,
        kind: Kind,
    ) -> Result<(RunFolder, Docket)> {
        // What a killed run left behind is put in order by the next one.
        leftovers::put_away(self.repo, self.env)?;
        let id = Ulid::generate().to_string();
        let folder = RunFolder::create(&self.repo.state_dir(), &id)?;
        let change = &subject.change;
        let head = match (&change.commit, kind) {
            // Fixes stand on a commit: one of the program's own where the person made none.
            (None, Kind::Fix) => {
                let message = "wip: what was staged when the review began\n";
                let on = subject.on.as_ref();
                Some(attempt::save(self.repo, &id, 0, &change.tree, on, message)?)
            }
            (commit, _) => commit.clone(),
        };
        let begin = Begin {
            id,
            kind,
            route: matter.assignment.route,
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
                    .reviewers()
                    .map_or_else(String::new, |reviewers| reviewers.reviewer.label()),
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
        end_surviving_agents(folder.path())?;
        let interrupts = Interrupts::listen().context("could not listen for signals")?;
        let policy = matter.policy();
        let executor = match docket.run.kind {
            Kind::Review => None,
            Kind::Fix => Some(
                roles::find_agent(policy, Role::Executor, self.around)
                    .map_err(|missing| hinted(missing.message, missing.hint))?,
            ),
        };
        let started = docket.run.started;
        let session = Session {
            repo: self.repo,
            env: self.env,
            matter,
            client: AgentClient {
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
        reading_copy::remove(&reading_copy::folder(self.repo, &docket.run.id));
        let reviewed = finish::close(self.repo, self.env, &docket, paths, started)?;
        if !docket.closed {
            docket.closed = true;
            folder.save(&docket)?;
        }
        Ok(reviewed)
    }
}

/// What may stay open: a change that is nothing but specs is a plan.
fn limits(matter: &Matter, subject: &Subject) -> Result<Limits> {
    let policy = matter.policy();
    let specs = globs::union(policy.watch.specs.iter().map(String::as_str))?;
    let is_spec = |file: &FileChange| specs.is_match(file.path.to_path_lossy());
    Ok(if subject.change.files.iter().all(is_spec) {
        Limits::of_plans(&policy.review)
    } else {
        Limits::of_changes(&policy.review)
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
