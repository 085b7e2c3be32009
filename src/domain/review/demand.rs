//! A criterion or constraint that a complete review found unmet, and that no finding is about: on record as
//! a finding is, though it is in no line of the change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::model::oid::Oid;

/// How many trees one remembers, the newest.
const SAID_MAX: usize = 64;

/// How many lines of the reviewed change one remembers.
const LINES_MAX: usize = 32;

/// What a spec asks for and a change did not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmetDemand {
    /// The spec's id.
    pub spec: String,
    /// The criterion's id.
    pub requirement: String,
    /// What it asks for: where the spec asks for something else by now, it is another one.
    pub text: String,
    /// The keys of lines that the reviewed change brought: it holds where they are brought.
    pub lines: Vec<String>,
    /// What reviews by the spec said of it, the newest last.
    pub said: Vec<SaidOfTree>,
}

/// What a review said of a criterion in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidOfTree {
    pub tree: Oid,
    pub met: bool,
}

/// A spec by its id, with what it asks for now: id and text of each criterion.
pub type AskedOf<'a> = (&'a str, Vec<(String, &'a str)>);

/// What a change has to do with the spec of a demand.
#[derive(Clone, Copy, Debug)]
pub struct ChangeAsked<'a> {
    pub tree: &'a Oid,
    /// The specs that it must be reviewed by.
    pub specs: &'a [AskedOf<'a>],
    /// The keys of the lines that it brings.
    pub lines: &'a BTreeSet<String>,
}

impl UnmetDemand {
    /// The keys that are kept of a change with these lines, spread over all of it.
    pub fn sample(lines: &BTreeSet<String>) -> Vec<String> {
        let step = lines.len().div_ceil(LINES_MAX).max(1);
        lines.iter().step_by(step).cloned().collect()
    }

    /// Whether it is known to be met in a tree: what a review said of that tree, else what the newest said of
    /// one of its history, of which `behind` tells. `None` where that said that it is not, or there is none:
    /// what another branch does meets nothing here.
    pub fn met_in(&self, tree: &Oid, behind: &dyn Fn(&Oid) -> bool) -> Option<bool> {
        let mut newest = self.said.iter().rev();
        if let Some(here) = newest.clone().find(|said| said.tree == *tree) {
            return Some(here.met);
        }
        newest.find(|said| behind(&said.tree)).and_then(|said| said.met.then_some(true))
    }

    /// Notes what a complete review by its spec said of it.
    pub fn say(&mut self, tree: &Oid, met: bool) {
        self.said.retain(|said| said.tree != *tree);
        self.said.push(SaidOfTree { tree: tree.clone(), met });
        let over = self.said.len().saturating_sub(SAID_MAX);
        self.said.drain(..over);
    }

    /// Whether the specs of a change, or its tree, tell if it is about that.
    pub fn is_told_by(&self, specs: &[AskedOf<'_>], tree: &Oid) -> bool {
        specs.iter().any(|(id, _)| *id == self.spec)
            || self.said.iter().any(|said| said.tree == *tree)
    }

    /// Whether it is about a change: that is of its spec, or brings a quarter at least of the lines that
    /// were reviewed.
    pub fn is_about(&self, change: ChangeAsked<'_>) -> bool {
        if let Some((_, asked)) = change.specs.iter().find(|(id, _)| *id == self.spec) {
            return asked.iter().any(|(id, text)| *id == self.requirement && *text == self.text);
        }
        let brought = self.lines.iter().filter(|line| change.lines.contains(*line)).count();
        self.said.iter().any(|said| said.tree == *change.tree)
            || (brought > 0 && brought * 4 >= self.lines.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ChangeAsked, LINES_MAX, UnmetDemand};
    use crate::domain::model::oid::Oid;

    /// A tree, the specs of the change with the text of their `AC-1`, its lines, and whether it holds.
    type Row =
        (u8, &'static [(&'static str, &'static [&'static str])], &'static [&'static str], bool);

    fn oid(number: u8) -> Oid {
        Oid::parse(&format!("{number:040x}")).unwrap()
    }

    fn demand() -> UnmetDemand {
        let lines = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let (spec, requirement) = ("sums".to_owned(), "AC-1".to_owned());
        let mut demand =
            UnmetDemand { spec, requirement, text: "it adds".to_owned(), lines, said: Vec::new() };
        demand.say(&oid(1), false);
        demand
    }

    #[test]
    fn it_is_about_what_has_its_spec_or_its_lines() {
        let rows: [Row; 9] = [
            (1, &[], &[], true),
            (2, &[], &[], false),
            (2, &[], &["a", "x"], true),
            (2, &[], &["x", "y"], false),
            (2, &[("sums", &["it adds"])], &[], true),
            // What the spec asks for now is something else, or nothing.
            (2, &[("sums", &["it multiplies"])], &["a", "b"], false),
            (2, &[("sums", &[])], &["a", "b"], false),
            (2, &[("other", &["it adds"])], &["a"], true),
            (2, &[("other", &["it multiplies"]), ("sums", &["it adds"])], &[], true),
        ];
        for (tree, specs, lines, holds) in rows {
            let lines: BTreeSet<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let tree = oid(tree);
            let asked = |texts: &[&'static str]| {
                texts.iter().map(|text| ("AC-1".to_owned(), *text)).collect::<Vec<_>>()
            };
            let specs: Vec<_> = specs.iter().map(|(id, texts)| (*id, asked(texts))).collect();
            let change = ChangeAsked { tree: &tree, specs: &specs, lines: &lines };
            assert_eq!(demand().is_about(change), holds, "{change:?}");
            // Where its spec or its tree tells, the lines need not be read.
            let unread = ChangeAsked { lines: &BTreeSet::new(), ..change };
            if demand().is_told_by(&specs, &tree) {
                assert_eq!(demand().is_about(unread), holds, "{change:?}");
            }
        }
    }

    #[test]
    fn a_later_review_that_finds_it_met_resolves_it_where_nothing_else_was_said() {
        let mut demand = demand();
        let all = |_: &Oid| true;
        let none = |_: &Oid| false;
        assert_eq!(
            (demand.met_in(&oid(1), &all), demand.met_in(&oid(2), &all)),
            (Some(false), None)
        );
        demand.say(&oid(2), true);
        let met = [1, 2, 3].map(|tree| demand.met_in(&oid(tree), &all));
        assert_eq!(met, [Some(false), Some(true), Some(true)]);
        // On a branch without the commit that meets it nothing is known.
        let met = [1, 2, 3].map(|tree| demand.met_in(&oid(tree), &none));
        assert_eq!(met, [Some(false), Some(true), None]);
        demand.say(&oid(1), true);
        demand.say(&oid(2), false);
        assert_eq!(
            [1, 2, 3].map(|tree| demand.met_in(&oid(tree), &all)),
            [Some(true), Some(false), None]
        );
    }

    #[test]
    fn what_is_kept_of_a_change_is_bounded_and_spread() {
        let lines: BTreeSet<String> = (0..1_000).map(|line| format!("{line:04}")).collect();
        let kept = UnmetDemand::sample(&lines);
        assert!(kept.len() <= LINES_MAX && kept.last().unwrap() > &"0900".to_owned(), "{kept:?}");
        let few: BTreeSet<String> = ["a".to_owned()].into();
        assert_eq!(UnmetDemand::sample(&few), ["a"]);
    }
}
