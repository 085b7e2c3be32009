//! `tribunal spec`: write, check and list specs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::cli::invocation::{Global, Invocation};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, errors_and_warnings};
use crate::domain::spec::classify::{Classification, classify};
use crate::domain::spec::identity::{SpecIdentity, identity, is_id};
use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblem};
use crate::domain::spec::read::read;
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::record::record;
use crate::domain::spec::template::template;
use crate::domain::spec::types::{SpecPosition, SpecStatus};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::intake::ingest::{PROGRESS, READ_MAX, key};
use crate::flow::intake::redact;
use crate::flow::intake::spec_listing::{SpecGlobs, list};
use crate::flow::workspace::work_tree::{read_named, work_tree};
use crate::platform::config::env;
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::store::known_specs::KnownSpecs;
use crate::platform::store::regular::RECORD;
use crate::platform::store::spec_queue;
use crate::platform::ui::github;
use crate::platform::ui::out;
use crate::platform::ui::out::{DIM, ERROR, HINT, WARNING};
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal spec new login --title \"Log in\"
  tribunal spec list";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a draft spec to fill in
    New {
        /// The id, which names the file and later the branch: letters, digits, `-`, `_` and `.`
        id: String,
        /// The title of the spec
        #[arg(long)]
        title: Option<String>,
    },
    /// Check all specs, or these files
    Lint {
        /// The files; without any, all specs of this repository
        files: Vec<PathBuf>,
    },
    /// List the specs with their size and state
    List,
    /// Show everything about one spec
    Show {
        /// The id of the spec, as `tribunal spec list` shows it
        id: String,
    },
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let (context, global) = (invocation.context(&repo), &invocation.global);
    match &args.command {
        Command::New { id, title } => new(context, global, id, title.as_deref()),
        Command::Lint { files } => lint(context, global, files),
        Command::List => list_all(context, global),
        Command::Show { id } => show(context, global, id),
    }
}

/// A spec's file, read and linted.
struct Page {
    /// As it is shown: from the top of the work tree, or as the person gave it.
    path: String,
    /// Without secrets.
    reading: SpecReading,
    identity: SpecIdentity,
    classification: Classification,
}

impl Page {
    fn of(path: String, bytes: &[u8]) -> Self {
        let reading = read(bytes, &path);
        let identity = identity(&path, &reading, bytes);
        let classification = classify(&reading);
        let reading = redact::reading(&reading, bytes, &path);
        Self { path, reading, identity, classification }
    }

    /// `ready`, `draft` or `errors`.
    fn state(&self) -> &'static str {
        match &self.reading.spec {
            _ if self.reading.errors() > 0 => "errors",
            Some(spec) if spec.status == SpecStatus::Draft => "draft",
            _ => "ready",
        }
    }
}

fn top_of(repo: &Repo) -> Result<PathBuf> {
    let top = repo.work_tree.as_ref().context("a bare repository has no specs to look at")?;
    top.canonicalize().with_context(|| format!("could not read `{}`", top.display()))
}

fn opened(top: &Path) -> Result<Folder> {
    Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))
}

fn globs(context: Context<'_>) -> Result<SpecGlobs> {
    let resolved = policy::work_tree_settings(context)?;
    SpecGlobs::new(&resolved.policy.watch.specs)
        .map_err(|bad| hinted(bad.to_string(), "the globs are `watch.specs` in tribunal.toml"))
}

/// Every spec of the work tree; a file that has another one's id says so.
fn pages(context: Context<'_>, top: &Path) -> Result<Vec<Page>> {
    let listing = list(top, &globs(context)?);
    for (path, reason) in &listing.unreadable {
        out::warn(&format!("`{}` cannot be read: {reason}", path.display()));
    }
    for (path, reason) in &listing.left_out {
        out::warn(&format!("`{}` is not looked at: {reason}", path.display()));
    }
    let mut pages = Vec::new();
    let folder = opened(top)?;
    for path in listing.files.keys() {
        match folder.read_start(path, READ_MAX) {
            Ok(bytes) => pages.push(Page::of(key(path), &bytes)),
            Err(error) => out::warn(&format!("`{}` cannot be read: {error}", path.display())),
        }
    }
    mark_duplicates(&mut pages);
    Ok(pages)
}

fn mark_duplicates(pages: &mut [Page]) {
    let mut first = BTreeMap::new();
    for page in pages {
        let id = page.identity.id.to_ascii_lowercase();
        if let Some(holder) = first.get(&id) {
            let problem = SpecProblem {
                at: SpecPosition { line: 1, column: 1 },
                rule: LintRule::DuplicateId,
                level: ProblemLevel::Error,
                message: format!("`{holder}` has the id `{}` too", page.identity.id),
                hint: "give one of the two another `id`".to_owned(),
            };
            page.reading.problems.insert(0, problem);
        } else {
            first.insert(id, page.path.clone());
        }
    }
}

