//! One change, one verdict: a review of a branch and its push say the same, whatever way led to its tree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::brain::{Part, Question, yes};
use crate::harness::{Outcome, Repo, cases};
use crate::model_server::{Asked, Say};
use crate::scene::{KEYS, Scene};

const POLICY: &str = "[review]\npre-push = \"block\"\non-failure = \"block\"\n";

/// A commit that may be without a change.
const EMPTY: [&str; 4] = ["commit", "--quiet", "--no-verify", "--allow-empty"];

/// How many functions each of the two files has.
const FUNCTIONS: usize = 6;

/// What is wrong in a function.
const WRONG: &str = "..items.len() - 1";

/// Numbers that a seed gives, one after the other.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        // The constants of Knuth's MMIX generator.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A model that raises what is wrong in added lines, and says of what is open whether its line is there.
fn brain(asked: &Asked) -> Say {
    let question = Question::read(asked);
    match question.part {
        Part::Review | Part::Verify => Say::json(reviewed(&question)),
        Part::Arbitrate => Say::json(yes(&question)),
        _ => Say::text("I was asked something else."),
    }
}

fn reviewed(question: &Question) -> Value {
    let mut findings = Vec::new();
    for section in &question.sections {
        for line in section.added.iter().filter(|line| line.contains(WRONG)) {
            findings.push(json!({
                "class": "correctness/off-by-one", "severity": "critical", "basis": "invariant",
                "title": format!("the last item is left out: {}", name_in(line)),
                "path": section.path, "anchor": line, "failure": "any input loses its last item",
                "evidence": [], "fix": "take all items", "sweep": "",
            }));
        }
    }
    let mut answer = question.answer(&findings);
    if question.part == Part::Verify {
        let words = question.findings.iter().map(|(id, text)| {
            let path = Question::says(text, "file: ");
            let anchor = text.split("anchor:\n").nth(1).unwrap_or_default().lines().next();
            let anchor = anchor.unwrap_or_default().trim();
            let now = text.split("the place as it is now:\n").nth(1).unwrap_or_default();
            let now: Vec<&str> =
                now.lines().filter_map(|line| Some(line.split_once(" | ")?.1)).collect();
            let is_there = |line: &&&str| line.trim() == anchor;
            let right = |line: &&&str| line.contains(name_in(anchor)) && !line.contains(WRONG);
            let quote = now.iter().find(is_there).or_else(|| now.iter().find(right));
            let resolved = !now.iter().any(|line| line.trim() == anchor);
            let quote = quote.or(now.first()).copied().unwrap_or_default();
            json!({ "id": id, "resolved": resolved, "quote": { "path": path, "text": quote } })
        });
        answer["verified"] = words.collect();
    }
    answer
}

/// The variable that tells a function from others: `all_a3`.
fn name_in(line: &str) -> &str {
    line.split_whitespace().find(|word| word.starts_with("all_")).unwrap_or_default()
}

/// The files as they are to be: for each function of each file what it adds, and whether it is wrong.
#[derive(Clone)]
struct Code {
    /// The file's name, by its letter.
    names: BTreeMap<char, String>,
    functions: BTreeMap<(char, usize), (usize, bool)>,
}

impl Code {
    fn new() -> Self {
        let letters = ['a', 'b'];
        let names = letters.map(|letter| (letter, format!("src/{letter}.rs")));
        let functions = letters
            .iter()
            .flat_map(|letter| (0..FUNCTIONS).map(|function| ((*letter, function), (0, false))));
        Self { names: names.into(), functions: functions.collect() }
    }

    fn text(&self, letter: char) -> String {
        let functions = self.functions.iter().filter(|((of, _), _)| *of == letter);
        let text = functions.map(|((_, number), (more, wrong))| {
            let range = if *wrong { WRONG } else { "..items.len()" };
            format!(
                "/// The sum of {letter}{number}.\npub fn sum_{letter}{number}(items: &[u32]) -> u32 {{\n    \
                 let all_{letter}{number} = &items[{range}];\n    \
                 let sum: u32 = all_{letter}{number}.iter().sum();\n    sum + {more}\n}}\n\n"
            )
        });
        text.collect()
    }

    fn write(&self, repo: &Repo<'_>) {
        for (letter, name) in &self.names {
            repo.write(name, self.text(*letter));
        }
    }
}

/// One history on its way.
struct History<'a> {
    repo: Repo<'a>,
    draws: Sequence,
    /// Mistakes that were dismissed, by the variable of their function.
    dismissed: BTreeSet<String>,
    log: Vec<String>,
}

