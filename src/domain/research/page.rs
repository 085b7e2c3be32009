//! The page of what research found: put together from the answers, without another call.

use std::fmt::Write as _;

use crate::domain::model::markdown::{code, text};
use crate::domain::research::answer::{ComparisonTable, ResearchPoint, ShardAnswer};
use crate::domain::research::record::ResearchRecord;
use crate::domain::research::shard::ResearchShard;

/// What stands where there is nothing to say.
const NOTHING: &str = "Nothing was found, or nobody looked.\n";

/// The page. What agents wrote, who may have it from anybody's pages, is text in it and no markup.
pub fn page(title: &str, record: &ResearchRecord) -> String {
    let of = |shard| record.answer(shard);
    let mut page = format!(
        "# Research: {}\n\nWhy it was done: {}. What agents found is material for the plan; it asks for nothing.\n",
        text(title),
        text(&record.why)
    );
    let struck = match record.struck() {
        0 => None,
        1 => Some("1 address is struck out: no search gave it".to_owned()),
        count => Some(format!("{count} addresses are struck out: no search gave them")),
    };
    let caveats = record.caveats().into_iter().chain(struck);
    let caveats: Vec<String> = caveats.map(|caveat| format!("- {}\n", text(&caveat))).collect();
    if !caveats.is_empty() {
        let _ = write!(page, "\n{}", caveats.concat());
    }
    let (problem, solutions) = (of(ResearchShard::Problem), of(ResearchShard::Solutions));
    let (comparison, fit) = (of(ResearchShard::Comparison), of(ResearchShard::Code));
    section(&mut page, "Problem", &summary(problem));
    let found = solutions.map(|answer| points(record, &answer.points)).unwrap_or_default();
    section(&mut page, "Solutions", &(summary(solutions) + &found));
    let table = comparison.map(|answer| table(&answer.table)).unwrap_or_default();
    let found = comparison.map(|answer| points(record, &answer.points)).unwrap_or_default();
    section(&mut page, "Comparison", &(summary(comparison) + &table + &found));
    let met = problem.map(|answer| points(record, &answer.points)).unwrap_or_default();
    section(&mut page, "Practical experience", &met);
    let places = fit.map(|answer| points(record, &answer.points)).unwrap_or_default();
    section(&mut page, "Project fit", &(summary(fit) + &places));
    section(&mut page, "Recommendation", &recommendations(record));
    section(&mut page, "Sources", &sources(record));
    page
}

fn section(page: &mut String, name: &str, body: &str) {
    let body = if body.trim().is_empty() { NOTHING } else { body };
    let _ = write!(page, "\n## {name}\n\n{}\n", body.trim_end());
}

fn summary(answer: Option<&ShardAnswer>) -> String {
    answer.map(|answer| lines(&answer.summary)).unwrap_or_default()
}

/// Each line of a text by itself.
fn lines(words: &str) -> String {
    let all = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let all: Vec<String> = all.map(|line| text(line) + "\n\n").collect();
    all.concat()
}

fn points(record: &ResearchRecord, points: &[ResearchPoint]) -> String {
    let sources = record.sources();
    let mut all = String::new();
    for point in points {
        let numbers = point.sources.iter().filter_map(|address| {
            let at = sources.iter().position(|page| page.address == *address)?;
            Some(format!(" ({})", at + 1))
        });
        let numbers: String = numbers.collect();
        let _ = writeln!(all, "- **{}**: {}{numbers}", text(&point.title), text(&point.text));
    }
    all
}

fn table(table: &ComparisonTable) -> String {
    if table.columns.is_empty() || table.rows.is_empty() {
        return String::new();
    }
    let row = |first: &str, cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| text(cell)).collect();
        format!("| {} | {} |\n", text(first), cells.join(" | "))
    };
    let rule = "|---".repeat(table.columns.len() + 1);
    let rows = table.rows.iter().map(|one| row(&one.name, &one.cells));
    format!("{}{rule}|\n{}\n", row("", &table.columns), rows.collect::<String>())
}

/// What each says by what it looked at; the plan decides.
fn recommendations(record: &ResearchRecord) -> String {
    let mut all = String::new();
    for one in &record.shards {
        let Some(answer) = &one.answer else { continue };
        if !answer.recommendation.trim().is_empty() {
            let by = match one.shard {
                ResearchShard::Problem => "By the problem",
                ResearchShard::Solutions => "By what others do",
                ResearchShard::Comparison => "By comparison",
                ResearchShard::Code => "By this code base",
            };
            let _ = writeln!(all, "- **{by}**: {}", text(&answer.recommendation));
        }
    }
    all
}

fn sources(record: &ResearchRecord) -> String {
    let mut all = String::new();
    for (number, page) in (1..).zip(record.sources()) {
        let _ = writeln!(all, "{number}. {}: {}", text(&page.title), code(&page.address));
    }
    all
}
