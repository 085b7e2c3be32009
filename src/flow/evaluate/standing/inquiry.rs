//! Asks for each finding of a gate where it stands.

use std::collections::BTreeSet;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::governance;
use crate::domain::gates::policy_files::is_unreadable;
use crate::domain::gates::protected_branch::ProtectedBranches;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::standing::{Standing, step};
use crate::flow::context::Context;
use crate::flow::evaluate::command_cache::CommandCache;
use crate::flow::evaluate::standing::branches::Branches;
use crate::flow::evaluate::standing::elsewhere::MovedText;
use crate::flow::evaluate::standing::files::path_of;
use crate::flow::evaluate::standing::past::{History, Past, base_of, gone_for_good, past};
use crate::flow::evaluate::standing::places::{AskedPlace, AskedPlaces, PlaceKind};
use crate::flow::evaluate::standing::raised::{Enough, FileAt, Gates, Has};
use crate::flow::evaluate::standing::subject::{Subject, named_files, subject_of};
use crate::platform::config::env::now;
use crate::platform::git::object::Commit;
use crate::platform::git::object::Objects;
use crate::platform::git::unstaged::ScratchObjects;
use crate::platform::store::ledger::gate_findings::{GateFinding, Settled};
use crate::platform::store::ledger::known::FindingFingerprint;

/// How many tips git is asked about for many commits at once.
const TIPS_MAX: usize = 16;

/// Everything that is asked, each thing once.
pub struct Inquiry<'a> {
    pub(super) context: Context<'a>,
    /// With those of what is not staged.
    pub(super) objects: &'a Objects,
    gates: Gates<'a>,
    moved_text: MovedText<'a>,
    pub(super) branches: Branches<'a>,
    history: History<'a>,
    passed: CommandCache,
    /// HEAD, index and work tree of every work tree.
    pub(super) checked_out: Vec<AskedPlace>,
    /// Whether an index or a work tree could not be read: what is there is not known.
    pub(super) unread: bool,
    /// Every file that findings of a whole tree are about.
    of_trees: Vec<BString>,
}

/// A standing, and where the finding is now where that is another place than on record.
type Stands = (Standing, Option<FindingFingerprint>);

impl<'a> Inquiry<'a> {
    /// `scratch` has the objects of what is not staged, where there is any. `of_reviews` are the files that
    /// findings of reviews are about.
    pub fn new(
        context: Context<'a>,
        places: AskedPlaces,
        scratch: Option<&'a ScratchObjects>,
        findings: &[GateFinding],
        of_reviews: impl Iterator<Item = &'a BString>,
    ) -> Result<Self> {
        let objects = scratch.map_or(&context.repo.objects, |scratch| &scratch.objects);
        let mut named = named_files(objects, findings);
        named.extend(of_reviews.cloned());
        let checked_out = places.checked_out(context.repo, scratch, &named)?;
        let is_of = |one: &GateFinding, gate: Gate| one.kept.finding.gate == gate;
        let with_rules = findings.iter().any(|one| is_of(one, Gate::Constitution));
        let of_trees = findings
            .iter()
            .filter(|one| is_of(one, Gate::CaseConflict) || is_unreadable(&one.kept.finding))
            .filter_map(|one| Some(path_of(one)?.to_owned()))
            .collect();
        let mut gates = Gates::new(context, objects, with_rules)?;
        let policy = checked_out.places.first().and_then(|place| place.policy.as_ref());
        let globs = &gates.policy(policy)?.policy.protect.branches;
        let protected = ProtectedBranches::new(globs, Vec::new());
        Ok(Self {
            context,
            objects,
            gates,
            moved_text: MovedText::new(objects),
            branches: Branches::new(context.repo, places.branches, &protected),
            history: History::new(context.repo),
            passed: CommandCache::load(context, None),
            checked_out: checked_out.places,
            unread: checked_out.unread,
            of_trees,
        })
    }

