//! What of a change a reviewer is shown, in how many calls, and what is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent};
use crate::harness::{Outcome, Repo, cases};
use crate::model_server::{Asked, Say};
use crate::scene::{KEYS, Scene};

fn scene(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Scene {
    Scene::new("", brain).logged_in(&KEYS)
}

fn review(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[&["review", "--commit", "HEAD", "--format", "json"], words].concat())
}

/// A source of so many lines.
fn source(name: &str, lines: usize) -> String {
    (0..lines)
        .map(|line| format!("let {name}_{line} = {};\n", line * 7))
        .collect::<Vec<_>>()
        .concat()
}

/// The same with every so-manieth line edited.
fn edited(text: &str, each: usize) -> String {
    let line = |(at, line): (usize, &str)| match at % each {
        0 => format!("{line} // edited\n"),
        _ => format!("{line}\n"),
    };
    text.lines().enumerate().map(line).collect()
}

/// The heads of all sections that reviewers were shown: path, and what became of it.
fn heads(scene: &Scene) -> BTreeMap<String, String> {
    let asked = scene.asked();
    let lines = asked.iter().flat_map(|asked| asked.prompt.lines());
    let heads = lines.filter_map(|line| {
        let (path, what) = line.strip_prefix("=== ")?.split_once(": ")?;
        Some((path.to_owned(), what.rsplit_once(", section ")?.0.to_owned()))
    });
    heads.collect()
}

#[test]
fn moves_and_copies_are_shown_as_git_shows_them() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    let text = |name: &str| source(name, 40);
    for name in ["moved", "edited", "same", "renamed", "base", "gone", "twice"] {
        repo.write(format!("old/{name}.rs"), text(name));
    }
    repo.commit_unjudged("feat: files");
    for name in ["moved", "edited", "same", "renamed", "gone", "twice"] {
        repo.git(&["rm", "--quiet", &format!("old/{name}.rs")]).ok();
    }
    repo.write("new/moved.rs", text("moved"))
        .write("new/edited.rs", edited(&text("edited"), 8))
        // In the same place under another name.
        .write("old/other.rs", edited(&text("renamed"), 6))
        // Two from one that went: a move and a copy.
        .write("new/twice.rs", edited(&text("twice"), 20))
        .write("new/thrice.rs", edited(&text("twice"), 5))
        // A copy of what was edited, made from what it was.
        .write("old/base.rs", edited(&text("base"), 10))
        .write("new/copy.rs", edited(&text("base"), 4))
        // Too little in common.
        .write("new/gone.rs", edited(&text("gone"), 1))
        .write("new/same.rs", text("same").replace("same", "else"))
        .write("empty.rs", "");
    repo.commit_unjudged("refactor: move files");
    review(&repo, &[]).ok();
    let status = repo.git(&["diff", "-M", "-C", "--name-status", "HEAD~1", "HEAD"]).ok();
    let mut wanted = BTreeMap::new();
    for line in status.out().lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let (path, what) = match (words[0].chars().next().unwrap(), &words[1..]) {
            ('A', [path]) => (path, "added".to_owned()),
            ('M', [path]) => (path, "modified".to_owned()),
            ('D', [path]) => (path, "deleted".to_owned()),
            ('R', [from, path]) => (path, format!("renamed from {from}")),
            ('C', [from, path]) => (path, format!("copied from {from}")),
            other => panic!("{other:?}"),
        };
        wanted.insert((*path).to_owned(), what);
    }
    assert!(wanted.values().any(|what| what.starts_with("copied")), "{wanted:?}");
    assert_eq!(heads(&scene), wanted);
    let prompt = &scene.asked()[0].prompt;
    // What a copy has not is still in its place.
    let copy = prompt.split("=== new/copy.rs: copied from old/base.rs, ").nth(1).unwrap();
    assert!(copy.contains("\n- | let base_8 = 56;\n"));
    // A mere move has no lines, and an edited one its hunks against what it was.
    assert!(
        !prompt.contains("let moved_3 = ") && prompt.contains("@@ the content does not change")
    );
    assert!(prompt.contains("\n- | let edited_8 = 56;\n+9 | let edited_8 = 56; // edited\n"));
}

