//! Builds the prompt of the executor.

use anyhow::Result;
use bstr::ByteSlice as _;
use regex::RegexBuilder;

use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::gates::secrets::redact;
use crate::domain::model::change::Change;
use crate::domain::model::fence::visible_path;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::FixRequest;
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::fix_limits::{FixBounds, MeasuredFix};
use crate::domain::review::{fix_limits, fixer, prompt};
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::session::ReviewSession;
use crate::platform::store::file;

/// The largest pattern of a reviewer that is tried, compiled, in bytes.
const SWEEP_SIZE_MAX: usize = 1 << 20;

/// The most matches that a useful pattern may have.
const SIBLINGS_MAX: usize = 20;

/// What failed commands printed, in the folder of the run.
const PRINTED: &str = "printed.txt";

impl ReviewSession<'_> {
    /// Keeps what the failed commands of the last gates printed, for the executor that is to repair it.
    pub(super) fn keep_printed(&self, printed: &str) -> Result<()> {
        let path = self.folder.path().join(PRINTED);
        match printed {
            "" => Ok(file::remove_if_there(&path)?),
            printed => file::write_atomic(&path, printed.as_bytes()),
        }
    }

    /// What they printed; empty where a fix is about something else.
    fn printed(&self, order: &FixRequest) -> String {
        if !order.findings.is_empty() {
            return String::new();
        }
        let read = file::read(&self.folder.path().join(PRINTED)).unwrap_or_default();
        redact::redact_str(&String::from_utf8_lossy(&read))
    }

    /// Builds the prompt of a fix.
    pub(super) fn fixer_prompt(&self, order: &FixRequest) -> Result<String> {
        let change = self.change_since(self.run.review_loop().base.as_ref())?;
        let spec = self.inputs.parsed_spec().map(prompt::spec_text);
        let rules = self.inputs.rules_for(&change.files);
        let places: Vec<&ReviewFinding> = self
            .run
            .review_loop()
            .findings
            .iter()
            .filter(|tracked| !tracked.is_unmet_criterion())
            .map(|tracked| &tracked.original)
            .filter(|finding| order.findings.contains(&finding.id))
            .collect();
        let token = self.token(&format!("fix-{}", self.run.review_loop().attempts.len()));
        Ok(fixer::prompt(fixer::FixPrompt {
            spec: spec.as_deref(),
            instructions: &self.instructions(order, &change, &places),
            printed: &self.printed(order),
            places: &places,
            rules: &rules,
            refused: &order.refused,
            fence_nonce: &token,
        }))
    }

    /// Measures what a fix left behind: the tree after it, and what the executor said.
    pub(super) fn measure_fix(
        &self,
        order: &FixRequest,
        tree: &Oid,
        said: &str,
    ) -> Result<MeasuredFix> {
        let (objects, before) = (&self.context.repo.objects, &self.run.attempt().tree);
        let files = shown_text::touched(objects, before, tree)?;
        let change = self.change_since(self.run.review_loop().base.as_ref())?;
        let tracked = self.run.review_loop().findings.iter();
        let tracked: Vec<_> =
            tracked.filter(|one| order.findings.contains(&one.original.id)).collect();
        let places: Vec<&ReviewFinding> = tracked.iter().map(|one| &one.original).collect();
        let mut paths: Vec<String> = places.iter().map(|finding| finding.path.clone()).collect();
        let decisions = tracked.iter().filter_map(|one| one.decision.as_ref());
        let cited = decisions.flat_map(|decision| &decision.evidence);
        let quotes = places.iter().flat_map(|finding| &finding.evidence).chain(cited);
        paths.extend(quotes.map(|quote| quote.path.clone()));
        // Where a gate or a criterion asks for it, it may be anywhere in the change.
        if order.findings.is_empty() || tracked.iter().any(|one| one.is_unmet_criterion()) {
            paths.extend(change.files.iter().map(|file| shown_path(&file.path)));
        }
        let instructions = self.instructions(order, &change, &places);
        let bounds = FixBounds {
            paths: &paths,
            instructions: &instructions,
            message: said,
            is_policy: is_policy_path,
        };
        Ok(fix_limits::measure(&files, bounds))
    }

    /// What the executor is to do, with the places that it is to look at.
    fn instructions(
        &self,
        order: &FixRequest,
        change: &Change,
        places: &[&ReviewFinding],
    ) -> Vec<String> {
        let mut instructions = order.instructions.clone();
        instructions.extend(self.siblings(change, places));
        instructions
    }

    /// Searches the files of the change for further places of the same classes, with the reviewer's search
    /// patterns.
    fn siblings(&self, change: &Change, findings: &[&ReviewFinding]) -> Vec<String> {
        let mut found = Vec::new();
        for finding in findings.iter().filter(|finding| !finding.search_pattern.is_empty()) {
            let pattern =
                RegexBuilder::new(&finding.search_pattern).size_limit(SWEEP_SIZE_MAX).build();
            let Ok(pattern) = pattern else { continue };
            let mut places = Vec::new();
            for file in &change.files {
                let objects = &self.context.repo.objects;
                let text = shown_text::of_file(objects, &change.tree, file.path.as_bstr());
                for (line, text) in (1..).zip(text.unwrap_or_default().lines()) {
                    let own = finding.path.as_bytes() == file.path.as_bytes()
                        && finding.anchored.lines().is_some_and(|(a, b)| (a..=b).contains(&line));
                    if !own && pattern.is_match(text) {
                        places.push(format!("{}:{line}", visible_path(&file.path)));
                    }
                }
            }
            // A pattern that matches everywhere is of no use.
            if (1..=SIBLINGS_MAX).contains(&places.len()) {
                found.push(format!("see whether {} is at {} too", finding.id, places.join(", ")));
            }
        }
        found
    }
}
