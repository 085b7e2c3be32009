//! How anchors are found that are quoted as models quote, over real changes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::locate::index::normalised;
use crate::domain::review::anchor::anchor;
use crate::domain::review::finding::Anchored;

/// A changed file of `benches/anchors/sample.py`.
#[derive(Deserialize)]
struct Sample {
    repository: String,
    text: String,
    touched: Vec<(u32, u32)>,
    places: Vec<(u32, u32)>,
    foreign: Vec<String>,
}

#[derive(Default)]
struct Tally {
    asked: u32,
    right: u32,
    /// Another place that the quote fits as well.
    alike: u32,
    wrong: u32,
    by: BTreeMap<&'static str, (u32, u32)>,
}

/// A way of quoting; `None` where it makes no difference to that text.
type Quoting = fn(&str) -> Option<String>;

const QUOTINGS: [(&str, Quoting); 8] = [
    ("verbatim", |text| Some(text.to_owned())),
    ("re-indented", |text| {
        Some(text.lines().map(|line| format!("\t {}", line.trim())).collect::<Vec<_>>().join("\n"))
    }),
    ("white space collapsed", |text| Some(text.split_whitespace().collect::<Vec<_>>().join(" "))),
    ("comment cut", |text| {
        let cut: Vec<String> = text.lines().map(normalised).collect();
        let same = cut
            .iter()
            .zip(text.lines())
            .all(|(cut, line)| line.split_whitespace().eq(cut.split_whitespace()));
        (!same).then(|| cut.join("\n"))
    }),
    ("a word misquoted", |text| {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let names: Vec<&str> = text.split(|c| !is_name(c)).filter(|name| name.len() > 3).collect();
        let name = *names.get(names.len() / 2)?;
        (names.len() > 1).then(|| text.replacen(name, "something", 1))
    }),
    ("shortened with …", |text| {
        let first = text.lines().next()?.trim();
        let words: Vec<&str> = first.split_whitespace().collect();
        let kept = words.get(..words.len() * 2 / 3)?.join(" ");
        (kept.len() >= 8).then(|| format!("{kept} …"))
    }),
    ("as the section shows it", |text| {
        Some(text.lines().map(|line| format!("+   12 | {line}")).collect::<Vec<_>>().join("\n"))
    }),
    ("cut at the end", |text| {
        let line = text.lines().next()?.trim();
        let cut = line.rfind([' ', '(', '.', ','])?;
        (cut >= 8).then(|| line[..cut].to_owned())
    }),
];

/// Without white space, marks of what was left out, and what a section shows before a line.
fn squeezed(text: &str) -> String {
    let bare = |line: &str| line.strip_prefix("+   12 | ").unwrap_or(line).replace('…', "");
    text.lines().map(bare).collect::<String>().split_whitespace().collect()
}

fn tier(found: Anchored) -> &'static str {
    match found {
        Anchored::Exact { .. } => "exact",
        Anchored::Normalised { .. } => "normalised",
        Anchored::Near { .. } => "near",
        Anchored::Elsewhere { .. } => "elsewhere",
        Anchored::Removed { .. } => "removed",
        Anchored::Nowhere => "nowhere",
    }
}

