//! Where a person's answer is waited for.

use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::stage::{Checkpoint, CheckpointKind, SpecStage};

/// Whether a person answers for what is planned, and for the result.
pub(super) fn asks(about: &SpecAbout) -> bool {
    about.mode == RunMode::Manual && !about.options.autopilot
}

/// What comes next, or a person's answer first where the mode or their settings ask for one.
pub(super) fn asked(about: &SpecAbout, at: CheckpointKind, then: SpecStage) -> SpecStage {
    let is_asked = match at {
        CheckpointKind::Built | CheckpointKind::Extension(_) | CheckpointKind::Reach => {
            !about.options.autopilot
        }
        CheckpointKind::Spec
        | CheckpointKind::Research
        | CheckpointKind::Plan
        | CheckpointKind::Tasks
        | CheckpointKind::Acceptance => asks(about),
    };
    if !is_asked {
        return then;
    }
    SpecStage::Waiting(Checkpoint { at, then: Box::new(then) })
}
