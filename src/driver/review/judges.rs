//! The reviewer and the arbiter of a run at work.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};
use regex::RegexBuilder;

use crate::driver::judge;
use crate::driver::review::ask::{Form, Unanswered};
use crate::driver::review::cast::Player;
use crate::driver::review::matter::Matter;
use crate::driver::review::session::Session;
use crate::driver::review::{attempt, finding, room};
use crate::gates::scope::globs;
use crate::gates::secrets;
use crate::git::object::Objects;
use crate::git::repo::Repo;
use crate::model::agent::Role;
use crate::model::change::{Change, Entry, FileChange, Kind, Mode};
use crate::model::fence::{visible, visible_path};
use crate::model::finding::Effect;
use crate::model::kept::Status;
use crate::model::oid::Oid;
use crate::pipeline::run::{Failure, Order, Outcome, Reviewed, Scope};
use crate::review::answer::{self, Answer, Asked};
use crate::review::assemble::{Ground, assemble};
use crate::review::deliver::{Delivery, File, Side, Unscanned, deliver};
use crate::review::prompt::{self, Ask, Open};
use crate::review::raised::{Completeness, Raised};
use crate::review::ruling::{Ruling, Word};
use crate::review::standing::Standing;
use crate::review::{arbiter, fixer, proof};
use crate::ui::report::printable;

/// The lines around a finding's place that a later round is shown.
const AROUND: u32 = 12;

/// The largest pattern of a reviewer that is tried, compiled, in bytes.
const SWEEP_SIZE_MAX: usize = 1 << 20;

/// The most places that a pattern may have to be of use.
const SIBLINGS_MAX: usize = 20;

