//! A section counts as read only where the answer shows it.

use crate::domain::model::change::FileMode;
use crate::domain::model::encoding::TextEncoding;
use crate::domain::review::answer::{Attested, ReviewAnswer};
use crate::domain::review::deliver::file::{Became, DeliveredFile, DeliveryLimits, FileSide};
use crate::domain::review::deliver::{Chunk, deliver};
use crate::domain::review::finding::Completeness;
use crate::domain::review::proof::{
    self, ProofFault, UnprovenSection, all, completeness, proven_part,
};
use crate::fuzz;

fn part() -> Chunk {
    let side = |text: String| FileSide {
        mode: FileMode::File,
        raw: text.clone().into_bytes(),
        masked: text.into_bytes(),
        encoding: Some(TextEncoding::UTF_8),
    };
    let file = |path: &str, became, old: Option<String>, new: Option<String>| DeliveredFile {
        path: path.into(),
        became,
        old: old.map(side),
        new: new.map(side),
    };
    let lines: Vec<String> = (0..100).map(|n| format!("    line {n}")).collect();
    let files = [
        file("a.rs", Became::Added, None, Some("\n  first();\n\tsecond();\n}\n".into())),
        file("long.rs", Became::Added, None, Some(lines.join("\n"))),
        file("moved.rs", Became::Renamed { from: "b".into() }, Some("x".into()), Some("x".into())),
        file("one.rs", Became::Added, None, Some("same\nsame\n".into())),
    ];
    let limits = DeliveryLimits { bytes_per_call: 96 << 10, calls: 8, context_lines: 3 };
    let delivery = deliver(&files, &limits, &[1; 32]);
    delivery.calls.into_iter().next().unwrap()
}

/// What an answer comes to, where the change has another file `other.rs`.
fn check(part: &Chunk, answer: &ReviewAnswer) -> Completeness {
    completeness(part, &proof::check(part, answer, &|path| path == "other.rs"))
}

fn honest(part: &Chunk) -> ReviewAnswer {
    let attested = part.sections.iter().map(|section| Attested {
        path: section.path.clone(),
        nonce: section.nonce.clone(),
        added_lines: section.added.len() as u64,
        quote: section.added.last().cloned().unwrap_or_default(),
    });
    ReviewAnswer { attestation: attested.collect(), ..ReviewAnswer::default() }
}

#[test]
fn an_honest_answer_is_complete() {
    let part = part();
    assert_eq!(check(&part, &honest(&part)), Completeness::Complete);
    assert_eq!(all([Completeness::Complete, Completeness::Complete]), Completeness::Complete);
}

#[test]
fn each_miss_makes_its_file_unread() {
    type Spoil = fn(&mut ReviewAnswer);
    let cases: [(Spoil, &str, &str); 14] = [
        (|a| a.attestation.clear(), "a.rs", "its nonce does not come back"),
        (|a| drop(a.attestation.remove(2)), "moved.rs", "its nonce does not come back"),
        (
            |a| a.attestation.push(a.attestation[1].clone()),
            "long.rs",
            "its nonce comes back more than once",
        ),
        (|a| a.attestation[0].nonce = "0".repeat(12), "a.rs", "its nonce does not come back"),
        (
            |a| {
                let mut strange = a.attestation[0].clone();
                strange.nonce = "0".repeat(12);
                a.attestation.push(strange);
            },
            "a.rs",
            "the answer names a nonce that was not given",
        ),
        (
            |a| a.attestation[0].path = "long.rs".into(),
            "a.rs",
            "its nonce comes back under another name",
        ),
        (
            |a| {
                let nonce = a.attestation[1].nonce.clone();
                a.attestation[1].nonce = std::mem::replace(&mut a.attestation[0].nonce, nonce);
            },
            "a.rs",
            "its nonce comes back under another name",
        ),
        (|a| a.attestation[0].added_lines = 7, "a.rs", "it adds 4 lines, the answer counts 7"),
        (
            |a| a.attestation[1].added_lines = 94,
            "long.rs",
            "it adds 100 lines, the answer counts 94",
        ),
        (|a| a.attestation[2].added_lines = 3, "moved.rs", "it adds 0 lines, the answer counts 3"),
        (|a| a.attestation[0].quote.clear(), "a.rs", "the quote is no line that it adds"),
        (|a| a.attestation[0].quote = "line 7".into(), "a.rs", "the quote is no line that it adds"),
        (
            |a| a.attestation[0].quote = "first();".into(),
            "a.rs",
            "the quote is the first line that it adds, another was asked for",
        ),
        (
            |a| a.unscanned.push(("./long.rs".into(), "too long".into())),
            "long.rs",
            "the reviewer did not read it: too long",
        ),
    ];
    let part = part();
    for (spoil, path, why) in cases {
        let mut answer = honest(&part);
        spoil(&mut answer);
        let Completeness::Incomplete(unread) = check(&part, &answer) else { panic!("{why}") };
        assert!(unread.contains(&(path.to_owned(), why.to_owned())), "{why}: {unread:?}");
        let joined = all([Completeness::Complete, Completeness::Incomplete(unread.clone())]);
        assert_eq!(joined, Completeness::Incomplete(unread));
    }
}