/// A script with a mistake, in bytes of an encoding.
fn in_encodings() -> [(&'static str, Vec<u8>); 6] {
    let script = |words: &str| format!("#!/bin/sh\n# {words}\nx='..items.len() - 1'\n# {words}\n");
    let utf_16 = |big: bool| {
        let text = format!("\u{feff}{}", script("größer"));
        let bytes = text.encode_utf16();
        bytes.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let mut zero = script("plain").into_bytes();
    zero.insert(14, 0);
    [
        ("little.sh", utf_16(false)),
        ("big.sh", utf_16(true)),
        ("zero.sh", zero),
        ("latin.sh", script("gr??er").replace("??", "\u{1}\u{2}").into_bytes()),
        // `удаляет все файлы` in KOI8-R, `删除所有文件` in GBK.
        ("russian.sh", script("RUSSIAN").into_bytes()),
        ("chinese.sh", script("CHINESE").into_bytes()),
    ]
    .map(|(name, bytes): (&str, Vec<u8>)| {
        let russian = b"\xd5\xc4\xc1\xcc\xd1\xc5\xd4 \xd7\xd3\xc5 \xc6\xc1\xca\xcc\xd9";
        let chinese =
            b"\xc9\xbe\xb3\xfd\xcb\xf9\xd3\xd0\xce\xc4\xbc\xfe\xa3\xac\xc7\xeb\xd0\xa1\xd0\xc4";
        let replaced = |bytes: Vec<u8>, from: &[u8], to: &[u8]| -> Vec<u8> {
            let mut out = Vec::new();
            let mut at = 0;
            while at < bytes.len() {
                if bytes[at..].starts_with(from) {
                    out.extend_from_slice(to);
                    at += from.len();
                } else {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
            out
        };
        let bytes = replaced(bytes, b"RUSSIAN", russian);
        let bytes = replaced(bytes, b"CHINESE", chinese);
        (name, replaced(bytes, b"\x01\x02", b"\xf6\xdf"))
    })
}

#[test]
fn text_in_any_usual_encoding_is_reviewed() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    for (name, bytes) in in_encodings() {
        repo.write(name, bytes);
    }
    repo.commit_unjudged("feat: scripts");
    let outcome = review(&repo, &[]).code(1).json();
    let found = outcome["findings"].as_array().unwrap().iter();
    let mut paths: Vec<&str> = found
        .filter(|finding| finding["gate"] == "review" && finding["effect"] == "block")
        .map(|finding| finding["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    let all = ["big.sh", "chinese.sh", "latin.sh", "little.sh", "russian.sh", "zero.sh"];
    assert_eq!(paths, all, "{outcome:#}");
    assert_eq!(outcome["review"]["unscanned"], json!([]));
    let prompt = &scene.asked()[0].prompt;
    for shown in [
        "@@ the encoding is UTF-16LE with a byte order mark\n",
        "@@ the encoding is GBK\n",
        "+2 | # größer\n",
        "+2 | # удаляет все файлы\n",
        "+2 | # 删除所有文件，请小心\n",
        "⟦U+0000⟧",
    ] {
        assert!(prompt.contains(shown), "{shown}");
    }
}

#[test]
fn a_program_that_is_no_text_is_never_passed() {
    let brain = || diligent(&[]);
    let noise: Vec<u8> =
        (0..500_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for (name, bytes) in [
        ("deploy.sh", noise.clone()),
        ("deploy", [b"#!/bin/sh\n".as_slice(), &noise].concat()),
        ("src/App.cs", noise.clone()),
    ] {
        let scene = scene(brain());
        let repo = scene.library();
        repo.write(name, bytes).write("src/sum.rs", CLEAN).commit_unjudged("feat: deploy");
        let said = repo.tribunal(&["review", "--commit", "HEAD"]).code(4);
        said.says("none of 2 files reviewed").says("hint: `review.leave-out`");
        let outcome = review(&repo, &[]).code(4);
        assert_eq!(outcome.json()["review"]["unscanned"][0]["path"], name);
        assert_eq!(scene.asked().len(), 0, "nothing is paid for what gives no verdict");
        // Left out by a word of the user, it is named.
        let leave = format!("review.leave-out=[\"{name}\"]");
        let outcome = review(&repo, &["--set", &leave]).ok().json();
        assert_eq!(outcome["review"]["files"], 1);
    }
    // What is data is named, and no more.
    let scene = scene(brain());
    let repo = scene.library();
    repo.write("logo.png", noise).write("src/sum.rs", CLEAN).commit_unjudged("feat: logo");
    let outcome = repo.tribunal(&["review", "--commit", "HEAD"]).ok();
    outcome.says("1 of 2 files reviewed by codex").says("not reviewed logo.png: binary");
}

#[test]
fn of_a_long_line_what_changed_is_shown_and_found() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    let bundle: Vec<String> = (0..12_000).map(|n| format!("f{n}(a.b,x{n});")).collect();
    let bundle = bundle.concat();
    repo.write("app.js", format!("{bundle}\n")).commit_unjudged("feat: bundle");
    repo.write("app.js", format!("{}\n", bundle.replace("x7000", "a[..items.len() - 1]")));
    repo.commit_unjudged("feat: change one word of it");
    let outcome = review(&repo, &[]).code(1).json();
    assert_eq!(outcome["review"]["cost"]["calls"], 2, "{outcome:#}");
    let asked = scene.asked();
    assert!(asked[0].prompt.len() < 16 << 10, "{}", asked[0].prompt.len());
    assert!(asked[0].prompt.contains(";f7000(a.b,a[..items.len() - 1]);"));
    // All of one that is new, in rows.
    let bundle = &bundle[..60 << 10];
    repo.write("new.js", bundle).commit_unjudged("feat: another");
    review(&repo, &[]).ok();
    let prompt = scene.asked().last().unwrap().prompt.clone();
    let rows = prompt.lines().filter_map(|line| line.strip_prefix("+1 | "));
    let shown: String = rows.map(|row| row.trim_matches('…')).collect();
    assert_eq!(shown, bundle);
}

#[test]
fn what_is_too_large_is_named_before_anything_is_paid() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    for number in 0..6 {
        repo.write(format!("src/{number}.rs"), source("a", 150));
    }
    repo.commit_unjudged("feat: much");
    let small = ["--set", "review.bytes=8 KiB", "--set", "review.calls=2"];
    let words = [&["review", "--commit", "HEAD"][..], &small].concat();
    let outcome = repo.tribunal(&words).code(4);
    outcome
        .says("none of 6 files reviewed")
        .never_says("reviewed by codex")
        .says("the change takes 3 calls, and `review.calls` allows 2")
        .says("not reviewed src/4.rs")
        .says("hint: more `review.calls` or `review.bytes` give it room")
        .says("tribunal review --commit REV")
        .never_says("doctor");
    assert_eq!(scene.asked().len(), 0);
    let enough = [&words[..], &["--set", "review.calls=3"]].concat();
    repo.tribunal(&enough).ok().says("6 files reviewed by codex");
    assert_eq!(scene.asked().len(), 3);
    // The sections of a file are in one call.
    let mut calls_of: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for asked in scene.asked() {
        for section in Question::read(&asked).sections {
            calls_of.entry(section.path).or_default().insert(asked.number);
        }
    }
    assert_eq!(calls_of.len(), 6);
    assert!(calls_of.values().all(|calls| calls.len() == 1), "{calls_of:?}");
}

/// A change of so many files that takes several calls.
fn many(scene: &Scene, files: usize) -> Repo<'_> {
    let repo = scene.library();
    for number in 0..files {
        repo.write(format!("src/file_{number:03}.rs"), source(&format!("n{number}"), 12));
    }
    repo.commit_unjudged("feat: many files");
    repo
}

const FEW: [&str; 4] = ["--set", "review.bytes=8 KiB", "--set", "review.calls=20"];

#[test]
fn of_many_sections_only_the_one_without_proof_is_asked_again() {
    let brain = diligent(&[]);
    let scene = scene(move |asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        let is_first = !asked.prompt.contains("# What was wrong before");
        for one in answer["attestation"].as_array_mut().into_iter().flatten() {
            if is_first && one["path"] == "src/file_050.rs" {
                one["added_lines"] = json!(90);
            }
        }
        if question.part == Part::Review { Say::json(answer) } else { brain(asked) }
    });
    let repo = many(&scene, 116);
    let outcome = review(&repo, &FEW).ok().json();
    let asked = scene.asked();
    let last = asked.last().unwrap();
    let calls = asked.len() - 1;
    assert!((4..20).contains(&calls), "{calls}");
    assert_eq!(outcome["review"]["cost"]["calls"], calls + 1, "{outcome:#}");
    assert_eq!(outcome["review"]["files"], 116);
    let question = Question::read(last);
    let paths: Vec<&str> = question.sections.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["src/file_050.rs"]);
    // It is told what was wrong, and not what would be right.
    let told = last.prompt.split("# What was wrong before").nth(1).unwrap();
    assert!(told.contains("src/file_050.rs, section 1 of 1: `added_lines` was 90"), "{told}");
    let line = told.lines().find(|line| line.contains("src/file_050.rs")).unwrap();
    assert!(!line.contains("12"), "{line}");
}

#[test]
fn what_is_never_proven_ends_inconclusive_with_what_was_wrong() {
    let scene = scene(|asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        for one in answer["attestation"].as_array_mut().into_iter().flatten() {
            if one["path"] == "src/file_003.rs" {
                one["nonce"] = json!("0123456789ab");
            }
        }
        Say::json(answer)
    });
    let repo = many(&scene, 8);
    let outcome = repo.tribunal(&["review", "--commit", "HEAD"]).code(4);
    outcome
        .says("7 of 8 files reviewed by codex")
        .says("the review is incomplete: `src/file_003.rs` (its nonce does not come back)")
        .says("hint: the same command asks again");
    let sections: Vec<usize> =
        scene.asked().iter().map(|asked| Question::read(asked).sections.len()).collect();
    assert_eq!(sections, [8, 1, 1], "twice again, that section alone");
}

