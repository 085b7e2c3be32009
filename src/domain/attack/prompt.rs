//! The questions of an attack: to the attacker what code and spec say, and tests; to the arbiter whether a test that
//! breaks shows a mistake.

use crate::domain::attack::answer::{AttackCase, CLAUSE_TESTS_MIN};
use crate::domain::attack::clause::SpecClause;
use crate::domain::attack::intake::IntakeLine;
use crate::domain::attack::number::TestNumber;
use crate::domain::attack::page;
use crate::domain::model::class::LISTED;
use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;

const INTAKE: &str = include_str!("prompts/intake.md");
const ATTACK: &str = include_str!("prompts/attack.md");
const WEIGH: &str = include_str!("prompts/weigh.md");

/// What every question of an attack shows. All of it is without secrets.
#[derive(Clone, Copy)]
pub struct AttackPrompt<'a> {
    /// The spec, in the form that every role is given; empty where there is none.
    pub spec: &'a str,
    /// The conventions of the code base.
    pub rules: &'a [String],
    /// The change, or the part of it that the question is about, as sections.
    pub sections: &'a str,
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
}

/// What the attacker is to know of how tests are run here.
#[derive(Clone, Copy)]
pub struct TestsHere<'a> {
    /// The commands of the policy that run them, with how they report.
    pub commands: &'a str,
    /// The names of tests that there are, as the report has them.
    pub names: &'a str,
    pub number: TestNumber,
}

/// A test that breaks, for the arbiter.
#[derive(Clone, Copy)]
pub struct BreakingTest<'a> {
    /// The id of the claim.
    pub id: &'a str,
    pub case: &'a AttackCase,
    pub clause: &'a SpecClause,
    /// The file with it.
    pub text: &'a str,
    /// What it said each time.
    pub output: &'a str,
    pub regression: bool,
}

/// The hash of the texts of these questions.
pub fn fingerprint() -> String {
    let mut hasher = blake3::Hasher::new();
    for text in [INTAKE, ATTACK, WEIGH] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The question what code and spec say.
pub fn intake(ask: AttackPrompt<'_>, sections: usize) -> String {
    render(INTAKE, &|name| match name {
        "count" => Some(sections.to_string()),
        _ => common(ask, name),
    })
}

/// The question for tests.
pub fn attack(ask: AttackPrompt<'_>, lines: &[IntakeLine], here: TestsHere<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, ask.fence_nonce, text, none);
    render(ATTACK, &|name| {
        Some(match name {
            "least" => here.number.least.to_string(),
            "most" => here.number.most.to_string(),
            "clause_tests" => CLAUSE_TESTS_MIN.to_string(),
            "classes" => LISTED.map(|(class, _)| class).join(", "),
            "commands" => data("commands", here.commands, "There are none.\n"),
            "names" => data("names", here.names, "There are none.\n"),
            "lines" => {
                let lines: Vec<String> = lines.iter().map(page::intake_line).collect();
                data("lines", &lines.join("\n"), "There are none.\n")
            }
            _ => return common(ask, name),
        })
    })
}

/// The question whether a test that breaks shows a mistake.
pub fn weigh(ask: AttackPrompt<'_>, test: BreakingTest<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, ask.fence_nonce, text, none);
    let BreakingTest { case, clause, .. } = test;
    render(WEIGH, &|name| {
        Some(match name {
            "claim" => {
                let before =
                    if test.regression { "it passes there" } else { "it does not pass there" };
                let claim = format!(
                    "id: {}\ntitle: {}\nclause: {}\nfile: {}\nanchor:\n{}\ninput: {}\nexpected: {}\n\
                     test: {}, in {}\non the code before the change: {before}\n",
                    test.id,
                    case.title,
                    clause.in_words(),
                    case.line.path,
                    case.line.quote,
                    case.input,
                    case.expected,
                    case.name,
                    case.file
                );
                data("claim", &claim, "")
            }
            "sections" => data("change", ask.sections, "Not shown: read the tree.\n"),
            "test" => data("test", test.text, ""),
            "output" => data("output", test.output, "It said nothing.\n"),
            _ => return common(ask, name),
        })
    })
}

fn common(ask: AttackPrompt<'_>, name: &str) -> Option<String> {
    let token = ask.fence_nonce;
    Some(match name {
        "token" => token.to_owned(),
        "spec" => as_data("spec", token, ask.spec, "There is none.\n"),
        "rules" => as_data("rules", token, &ask.rules.join("\n\n"), "There are none.\n"),
        // They carry their own bars.
        "sections" => format!("<<< change {token}\n{}>>> change {token}\n", ask.sections),
        _ => return None,
    })
}