    /// What becomes of the findings. Where there was too much to look at, the rest stays as it is.
    pub fn settle(&mut self, findings: &[GateFinding]) -> Result<Settled> {
        let now = now(self.context.env);
        self.ask_for_commits(findings)?;
        let mut settled = Settled { mark: Some(String::new()), ..Settled::default() };
        for finding in findings {
            let (standing, moved) = match self.stands(finding) {
                Ok(stands) => stands,
                Err(error) if error.is::<Enough>() => {
                    settled.mark = None;
                    break;
                }
                Err(error) => return Err(error),
            };
            let (id, status) = (&finding.kept.id, finding.kept.status);
            let step = step(status, &standing, now);
            settled.steps.extend(step.map(|step| (id.clone(), status, step)));
            settled.moves.extend(moved.map(|place| (id.clone(), place)));
        }
        Ok(settled)
    }

    /// Asks at once which commits of open findings are on HEAD and on the branches that were seen.
    fn ask_for_commits(&mut self, findings: &[GateFinding]) -> Result<()> {
        let open = findings.iter().filter(|finding| !finding.kept.status.is_gone());
        let seen: Vec<_> = open.flat_map(|finding| &finding.sightings).collect();
        let commits = seen.iter().filter_map(|seen| seen.commit.clone()).collect();
        let names = seen.iter().filter_map(|seen| seen.branch.as_ref()).collect();
        let branches = self.branches.tips_of(&names).into_iter().map(|(_, tip)| tip);
        let mut tips: Vec<Oid> = self.heads().into_iter().chain(branches).collect();
        tips.sort();
        tips.dedup();
        tips.truncate(TIPS_MAX);
        self.branches.ask_of_many(&tips, &commits)
    }

    pub(super) fn stands(&mut self, finding: &GateFinding) -> Result<Stands> {
        // One that was never seen in a change is from nowhere known.
        if finding.sightings.is_empty() {
            return Ok((Standing::Unknown, None));
        }
        match subject_of(finding) {
            Subject::File | Subject::LineOfCommand => self.of_file(finding),
            subject => Ok((self.of_change(finding, subject)?, None)),
        }
    }

    /// What is checked out, then the branches of the finding.
    fn places_of(&mut self, finding: &GateFinding) -> Result<Vec<AskedPlace>> {
        let mut places = self.checked_out.clone();
        let heads: Vec<Oid> = self.heads();
        for branch in self.branches.of(finding, &heads)? {
            places.push(self.branch(branch)?);
        }
        Ok(places)
    }

    fn branch(&self, (name, tip): (String, Oid)) -> Result<AskedPlace> {
        let tree = self.context.repo.tree_of(&tip)?;
        Ok(AskedPlace {
            kind: PlaceKind::Branch,
            name: format!("branch `{name}`"),
            policy: Some(tree.clone()),
            tree,
            commit: Some(tip),
            unread: BTreeSet::new(),
        })
    }

    fn heads(&self) -> Vec<Oid> {
        let heads = self.checked_out.iter().filter(|place| place.kind == PlaceKind::Head);
        heads.filter_map(|place| place.commit.clone()).collect()
    }

    fn of_file(&mut self, finding: &GateFinding) -> Result<Stands> {
        let places = self.places_of(finding)?;
        let mut unknown = self.unread;
        for place in &places {
            match self.stands_in(place, finding)? {
                Has::Yes(now) => {
                    let standing = holds(place);
                    let moved = now.map(|now| *now).filter(|now| {
                        matches!(place.kind, PlaceKind::Head | PlaceKind::Index)
                            && now.finding.place != finding.kept.finding.place
                    });
                    return Ok((standing, moved));
                }
                Has::Unknown => unknown = true,
                Has::No => {}
            }
        }
        let standing = match (unknown, finding.kept.status.is_gone()) {
            (true, _) => Standing::Unknown,
            (false, true) => gone_still(),
            (false, false) => self.gone(finding, &places)?,
        };
        Ok((standing, None))
    }