#[test]
fn a_failed_fifth_call_of_several_costs_one_more() {
    for resume in [false, true] {
        let (brain, seen) = (diligent(&[]), Arc::new(AtomicUsize::new(0)));
        let scene = Scene::new("[agents]\nparallel = 1\nretries = 0\n", move |asked: &Asked| {
            match seen.fetch_add(1, Ordering::SeqCst) {
                4 => Say::unauthorized(),
                _ => brain(asked),
            }
        })
        .logged_in(&KEYS);
        let repo = many(&scene, 116);
        let paused = review(&repo, &FEW).code(4).json();
        assert_eq!(scene.asked().len(), 5, "{paused:#}");
        let run = paused["review"]["run"].as_str().unwrap();
        let outcome = if resume {
            repo.tribunal(&[&["resume", run, "--format", "json"][..], &FEW].concat()).ok().json()
        } else {
            review(&repo, &FEW).ok().json()
        };
        assert_eq!(outcome["review"]["run"], run);
        let asked = scene.asked();
        let calls: usize = asked[0].prompt.split("call 1 of ").nth(1).unwrap()[..2]
            .trim_end_matches(' ')
            .parse()
            .unwrap();
        assert_eq!(asked.len(), calls + 1, "each call once, and the fifth twice");
        let sections: usize = asked.iter().map(|a| Question::read(a).sections.len()).sum();
        assert_eq!(sections - Question::read(&asked[4]).sections.len(), 116);
    }
}

