//! Grouping, and its measure over labelled review comments.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead as _;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use serde::Deserialize;

use crate::domain::constitution::grouping::{THRESHOLD, Weights, group, words};

#[test]
fn words_are_split_stemmed_and_sieved() {
    let found: Vec<String> =
        words("The parseHTTPHeader2 ignores `retry_count`s.").into_iter().collect();
    assert_eq!(found, ["count", "header", "http", "ignor", "pars", "retri"]);
    assert!(words("").is_empty());
}

#[test]
fn like_texts_come_together() {
    let texts = [
        "the error of `fs::remove_file` is dropped",
        "a race between check and insert of the cache",
        "ignored error returned by fs::remove_file",
        "cache check and insert race with each other",
        "",
    ]
    .map(ToOwned::to_owned);
    let weights = Weights::learn(texts.iter().map(String::as_str));
    assert_eq!(group(&texts, &weights, THRESHOLD), [0, 1, 0, 1, 2]);
    assert_eq!(group(&[], &weights, THRESHOLD), Vec::<usize>::new());
    assert!(weights.likeness(&texts[0], &texts[2]) > weights.likeness(&texts[0], &texts[1]));
}

proptest! {
    #[test]
    fn any_texts_are_grouped(texts in proptest::collection::vec(any::<String>(), 0..8)) {
        let weights = Weights::learn(texts.iter().map(String::as_str));
        let groups = group(&texts, &weights, THRESHOLD);
        prop_assert_eq!(groups.len(), texts.len());
        let mut next = 0;
        for one in groups {
            prop_assert!(one <= next);
            next = next.max(one + 1);
        }
    }
}

#[derive(Deserialize)]
struct Comment {
    change: String,
    group: Option<u32>,
    text: String,
}

impl Comment {
    fn project(&self) -> &str {
        self.change.split('@').nth(1).unwrap_or_default()
    }
}

/// Over the labelled comments that `TRIBUNAL_BENCH_GROUPS` names, unpacked; without it over the
/// committed part of them.
#[test]
fn measure() {
    #[expect(clippy::disallowed_methods, reason = "names the measured data, and decides nothing")]
    let path = std::env::var("TRIBUNAL_BENCH_GROUPS")
        .unwrap_or_else(|_| "tests/data/groups.jsonl".to_owned());
    #[expect(clippy::disallowed_methods, reason = "the measured data")]
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let comments: Vec<Comment> =
        file.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let projects: BTreeSet<&str> = comments.iter().map(Comment::project).collect();
    println!("project: B-cubed precision / recall; true findings only, with noise");
    for project in projects {
        let others = comments.iter().filter(|c| c.project() != project);
        let weights = Weights::learn(others.map(|c| c.text.as_str()));
        let own = || comments.iter().filter(|c| c.project() == project);
        let truly = b_cubed(own().filter(|c| c.group.is_some()), &weights);
        let noisy = b_cubed(own(), &weights);
        println!("{project}: {:.3} / {:.3}, {:.3} / {:.3}", truly.0, truly.1, noisy.0, noisy.1);
        assert!(truly.0 >= 0.87 && truly.1 >= 0.90, "{project}: true findings");
        assert!(noisy.0 >= 0.60 && noisy.1 >= 0.90, "{project}: with noise");
    }
}

/// Mean precision and recall of the labelled comments' groups. Comments without a label can only
/// spoil a group.
fn b_cubed<'a>(comments: impl Iterator<Item = &'a Comment>, weights: &Weights) -> (f64, f64) {
    let mut changes: BTreeMap<&str, Vec<&Comment>> = BTreeMap::new();
    for comment in comments {
        changes.entry(&comment.change).or_default().push(comment);
    }
    let (mut precision, mut recall, mut count) = (0.0, 0.0, 0.0);
    for comments in changes.values() {
        let texts: Vec<String> = comments.iter().map(|c| c.text.clone()).collect();
        let found = group(&texts, weights, THRESHOLD);
        for (at, comment) in comments.iter().enumerate().filter(|(_, c)| c.group.is_some()) {
            let (mut both, mut together, mut alike) = (0.0, 0.0, 0.0);
            for (other_at, other) in comments.iter().enumerate() {
                let same_found = found[at] == found[other_at];
                let same_label = comment.group == other.group;
                together += f64::from(u8::from(same_found));
                alike += f64::from(u8::from(same_label));
                both += f64::from(u8::from(same_found && same_label));
            }
            precision += both / together;
            recall += both / alike;
            count += 1.0;
        }
    }
    (precision / count, recall / count)
}
