//! Where a person's answer is waited for.

use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, SpecAbout};
use crate::domain::pipeline::spec_run::stage::{
    Checkpoint, CheckpointKind, ReviewedTask, SpecPause, SpecStage,
};

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

impl SpecRun {
    /// The run, in a mode that may ask for more: what was reached without a question, and is not begun, waits for it. Who
    /// asked for that once is asked on.
    #[must_use]
    pub fn in_mode(mut self, mode: RunMode) -> Self {
        let before = self.about.clone();
        self.about.mode = before.mode.max(mode);
        if self.about.mode == before.mode {
            return self;
        }
        let has_begun = self.job().is_some_and(|job| self.journal.is_under_way(&job));
        let (about, spec) = (&self.about, &mut self.machine.spec);
        for task in &mut spec.ahead {
            task.stage = catching_up(&before, about, task.stage.clone());
        }
        if !has_begun {
            let stage = catching_up(&before, about, spec.stage.clone());
            if stage != spec.stage {
                // What an earlier page told is not of now.
                spec.shown = None;
                spec.stage = stage;
            }
        }
        self
    }
}

/// A stage that was reached without a question that is asked now.
fn catching_up(before: &SpecAbout, about: &SpecAbout, stage: SpecStage) -> SpecStage {
    let inner = |stage: SpecStage| Box::new(catching_up(before, about, stage));
    match stage {
        SpecStage::Joining(task) | SpecStage::Committing(task)
            if is_asked_about(about, &task) && !is_asked_about(before, &task) =>
        {
            asked(about, CheckpointKind::Reach, SpecStage::Committing(task))
        }
        // What is published, or the documents that come before it.
        then @ (SpecStage::Publishing(_) | SpecStage::Documenting(_)) => {
            asked(about, CheckpointKind::Acceptance, then)
        }
        SpecStage::Built(then) => SpecStage::Built(inner(*then)),
        SpecStage::Paused(SpecPause { why, resume_when, stage }) => {
            SpecStage::Paused(SpecPause { why, resume_when, stage: inner(*stage) })
        }
        other => other,
    }
}

fn is_asked_about(about: &SpecAbout, task: &ReviewedTask) -> bool {
    task.reaching.iter().any(|file| about.asks_before(file.reach))
}