impl History<'_> {
    fn note(&mut self, what: impl Into<String>) {
        self.log.push(what.into());
    }

    /// The files as they are, read back: git may have merged or reverted something.
    fn code(&self) -> Code {
        let mut code = Code::new();
        let listed = self.repo.git(&["ls-files", "src"]).ok();
        for name in listed.out().lines() {
            let Some(letter) = name.strip_prefix("src/").and_then(|name| name.chars().next())
            else {
                continue;
            };
            code.names.insert(letter, name.to_owned());
            let text = self.repo.read(name);
            for number in 0..FUNCTIONS {
                let head = format!("pub fn sum_{letter}{number}(");
                let body = text.split(&head).nth(1).unwrap_or_default();
                let body = body.split("\n}\n").next().unwrap_or_default();
                let more = body.split("sum + ").nth(1).and_then(|more| more.trim().parse().ok());
                let state = (more.unwrap_or(0), body.contains(WRONG));
                code.functions.insert((letter, number), state);
            }
        }
        code
    }

    /// What is wrong at the tip, was not wrong in the base, and was not dismissed.
    fn wrong(&self) -> BTreeSet<String> {
        let names = |revision: &str| -> BTreeSet<String> {
            let found = self.repo.git(&["grep", "-h", "-F", WRONG, revision, "--", "src"]);
            found.out().lines().map(|line| name_in(line).to_owned()).collect()
        };
        let (tip, base) = (names("HEAD"), names("origin/main"));
        tip.difference(&base).filter(|name| !self.dismissed.contains(*name)).cloned().collect()
    }

    fn review(&self, words: &[&str]) -> Outcome {
        self.repo.tribunal(&[&["review", "--format", "json"], words].concat())
    }

    fn step(&mut self) {
        let mut code = self.code();
        let letter = if self.draws.below(2) == 0 { 'a' } else { 'b' };
        let number = self.draws.below(FUNCTIONS);
        let change = self.draws.below(14);
        match change {
            0..=2 => {
                let function = code.functions.get_mut(&(letter, number)).unwrap();
                function.0 += 1;
                self.commit(&code, format!("feat: more in {letter}{number}"));
            }
            3..=5 => {
                let function = code.functions.get_mut(&(letter, number)).unwrap();
                function.1 = !function.1;
                self.commit(&code, format!("feat: turn {letter}{number}"));
            }
            6 => {
                let wrong = code.functions.values_mut().filter(|function| function.1);
                wrong.for_each(|function| function.1 = false);
                self.commit(&code, "fix: all".to_owned());
            }
            7 => {
                let old = code.names[&letter].clone();
                let new = format!("src/{letter}{}.rs", self.draws.below(90));
                if self.draws.below(2) == 0 {
                    code.functions.get_mut(&(letter, number)).unwrap().0 += 1;
                }
                // A history may have taken it away.
                if self.repo.git(&["mv", &old, &new]).code != 0 {
                    return;
                }
                code.names.insert(letter, new.clone());
                self.commit(&code, format!("refactor: {old} is {new}"));
            }
            8 => {
                if self.repo.git(&["revert", "--no-edit", "HEAD"]).code == 0 {
                    self.note("revert");
                } else {
                    self.repo.git(&["revert", "--abort"]);
                }
            }
            9 => self.upstream("rebase"),
            10 => self.upstream("merge"),
            11 => {
                let merges = self.repo.git(&["rev-list", "--merges", "origin/main..HEAD"]).ok();
                let new = self.repo.git(&["rev-list", "--count", "origin/main..HEAD"]).ok();
                if merges.out().is_empty() && new.out().trim().parse::<usize>().unwrap() > 1 {
                    self.repo.git(&["reset", "--quiet", "--soft", "HEAD~2"]).ok();
                    self.repo
                        .git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-mfeat: two"])
                        .ok();
                    self.note("squash");
                }
            }
            12 => {
                let new = self.repo.git(&["rev-list", "--count", "origin/main..HEAD"]).ok();
                if new.out().trim() != "0" {
                    self.repo.git(&[&EMPTY[..], &["--amend", "-mfeat: other words"]].concat()).ok();
                    self.note("amend");
                }
            }
            _ => {
                self.repo.git(&[&EMPTY[..], &["-mchore: nothing"]].concat()).ok();
                self.note("empty commit");
            }
        }
    }

    fn commit(&mut self, code: &Code, message: String) {
        code.write(&self.repo);
        self.repo.git(&["add", "--all"]).ok();
        if self.repo.git(&["diff", "--cached", "--quiet"]).code != 0 {
            self.repo.commit_unjudged(&message);
            self.note(message);
        }
    }

    /// Somebody else pushes to `main`, and the branch follows.
    fn upstream(&mut self, how: &str) {
        let branch = "work";
        self.repo.git(&["switch", "--quiet", "main"]).ok();
        let mut code = self.code();
        let number = self.draws.below(FUNCTIONS);
        let letter = if self.draws.below(2) == 0 { 'a' } else { 'b' };
        code.functions.get_mut(&(letter, number)).unwrap().0 += 10;
        code.write(&self.repo);
        self.repo.git(&["add", "--all"]).ok();
        self.repo.commit_unjudged("feat: upstream");
        self.repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
        self.repo.git(&["switch", "--quiet", branch]).ok();
        let words: &[&str] = match how {
            "rebase" => &["rebase", "--quiet", "origin/main"],
            _ => &["merge", "--quiet", "--no-verify", "--no-edit", "origin/main"],
        };
        if self.repo.git(words).code == 0 {
            self.note(format!("{how} onto {letter}{number}"));
        } else {
            self.repo.git(&[how, "--abort"]);
            self.note(format!("{how} with conflicts, given up"));
        }
    }

    /// A review that a person asks for, or an answer of theirs.
    fn ask(&mut self) {
        let words: &[&str] = match self.draws.below(6) {
            0 | 1 => &["--commit", "HEAD"],
            2 => &["--commit", "HEAD~1"],
            3 => &[],
            4 => &["--base", "main"],
            _ => return self.dismiss(),
        };
        self.review(words);
        self.note(format!("review {words:?}"));
    }

    fn dismiss(&mut self) {
        let found = self.repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
        let findings = found["findings"].as_array().unwrap();
        if findings.is_empty() {
            return;
        }
        let one = &findings[self.draws.below(findings.len())];
        let id = one["id"].as_str().unwrap();
        self.repo.tribunal(&["findings", "dismiss", id, "--reason", "on purpose"]).ok();
        let name = name_in(one["anchor"].as_str().unwrap()).to_owned();
        self.note(format!("dismiss {name}"));
        self.dismissed.insert(name);
    }

    /// The push and the review of the branch agree, before and after the review, and with what is there.
    fn check(&mut self, scene: &Scene) -> Result<(), String> {
        let push = || self.repo.git(&["push", "--dry-run", "origin", "HEAD:refs/heads/work"]);
        let wrong = self.wrong();
        let is_new =
            self.repo.git(&["rev-list", "--count", "origin/main..HEAD"]).ok().out().trim() != "0";
        let before = push();
        let asked = scene.asked().len();
        let review = self.review(&["--base", "origin/main"]);
        if before.code == 0 && is_new && scene.asked().len() > asked {
            return Err("the push passed, and the review had to ask".to_owned());
        }
        let verdict = match review.code {
            0 => "pass",
            1 => "block",
            other => return Err(format!("the review ended with {other}: {}", review.stderr)),
        };
        let expected = if wrong.is_empty() { "pass" } else { "block" };
        if verdict != expected {
            return Err(format!(
                "the review says {verdict}, and {wrong:?} is wrong: {}",
                review.stdout
            ));
        }
        let after = push();
        if (after.code == 0) != (verdict == "pass") {
            return Err(format!("the review says {verdict}, and the push {}", after.stderr));
        }
        if before.code == 0 && verdict != "pass" {
            return Err("the push passed before the review, which blocks".to_owned());
        }
        Ok(())
    }
}

fn run_history(seed: u64, blocked: &mut usize) {
    let scene = Scene::new("", brain).logged_in(&KEYS);
    let repo = scene.guarded(POLICY);
    Code::new().write(&repo);
    repo.commit_unjudged("feat: files");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["switch", "--quiet", "--create", "work"]).ok();
    let draws = Sequence(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let mut history = History { repo, draws, dismissed: BTreeSet::new(), log: Vec::new() };
    for _ in 0..3 {
        for _ in 0..4 {
            history.step();
            if history.draws.below(2) == 0 {
                history.ask();
            }
        }
        if let Err(why) = history.check(&scene) {
            panic!("seed {seed}: {why}\n{}", history.log.join("\n"));
        }
        *blocked += usize::from(!history.wrong().is_empty());
    }
}

#[test]
fn a_review_and_a_push_agree_whatever_way_led_to_the_tree() {
    let histories = cases(5, 500);
    let mut blocked = 0;
    for seed in 0..histories {
        run_history(seed, &mut blocked);
    }
    // Where nearly all pass, or nearly none, the rest would show little.
    let checks = usize::try_from(histories).unwrap() * 3;
    assert!(blocked * 8 > checks && (checks - blocked) * 8 > checks, "{blocked} of {checks}");
}
