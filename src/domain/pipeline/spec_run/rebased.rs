//! What becomes of a run whose base moved: its commits are put upon what the base is now, and judged again.

use std::mem;

use crate::domain::model::text::counted;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::RunMode;
use crate::domain::pipeline::spec_run::outcome::RebasedCommits;
use crate::domain::pipeline::spec_run::planned::accepted;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::proposal::ProposedCommit;
use crate::domain::pipeline::spec_run::stage::{REBASES_MAX, SpecStage};
use crate::domain::pipeline::spec_run::stop::SpecStop;

/// The stage in which a run is put upon another base, before it goes on with this one.
pub(super) fn begin(spec: &mut SpecProgress, then: SpecStage) -> SpecStage {
    if spec.rebases >= REBASES_MAX {
        return SpecStage::stopped(SpecStop::NotRebased(vec![format!(
            "it moved {} while the result was checked",
            counted(REBASES_MAX as usize, "time")
        )]));
    }
    spec.rebases += 1;
    SpecStage::Rebasing(Box::new(then))
}

/// The stage after that; `None` where `then` is no stage that it is done before.
pub(super) fn done(
    run: &mut SpecRun,
    then: SpecStage,
    came: Result<RebasedCommits, Vec<String>>,
) -> Option<SpecStage> {
    let commits = match came {
        Ok(commits) => commits,
        Err(why) => return Some(SpecStage::stopped(SpecStop::NotRebased(why))),
    };
    let (about, spec) = (&mut run.about, &mut run.machine.spec);
    (about.base, about.base_tree, about.asked) = (commits.base, commits.base_tree, commits.asked);
    for (built, at) in spec.built.iter_mut().zip(commits.built) {
        (built.commit, built.task.tree) = (at.commit, at.tree);
    }
    if let (Some(written), Some(at)) = (&mut spec.written, commits.written) {
        written.at = at;
    }
    spec.recorded = commits.recorded;
    for (one, came) in mem::take(&mut spec.proposed).into_iter().zip(commits.proposed) {
        match came {
            Ok(at) => spec.proposed.push(ProposedCommit { at, ..one }),
            Err(why) => spec.unproposed.push(format!("{}: {}", one.what.name(), why.join("; "))),
        }
    }
    // What reviewed all of it upon the earlier base says nothing of this one.
    spec.outdated_reviews = spec.reviews.len().saturating_sub(spec.raised.len() + spec.built.len());
    let is_reviewed = commits.is_near && about.mode != RunMode::Fast;
    Some(match then {
        SpecStage::Accepting => SpecStage::Accepting,
        SpecStage::Publishing(_) if is_reviewed => SpecStage::Accepting,
        SpecStage::Publishing(_) if spec.is_one_task() => {
            accepted(about, SpecStage::Publishing(spec.result(about)?))
        }
        // The documents name the commits.
        SpecStage::Publishing(whole) => accepted(about, SpecStage::Documenting(whole.task)),
        _ => return None,
    })
}

/// Whether what a base brought is near to what a run changed: the same file, or another one of its folder. A
/// document is near to itself alone, and what is at the top to nothing else.
pub fn is_near(moved: &[String], built: &[String]) -> bool {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let is_document = |path: &str| path.rsplit('.').next() == Some("md");
    moved.iter().any(|one| {
        built.iter().any(|other| {
            let is_beside = folder(one).is_some() && folder(one) == folder(other);
            one == other || (is_beside && !is_document(one) && !is_document(other))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn what_is_in_the_same_file_or_folder_is_near() {
        for (moved, built, near) in [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/b.rs", true),
            ("src/a.rs", "src/b/c.rs", false),
            ("src/a.rs", "tests/a.rs", false),
            ("README.md", "README.md", true),
            ("README.md", "build.rs", false),
            ("Cargo.toml", "build.rs", false),
            ("docs/progress/a.md", "docs/progress/b.md", false),
        ] {
            let [moved, built] = [moved, built].map(|path| vec![path.to_owned()]);
            assert_eq!(is_near(&moved, &built), near, "{moved:?} {built:?}");
        }
    }
}
