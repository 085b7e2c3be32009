//! What a spec's file says, without the secrets in it: for records, logs and output.

use crate::domain::gates::secrets::redact;
use crate::domain::gates::secrets::scan;
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::types::{Criterion, Verify};

/// How much of a secret's beginning is recognised where a message quotes it cut short, in bytes.
const BEGINNING: usize = 12;

/// What was read from those bytes, with every secret in its words replaced. Places stay.
pub fn reading(reading: &SpecReading, bytes: &[u8], path: &str) -> SpecReading {
    let found: Vec<String> = scan::scan(bytes, path.as_bytes())
        .into_iter()
        .filter_map(|hit| bytes.get(hit.start..hit.end))
        .map(|secret| String::from_utf8_lossy(secret).into_owned())
        .collect();
    let clean = |text: &mut String| *text = text_without(text, &found);
    let mut reading = reading.clone();
    for problem in &mut reading.problems {
        clean(&mut problem.message);
        clean(&mut problem.hint);
    }
    if let Some(spec) = &mut reading.spec {
        clean(&mut spec.title);
        clean(&mut spec.goal);
        let own_lines = spec.constraints.iter_mut().chain(&mut spec.critical_if);
        own_lines.for_each(|entry| clean(&mut entry.text));
        let steps = spec.steps.iter_mut();
        let (mut all, mut ways) = (Vec::<&mut Criterion>::new(), Vec::<&mut Verify>::new());
        all.extend(&mut spec.criteria);
        for step in steps {
            step.critical_if.iter_mut().for_each(|entry| clean(&mut entry.text));
            all.extend(&mut step.acceptance);
            ways.extend(&mut step.verify);
        }
        for criterion in all {
            clean(&mut criterion.id);
            clean(&mut criterion.text);
            ways.extend(&mut criterion.verify);
        }
        for way in ways {
            if let Verify::Command(text) | Verify::Static(text) = way {
                clean(text);
            }
        }
    }
    reading
}

/// The text without those secrets, whole or cut short, and without any other that is known by its
/// form.
fn text_without(text: &str, found: &[String]) -> String {
    let mut clean = text.to_owned();
    for secret in found {
        let beginning = secret.char_indices().nth(BEGINNING).map_or(secret.len(), |(at, _)| at);
        let mut from = 0;
        while let Some(at) = clean[from..].find(&secret[..beginning]).map(|at| at + from) {
            let same = clean[at..].chars().zip(secret.chars()).take_while(|(a, b)| a == b);
            let length: usize = same.map(|(a, _)| a.len_utf8()).sum();
            clean.replace_range(at..at + length, "[redacted]");
            from = at + "[redacted]".len();
        }
    }
    redact::redact_str(&clean)
}