/// The proof of a chunk fails, and then the call about it: what was proven before is still there.
#[test]
fn what_was_proven_outlives_a_failed_second_question() {
    let seen = Arc::new(AtomicUsize::new(0));
    let scene = Scene::new("[agents]\nretries = 0\n", move |asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        match seen.fetch_add(1, Ordering::SeqCst) {
            0 => answer["attestation"][2]["quote"] = json!("not there"),
            1 => return Say::unauthorized(),
            _ => {}
        }
        Say::json(answer)
    })
    .logged_in(&KEYS);
    let repo = many(&scene, 6);
    review(&repo, &[]).code(4);
    let outcome = review(&repo, &[]).ok().json();
    assert_eq!(outcome["review"]["files"], 6);
    let sections: Vec<usize> =
        scene.asked().iter().map(|asked| Question::read(asked).sections.len()).collect();
    assert_eq!(sections, [6, 1, 1]);
}

/// Killed at any save, it goes on with what was proven: each section is asked about once, the one without
/// proof twice, and what was under way at the kill once more.
#[test]
fn what_was_proven_outlives_a_kill() {
    let brain = |asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        if !asked.prompt.contains("# What was wrong before") {
            answer["attestation"][1]["added_lines"] = json!(77);
        }
        Say::json(answer)
    };
    let words = ["review", "--commit", "HEAD", "--format", "json"];
    let step = cases(7, 1);
    for save in (1..).step_by(step) {
        let scene = scene(brain);
        let repo = many(&scene, 3);
        let is_done = repo.until_save(&words, save).code == 0;
        let outcome = review(&repo, &[]).ok().json();
        assert_eq!(outcome["review"]["files"], 3, "save {save}");
        let asked = scene.asked();
        let sections: Vec<usize> =
            asked.iter().map(|asked| Question::read(asked).sections.len()).collect();
        let (whole, again): (Vec<usize>, Vec<usize>) = sections.iter().partition(|n| **n == 3);
        assert!((1..=2).contains(&whole.len()) && (1..=2).contains(&again.len()), "{sections:?}");
        assert!(sections.len() <= 3 && again.iter().all(|n| *n == 1), "{sections:?}");
        if is_done {
            assert_eq!(sections, [3, 1]);
            break;
        }
    }
}

