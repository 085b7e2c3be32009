//! Asks for each finding of a gate where it stands.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::governance;
use crate::domain::gates::policy_files::is_unreadable;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::standing::{Standing, step};
use crate::flow::context::Context;
use crate::flow::evaluate::command_cache::CommandCache;
use crate::flow::evaluate::standing::branches::Branches;
use crate::flow::evaluate::standing::files::path_of;
use crate::flow::evaluate::standing::past::{History, Past, base_of, past};
use crate::flow::evaluate::standing::places::{AskedPlace, AskedPlaces, PlaceKind};
use crate::flow::evaluate::standing::raised::{Enough, FileAt, Gates};
use crate::platform::config::env::now;
use crate::platform::git::object::Commit;
use crate::platform::store::ledger::gate_findings::{GateFinding, Settled};
use crate::platform::store::ledger::known::FindingFingerprint;

/// How many tips git is asked about for many commits at once.
const TIPS_MAX: usize = 16;

/// Everything that is asked, each thing once.
pub struct Inquiry<'a> {
    context: Context<'a>,
    gates: Gates<'a>,
    branches: Branches<'a>,
    history: History<'a>,
    passed: CommandCache,
    /// HEAD and index of every work tree.
    checked_out: Vec<AskedPlace>,
    /// Whether an index could not be read: what was staged there is not known.
    unread_index: bool,
    /// Every file that findings of a whole tree are about.
    of_trees: Vec<BString>,
}

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    File,
    /// What a command said of a line: the command is not run again.
    LineOfCommand,
    /// A change as such, or its message.
    Change,
    /// What a command said of a whole tree.
    TreeOfCommand,
}

/// Whether a place has a finding, and where there.
enum Has {
    Yes(Option<Box<FindingFingerprint>>),
    No,
    Unknown,
}

/// A standing, and where the finding is now where that is another place than on record.
type Stands = (Standing, Option<FindingFingerprint>);