    /// Whether a place has a finding in a file, the one that it was in or another.
    fn stands_in(&mut self, place: &AskedPlace, finding: &GateFinding) -> Result<Has> {
        let file = self.gates.file_of(place, finding)?;
        let is_unread = file.as_ref().is_some_and(|file| place.unread.contains(&file.path));
        let mut has = self.has(place, finding, file)?;
        if matches!(has, Has::No) && !finding.kept.status.is_gone() {
            has = self.moved(place, finding)?;
        }
        Ok(if is_unread && matches!(has, Has::No) { Has::Unknown } else { has })
    }

    /// How a finding is gone that no place has. Where no commit shows how it went it is looked for on every
    /// branch: one may have another name now, or was made when it could not be committed.
    fn gone(&mut self, finding: &GateFinding, places: &[AskedPlace]) -> Result<Standing> {
        let is_file = subject_of(finding) == Subject::File;
        for place in places.iter().filter(|_| is_file) {
            if self.gates.has_text(place, finding)? {
                let why = format!("{} has the text still: it is allowed there", place.name);
                return Ok(match place.kind {
                    PlaceKind::Index | PlaceKind::WorkTree => Standing::NeverCommitted { why },
                    PlaceKind::Head | PlaceKind::Branch => {
                        Standing::Gone { since: place.commit.clone(), why }
                    }
                });
            }
        }
        let tips = places.iter().filter(|place| place.kind.is_commit());
        let tips: Vec<Oid> = tips.filter_map(|place| place.commit.clone()).collect();
        for tip in &tips {
            if let Past::Was { since } = self.past(finding, tip, places)? {
                let why = match &since {
                    Some(commit) => format!("commit {} no longer has it", commit.short()),
                    None => "no branch has it any more".to_owned(),
                };
                return Ok(Standing::Gone { since, why });
            }
        }
        for branch in self.branches.all() {
            let place = self.branch(branch)?;
            match self.stands_in(&place, finding)? {
                Has::Yes(_) => return Ok(holds(&place)),
                Has::Unknown => return Ok(Standing::Unknown),
                Has::No => {}
            }
        }
        Ok(gone_for_good(finding, "nothing that is committed, staged or in the work tree has it"))
    }

    fn past(&mut self, finding: &GateFinding, tip: &Oid, places: &[AskedPlace]) -> Result<Past> {
        let policy = places.iter().find_map(|place| place.policy.clone());
        let commits = self.history.commits(tip, base_of(finding).as_ref())?.to_vec();
        past(&commits, |commit: &Commit| {
            if finding.sightings.iter().any(|seen| seen.commit.as_ref() == Some(&commit.oid)) {
                return Ok(true);
            }
            let place = AskedPlace {
                kind: PlaceKind::Head,
                name: String::new(),
                tree: commit.tree.clone(),
                policy: policy.clone(),
                commit: Some(commit.oid.clone()),
                unread: BTreeSet::new(),
            };
            let file = self.gates.file_of(&place, finding)?;
            Ok(matches!(self.has(&place, finding, file)?, Has::Yes(_)))
        })
    }

    /// Whether a place has a finding in a file to which its text was moved.
    fn moved(&mut self, place: &AskedPlace, finding: &GateFinding) -> Result<Has> {
        if subject_of(finding) == Subject::LineOfCommand && self.all_passed(place)? {
            return Ok(Has::No);
        }
        self.moved_text.find(&mut self.gates, place, finding)
    }

    fn has(
        &mut self,
        place: &AskedPlace,
        finding: &GateFinding,
        file: Option<FileAt>,
    ) -> Result<Has> {
        if subject_of(finding) == Subject::LineOfCommand && self.all_passed(place)? {
            return Ok(Has::No);
        }
        let Some(file) = file else { return Ok(Has::No) };
        if subject_of(finding) == Subject::LineOfCommand {
            if place.kind == PlaceKind::WorkTree && self.passed_where_checked_out(finding)? {
                return Ok(Has::No);
            }
            return Ok(self
                .gates
                .has_line(finding, &file)?
                .map_or(Has::Unknown, |has| if has { Has::Yes(None) } else { Has::No }));
        }
        let id = &finding.kept.id;
        let Some(raised) = self.gates.of_file(&file, place.policy.as_ref())? else {
            return Ok(Has::Unknown);
        };
        if let Some(now) = raised.known.get(id) {
            return Ok(Has::Yes(Some(Box::new(now.clone()))));
        }
        if !self.of_trees.contains(&file.path) {
            return Ok(Has::No);
        }
        let mut files = Vec::new();
        for path in self.of_trees.clone() {
            let entry = self.gates.entry(&place.tree, path.as_bstr())?;
            files.extend(entry.map(|entry| FileAt { path, entry, moved_from: None }));
        }
        let raised = self.gates.of_tree(&place.tree, place.policy.as_ref(), &files)?;
        Ok(raised.known.get(id).map_or(Has::No, |now| Has::Yes(Some(Box::new(now.clone())))))
    }

