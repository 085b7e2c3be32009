//! Says of what blocks that the change itself allows it: its policy holds from the next change on.

use anyhow::Result;

use crate::domain::gates;
use crate::domain::gates::policy_files::{is_policy_path, is_unreadable};
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::report::Reported;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::{RuleSelection, read_policy};

/// Gives each finding that blocks and that the change's own policy would let pass another suggestion than the
/// one on record. Looks only where something blocks and the change touches the policy.
pub fn tell(context: Context<'_>, change: &Change, findings: &mut [Reported]) -> Result<()> {
    let policies = change.files.iter().filter(|file| is_policy_path(&file.path));
    let names: Vec<String> = policies.map(|file| file.path.to_string()).collect();
    if names.is_empty() || findings.iter().all(|reported| reported.finding.effect != Effect::Block)
    {
        return Ok(());
    }
    let next = read_policy(context, Some(&change.tree), RuleSelection::Covering(&change.files))?;
    for file in &change.files {
        let all = findings.iter_mut().map(|reported| &mut reported.finding);
        let mut blocking = all.filter(|finding| {
            let path = finding.place.as_ref().and_then(Location::path);
            finding.effect == Effect::Block && path == Some(&file.path)
        });
        let Some(first) = blocking.next() else { continue };
        let objects = &context.repo.objects;
        let again = gates::check_files(std::slice::from_ref(file), &next, objects)?.findings;
        for finding in std::iter::once(first).chain(blocking) {
            let is_same = |other: &Finding| {
                other.effect == Effect::Block
                    && (other.gate, &other.rule, &other.place)
                        == (finding.gate, &finding.rule, &finding.place)
            };
            if gates::is_of_files(finding.gate)
                && !is_unreadable(finding)
                && !again.iter().any(is_same)
            {
                finding.suggestion = suggestion(change, &names.join(" "));
            }
        }
    }
    Ok(())
}

fn suggestion(change: &Change, names: &str) -> String {
    let what = format!(
        "this change allows it in {names}, and a change is checked under the policy before it"
    );
    match change.commit {
        None => format!(
            "{what}: commit that first, `git commit -m \"chore: allow a finding\" {names}`, then the rest"
        ),
        Some(_) => format!("{what}: push the commit that allows it first"),
    }
}