impl<'a> Inquiry<'a> {
    pub fn new(
        context: Context<'a>,
        places: AskedPlaces,
        findings: &[GateFinding],
    ) -> Result<Self> {
        let (checked_out, unread_index) = places.checked_out(context.repo)?;
        let is_of = |one: &GateFinding, gate: Gate| one.kept.finding.gate == gate;
        let with_rules = findings.iter().any(|one| is_of(one, Gate::Constitution));
        let of_trees = findings
            .iter()
            .filter(|one| is_of(one, Gate::CaseConflict) || is_unreadable(&one.kept.finding))
            .filter_map(|one| Some(path_of(one)?.to_owned()))
            .collect();
        Ok(Self {
            context,
            gates: Gates::new(context, with_rules)?,
            branches: Branches::new(context.repo, places.branches),
            history: History::new(context.repo),
            passed: CommandCache::load(context),
            checked_out,
            unread_index,
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

    fn stands(&mut self, finding: &GateFinding) -> Result<Stands> {
        // One that was never seen in a change is from nowhere known.
        if finding.sightings.is_empty() {
            return Ok((Standing::Unknown, None));
        }
        match subject_of(finding) {
            Subject::File | Subject::LineOfCommand => self.of_file(finding),
            subject => Ok((self.of_change(finding, subject)?, None)),
        }
    }

    /// HEAD and index of every work tree, then the branches of the finding.
    fn places_of(&mut self, finding: &GateFinding) -> Result<Vec<AskedPlace>> {
        let mut places = self.checked_out.clone();
        let heads: Vec<Oid> = self.heads();
        for (name, tip) in self.branches.of(finding, &heads)? {
            let tree = self.context.repo.tree_of(&tip)?;
            places.push(AskedPlace {
                kind: PlaceKind::Branch,
                name: format!("branch `{name}`"),
                policy: Some(tree.clone()),
                tree,
                commit: Some(tip),
            });
        }
        Ok(places)
    }

    fn heads(&self) -> Vec<Oid> {
        let heads = self.checked_out.iter().filter(|place| place.kind == PlaceKind::Head);
        heads.filter_map(|place| place.commit.clone()).collect()
    }

    fn of_file(&mut self, finding: &GateFinding) -> Result<Stands> {
        let places = self.places_of(finding)?;
        let mut unknown = self.unread_index;
        for place in &places {
            let file = match self.gates.file_of(place, finding)? {
                None if !finding.kept.status.is_gone() => self.followed(place, finding)?,
                file => file,
            };
            match self.has(place, finding, file)? {
                Has::Yes(now) => {
                    let standing =
                        Standing::Holds { place: place.name.clone(), commit: place.commit.clone() };
                    let moved = now.map(|now| *now).filter(|now| {
                        place.kind != PlaceKind::Branch
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

    /// How a finding is gone that no place has.
    fn gone(&mut self, finding: &GateFinding, places: &[AskedPlace]) -> Result<Standing> {
        let is_file = subject_of(finding) == Subject::File;
        for place in places.iter().filter(|_| is_file) {
            if self.gates.has_text(place, finding)? {
                let why = format!("{} has the text still: it is allowed there", place.name);
                return Ok(match place.kind {
                    PlaceKind::Index => Standing::NeverCommitted { why },
                    PlaceKind::Head | PlaceKind::Branch => {
                        Standing::Gone { since: place.commit.clone(), why }
                    }
                });
            }
        }
        let tips = places.iter().filter(|place| place.kind != PlaceKind::Index);
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
        Ok(gone_for_good(finding, "nothing that is committed or staged has it"))
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
            };
            let file = self.gates.file_of(&place, finding)?;
            Ok(matches!(self.has(&place, finding, file)?, Has::Yes(_)))
        })
    }

    /// The file of a finding in a place to which it was moved since it was seen.
    fn followed(&mut self, place: &AskedPlace, finding: &GateFinding) -> Result<Option<FileAt>> {
        let Some(tip) = &place.commit else { return Ok(None) };
        let commits = self.history.commits(tip, base_of(finding).as_ref())?;
        let mut trees: Vec<Oid> = commits.iter().map(|commit| commit.tree.clone()).collect();
        if trees.is_empty() {
            trees.extend(place.policy.clone());
        }
        trees.extend((place.kind == PlaceKind::Index).then(|| place.tree.clone()));
        self.gates.followed(&trees, finding)
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
            return Ok(self
                .gates
                .has_line(finding, &file)?
                .map_or(Has::Unknown, |has| if has { Has::Yes(None) } else { Has::No }));
        }
        let id = &finding.kept.id;
        let Some(raised) = self.gates.of_file(&file, place.policy.as_ref())? else {
            return Ok(Has::Unknown);
        };
        if let Some(now) = raised.get(id) {
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
        Ok(raised.get(id).map_or(Has::No, |now| Has::Yes(Some(Box::new(now.clone())))))
    }

    /// Whether every command of the policy passed on the tree of a place.
    fn all_passed(&mut self, place: &AskedPlace) -> Result<bool> {
        let policy = self.gates.policy(place.policy.as_ref())?;
        let commands = &policy.policy.commands;
        Ok(commands.iter().all(|command| self.passed.holds(command, &place.tree)))
    }

    fn of_change(&mut self, finding: &GateFinding, subject: Subject) -> Result<Standing> {
        if finding.kept.status.is_gone() {
            return Ok(gone_still());
        }
        let places = self.places_of(finding)?;
        let is_of_command = subject == Subject::TreeOfCommand;
        for seen in finding.sightings.iter().rev() {
            for place in &places {
                let is_staged = place.kind == PlaceKind::Index
                    && place.commit.as_ref().map_or("root", Oid::as_str) == seen.change;
                if seen.tree.as_ref() == Some(&place.tree)
                    && (is_staged || is_of_command)
                    && !(is_of_command && self.all_passed(place)?)
                {
                    let (place, commit) = (place.name.clone(), place.commit.clone());
                    return Ok(Standing::Holds { place, commit });
                }
            }
        }
        let tips = places.iter().filter(|place| place.kind != PlaceKind::Index);
        let tips: Vec<Oid> = tips.filter_map(|place| place.commit.clone()).collect();
        if let Some(commit) = self.commit_of(finding, &tips)? {
            if is_of_command || finding.kept.finding.rule == governance::CHANGED {
                let why = format!("it was about commit {}", commit.short());
                return Ok(Standing::Gone { since: Some(commit), why });
            }
            let place = format!("commit {}", commit.short());
            return Ok(Standing::Holds { place, commit: Some(commit) });
        }
        if self.unread_index {
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

/// What is gone and still in no place: it stays as it is.
fn gone_still() -> Standing {
    Standing::Gone { since: None, why: String::new() }
}

/// Of a finding that no history has either.
fn gone_for_good(finding: &GateFinding, why: &str) -> Standing {
    let of_commit = finding.sightings.iter().find_map(|seen| seen.commit.as_ref());
    // A whole tree that was checked is that of a commit.
    let of_tree = finding.sightings.iter().any(|seen| seen.change.starts_with("tree:"));
    match of_commit {
        Some(commit) => {
            let why = format!("its commit {} is on no branch any more", commit.short());
            Standing::Gone { since: None, why }
        }
        None if of_tree => {
            Standing::Gone { since: None, why: "no branch has it any more".to_owned() }
        }
        None => Standing::NeverCommitted { why: why.to_owned() },
    }
}

fn subject_of(finding: &GateFinding) -> Subject {
    let found = &finding.kept.finding;
    match (found.gate, path_of(finding)) {
        (Gate::Commands, Some(_)) => Subject::LineOfCommand,
        (Gate::Commands, None) => Subject::TreeOfCommand,
        (Gate::Governance, _) if found.rule == governance::CHANGED => Subject::Change,
        (_, Some(_)) => Subject::File,
        (_, None) => Subject::Change,
    }
}
