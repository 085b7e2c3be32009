//! Where a finding of a gate stands now, and what becomes of its state.

use jiff::Timestamp;

use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::{Disposition, DispositionKind, FindingStatus};

/// Who closes and reopens where nobody decided.
pub const ACTOR: &str = "tribunal";

/// Where a finding of a gate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A place that counts has it.
    Holds { place: String, commit: Option<Oid> },
    /// It was in a commit, and no place that counts has it.
    Gone { since: Option<Oid>, why: String },
    /// It is gone and no commit ever had it.
    NeverCommitted { why: String },
    /// It cannot be told, as where a file is not in this repository.
    Unknown,
}

/// The step that a finding's state takes; `None` where it stays. What a person answered stays answered.
pub fn step(status: FindingStatus, standing: &Standing, now: Timestamp) -> Option<Disposition> {
    let (decision, reason, commit) = match (status, standing) {
        (FindingStatus::Open, Standing::Gone { since, why }) => {
            (DispositionKind::Resolved, why.clone(), since.clone())
        }
        (FindingStatus::Open, Standing::NeverCommitted { why }) => {
            (DispositionKind::Withdrawn, why.clone(), None)
        }
        (FindingStatus::Resolved | FindingStatus::Withdrawn, Standing::Holds { place, commit }) => {
            (DispositionKind::Reopened, format!("{place} has it"), commit.clone())
        }
        (
            FindingStatus::Open
            | FindingStatus::Accepted
            | FindingStatus::Dismissed
            | FindingStatus::Resolved
            | FindingStatus::Withdrawn,
            _,
        ) => return None,
    };
    let actor = ACTOR.to_owned();
    Some(Disposition { decision, actor, reason, time: now, until: None, commit })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Standing, step};
    use crate::domain::model::stored_finding::{DispositionKind, FindingStatus};

    #[test]
    fn each_state_takes_the_step_that_fits_where_it_stands() {
        use DispositionKind as To;
        use FindingStatus as From;
        let holds = Standing::Holds { place: "HEAD".to_owned(), commit: None };
        let gone = Standing::Gone { since: None, why: "w".to_owned() };
        let never = Standing::NeverCommitted { why: "w".to_owned() };
        for (from, standing, to) in [
            (From::Open, &holds, None),
            (From::Open, &gone, Some(To::Resolved)),
            (From::Open, &never, Some(To::Withdrawn)),
            (From::Resolved, &holds, Some(To::Reopened)),
            (From::Withdrawn, &holds, Some(To::Reopened)),
            (From::Resolved, &never, None),
            (From::Withdrawn, &gone, None),
            (From::Accepted, &gone, None),
            (From::Dismissed, &never, None),
            (From::Dismissed, &holds, None),
        ] {
            let taken = step(from, standing, Timestamp::UNIX_EPOCH);
            assert_eq!(taken.map(|step| step.decision), to, "{from:?} {standing:?}");
        }
        for status in From::ALL {
            assert_eq!(step(status, &Standing::Unknown, Timestamp::UNIX_EPOCH), None);
        }
    }
}