#[test]
fn an_open_criterion_is_asked_for_by_itself() {
    let scene = scene(|asked: &Asked| {
        let question = Question::read(asked);
        let mut answer = question.answer(&[]);
        for criterion in answer["criteria"].as_array_mut().into_iter().flatten() {
            if question.part == Part::Review && criterion["id"] == "AC-2" {
                criterion["met"] = json!("not assessed");
            }
        }
        Say::json(answer)
    });
    let repo = scene.library();
    let spec = "# Sums\n\n## Goal\n\nSum lists.\n\n## Acceptance criteria\n\n\
        - **AC-1** WHEN a list is given THEN its sum SHALL be returned\n  - verify: test\n\
        - **AC-2** WHEN the list is empty THEN nought SHALL be returned\n  - verify: test\n";
    repo.write("docs/specs/sums.md", spec).commit_unjudged("docs: spec");
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    let outcome = review(&repo, &["--spec", "docs/specs/sums.md"]).ok().json();
    assert_eq!(outcome["review"]["criteria"][1]["met"], "met", "{outcome:#}");
    let asked = scene.asked();
    assert_eq!(asked.len(), 2);
    let question = Question::read(&asked[1]);
    assert_eq!((question.part, &question.criteria[..]), (Part::Criteria, &["AC-2".to_owned()][..]));
    assert!(!asked[1].prompt.contains("AC-1"));
    assert!(asked[1].prompt.len() * 2 < asked[0].prompt.len());
}

#[test]
fn the_arbiter_is_shown_what_bears_on_the_finding_alone() {
    let scene = scene(diligent(&[LEFT_OUT]));
    let repo = scene.library();
    repo.write("src/main.rs", "fn main() {\n    println!(\"{}\", sum(&[1]));\n}\n");
    repo.commit_unjudged("feat: main");
    for number in 0..20 {
        repo.write(format!("a/file_{number}.rs"), source("other", 60));
    }
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    review(&repo, &[]).code(1);
    let asked = scene.asked();
    let prompt = &asked.iter().find(|a| Question::read(a).part == Part::Arbitrate).unwrap().prompt;
    assert!(prompt.len() < 16 << 10, "{}", prompt.len());
    assert!(prompt.contains("=== src/sum.rs: added") && !prompt.contains("let other_"));
    let calls = "=== src/main.rs: as it is now, names `sum`\n";
    assert!(prompt.contains(calls) && prompt.contains("     2 |     println!"), "{prompt}");
}

#[test]
fn a_finding_blocks_however_its_path_is_spelled() {
    let spellings = [
        "src/sum.rs",
        "./src/sum.rs",
        "/src/sum.rs",
        "a/src/sum.rs",
        "b/src/sum.rs",
        "src/sum.rs:3",
        "SRC/SUM.RS",
        "src\\sum.rs",
        "sum.rs",
        "{dir}/src/sum.rs",
        // Another file of the change, one that is nowhere, and none.
        "src/other.rs",
        "lib/nowhere.rs",
        "",
    ];
    for spelling in spellings {
        let scene = scene(move |asked: &Asked| {
            let question = Question::read(asked);
            if question.part == Part::Arbitrate {
                return Say::json(crate::brain::yes(&question));
            }
            let dir = asked.body["words"].as_str().unwrap_or_default();
            let dir = dir.split_whitespace().find(|word| word.contains("/room-"));
            let path = spelling.replace("{dir}", dir.unwrap_or("/home/me/room-1"));
            let line = LEFT_OUT.needle;
            let anchor = format!("    let all = &items[{line}];");
            Say::json(question.answer(&[crate::brain::lost_error(&path, &anchor, "it is lost")]))
        });
        let repo = scene.library();
        repo.write("src/other.rs", source("a", 5)).write("src/sum.rs", BUGGY);
        repo.commit_unjudged("feat: sum");
        let outcome = review(&repo, &[]).code(1).json();
        assert_eq!(outcome["findings"][0]["path"], "src/sum.rs", "{spelling}");
    }
}

#[test]
fn the_files_of_other_calls_are_named_once() {
    let scene = scene(diligent(&[]));
    let repo = scene.library();
    // Each file takes sections in several calls, between those of the other.
    for name in ["one", "two"] {
        repo.write(format!("src/{name}.rs"), source(name, 700));
    }
    repo.commit_unjudged("feat: two files");
    review(&repo, &FEW).ok();
    let mut elsewhere = String::new();
    for asked in scene.asked() {
        let Some(list) = asked.prompt.split("are not in this call:\n").nth(1) else { continue };
        let listed = list.lines().skip(1).take_while(|line| line.starts_with("| "));
        let listed: Vec<&str> = listed.collect();
        let unique: BTreeSet<&&str> = listed.iter().collect();
        assert_eq!(listed.len(), unique.len(), "{listed:?}");
        elsewhere.push_str(&listed.concat());
    }
    assert!(elsewhere.contains("src/one.rs") && elsewhere.contains("src/two.rs"));
}
