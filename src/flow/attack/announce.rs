//! Says what is about to be attacked, by whom and for how much at most.

use anyhow::Result;

use crate::domain::model::notice::Progress;
use crate::domain::model::text::counted;
use crate::flow::call::attacker::AttackRoles;
use crate::flow::context::Context;
use crate::flow::review::announce;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::target::ReviewTarget;

pub(super) fn begins(
    context: Context<'_>,
    target: &ReviewTarget,
    inputs: &ReviewInputs,
    agents: &AttackRoles,
) -> Result<()> {
    let tell = |text: String| context.notify(Progress::Attack(text));
    let files = counted(target.change.files.len(), "file");
    let spec = inputs.spec_in_words();
    let spec = if spec.is_empty() { "no spec".to_owned() } else { spec };
    let what = announce::name(context.repo, target)?;
    tell(format!("attacking {what}: {files}, {spec}"));
    let AttackRoles { attacker, arbiter, notes, .. } = agents;
    let budget = inputs.policy().budget;
    tell(format!(
        "{} attacks, {} decides about what breaks; at most {} for it, {} a day",
        attacker.name, arbiter.name, budget.run, budget.day
    ));
    for note in inputs.spec_notes.iter().chain(notes) {
        tell(note.clone());
    }
    Ok(())
}
