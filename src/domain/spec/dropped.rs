//! Criteria that an earlier version of a spec had, which was built, and that this one does not have any more.

use serde::{Deserialize, Serialize};

use crate::domain::spec::types::{Criterion, Spec, SpecPosition, Verify};

/// A criterion that is no longer asked for: what was built for it is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedCriterion {
    /// Its id in the earlier version.
    pub id: String,
    pub text: String,
}

impl DroppedCriterion {
    /// The id of the criterion that what it asked for is gone.
    pub fn gone_id(&self) -> String {
        format!("{}-gone", self.id)
    }

    /// The criterion that what it asked for is gone.
    pub fn as_criterion(&self) -> Criterion {
        let Self { id, text } = self;
        Criterion {
            id: self.gone_id(),
            text: format!(
                "What `{id}` of the earlier version asked for is there no more, and nothing that only it needed: {text}"
            ),
            verify: vec![Verify::Test],
            // No line of the file says it.
            at: SpecPosition { line: 1, column: 1 },
        }
    }
}

/// The criteria of `built` that `now` does not have: neither their text, nor their id with another text. An id that
/// now stands before a text which had another one was counted anew, and is none of theirs.
pub fn dropped(built: &Spec, now: &Spec) -> Vec<DroppedCriterion> {
    let had_text = |text: &str| built.all_criteria().any(|one| one.text == text);
    let is_kept = |old: &Criterion| {
        now.all_criteria()
            .any(|one| one.text == old.text || (one.id == old.id && !had_text(&one.text)))
    };
    let gone = built.all_criteria().filter(|old| !is_kept(old));
    gone.map(|old| DroppedCriterion { id: old.id.clone(), text: old.text.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::dropped;
    use crate::domain::spec::read::read;
    use crate::domain::spec::types::Spec;

    fn spec(criteria: &str) -> Spec {
        let head =
            "---\nid: a\nstatus: ready\n---\n# A\n\n## Goal\n\nG.\n\n## Acceptance criteria\n\n";
        read(format!("{head}{criteria}").as_bytes(), "a.md").spec.unwrap()
    }

    #[test]
    fn what_is_no_longer_asked_for_is_told_from_what_is_worded_or_numbered_otherwise() {
        let built = "- **AC-1** It MUST add.\n- **AC-2** It MUST print.\n";
        for (built, now, gone) in [
            (built, built, &[][..]),
            (built, "- **AC-1** It MUST add.\n", &["AC-2"]),
            (built, "- **AC-2** It MUST print in color.\n- **AC-1** It MUST add.\n", &[]),
            (built, "- **AC-1** It MUST add.\n- **AC-3** It MUST save.\n", &["AC-2"]),
            // Counted by position: the second one is the first one now.
            ("- It MUST add.\n- It MUST print.\n", "- It MUST print.\n", &["AC-1"]),
            ("- It MUST add.\n- It MUST print.\n", "- It MUST add.\n- It MUST print twice.\n", &[]),
        ] {
            let ids: Vec<String> =
                dropped(&spec(built), &spec(now)).into_iter().map(|one| one.id).collect();
            assert_eq!(ids, gone, "{built} {now}");
        }
        let gone =
            dropped(&spec(built), &spec("- **AC-1** It MUST add.\n")).remove(0).as_criterion();
        assert_eq!(gone.id, "AC-2-gone");
        assert!(gone.text.ends_with(": It MUST print."), "{}", gone.text);
    }
}
