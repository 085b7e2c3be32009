//! Ids as people type them: whole, or enough of their beginning or end.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::model::terminal::printable;

/// How many ids are named that a part could mean.
const LISTED_MAX: usize = 5;

/// What ids of one kind name.
pub struct IdKind {
    /// One of them: `run`.
    pub what: &'static str,
    /// Where they are, after its name: ` in the work tree`.
    pub place: &'static str,
    /// What shows all of them, for a hint.
    pub lists: &'static str,
    /// The fewest characters of an id that name it; less would be a hit by chance.
    pub part_min: usize,
}

impl IdKind {
    /// The id that a part names, in whatever case: the whole of one, else its beginning, else its end. An error
    /// says why it names none, and what may have been meant.
    pub fn named<'a>(&self, part: &str, ids: &[&'a str]) -> Result<&'a str> {
        let typed = part.trim().to_ascii_lowercase();
        let of = |fits: fn(&str, &str) -> bool| -> Vec<&'a str> {
            ids.iter().copied().filter(|id| fits(&id.to_ascii_lowercase(), &typed)).collect()
        };
        let is_long_enough = typed.chars().count() >= self.part_min;
        let ways: [fn(&str, &str) -> bool; 3] = [
            |id, typed| id == typed,
            |id, typed| id.starts_with(typed),
            |id, typed| id.ends_with(typed),
        ];
        for (way, fits) in ways.into_iter().enumerate() {
            if way > 0 && !is_long_enough {
                break;
            }
            match of(fits).as_slice() {
                [] => {}
                // Two may differ in case alone: the one that was typed is meant.
                found if found.contains(&part) => {
                    return Ok(found.iter().copied().find(|id| *id == part).unwrap_or(found[0]));
                }
                [id] => return Ok(*id),
                several => return Err(self.ambiguous(part, several)),
            }
        }
        Err(self.none(part, ids, is_long_enough))
    }

    fn ambiguous(&self, part: &str, several: &[&str]) -> anyhow::Error {
        let mut listed: Vec<String> =
            several.iter().take(LISTED_MAX).map(|id| printable(id)).collect();
        if several.len() > LISTED_MAX {
            listed.push("…".to_owned());
        }
        hinted(
            format!(
                "`{}` could be {} {}s: {}",
                printable(part),
                several.len(),
                self.what,
                listed.join(", ")
            ),
            "give more of the id, from its beginning or its end",
        )
    }

    fn none(&self, part: &str, ids: &[&str], is_long_enough: bool) -> anyhow::Error {
        let Self { what, place, lists, part_min } = self;
        let message = format!("there is no {what} `{}`{place}", printable(part));
        if !is_long_enough {
            let hint = format!("give at least {part_min} characters of an id; {lists}");
            return hinted(message, hint);
        }
        // A part of an id is compared with as much of each.
        let typed = part.trim().to_ascii_uppercase();
        let ends =
            ids.iter().map(|id| id.get(id.len().saturating_sub(typed.len())..).unwrap_or(id));
        let beginnings = ids.iter().map(|id| id.get(..typed.len()).unwrap_or(id));
        let mut near: Vec<&str> = ends.chain(beginnings).collect();
        near.sort_unstable();
        near.dedup();
        hinted(message, did_you_mean_or(&typed, near, lists))
    }
}

#[cfg(test)]
mod tests {
    use super::IdKind;
    use crate::domain::model::error::Hinted;

    const RUNS: IdKind =
        IdKind { what: "run", place: "", lists: "`tribunal runs` lists them", part_min: 4 };
    const IDS: [&str; 3] = ["01AAAAXK4DQ2", "01AAAB3EFCVP", "01BBBBZZZZZZ"];

    fn named(part: &str) -> String {
        match RUNS.named(part, &IDS) {
            Ok(id) => id.to_owned(),
            Err(error) => {
                let Hinted { message, hint } = error.downcast_ref().unwrap();
                format!("{message} / {hint}")
            }
        }
    }

    #[test]
    fn a_part_names_one_id_or_it_is_said_why_not() {
        let cases = [
            ("01AAAAXK4DQ2", "01AAAAXK4DQ2"),
            ("xk4dq2", "01AAAAXK4DQ2"),
            (" 01BB ", "01BBBBZZZZZZ"),
            (
                "01AAA",
                "`01AAA` could be 2 runs: 01AAAAXK4DQ2, 01AAAB3EFCVP / give more of the id, from its beginning or its end",
            ),
            (
                "3EFCVQ",
                "there is no run `3EFCVQ` / did you mean `3EFCVP`? `tribunal runs` lists them",
            ),
            ("QQQQQQ", "there is no run `QQQQQQ` / `tribunal runs` lists them"),
            (
                "x",
                "there is no run `x` / give at least 4 characters of an id; `tribunal runs` lists them",
            ),
            (
                "",
                "there is no run `` / give at least 4 characters of an id; `tribunal runs` lists them",
            ),
        ];
        for (part, expected) in cases {
            assert_eq!(named(part), expected, "{part}");
        }
    }

    #[test]
    fn what_is_typed_whole_is_meant_and_no_more_than_a_few_are_listed() {
        let specs = IdKind { what: "spec", part_min: 1, ..RUNS };
        assert_eq!(specs.named("log", &["log", "login", "LOG"]).unwrap(), "log");
        let many = ["a1", "a2", "a3", "a4", "a5", "a6", "a7"];
        let said = specs.named("a", &many).unwrap_err().to_string();
        assert_eq!(said, "`a` could be 7 specs: a1, a2, a3, a4, a5, …");
    }
}