fn new(context: Context<'_>, global: &Global, id: &str, title: Option<&str>) -> Result<ExitStatus> {
    let top = top_of(context.repo)?;
    if !is_id(id) {
        return Err(hinted(
            format!("`{}` cannot be an id", printable(id)),
            "begin with a letter or digit, then letters, digits, `-`, `_` and `.`, 64 at most",
        ));
    }
    let taken = pages(context, &top)?.into_iter().find(|p| p.identity.id.eq_ignore_ascii_case(id));
    if let Some(page) = taken {
        return Err(hinted(
            format!("`{}` already has the id `{id}`", page.path),
            "choose another id, or edit that file",
        ));
    }
    let relative = globs(context)?.first_folder().join(format!("{id}.md"));
    let title = title.map_or_else(|| title_of(id), str::to_owned);
    work_tree(context.repo)?;
    if !opened(&top)?.write_new(&relative, template(id, &title).as_bytes())? {
        bail!("`{}` already exists", relative.display());
    }
    if global.format == OutputFormat::Json {
        out::json(&json!({"version": 1, "id": id, "path": key(&relative)}));
    } else {
        out::result(&format!("wrote {}", relative.display()));
        if !global.quiet {
            out::hint("fill it in and set `status: ready`; `tribunal spec lint` checks it");
        }
    }
    Ok(ExitStatus::Pass)
}

