//! What a run needs that begins with a person's words instead of a spec: what they want built, or a bug that they saw.

use std::ffi::OsStr;

use anyhow::Result;
use bstr::BStr;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::hinted;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, SpecAbout};
use crate::domain::pipeline::spec_run::bug;
use crate::domain::pipeline::spec_run::specified::unwritten_copy;
use crate::domain::spec::read::SpecFormat;
use crate::domain::spec::types::{SpecEntry, SpecPosition};
use crate::domain::specifying::idea;
use crate::domain::specifying::idea::{BesideFile, Idea};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::review::belonging;
use crate::flow::run::document_paths;
use crate::flow::run::prepare::{Prepared, begun, complete};

/// A bug that somebody reports.
#[derive(Clone, Debug)]
pub struct BugReport {
    pub report: String,
    /// The branch that the repair is built on; `None` for the repository's default branch.
    pub base: Option<String>,
}

/// What somebody wants built, of which there is no spec yet.
#[derive(Clone, Debug)]
pub struct WantedText {
    pub text: String,
    /// What stands beside its file.
    pub beside: Vec<BesideFile>,
    /// The branch that it is built on; `None` for the repository's default branch.
    pub base: Option<String>,
}

/// What the repair of a bug is performed with.
pub fn prepare_fix(context: Context<'_>, request: &BugReport) -> Result<Prepared> {
    let report = redact_str(&request.report);
    let id = bug::id_of(&report, request.base.as_deref());
    let copy = bug::undiagnosed(&id, &report);
    let mut spec = belonging::parse_spec(&copy)?;
    let at = SpecPosition { line: 1, column: 1 };
    spec.base = request.base.clone().map(|text| SpecEntry { text, at });
    let report = Some(report);
    let about = SpecAbout { report, ..begun(context, copy, &spec)? };
    complete(context, about, spec)
}

/// The same for what there is no spec of yet.
pub fn prepare_text(
    context: Context<'_>,
    request: WantedText,
    mode: RunMode,
    options: RunOptions,
) -> Result<Prepared> {
    if mode == RunMode::Fast {
        return Err(hinted(
            "fast mode builds a spec that is there, and a text is none: it has to be written and reviewed first",
            "use `--mode auto` or `--mode manual`; or write the spec, as with `tribunal spec new ID`",
        ));
    }
    let text = redact_str(&request.text);
    let id = idea::id_of(&text, request.base.as_deref());
    let unwritten = unwritten_copy(&id, &format!("{id}.md"));
    let mut spec = belonging::parse_spec(&unwritten)?;
    let at = SpecPosition { line: 1, column: 1 };
    spec.base = request.base.map(|text| SpecEntry { text, at });
    let begun = begun(context, unwritten, &spec)?;
    let (folder, spec_path) = spec_path(context, &begun)?;
    let masked = request.beside.into_iter();
    let beside = masked.map(|file| BesideFile { text: redact_str(&file.text), ..file }).collect();
    let about = SpecAbout {
        spec: unwritten_copy(&id, &spec_path),
        // Nobody wrote any yet.
        criteria: Vec::new(),
        for_people: Vec::new(),
        idea: Some(Idea { text, beside, spec_path: spec_path.clone() }),
        mode,
        options,
        ..begun
    };
    if let Some(file) = document_paths::in_the_way(context.repo, &about.base_tree, &spec_path)? {
        return Err(hinted(
            format!(
                "`{file}` is no folder in `{}`, and the spec is written as `{spec_path}`",
                about.base_name
            ),
            format!("make `{folder}` a folder and commit that to the base"),
        ));
    }
    if context.repo.objects.has_in_any_case(&about.base_tree, BStr::new(&spec_path))? {
        return Err(hinted(
            format!(
                "what this text asks for was built already: `{}` has `{spec_path}`",
                about.base_name
            ),
            "say in the text what should be otherwise, or change the spec and run that",
        ));
    }
    document_paths::refuse_in_the_way(context.repo, &about)?;
    complete(context, about, spec)
}

/// Where the spec of a text is committed: in the folder of specs of the base, and where its policy finds it.
fn spec_path(context: Context<'_>, about: &SpecAbout) -> Result<(String, String)> {
    let policy = policy::read_policy(context, Some(&about.base_tree), RuleSelection::None)?.policy;
    let globs = SpecGlobs::new(&policy.watch.specs)?;
    let name = format!("{}.md", about.spec_id);
    // A file has none in it, though its pattern would match one.
    let is_file = |name: &OsStr| SpecFormat::from_name(&name.to_string_lossy()).is_some();
    let folders = globs.folders().map(|(folder, _)| folder);
    let mut folders = folders.filter(|folder| folder.file_name().is_none_or(|name| !is_file(name)));
    let Some(folder) = folders.find(|folder| globs.is_spec(&folder.join(&name))) else {
        return Err(hinted(
            format!(
                "`watch.specs` of the base names no folder for specs: none of it can have `{name}`"
            ),
            "set it to a folder, such as `docs/specs/**`, and commit that to the base",
        ));
    };
    let path = folder.join(&name).to_string_lossy().into_owned();
    Ok((folder.to_string_lossy().into_owned(), path))
}
