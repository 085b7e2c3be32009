//! Finds the rules that a person deleted: they are not learned again without a request.
//!
//! A missing rule may also be on another branch. It counts as deleted where a person asked for that,
//! where a commit of this branch removed it, or where it was in this work tree alone and no commit
//! has it.

use anyhow::Result;
use bstr::BStr;

use crate::domain::constitution::incident::{ForgottenRule, Incident};
use crate::domain::constitution::rule::Rule;
use crate::domain::gates::policy_files::{RULES_FILE, RULES_FOLDER};
use crate::flow::learn::memory::RememberedRule;
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::session::Learning;
use crate::platform::git::command::succeeded;

impl Learning<'_> {
    /// Finds the deleted ones among the rules that were seen before and are missing now.
    pub(super) fn find_deleted(&mut self) -> Result<()> {
        let gone = self.memory.gone(&self.known_rules());
        for ForgottenRule { id, .. } in gone {
            if let Some(known) = self.memory.get(&id)
                && self.is_deleted(known)?
            {
                self.deleted.insert(id);
            }
        }
        Ok(())
    }

    /// The rules that are not learned now: deleted ones, and those of another branch whose findings are in
    /// no file of this one.
    pub(super) fn forgotten(
        &self,
        request: &LearnRequest,
        cases: &[Incident],
    ) -> Vec<ForgottenRule> {
        if request.class.is_some() {
            return Vec::new();
        }
        // A rule that cannot be read is not gone.
        let unread = |id: &str| {
            let heading = format!("## {id}");
            self.rule_files.files.iter().any(|file| file.text.contains(&heading))
        };
        let mut gone = self.memory.gone(&self.known_rules());
        let is_here = self.is_here(cases);
        gone.retain(|rule| (!is_here || self.deleted.contains(&rule.id)) && !unread(&rule.id));
        gone
    }

    fn is_here(&self, cases: &[Incident]) -> bool {
        let Some(tree) = &self.head_tree else { return true };
        let here = |case: &Incident| {
            let path = BStr::new(case.occurrence.path.as_str());
            // A tree that cannot be read counts as having the file.
            self.repo.objects.entry(tree, path).map_or(true, |entry| entry.is_some())
        };
        cases.is_empty() || cases.iter().any(here)
    }

    fn known_rules(&self) -> Vec<Rule> {
        self.rule_files.rules.iter().chain(&self.committed).cloned().collect()
    }

    fn is_deleted(&self, known: &RememberedRule) -> Result<bool> {
        if known.is_forgotten() {
            return Ok(true);
        }
        // The last commit does not have it: where an earlier one does, a commit removed it.
        if let Some(head) = &self.head
            && self.is_in_history(&known.id, head.as_str())?
        {
            return Ok(true);
        }
        Ok(known.stood_uncommitted_in(self.top) && !self.is_in_history(&known.id, "--all")?)
    }

    /// Whether a commit of that history added or removed the rule.
    fn is_in_history(&self, id: &str, of: &str) -> Result<bool> {
        let heading = format!("-G^## {}([^A-Za-z0-9_-]|$)", regex::escape(id));
        let words = ["log", "-1", "--format=%H", &heading, of, "--", RULES_FILE, RULES_FOLDER];
        let output = self.repo.git().args(words).capture()?;
        Ok(!succeeded(&output, "git log")?.is_empty())
    }
}
