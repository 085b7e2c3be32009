//! What the gates say of a file in a tree, as the findings on record that they say again.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use bstr::{BStr, BString};

use crate::domain::gates;
use crate::domain::gates::GateReport;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, FileChange, FileChangeKind, TreeEntry};
use crate::domain::model::finding::Finding;
use crate::domain::model::oid::Oid;
use crate::flow::context::Context;
use crate::flow::evaluate::fingerprint;
use crate::flow::evaluate::policy::{RuleSelection, read_policy};
use crate::platform::config::env::now;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::known::FindingFingerprint;

/// How much is read again of files at a time, in bytes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many files are looked up in trees at a time.
const LOOK_UPS_MAX: usize = 50_000;

/// What gates say of a file or a tree.
#[derive(Default)]
pub struct Raised {
    /// The findings on record that they say again, by id, with where they are now.
    pub known: HashMap<String, FindingFingerprint>,
    /// Those that are not on record.
    pub new: Vec<FindingFingerprint>,
}

/// Whether a place has a finding, and where there.
pub enum Has {
    Yes(Option<Box<FindingFingerprint>>),
    No,
    Unknown,
}

/// A file of a tree.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileAt {
    pub path: BString,
    pub entry: TreeEntry,
    /// The path that it had when its findings were seen, where that is another.
    pub moved_from: Option<BString>,
}

/// Asks the gates, each thing once.
pub struct Gates<'a> {
    pub(super) context: Context<'a>,
    /// Also those of work trees, of what is not staged.
    pub(super) objects: &'a Objects,
    ledger: Ledger,
    /// Whether rules are among what is asked about.
    rules: RuleSelection<'a>,
    policies: HashMap<Option<Oid>, Rc<EffectivePolicy>>,
    files: HashMap<(String, FileAt), Option<Rc<Raised>>>,
    trees: HashMap<(String, Oid), Rc<Raised>>,
    entries: HashMap<(Oid, BString), Option<TreeEntry>>,
    bytes_left: u64,
    look_ups_left: usize,
}

impl<'a> Gates<'a> {
    pub fn new(context: Context<'a>, objects: &'a Objects, with_rules: bool) -> Result<Self> {
        Ok(Self {
            context,
            objects,
            ledger: Ledger::open(&context.repo.state_dir())?,
            rules: if with_rules { RuleSelection::All } else { RuleSelection::None },
            policies: HashMap::new(),
            files: HashMap::new(),
            trees: HashMap::new(),
            entries: HashMap::new(),
            bytes_left: BYTES_MAX,
            look_ups_left: LOOK_UPS_MAX,
        })
    }

    /// The file of a tree; an error of the type [`Enough`] where too much was looked up.
    pub fn entry(&mut self, tree: &Oid, path: &BStr) -> Result<Option<TreeEntry>> {
        let key = (tree.clone(), path.to_owned());
        if let Some(known) = self.entries.get(&key) {
            return Ok(known.clone());
        }
        self.look_ups_left = self.look_ups_left.checked_sub(1).ok_or(Enough)?;
        let entry = self.objects.entry(tree, path)?;
        self.entries.insert(key, entry.clone());
        Ok(entry)
    }

    /// What the gates say of a file under the policy of a tree; `None` where that cannot be told.
    pub fn of_file(&mut self, file: &FileAt, policy: Option<&Oid>) -> Result<Option<Rc<Raised>>> {
        let policy = self.policy(policy)?;
        let key = (policy.hash.clone(), file.clone());
        if let Some(known) = self.files.get(&key) {
            return Ok(known.clone());
        }
        let raised = self.ask(file, &policy)?.map(Rc::new);
        self.files.insert(key, raised.clone());
        Ok(raised)
    }

    fn ask(&mut self, file: &FileAt, policy: &EffectivePolicy) -> Result<Option<Raised>> {
        let objects = self.objects;
        let Some((_, size)) = objects.header(&file.entry.oid)? else { return Ok(None) };
        let Some(left) = self.bytes_left.checked_sub(size) else { return Ok(None) };
        self.bytes_left = left;
        // A gate may leave alone what was only moved.
        let new = FileChange { kind: FileChangeKind::Added, ..change_of(file) };
        let GateReport { findings, skipped } = gates::check_files(&[new], policy, objects)?;
        if !skipped.is_empty() {
            return Ok(None);
        }
        let change = whole(None, &file.entry.oid, vec![change_of(file)]);
        self.recognised(&change, &findings).map(Some)
    }

    /// What the gates say of a tree as a whole, of what concerns these files.
    pub fn of_tree(
        &mut self,
        tree: &Oid,
        policy: Option<&Oid>,
        files: &[FileAt],
    ) -> Result<Rc<Raised>> {
        let policy = self.policy(policy)?;
        let key = (policy.hash.clone(), tree.clone());
        if let Some(known) = self.trees.get(&key) {
            return Ok(Rc::clone(known));
        }
        let change = whole(Some(tree), tree, files.iter().map(change_of).collect());
        let report = gates::check_change(&change, &policy, self.objects)?;
        let raised = Rc::new(self.recognised(&change, &report.findings)?);
        self.trees.insert(key, Rc::clone(&raised));
        Ok(raised)
    }

    pub fn policy(&mut self, tree: Option<&Oid>) -> Result<Rc<EffectivePolicy>> {
        if let Some(known) = self.policies.get(&tree.cloned()) {
            return Ok(Rc::clone(known));
        }
        let policy = Rc::new(read_policy(self.context, tree, self.rules)?);
        self.policies.insert(tree.cloned(), Rc::clone(&policy));
        Ok(policy)
    }

    fn recognised(&self, change: &Change, findings: &[Finding]) -> Result<Raised> {
        let objects = self.objects;
        let found = fingerprint::of_findings(objects, change, findings);
        let ids = self.ledger.recognise(&found, now(self.context.env))?;
        let mut raised = Raised::default();
        for (id, found) in ids.into_iter().zip(found) {
            match id {
                Some(id) => drop(raised.known.insert(id, found)),
                None => raised.new.push(found),
            }
        }
        Ok(raised)
    }
}

/// Too much was looked up for one time.
#[derive(Debug, thiserror::Error)]
#[error("there is more to look at than is looked at in one go")]
pub struct Enough;

/// A file as if all of it were new.
fn change_of(file: &FileAt) -> FileChange {
    let kind = match &file.moved_from {
        Some(from) => FileChangeKind::Renamed { from: from.clone() },
        None => FileChangeKind::Added,
    };
    let (path, new) = (file.path.clone(), Some(file.entry.clone()));
    FileChange { path, kind, old: None, new, merged: Vec::new() }
}

/// Files of a tree as a change, as `check --all` sees them.
fn whole(base: Option<&Oid>, tree: &Oid, files: Vec<FileChange>) -> Change {
    Change { base_tree: base.cloned(), files, ..Change::at(None, tree.clone()) }
}