impl Session<'_> {
    /// Asks the reviewer about the attempt in hand.
    pub(super) fn review(&mut self, scope: &Scope) -> Result<Outcome> {
        let number = self.docket.run.current();
        let base = match scope {
            Scope::Full | Scope::Criteria(_) => self.docket.run.base.clone(),
            Scope::Delta { since, .. } => {
                let since = self.docket.run.attempts.get(*since);
                Some(since.context("the run has no such attempt")?.tree.clone())
            }
        };
        let change = self.change_since(base.as_ref())?;
        let open = self.open(scope);
        let tries = self.docket.run.failed_reviews;
        let name = match scope {
            Scope::Full | Scope::Delta { .. } => format!("review-{number}-{tries}"),
            Scope::Criteria(_) => format!("criteria-{number}-{tries}"),
        };
        let seed = self.seed(&name);
        let Delivered { delivery, left_out } = lay_out(self.repo, self.matter, &change, &seed)?;
        let named = |one: &Unscanned| (one.path.clone(), one.reason.to_string());
        let unscanned = delivery.unscanned.iter();
        self.docket.unscanned = unscanned.clone().map(named).chain(left_out).collect();
        let gaps: Vec<_> = unscanned.filter(|one| one.reason.is_gap()).map(named).collect();
        let sections = delivery.calls.iter().flat_map(|part| &part.sections);
        self.docket.delivered = sections.map(|one| (one.path.clone(), one.sha.clone())).collect();
        if !gaps.is_empty() {
            // Money spent on the rest would buy no verdict.
            return Ok(Outcome::Reviewed(Reviewed {
                completeness: Completeness::Incomplete(gaps),
                raised: Vec::new(),
                verified: Vec::new(),
                criteria: Vec::new(),
            }));
        }
        let room = self.room(&change)?;
        let texts = Texts::new(&self.repo.objects, &change.tree, &delivery);
        let matter = self.matter;
        let hearing = Hearing {
            name: &name,
            reviewer: &matter.judges().context("the route has no reviewer")?.reviewer,
            delivery: &delivery,
            texts: &texts,
            rules: &self.rules(Role::Reviewer, &change.files),
            open: &open,
            room: &room,
        };
        let answers = match self.hear(&hearing)? {
            Ok(answers) => answers,
            Err(failure) => return Ok(Outcome::Failed(failure)),
        };
        let criteria: Vec<String> =
            self.docket.run.criteria.iter().map(|criterion| criterion.id.clone()).collect();
        let text = |path: &str| texts.text(path);
        let ground =
            Ground { text: &text, places: &delivery.places, criteria: &criteria, open: &open };
        let mut next = u32::try_from(self.docket.run.findings.len() + 1).unwrap_or(u32::MAX);
        let assembled = assemble(&answers, &ground, &mut next);
        self.docket.unanchored += assembled.demoted;
        let raised = assembled
            .raised
            .into_iter()
            .filter(|raised| !self.is_known(raised))
            .map(|raised| Ok((self.is_fix_induced(&raised)?, raised)))
            .map(|pair: Result<(bool, Raised)>| pair.map(|(induced, raised)| (raised, induced)))
            .collect::<Result<Vec<_>>>()?;
        let read = delivery.calls.iter().zip(&answers);
        let proofs = read.map(|(part, answer)| proof::check(part, answer));
        Ok(Outcome::Reviewed(Reviewed {
            completeness: proof::all(proofs),
            raised,
            verified: assembled.verified,
            criteria: assembled.criteria,
        }))
    }

    /// Puts every call of a review to the reviewer; an answer each, or why there is none.
    fn hear(&mut self, hearing: &Hearing<'_>) -> Result<Result<Vec<Answer>, Failure>> {
        let Hearing { name, reviewer, delivery, texts, rules, open, room } = *hearing;
        let asked = if open.is_empty() { Asked::Review } else { Asked::Verification };
        let schema = answer::schema(asked);
        let now: Vec<String> = open.iter().map(|raised| texts.now(raised)).collect();
        let open: Vec<Open<'_>> =
            open.iter().zip(&now).map(|(raised, now)| Open { raised, now }).collect();
        let count = delivery.calls.len();
        let mut answers = Vec::new();
        for (at, part) in delivery.calls.iter().enumerate() {
            let elsewhere = elsewhere(delivery, at);
            let ask = Ask {
                spec: self.matter.reading.as_ref(),
                rules,
                part,
                call: (at + 1, count),
                elsewhere: &elsewhere,
            };
            let question = match asked {
                Asked::Review => prompt::review(&ask),
                Asked::Verification => prompt::verification(&ask, &open),
            };
            let sections = part.sections.len();
            let many = if sections == 1 { "" } else { "s" };
            let call = at + 1;
            self.tell(&format!(
                "{} reviews {sections} section{many}, call {call} of {count}",
                reviewer.name
            ));
            let form = Form {
                player: reviewer,
                key: &format!("{name}-{at}"),
                prompt: &question,
                token: &part.token,
                schema: &schema,
                room,
            };
            let read = |value: &_| answer::read(value, asked).map_err(|wrong| wrong.to_string());
            match self.ask_in_form(&form, read)? {
                Ok(answer) => answers.push(answer),
                Err(Unanswered::Failed(failure)) => return Ok(Err(failure)),
                Err(Unanswered::Malformed { why, .. }) => {
                    let why = format!("{}: malformed: {why}", reviewer.name);
                    return Ok(Err(Failure::Infrastructure(why)));
                }
            }
        }
        Ok(Ok(answers))
    }
}

/// What all calls of one review have in common.
#[derive(Clone, Copy)]
struct Hearing<'a> {
    /// The stable name of the review within the run.
    name: &'a str,
    reviewer: &'a Player,
    delivery: &'a Delivery,
    texts: &'a Texts<'a>,
    rules: &'a [String],
    /// What a later round is asked about.
    open: &'a [Raised],
    room: &'a Path,
}

