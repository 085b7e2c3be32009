//! The picture of a terminal in README: made of what the program really prints.

use std::fmt::Write as _;
use std::fs;

use super::texts::top;
use crate::harness::{Outcome, Repo, Sandbox};
use crate::scene::secret;

/// With this the picture is written, not compared.
const WRITE: &str = "TRIBUNAL_TEST_PICTURE";

const COLUMNS: usize = 100;
const COLOR: (&str, &str) = ("CLICOLOR_FORCE", "1");

/// What is typed, and what is printed for it.
struct Answer(&'static str, String);

/// A person who commits a key, takes it out, and tries to overwrite what was pushed.
fn session() -> Vec<Answer> {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("project");
    repo.write("README.md", "A service.\n").commit_unjudged("docs: readme");
    repo.push_to(&sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "install"]).ok();
    let mut answers = Vec::new();
    let mut typed = |line: &'static str, words: &[&str]| {
        answers.push(Answer(line, shown(&repo, &repo.git_env(words, &[COLOR]))));
    };
    let upload = |key: &str| format!("import storage\n\nclient = storage.connect(\"{key}\")\n");
    repo.write("upload.py", upload(&secret())).git(&["add", "upload.py"]).ok();
    let message = "feat: upload to storage";
    typed("git commit -m 'feat: upload to storage'", &["commit", "-m", message]);
    repo.write("upload.py", upload("$STORAGE_KEY")).git(&["add", "upload.py"]).ok();
    typed(
        "git commit -m 'feat: upload to storage'   # with the key taken out",
        &["commit", "-m", message],
    );
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.git(&["commit", "--quiet", "--amend", "-m", "feat: upload"]).ok();
    typed("git push --force origin main", &["push", "--force", "origin", "main"]);
    answers
}

/// What was printed, without what differs from one time to the next: ids and places of this machine.
fn shown(repo: &Repo<'_>, outcome: &Outcome) -> String {
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    let text = text.replace(&format!("{}/", repo.sandbox.path().display()), "../");
    let mut plain = String::new();
    for line in text.lines() {
        // The last word in brackets is an id: `[secrets/aws-access-key-id 3EFCVP]`.
        match (line.rfind(' '), line.rfind(']')) {
            (Some(from), Some(to)) if to == from + 7 && line.contains('/') => {
                let _infallible = write!(plain, "{} 3EFCVP{}", &line[..from], &line[to..]);
            }
            _ => plain.push_str(line),
        }
        plain.push('\n');
    }
    // And the one in a line to be copied: `tribunal findings allow 3EFCVP -r REASON`.
    for command in ["findings dismiss ", "findings allow "] {
        let all: Vec<usize> =
            plain.match_indices(command).map(|(at, _)| at + command.len()).collect();
        for at in all {
            if plain[at + 6..].starts_with(" -r ") {
                plain.replace_range(at..at + 6, "3EFCVP");
            }
        }
    }
    plain
}

/// The styles that the program uses, as classes of the picture.
fn class(codes: &[u32]) -> String {
    let names = codes.iter().filter_map(|code| match code {
        1 => Some("bold"),
        2 => Some("dim"),
        31 => Some("red"),
        32 => Some("green"),
        33 => Some("yellow"),
        36 => Some("cyan"),
        _ => None,
    });
    names.collect::<Vec<_>>().join(" ")
}

/// A line that is cut into rows of the terminal, each with its styled parts.
fn rows(line: &str, codes: &mut Vec<u32>) -> Vec<Vec<(String, String)>> {
    let mut rows = vec![Vec::new()];
    let mut used = 0;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\u{1b}[") {
            let (numbers, after) = sequence.split_once('m').unwrap();
            match numbers.parse() {
                Ok(0) | Err(_) => codes.clear(),
                Ok(code) => codes.push(code),
            }
            rest = after;
            continue;
        }
        if used == COLUMNS {
            rows.push(Vec::new());
            used = 0;
        }
        let row: &mut Vec<(String, String)> = rows.last_mut().unwrap();
        match row.last_mut() {
            Some((style, text)) if *style == class(codes) => text.push(c),
            _ => row.push((class(codes), c.to_string())),
        }
        used += 1;
        rest = &rest[c.len_utf8()..];
    }
    rows
}

fn picture(answers: &[Answer]) -> String {
    let mut lines = Vec::new();
    for (number, Answer(typed, said)) in answers.iter().enumerate() {
        if number > 0 {
            lines.push(Vec::new());
        }
        lines.push(vec![
            ("green".to_owned(), "$ ".to_owned()),
            ("bold".to_owned(), (*typed).to_owned()),
        ]);
        let mut codes = Vec::new();
        lines.extend(said.lines().flat_map(|line| rows(line, &mut codes)));
    }
    let (width, height) = (COLUMNS * 8 + 40, lines.len() * 20 + 40);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<style>\ntext {{ font: 13.3px monospace; fill: #d8dee9; \
         white-space: pre }}\n.bold {{ font-weight: bold }}\n.dim {{ fill: #8a94a6 }}\n.red {{ fill: \
         #f07178 }}\n.green {{ fill: #a3be8c }}\n.yellow {{ fill: #ebcb8b }}\n.cyan {{ fill: #88c0d0 \
         }}\n</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1f2430\"/>\n"
    );
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let _infallible = write!(svg, "<text x=\"20\" y=\"{}\">", number * 20 + 34);
        for (class, text) in line {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _infallible = match class.as_str() {
                "" => write!(svg, "<tspan>{text}</tspan>"),
                class => write!(svg, "<tspan class=\"{class}\">{text}</tspan>"),
            };
        }
        svg.push_str("</text>\n");
    }
    svg + "</svg>\n"
}

#[test]
fn the_picture_shows_what_the_program_prints() {
    let path = top().join("docs/terminal.svg");
    let answers = session();
    assert!(
        answers[0].1.contains("blocked") && answers[2].1.contains("blocked"),
        "{}",
        answers[0].1
    );
    let made = picture(&answers);
    assert!(!made.contains(&secret()), "{made}");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, made,
        "`{WRITE}=1 cargo test --test it words::picture` writes docs/terminal.svg"
    );
}
