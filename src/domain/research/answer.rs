//! What an agent says of the question that it looked into.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::planning::reading::{object, read};

/// The longest texts, in characters, and the most of each list: what is longer nobody reads.
const SUMMARY_MAX: usize = 6_000;
const TEXT_MAX: usize = 1_500;
const SHORT_MAX: usize = 300;
const POINTS_MAX: usize = 12;
const SOURCES_MAX: usize = 8;
const COLUMNS_MAX: usize = 6;
const ROWS_MAX: usize = 10;

/// An answer as an agent gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardAnswer {
    pub summary: String,
    pub points: Vec<ResearchPoint>,
    /// Empty where nothing is compared.
    pub table: ComparisonTable,
    pub recommendation: String,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResearchPoint {
    pub title: String,
    pub text: String,
    /// Addresses of pages.
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonTable {
    pub columns: Vec<String>,
    pub rows: Vec<ComparisonRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonRow {
    pub name: String,
    /// One for each column.
    pub cells: Vec<String>,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let point = object(&json!({"title": text, "text": text, "sources": texts}));
    let row = object(&json!({"name": text, "cells": texts}));
    let table = object(&json!({"columns": texts, "rows": {"type": "array", "items": row}}));
    object(&json!({
        "summary": text, "points": {"type": "array", "items": point}, "table": table, "recommendation": text,
    }))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit: an empty summary, or more than a page has room for.
pub fn parse(value: &Value) -> Result<ShardAnswer, String> {
    let answer: ShardAnswer = read(value)?;
    if answer.summary.trim().is_empty() {
        return Err(
            "`summary` is empty: say what you looked for where you found nothing".to_owned()
        );
    }
    let ShardAnswer { points, table: ComparisonTable { columns, rows }, .. } = &answer;
    for (name, count, most) in [
        ("points", points.len(), POINTS_MAX),
        ("table.columns", columns.len(), COLUMNS_MAX),
        ("table.rows", rows.len(), ROWS_MAX),
    ] {
        if count > most {
            return Err(format!("`{name}` has {count} entries: at most {most} are read"));
        }
    }
    if let Some(row) = rows.iter().find(|row| row.cells.len() != columns.len()) {
        return Err(format!(
            "the row `{}` has {} cells, and there are {} columns",
            row.name,
            row.cells.len(),
            columns.len()
        ));
    }
    if let Some(point) = points.iter().find(|point| point.sources.len() > SOURCES_MAX) {
        return Err(format!("`{}` has more than {SOURCES_MAX} sources", point.title));
    }
    match lengths(&answer).into_iter().find(|(_, text, most)| text.chars().count() > *most) {
        Some((name, _, most)) => Err(format!("`{name}` has over {most} characters")),
        None => Ok(answer),
    }
}

/// Each text with its name and the most characters that it may have.
fn lengths(answer: &ShardAnswer) -> Vec<(&'static str, &str, usize)> {
    let mut all = vec![
        ("summary", answer.summary.as_str(), SUMMARY_MAX),
        ("recommendation", &answer.recommendation, TEXT_MAX),
    ];
    for point in &answer.points {
        all.push(("title", &point.title, SHORT_MAX));
        all.push(("text", &point.text, TEXT_MAX));
    }
    all.extend(answer.table.columns.iter().map(|text| ("column", text.as_str(), SHORT_MAX)));
    for row in &answer.table.rows {
        all.push(("name", &row.name, SHORT_MAX));
        all.extend(row.cells.iter().map(|text| ("cell", text.as_str(), SHORT_MAX)));
    }
    all
}

impl ShardAnswer {
    /// All its texts but the sources.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let points = self.points.iter_mut().flat_map(|point| [&mut point.title, &mut point.text]);
        let ComparisonTable { columns, rows } = &mut self.table;
        let rows = rows
            .iter_mut()
            .flat_map(|row| std::iter::once(&mut row.name).chain(row.cells.iter_mut()));
        [&mut self.summary, &mut self.recommendation]
            .into_iter()
            .chain(points)
            .chain(columns.iter_mut())
            .chain(rows)
    }
}
