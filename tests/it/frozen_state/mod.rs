//! State that earlier versions of the program wrote, and that every later one must understand.
//!
//! `tests/data/state-1/README.md` and `state-2/README.md` say what is frozen and how. Each check holds
//! for the frozen state of every format and for what this program writes in the same scene.

pub mod data;
mod gates;
mod newer;
mod rules;
mod runs;
mod watcher;

use self::data::Data;

/// Checks the frozen state of a scene, and what this program leaves in the same scene.
fn frozen_and_fresh(scene: &str, make: impl Fn(&Data), check: impl Fn(&Data)) {
    let fresh = Data::fresh(scene);
    make(&fresh);
    check(&fresh);
    check(&Data::frozen(scene));
    let second = Data::of_format(2, scene);
    if second.exists() {
        check(&second);
    }
}

/// A folder that is not found would be passed over.
#[test]
fn the_second_format_is_there() {
    for scene in ["stopped-review", "stopped-fix", "stopped-while-fixing", "ended-runs"] {
        assert!(Data::of_format(2, scene).exists(), "{scene}");
    }
}