    /// Whether every command of the policy passed on the tree of a place.
    fn all_passed(&mut self, place: &AskedPlace) -> Result<bool> {
        let policy = self.gates.policy(place.policy.as_ref())?;
        let commands = &policy.policy.commands;
        Ok(commands.iter().all(|command| self.passed.holds(command, &place.tree)))
    }

    /// Whether every command passed on a tree that has the line: nothing was wrong with it there.
    fn passed_where_checked_out(&mut self, finding: &GateFinding) -> Result<bool> {
        for place in self.checked_out.clone() {
            if place.kind != PlaceKind::WorkTree
                && self.all_passed(&place)?
                && self.gates.has_text(&place, finding)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn of_change(&mut self, finding: &GateFinding, subject: Subject) -> Result<Standing> {
        if finding.kept.status.is_gone() {
            return Ok(gone_still());
        }
        let places = self.places_of(finding)?;
        let is_of_command = subject == Subject::TreeOfCommand;
        for seen in finding.sightings.iter().rev() {
            let Some(tree) = &seen.tree else { continue };
            for place in &places {
                let is_base = place.commit.as_ref().map_or("root", Oid::as_str) == seen.change;
                let is_there = if place.kind.is_commit() || !is_base {
                    is_of_command && *tree == place.tree
                } else {
                    self.gates.has_change(place, place.commit.as_ref(), tree)?
                };
                if is_there && !(is_of_command && self.all_passed(place)?) {
                    return Ok(holds(place));
                }
            }
        }
        let tips = places.iter().filter(|place| place.kind.is_commit());
        let tips: Vec<Oid> = tips.filter_map(|place| place.commit.clone()).collect();
        if let Some(commit) = self.commit_of(finding, &tips)? {
            if is_of_command || finding.kept.finding.rule == governance::CHANGED {
                let why = format!("it was about commit {}", commit.short());
                return Ok(Standing::Gone { since: Some(commit), why });
            }
            let place = format!("commit {}", commit.short());
            return Ok(Standing::Holds { place, commit: Some(commit) });
        }
        if self.unread {
            return Ok(Standing::Unknown);
        }
        Ok(gone_for_good(finding, "it is no longer staged, and was not committed"))
    }

    /// The commit that a finding is about, on one of the tips.
    fn commit_of(&mut self, finding: &GateFinding, tips: &[Oid]) -> Result<Option<Oid>> {
        for seen in finding.sightings.iter().rev() {
            if let Some(commit) = &seen.commit
                && self.branches.any_has(tips, commit)?
            {
                return Ok(Some(commit.clone()));
            }
            let base = Oid::parse(&seen.change).ok();
            for tip in tips {
                let made = |commit: &&Commit| {
                    seen.tree.as_ref() == Some(&commit.tree)
                        && commit.parents.first() == base.as_ref()
                };
                if let Some(made) = self.history.commits(tip, base.as_ref())?.iter().find(made) {
                    return Ok(Some(made.oid.clone()));
                }
            }
        }
        Ok(None)
    }
}

fn holds(place: &AskedPlace) -> Standing {
    Standing::Holds { place: place.name.clone(), commit: place.commit.clone() }
}

/// What is gone and still in no place: it stays as it is.
fn gone_still() -> Standing {
    Standing::Gone { since: None, why: String::new() }
}
