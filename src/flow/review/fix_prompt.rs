//! Builds the prompt of the executor.

use anyhow::Result;
use bstr::ByteSlice as _;
use regex::RegexBuilder;

use crate::domain::model::agent::Role;
use crate::domain::model::change::Change;
use crate::domain::model::fence::visible_path;
use crate::domain::pipeline::job::FixRequest;
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::{fixer, prompt};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::texts::whole;

/// The largest pattern of a reviewer that is tried, compiled, in bytes.
const SWEEP_SIZE_MAX: usize = 1 << 20;

/// The most matches that a useful pattern may have.
const SIBLINGS_MAX: usize = 20;

impl ReviewSession<'_> {
    /// Builds the prompt of a fix.
    pub(super) fn fixer_prompt(&self, order: &FixRequest) -> Result<String> {
        let change = self.change_since(self.run.review_loop().base.as_ref())?;
        let spec = self.inputs.parsed_spec.as_ref().map(prompt::spec_text);
        let rules = self.inputs.rules_for(Role::Executor, &change.files);
        let places: Vec<&ReviewFinding> = self
            .run
            .review_loop()
            .findings
            .iter()
            .map(|tracked| &tracked.original)
            .filter(|finding| order.findings.contains(&finding.id))
            .collect();
        let token = self.token(&format!("fix-{}", self.run.review_loop().attempts.len()));
        let mut instructions = order.instructions.clone();
        instructions.extend(self.siblings(&change, &places));
        Ok(fixer::prompt(fixer::FixPrompt {
            spec: spec.as_deref(),
            instructions: &instructions,
            places: &places,
            rules: &rules,
            fence_nonce: &token,
        }))
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
                let text = whole(&self.context.repo.objects, &change.tree, file.path.as_bstr());
                let text = text.unwrap_or_default();
                for (line, text) in (1..).zip(text.lines()) {
                    let own = finding.path.as_bytes() == file.path.as_bytes()
                        && finding.anchored.lines().is_some_and(|(a, b)| (a..=b).contains(&line));
                    if !own && pattern.is_match(&text.to_str_lossy()) {
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
