//! How many rounds a review may take and what may stay open, by the size of the change.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::change::FileChange;
use crate::domain::model::globs;
use crate::domain::model::size::Size;
use crate::domain::review::converge::StopLimits;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::target::ReviewTarget;

/// The limits of the decision: a change of specs alone is a plan.
pub fn limits(inputs: &ReviewInputs, target: &ReviewTarget) -> Result<StopLimits> {
    let policy = inputs.policy();
    let specs = globs::union(policy.watch.specs.iter().map(String::as_str))?;
    let is_spec = |file: &FileChange| specs.is_match(file.path.to_path_lossy());
    Ok(if target.change.files.iter().all(is_spec) {
        StopLimits::of_plans(&policy.review)
    } else {
        StopLimits::of_changes(&policy.review)
    })
}

/// The size of a change: from its spec, else from its number of files.
pub fn size(inputs: &ReviewInputs, target: &ReviewTarget) -> Size {
    if let Some(size) = inputs.parsed_spec().and_then(|spec| spec.size) {
        return size;
    }
    let scope = &inputs.policy().gates.scope;
    match target.change.files.len() {
        files if files <= scope.files => Size::S,
        files if files <= scope.files * 4 => Size::M,
        _ => Size::L,
    }
}