/// `add-login` is `Add login`.
fn title_of(id: &str) -> String {
    let words = id.replace(['-', '_', '.'], " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

fn lint(context: Context<'_>, global: &Global, files: &[PathBuf]) -> Result<ExitStatus> {
    let pages = if files.is_empty() {
        pages(context, &top_of(context.repo)?)?
    } else {
        let mut pages = Vec::new();
        for file in files {
            let bytes = read_named(context, file, READ_MAX)
                .with_context(|| format!("could not read `{}`", file.display()))?;
            pages.push(Page::of(key(file), &bytes));
        }
        mark_duplicates(&mut pages);
        pages
    };
    let errors: usize = pages.iter().map(|page| page.reading.errors()).sum();
    let problems: usize = pages.iter().map(|page| page.reading.problems.len()).sum();
    match global.format {
        OutputFormat::Json => {
            let pages: Vec<_> = pages.iter().map(json_of).collect();
            out::json(&json!({"version": 1, "errors": errors, "specs": pages}));
        }
        OutputFormat::Github => pages.iter().for_each(print_for_github),
        OutputFormat::Sarif => bail!("specs are not reported as SARIF: use `json` or `github`"),
        OutputFormat::Human => {
            pages.iter().for_each(print_problems);
            if !global.quiet {
                let said = errors_and_warnings(errors, problems - errors);
                out::talk(&format!("{}: {said}", counted(pages.len(), "spec")));
            }
        }
    }
    Ok(if errors > 0 { ExitStatus::Blocked } else { ExitStatus::Pass })
}

fn print_problems(page: &Page) {
    for problem in &page.reading.problems {
        let style = if problem.level == ProblemLevel::Error { ERROR } else { WARNING };
        let (message, hint) = (printable(&problem.message), printable(&problem.hint));
        let (path, at) = (printable(&page.path), problem.at);
        out::result(
            StyledText::from(&format!("{path}:{}:{}: ", at.line, at.column))
                .styled(style, problem.level.as_str())
                .styled(DIM, format!("[{}]", problem.rule.as_str()))
                .text(format!(": {message}\n  "))
                .styled(HINT, "hint")
                .text(format!(": {hint}")),
        );
    }
}

fn print_for_github(page: &Page) {
    for problem in &page.reading.problems {
        let (line, column) = (problem.at.line.to_string(), problem.at.column.to_string());
        let properties = [
            ("title", problem.rule.as_str()),
            ("file", &page.path),
            ("line", &line),
            ("col", &column),
        ];
        let command = github::command(problem.level.as_str(), &properties, &problem.message);
        out::result(StyledText::log_commands(command));
    }
}

fn json_of(page: &Page) -> Value {
    let problems: Vec<_> = page.reading.problems.iter().map(json_problem).collect();
    json!({
        "path": page.path,
        "id": page.identity.id,
        "hash": page.identity.hash,
        "title": page.reading.spec.as_ref().map(|spec| &spec.title),
        "state": page.state(),
        "size": page.classification.size.as_str(),
        "signs": page.classification.signs,
        "problems": problems,
    })
}

fn json_problem(problem: &SpecProblem) -> Value {
    json!({
        "line": problem.at.line,
        "column": problem.at.column,
        "level": problem.level.as_str(),
        "rule": problem.rule.as_str(),
        "message": problem.message,
        "hint": problem.hint,
    })
}

/// What the watcher and the queue know of a spec: whether this content was ingested, and whether
/// it waits for a run.
fn intake_state(repo: &Repo, known: &KnownSpecs, page: &Page) -> (bool, bool) {
    let SpecIdentity { id, hash } = &page.identity;
    let taken_in = known.versions(id).last().is_some_and(|version| version.hash == *hash);
    let queued = spec_queue::get(&repo.state_dir(), id).is_some_and(|queued| queued.hash == *hash);
    (taken_in, queued)
}

fn list_all(context: Context<'_>, global: &Global) -> Result<ExitStatus> {
    let pages = pages(context, &top_of(context.repo)?)?;
    let known = KnownSpecs::load(&context.repo.state_dir(), None)?.known;
    if global.format == OutputFormat::Json {
        let specs: Vec<_> = pages
            .iter()
            .map(|page| {
                let (taken_in, queued) = intake_state(context.repo, &known, page);
                let mut spec = json_of(page);
                spec["taken_in"] = json!(taken_in);
                spec["queued"] = json!(queued);
                spec
            })
            .collect();
        out::json(&json!({"version": 1, "specs": specs}));
        return Ok(ExitStatus::Pass);
    }
    let width = pages.iter().map(|page| page.identity.id.chars().count()).max().unwrap_or(0);
    for page in &pages {
        let (taken_in, queued) = intake_state(context.repo, &known, page);
        let state = match (taken_in, queued) {
            (_, true) => "queued",
            (true, false) => "seen",
            (false, false) => "new",
        };
        out::result(&format!(
            "{:width$}  {:4}  {:6}  {:6}  {}",
            printable(&page.identity.id),
            page.classification.size.as_str(),
            page.state(),
            state,
            printable(&page.path),
        ));
    }
    if pages.is_empty() && !global.quiet {
        out::talk("no specs yet");
        out::hint("write one with `tribunal spec new <id>`");
    }
    Ok(ExitStatus::Pass)
}

fn show(context: Context<'_>, global: &Global, id: &str) -> Result<ExitStatus> {
    let top = top_of(context.repo)?;
    let pages = pages(context, &top)?;
    let wanted = pages.iter().find(|page| page.identity.id.eq_ignore_ascii_case(id));
    let Some(page) = wanted else {
        let near = pages
            .iter()
            .map(|page| page.identity.id.as_str())
            .max_by(|a, b| strsim::jaro_winkler(a, id).total_cmp(&strsim::jaro_winkler(b, id)));
        let hint = near.map_or_else(
            || "`tribunal spec new <id>` writes one".to_owned(),
            |near| format!("did you mean `{near}`? `tribunal spec list` shows all"),
        );
        return Err(hinted(format!("no spec `{}`", printable(id)), hint));
    };
    let known = KnownSpecs::load(&context.repo.state_dir(), None)?.known;
    let (taken_in, queued) = intake_state(context.repo, &known, page);
    let versions = known.versions(&page.identity.id);
    let record_path = format!("{PROGRESS}/{}.md", page.identity.id);
    let folder = opened(&top)?;
    let has_record = folder.find(Path::new(&record_path)).is_ok_and(|it| it.metadata.is_file());
    if global.format == OutputFormat::Json {
        let mut spec = json_of(page);
        spec["taken_in"] = json!(taken_in);
        spec["queued"] = json!(queued);
        spec["versions"] = json!(versions);
        spec["record"] = json!(has_record.then_some(record_path));
        out::json(&json!({"version": 1, "spec": spec}));
        return Ok(ExitStatus::Pass);
    }
    let text = if has_record && taken_in {
        folder
            .read_text(&record_path, RECORD)
            .with_context(|| format!("could not read `{record_path}`"))?
    } else {
        let now = env::now(context.env);
        let previous = versions.last().map(|version| version.hash.as_str());
        let Page { path, reading, identity, classification } = page;
        record(path, identity, reading, classification, now, previous)
    };
    for line in text.lines().filter(|line| !line.starts_with("<!--")) {
        out::result(&printable(line));
    }
    if !taken_in && !global.quiet {
        out::hint("the watcher has not read this version yet: see `tribunal daemon status`");
    }
    Ok(ExitStatus::Pass)
}
