//! `tribunal spec`: write, check and list specs.

mod list;
mod pages;
mod record;
mod show;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::cli::invocation::{Global, Invocation};
use crate::cli::spec::pages::{
    Page, globs, json_of, mark_duplicates, mark_unknown_bases, opened, pages, top_of,
};
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, errors_and_warnings};
use crate::domain::spec::identity::is_id;
use crate::domain::spec::problem::ProblemLevel;
use crate::domain::spec::template::template;
use crate::flow::context::Context;
use crate::flow::intake::ingest::{READ_MAX, key};
use crate::flow::workspace::work_tree::{read_named, work_tree};
use crate::platform::ui::github;
use crate::platform::ui::out;
use crate::platform::ui::out::{DIM, ERROR, HINT, WARNING};
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal spec new login --title \"Log in\"
  tribunal spec lint docs/specs/login.md
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
        Command::List => list::run(context, global),
        Command::Show { id } => show::run(context, global, id),
    }
}

fn new(context: Context<'_>, global: &Global, id: &str, title: Option<&str>) -> Result<ExitStatus> {
    let top = top_of(context.repo)?;
    if !is_id(id) {
        return Err(hinted(
            format!("`{}` cannot be an id", printable(id)),
            "begin with a letter or digit, then letters, digits, `-`, `_` and `.`, 64 at most; git has no branch with \
             `..` in its name, or with `.` or `.lock` at its end",
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
        out::json(&json!({"id": id, "path": key(&relative)}));
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
        mark_unknown_bases(context.repo, &mut pages)?;
        pages
    };
    let errors: usize = pages.iter().map(|page| page.reading.errors()).sum();
    let problems: usize = pages.iter().map(|page| page.reading.problems.len()).sum();
    match global.format {
        OutputFormat::Json => {
            let pages: Vec<_> = pages.iter().map(json_of).collect();
            out::json(&json!({"errors": errors, "specs": pages}));
        }
        OutputFormat::Github => pages.iter().for_each(print_for_github),
        OutputFormat::Sarif => bail!("specs are not reported as SARIF: use `json` or `github`"),
        OutputFormat::Human => {
            pages.iter().for_each(print_problems);
            if pages.is_empty() {
                list::say_none(global.quiet);
            } else if !global.quiet {
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
