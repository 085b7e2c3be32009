//! Which rules a person deleted: they do not come back by themselves.
//!
//! A rule that is not here may also stand on another branch. It counts as deleted where a person
//! asked for that, where a commit of this branch took it out, or where it stood in this work tree
//! alone and no commit has it.

use anyhow::Result;
use bstr::BStr;

use crate::domain::constitution::incident::{ForgottenRule, Incident};
use crate::domain::constitution::rule::Rule;
use crate::flow::learn::record::Remembered;
use crate::flow::learn::request::Request;
use crate::flow::learn::session::Learning;
use crate::flow::learn::standing::{FOLDER, MAIN_FILE};
use crate::platform::git::command::succeeded;

impl Learning<'_> {
    /// Finds out which of the rules that were seen once and stand nowhere a person deleted.
    pub(super) fn find_deleted(&mut self) -> Result<()> {
        let gone = self.record.gone(&self.known_rules());
        for ForgottenRule { id, .. } in gone {
            if let Some(known) = self.record.get(&id)
                && self.is_deleted(known)?
            {
                self.deleted.insert(id);
            }
        }
        Ok(())
    }

    /// The rules that are not to be learned now: what a person deleted, and what stands on another
    /// branch where the mistakes that it is about are on no file of this one.
    pub(super) fn forgotten(&self, request: &Request, cases: &[Incident]) -> Vec<ForgottenRule> {
        if request.class.is_some() {
            return Vec::new();
        }
        // A rule that cannot be read is not gone.
        let unread = |id: &str| {
            let heading = format!("## {id}");
            self.standing.files.iter().any(|file| file.text.contains(&heading))
        };
        let mut gone = self.record.gone(&self.known_rules());
        let is_here = self.is_here(cases);
        gone.retain(|rule| (!is_here || self.deleted.contains(&rule.id)) && !unread(&rule.id));
        gone
    }

    fn is_here(&self, cases: &[Incident]) -> bool {
        let Some(tree) = &self.head_tree else { return true };
        let here = |case: &Incident| {
            let path = BStr::new(case.sighting.path.as_str());
            // What cannot be told is taken to be here: it is judged as before.
            self.repo.objects.entry(tree, path).map_or(true, |entry| entry.is_some())
        };
        cases.is_empty() || cases.iter().any(here)
    }

    fn known_rules(&self) -> Vec<Rule> {
        self.standing.rules.iter().chain(&self.committed).cloned().collect()
    }

    fn is_deleted(&self, known: &Remembered) -> Result<bool> {
        if known.is_forgotten() {
            return Ok(true);
        }
        // The last commit does not have it: where one before it does, another took it out.
        if self.head.is_some() && self.is_in_history(&known.id, "HEAD")? {
            return Ok(true);
        }
        Ok(known.stood_uncommitted_in(self.top) && !self.is_in_history(&known.id, "--all")?)
    }

    /// Whether a commit of that history brought the rule in, or took it out.
    fn is_in_history(&self, id: &str, of: &str) -> Result<bool> {
        let heading = format!("-G^## {}([^A-Za-z0-9_-]|$)", regex::escape(id));
        let words = ["log", "-1", "--format=%H", &heading, of, "--", MAIN_FILE, FOLDER];
        let output = self.repo.git().args(words).capture()?;
        Ok(!succeeded(&output, "git log")?.is_empty())
    }
}