impl Session<'_> {
    /// Asks the arbiter about each finding.
    pub(super) fn arbitrate(&mut self, ids: &[String]) -> Result<Outcome> {
        let change = self.change_since(self.docket.run.base.clone().as_ref())?;
        let seed = self.seed("arbiter");
        let Delivered { delivery, .. } = lay_out(self.repo, self.matter, &change, &seed)?;
        let texts = Texts::new(&self.repo.objects, &change.tree, &delivery);
        let room = self.room(&change)?;
        let arbiter = self.matter.judges().context("the route has no arbiter")?.arbiter.clone();
        let spec = self.matter.reading.as_ref().map(prompt::spec_text);
        let schema = arbiter::schema();
        let all: Vec<Raised> =
            self.docket.run.findings.iter().map(|standing| standing.raised.clone()).collect();
        let (mut rulings, mut failures) = (Vec::new(), Vec::new());
        let mut over_budget = None;
        for id in ids {
            let Some(finding) = all.iter().find(|raised| raised.id == *id) else { continue };
            let others: Vec<&Raised> = all.iter().filter(|raised| raised.id != *id).collect();
            let sections = near(&delivery, finding);
            let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
            let key = format!("arbiter-{}-{id}", self.docket.run.current());
            let token = self.token(&key);
            let case = arbiter::Case {
                finding,
                spec: spec.as_deref(),
                sections: &sections,
                others: &others,
                token: &token,
            };
            self.tell(&format!("{} weighs {id}: {}", arbiter.name, printable(&finding.title)));
            let question = arbiter::prompt(case);
            let form = Form {
                player: &arbiter,
                key: &key,
                prompt: &question,
                token: &token,
                schema: &schema,
                room: &room,
            };
            match self.ask_in_form(&form, |value| arbiter::parse(value, finding))? {
                Ok(said) => {
                    let ids: Vec<&str> = others.iter().map(|raised| raised.id.as_str()).collect();
                    let ruling = arbiter::weigh(said, &ids, &|path| texts.text(path));
                    rulings.push(self.answered_by_a_person(&change, finding, ruling)?);
                }
                Err(Unanswered::Failed(failure @ Failure::Budget(_))) => {
                    over_budget = Some(failure);
                    break;
                }
                Err(Unanswered::Failed(Failure::Infrastructure(why))) => failures.push(why),
                Err(Unanswered::Malformed { why, .. }) => {
                    failures.push(format!("{}: malformed: {why}", arbiter.name));
                }
            }
        }
        let failed = || (!failures.is_empty()).then(|| failures.join("; "));
        let failure = over_budget.or_else(|| failed().map(Failure::Infrastructure));
        Ok(Outcome::Arbitrated { rulings, failure })
    }

    /// Keeps an upheld finding in the ledger. What a person has accepted or dismissed stays so:
    /// their word is above the models'.
    fn answered_by_a_person(
        &mut self,
        change: &Change,
        raised: &Raised,
        ruling: Ruling,
    ) -> Result<Ruling> {
        if ruling.word != Word::Upheld {
            return Ok(ruling);
        }
        let standing = Standing::new(raised.clone(), 0, false);
        let finding = finding::of(&standing, Some(&ruling), Effect::Warn);
        let found = [(change, vec![finding])];
        let kept = judge::record(self.repo, self.env, &found).map_err(judge::hinted)?;
        let Some(reported) = kept.findings.into_iter().next() else { return Ok(ruling) };
        self.docket.kept.insert(raised.id.clone(), reported.id.clone());
        let answers = [Status::Accepted, Status::Dismissed];
        let Some(status) = answers.into_iter().find(|s| s.as_str() == reported.status) else {
            return Ok(ruling);
        };
        let reason = format!("a person {} it before", status.as_str());
        Ok(Ruling { word: Word::OutOfScope, reason, instruction: String::new(), ..ruling })
    }

    /// The folder that shows the judged tree, what the change touches before all.
    fn room(&mut self, change: &Change) -> Result<PathBuf> {
        let room = room::folder(self.repo, &self.docket.run.id);
        if self.in_room.as_ref() != Some(&change.tree) {
            let shown = self.in_room.take();
            let follows = shown
                .is_some_and(|from| room::follow(self.repo, &from, &change.tree, &room).is_ok());
            if !follows {
                room::fill(self.repo, &change.tree, &change.files, &room)?;
            }
            self.in_room = Some(change.tree.clone());
        }
        Ok(room)
    }

    /// What the executor is told.
    pub(super) fn fixer_prompt(&self, order: &Order) -> Result<String> {
        let change = self.change_since(self.docket.run.base.as_ref())?;
        let spec = self.matter.reading.as_ref().map(prompt::spec_text);
        let rules = self.rules(Role::Executor, &change.files);
        let places: Vec<&Raised> = self
            .docket
            .run
            .findings
            .iter()
            .map(|standing| &standing.raised)
            .filter(|raised| order.findings.contains(&raised.id))
            .collect();
        let token = self.token(&format!("fix-{}", self.docket.run.attempts.len()));
        let mut instructions = order.instructions.clone();
        instructions.extend(self.siblings(&change, &places));
        Ok(fixer::prompt(fixer::Task {
            spec: spec.as_deref(),
            instructions: &instructions,
            places: &places,
            rules: &rules,
            token: &token,
        }))
    }

    /// More places of the same mistakes in the files of the change: looked for with the patterns
    /// that the reviewer gave, so that a class is repaired and not a line.
    fn siblings(&self, change: &Change, raised: &[&Raised]) -> Vec<String> {
        let mut found = Vec::new();
        for finding in raised.iter().filter(|finding| !finding.sweep.is_empty()) {
            let pattern = RegexBuilder::new(&finding.sweep).size_limit(SWEEP_SIZE_MAX).build();
            let Ok(pattern) = pattern else { continue };
            let mut places = Vec::new();
            for file in &change.files {
                let text = self.repo.objects.file(&change.tree, file.path.as_bstr());
                let text = text.ok().flatten().unwrap_or_default();
                for (line, text) in (1..).zip(text.lines()) {
                    let own = finding.path.as_bytes() == file.path.as_bytes()
                        && finding.anchored.lines().is_some_and(|(a, b)| (a..=b).contains(&line));
                    if !own && pattern.is_match(&text.to_str_lossy()) {
                        places.push(format!("{}:{line}", visible_path(&file.path)));
                    }
                }
            }
            // A pattern that is everywhere says nothing.
            if (1..=SIBLINGS_MAX).contains(&places.len()) {
                found.push(format!("see whether {} is at {} too", finding.id, places.join(", ")));
            }
        }
        found
    }

    /// What nonces are drawn from; the same after a kill.
    fn seed(&self, name: &str) -> [u8; 32] {
        *blake3::hash(format!("{}/{name}", self.docket.seed).as_bytes()).as_bytes()
    }

    /// The word that fences a prompt's data.
    fn token(&self, name: &str) -> String {
        blake3::hash(format!("{}/token/{name}", self.docket.seed).as_bytes()).to_hex()[..12].into()
    }

    fn rules(&self, role: Role, files: &[FileChange]) -> Vec<String> {
        self.matter.rules_for(role, files)
    }

    /// The findings that a later round is asked about.
    fn open(&self, scope: &Scope) -> Vec<Raised> {
        let Scope::Delta { open, .. } = scope else { return Vec::new() };
        let findings = self.docket.run.findings.iter().map(|standing| &standing.raised);
        findings.filter(|raised| open.contains(&raised.id)).cloned().collect()
    }

    /// Whether an earlier look at the same code raised it: it is not weighed twice.
    fn is_known(&self, raised: &Raised) -> bool {
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        self.docket.run.findings.iter().any(|standing| {
            let known = &standing.raised;
            standing.resolved_in.is_none()
                && known.path == raised.path
                && known.class == raised.class
                && squeezed(&known.anchor) == squeezed(&raised.anchor)
        })
    }

    fn is_fix_induced(&self, raised: &Raised) -> Result<bool> {
        let Some((line, _)) = raised.anchored.lines() else { return Ok(false) };
        let path = BString::from(raised.path.as_str());
        attempt::is_fix_induced(self.repo, &self.docket.run.attempts, &path, line)
    }
}