#[test]
fn small_slips_are_forgiven() {
    let slips: [fn(&mut ReviewAnswer); 6] = [
        |a| a.attestation[0].added_lines = 2,
        |a| a.attestation[1].added_lines = 105,
        |a| a.attestation[0].quote = "  second();  ".into(),
        |a| a.attestation[3].quote = "same".into(),
        |a| a.attestation[2].quote = "x".into(),
        |a| a.attestation.reverse(),
    ];
    let part = part();
    for (number, slip) in slips.into_iter().enumerate() {
        let mut answer = honest(&part);
        slip(&mut answer);
        assert_eq!(check(&part, &answer), Completeness::Complete, "slip {number}");
    }
}

#[test]
fn drawn_proofs_count_only_where_they_are_right() {
    let part = part();
    let honest = honest(&part);
    let seeds: Vec<String> = honest.attestation.iter().map(|one| one.quote.clone()).collect();
    let seeds: Vec<&[u8]> = seeds.iter().map(String::as_bytes).collect();
    let words = ["first();", "\n", "    ", "same", "line 1", "`", "..."];
    fuzz::hold("proofs", &seeds, &words.map(str::as_bytes), move |bytes| {
        let mut answer = honest.clone();
        for attested in &mut answer.attestation {
            attested.quote = String::from_utf8_lossy(bytes).into_owned();
        }
        let _complete = check(&part, &answer);
        for attested in &mut answer.attestation {
            attested.nonce = String::from_utf8_lossy(bytes).into_owned();
        }
        let is_right =
            part.sections.iter().any(|section| section.nonce.as_bytes() == bytes.trim_ascii());
        assert!(is_right || !matches!(check(&part, &answer), Completeness::Complete));
    });
}

#[test]
fn what_is_wrong_is_told_without_what_would_be_right() {
    let part = part();
    let mut answer = honest(&part);
    answer.attestation[1].added_lines = 94;
    let unproven = proof::check(&part, &answer, &|_| false);
    let fault = ProofFault::Count { counted: 94, added: 100 };
    assert_eq!(unproven, [UnprovenSection { section: 1, fault: fault.clone() }]);
    assert!(fault.to_reviewer().contains("94") && !fault.to_reviewer().contains("100"));
    // Once that section is proven, the whole is.
    let kept = proven_part(&part, &answer, &unproven);
    let mut later = honest(&part);
    later.attestation.retain(|one| one.path == "long.rs");
    assert_eq!(check(&part, &kept.completed_by(later)), Completeness::Complete);
}

#[test]
fn a_file_that_is_not_in_the_call_need_not_be_read() {
    let part = part();
    let mut answer = honest(&part);
    answer.unscanned.push(("other.rs".into(), "not shown".into()));
    assert_eq!(check(&part, &answer), Completeness::Complete);
    // Whatever that means, something was not read.
    answer.unscanned[0].0 = "the second half".into();
    let Completeness::Incomplete(unread) = check(&part, &answer) else { panic!("it is complete") };
    assert_eq!(unread.len(), part.sections.len());
}