/// Over the samples named by `TRIBUNAL_BENCH_ANCHORS`; without it over this project's own text.
#[test]
fn anchors_of_models_are_found() {
    #[expect(clippy::disallowed_methods, reason = "names the measured data, and decides nothing")]
    let samples: Vec<Sample> = match std::env::var("TRIBUNAL_BENCH_ANCHORS") {
        Err(_) => own(),
        Ok(path) => {
            let lines = std::fs::read_to_string(&path).unwrap();
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    };
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    for sample in &samples {
        let touched: Vec<_> = sample.touched.iter().map(|(from, to)| *from..*to).collect();
        let lines: Vec<&str> = sample.text.lines().collect();
        let at = |(first, last): (u32, u32)| lines[first as usize - 1..last as usize].join("\n");
        for &place in &sample.places {
            for (name, quoting) in QUOTINGS {
                let Some(quote) = quoting(&at(place)) else { continue };
                let found = anchor(&quote, &sample.text, &touched);
                let tally = tallies.entry((&sample.repository, name)).or_default();
                tally.asked += 1;
                let by = tally.by.entry(tier(found)).or_default();
                by.0 += 1;
                let Some(lines) = found.lines() else { continue };
                // One line of several was quoted, or the reverse: the place is the same.
                if lines.0 <= place.1 && place.0 <= lines.1 {
                    tally.right += 1;
                } else if squeezed(&at(lines)).contains(&squeezed(&quote))
                    || squeezed(&at(lines)) == squeezed(&at(place))
                {
                    tally.alike += 1;
                } else {
                    tally.wrong += 1;
                    by.1 += 1;
                }
            }
        }
        for line in &sample.foreign {
            let found = anchor(line, &sample.text, &touched);
            let tally = tallies.entry((&sample.repository, "from another file")).or_default();
            tally.asked += 1;
            let by = tally.by.entry(tier(found)).or_default();
            by.0 += 1;
            let Some(lines) = found.lines() else { continue };
            if squeezed(&at(lines)).contains(&squeezed(line)) {
                tally.alike += 1;
            } else {
                tally.wrong += 1;
                by.1 += 1;
            }
        }
    }
    are_good(&tallies);
}

/// Prints what came of it, and holds it against what is to be reached.
fn are_good(tallies: &BTreeMap<(&str, &str), Tally>) {
    println!("quoted: asked, right %, fits as well %, wrong %, by tier: found/wrong");
    let share = |part: u32, t: &Tally| 100.0 * f64::from(part) / f64::from(t.asked);
    for ((repository, name), t) in tallies {
        println!(
            "{repository}, {name}: {}, right {:.2}, fits {:.2}, wrong {:.2}, {:?}",
            t.asked,
            share(t.right, t),
            share(t.alike, t),
            share(t.wrong, t),
            t.by
        );
    }
    for ((repository, name), t) in tallies {
        let (right, wrong) = match *name {
            "verbatim" | "re-indented" | "white space collapsed" | "as the section shows it" => {
                (99.0, 0.2)
            }
            "comment cut" | "cut at the end" => (99.0, 0.5),
            "shortened with …" => (93.0, 1.0),
            "a word misquoted" => (75.0, 3.0),
            _ => (0.0, 2.0),
        };
        // One slip among few says nothing.
        let (found, was) = (share(t.right + t.alike + 1, t), share(t.wrong.saturating_sub(1), t));
        assert!(t.asked < 40 || found >= right, "{repository}, {name}: found {found:.2}");
        assert!(t.asked < 40 || was <= wrong, "{repository}, {name}: wrong {was:.2}");
    }
}

/// Every twelfth line of three files as if it had been touched.
fn own() -> Vec<Sample> {
    let texts =
        [include_str!("../anchor.rs"), include_str!("../answer.rs"), include_str!("../prompt.rs")];
    let sample = |(at, text): (usize, &&str)| {
        let lines: Vec<&str> = text.lines().collect();
        let says = |line: &&&str| line.trim().len() >= 8 && line.contains(char::is_alphanumeric);
        let places = (1u32..).zip(&lines).filter(|(_, line)| says(line)).map(|(number, _)| number);
        let places: Vec<u32> = places.step_by(12).collect();
        let other: Vec<&str> = texts[(at + 1) % 3].lines().collect();
        let here = |line: &&&str| lines.iter().any(|own| squeezed(own) == squeezed(line));
        let foreign = other.iter().filter(says).filter(|line| !here(line)).step_by(9);
        Sample {
            repository: "own".to_owned(),
            text: (*text).to_owned(),
            touched: places.iter().map(|line| (*line, line + 1)).collect(),
            places: places.iter().map(|line| (*line, *line)).collect(),
            foreign: foreign.map(|line| (*line).to_owned()).collect(),
        }
    };
    texts.iter().enumerate().map(sample).collect()
}