/// What is delivered of a change, and what the policy has nobody read.
pub struct Delivered {
    pub delivery: Delivery,
    pub left_out: Vec<(String, String)>,
}

/// Lays a change out for a reviewer.
pub fn lay_out(
    repo: &Repo,
    matter: &Matter,
    change: &Change,
    seed: &[u8; 32],
) -> Result<Delivered> {
    let globs = globs(&matter.policy().review.leave_out)?;
    let is_left_out = |file: &&FileChange| globs.is_match(file.path.to_path_lossy());
    let (out, shown): (Vec<_>, Vec<_>) = change.files.iter().partition(is_left_out);
    let named =
        |file: &FileChange| (shown_path(&file.path), "left out by `review.leave-out`".to_owned());
    let mut delivery = deliver(&files(&repo.objects, &shown)?, &matter.delivery_limits(), seed);
    for file in shown {
        if let Some(place) = delivery.places.get_mut(&shown_path(&file.path)) {
            place.path.clone_from(&file.path);
        }
    }
    Ok(Delivered { delivery, left_out: out.into_iter().map(named).collect() })
}

fn shown_path(path: &BString) -> String {
    visible_path(&secrets::mask_path(path))
}

/// Whether there is anything in a change that a model can review.
pub fn is_reviewable(repo: &Repo, matter: &Matter, change: &Change) -> Result<bool> {
    let Delivered { delivery, .. } = lay_out(repo, matter, change, &[0; 32])?;
    let gap = delivery.unscanned.iter().any(|unscanned| unscanned.reason.is_gap());
    Ok(gap || !delivery.calls.is_empty())
}

