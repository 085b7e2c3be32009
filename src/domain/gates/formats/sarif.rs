//! Reads SARIF 2.1.0.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::gates::formats::report::{FormatError, ToolFinding, json};

const FORMAT: &str = "SARIF 2.1.0";

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(default)]
    results: Option<Vec<Finding>>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
    #[serde(default)]
    original_uri_base_ids: BTreeMap<String, Location>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Component,
    #[serde(default)]
    extensions: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    id: String,
    default_configuration: Configuration,
    short_description: Message,
    help: Message,
    message_strings: BTreeMap<String, Message>,
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    level: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties {
    #[serde(rename = "security-severity")]
    security_severity: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    text: Option<String>,
    id: Option<String>,
    arguments: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Finding {
    rule_id: Option<String>,
    rule_index: Option<usize>,
    rule: RuleReference,
    level: Option<String>,
    kind: Option<String>,
    message: Message,
    locations: Vec<Locations>,
    suppressions: Option<Vec<Suppression>>,
    fixes: Vec<Fix>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleReference {
    id: Option<String>,
    index: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Suppression {
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fix {
    description: Message,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Locations {
    physical_location: Physical,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Physical {
    artifact_location: Location,
    region: Region,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Location {
    uri: Option<String>,
    uri_base_id: Option<String>,
    index: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact {
    location: Location,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    snippet: Message,
}

pub fn read(text: &str) -> Result<Vec<ToolFinding>, FormatError> {
    let log: Log = json(FORMAT, text)?;
    if log.version != "2.1.0" {
        let reason = format!("its version is `{}`", log.version);
        return Err(FormatError::Malformed { format: FORMAT, reason });
    }
    let of_run = |run: &Run| -> Vec<ToolFinding> {
        let results = run.results.iter().flatten().filter(|result| result.is_open());
        results.map(|result| raw(run, result)).collect()
    };
    Ok(log.runs.iter().flat_map(of_run).collect())
}

impl Finding {
    /// Whether it says that something is wrong, and is not suppressed.
    fn is_open(&self) -> bool {
        let wrong = !matches!(self.kind.as_deref(), Some("pass" | "notApplicable"));
        let mut suppressions = self.suppressions.iter().flatten();
        // A suppression that is under review or was rejected does not hold.
        let holds = |s: &Suppression| matches!(s.status.as_deref(), None | Some("accepted"));
        wrong && !suppressions.any(holds)
    }
}

fn raw(run: &Run, result: &Finding) -> ToolFinding {
    let index = result.rule_index.or(result.rule.index);
    let id = result.rule_id.as_ref().or(result.rule.id.as_ref());
    let rule = rule_of(run, id, index);
    let physical = result.locations.first().map(|location| &location.physical_location);
    let region = physical.map(|physical| &physical.region);
    let number = |read: fn(&Region) -> u32| region.map_or(0, read);
    let fix = result.fixes.first().and_then(|fix| fix.description.text.clone());
    let advice = rule.and_then(|rule| rule.help.text.clone()).filter(|help| help.len() < 200);
    ToolFinding {
        tool: run.tool.driver.name.clone(),
        rule: id.cloned().or_else(|| rule.map(|rule| rule.id.clone())).unwrap_or_default(),
        severity: severity(result, rule),
        path: physical.map(|place| path(run, &place.artifact_location)).unwrap_or_default(),
        line: number(|region| region.start_line),
        column: number(|region| region.start_column),
        end_line: number(|region| region.end_line),
        anchor: region.and_then(|region| region.snippet.text.clone()).unwrap_or_default(),
        message: message(&result.message, rule),
        suggestion: fix.or(advice).unwrap_or_default(),
        class: None,
    }
}

/// A rule of the driver or an extension; an id may name a part of a rule, as in `CA1000/1`.
fn rule_of<'a>(run: &'a Run, id: Option<&String>, index: Option<usize>) -> Option<&'a Rule> {
    let mut components = std::iter::once(&run.tool.driver).chain(&run.tool.extensions);
    if let Some(id) = id {
        let whole = id.split('/').next().unwrap_or(id);
        let all = || components.clone().flat_map(|component| &component.rules);
        return all().find(|rule| rule.id == *id).or_else(|| all().find(|rule| rule.id == whole));
    }
    components.next()?.rules.get(index?)
}

/// The score of a security rule (as `CodeQL` gives it, 0 to 10), else the level.
fn severity(result: &Finding, rule: Option<&Rule>) -> String {
    let score = rule.and_then(|rule| rule.properties.security_severity.as_ref());
    let score = score.and_then(|score| match score {
        serde_json::Value::String(text) => text.parse::<f64>().ok(),
        other => other.as_f64(),
    });
    if let Some(score) = score {
        let word = match score {
            9.0.. => "critical",
            7.0.. => "high",
            4.0.. => "medium",
            _ => "low",
        };
        return word.to_owned();
    }
    let default = rule.and_then(|rule| rule.default_configuration.level.clone());
    result.level.clone().or(default).unwrap_or_else(|| "warning".to_owned())
}

fn message(message: &Message, rule: Option<&Rule>) -> String {
    let by_id = || rule?.message_strings.get(message.id.as_ref()?)?.text.clone();
    let described = || rule?.short_description.text.clone();
    let mut text = message.text.clone().or_else(by_id).or_else(described).unwrap_or_default();
    for (at, argument) in message.arguments.iter().enumerate() {
        text = text.replace(&format!("{{{at}}}"), argument);
    }
    text
}

/// The path of a location: a relative reference, or what stands behind `file://`.
fn path(run: &Run, location: &Location) -> String {
    let listed = location.index.and_then(|index| run.artifacts.get(index));
    let location = match (&location.uri, listed) {
        (None, Some(artifact)) => &artifact.location,
        _ => location,
    };
    let uri = location.uri.clone().unwrap_or_default();
    let base = location.uri_base_id.as_ref().and_then(|id| run.original_uri_base_ids.get(id));
    let base = base.and_then(|base| base.uri.clone()).unwrap_or_default();
    let is_whole = uri.contains("://") || uri.starts_with('/');
    let whole = if is_whole { uri } else { base + &uri };
    let whole = whole.strip_prefix("file://").map_or(whole.as_str(), |rest| {
        // A host may stand before the path; `localhost` is no other machine.
        rest.strip_prefix("localhost").unwrap_or(rest)
    });
    unescaped(whole)
}

/// Reads `%20` and its like; what is no valid escape stays.
fn unescaped(uri: &str) -> String {
    let bytes = uri.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = (bytes[at] == b'%').then(|| uri.get(at + 1..at + 3)).flatten();
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}