/// The files of a change with both their sides, as they are and without secrets; their names are
/// without.
fn files(objects: &Objects, files: &[&FileChange]) -> Result<Vec<File>> {
    let side = |path: &BString, entry: &Option<Entry>| -> Result<Option<Side>> {
        let Some(entry) = entry else { return Ok(None) };
        let raw = match entry.mode {
            Mode::Submodule => Vec::new(),
            _ => objects
                .blob(&entry.oid)?
                .with_context(|| format!("`{path}` is not here in full: a partial clone"))?,
        };
        let masked = secrets::mask_lines(&raw, path);
        Ok(Some(Side { mode: entry.mode, raw, masked }))
    };
    let file = |file: &&FileChange| -> Result<File> {
        Ok(File {
            path: secrets::mask_path(&file.path),
            kind: match &file.kind {
                Kind::Renamed { from } => Kind::Renamed { from: secrets::mask_path(from) },
                kind => kind.clone(),
            },
            old: side(&file.path, &file.old)?,
            new: side(&file.path, &file.new)?,
        })
    };
    files.iter().map(file).collect()
}

/// The files that other calls show, and those that none does.
fn elsewhere(delivery: &Delivery, at: usize) -> Vec<String> {
    let here: Vec<&str> =
        delivery.calls[at].sections.iter().map(|section| section.path.as_str()).collect();
    let others = delivery.calls.iter().flat_map(|part| &part.sections).map(|s| s.path.as_str());
    let mut names: Vec<String> =
        others.filter(|path| !here.contains(path)).map(str::to_owned).collect();
    names.dedup();
    let unscanned = delivery.unscanned.iter();
    names.extend(unscanned.map(|one| format!("{} ({})", one.path, one.reason)));
    names
}

/// The most that the arbiter is shown of a change, in bytes; the rest it can read.
const CASE_BYTES_MAX: usize = 48 * 1024;

/// The sections of a finding's file, then those of the files that its evidence names, then others.
fn near(delivery: &Delivery, finding: &Raised) -> Vec<String> {
    let mut sections: Vec<_> = delivery.calls.iter().flat_map(|part| &part.sections).collect();
    let named = |path: &str| finding.evidence.iter().any(|quote| quote.path == path);
    sections.sort_by_key(|section| match section.path.as_str() {
        path if path == finding.path => 0,
        path if named(path) => 1,
        _ => 2,
    });
    let mut left = CASE_BYTES_MAX;
    let mut shown = Vec::new();
    for section in sections {
        let Some(rest) = left.checked_sub(section.text.len()) else { continue };
        left = rest;
        shown.push(section.text.clone());
    }
    shown
}

/// The files of the judged tree as a model sees them, each read once.
struct Texts<'a> {
    objects: &'a Objects,
    tree: &'a Oid,
    delivery: &'a Delivery,
    read: RefCell<BTreeMap<String, Option<String>>>,
}

impl<'a> Texts<'a> {
    fn new(objects: &'a Objects, tree: &'a Oid, delivery: &'a Delivery) -> Self {
        Self { objects, tree, delivery, read: RefCell::default() }
    }

    /// By the shown name; `None` where there is no such file, or it is no text.
    fn text(&self, shown: &str) -> Option<String> {
        if let Some(text) = self.read.borrow().get(shown) {
            return text.clone();
        }
        let place = self.delivery.places.get(shown);
        let path = place.map_or_else(|| BString::from(shown), |place| place.path.clone());
        let text = self
            .objects
            .file(self.tree, path.as_bstr())
            .ok()
            .flatten()
            .filter(|bytes| !bytes.contains(&0))
            .map(|bytes| visible(&secrets::mask_lines(&bytes, &path)));
        self.read.borrow_mut().insert(shown.to_owned(), text.clone());
        text
    }

    /// What stands where a finding was, for a reviewer of a later round.
    fn now(&self, raised: &Raised) -> String {
        let Some(text) = self.text(&raised.path) else { return String::new() };
        let lines = raised.anchored.lines().unwrap_or((1, 1));
        prompt::excerpt(&text, lines, AROUND)
    }
}
