//! What is to be built: a spec, or what somebody wants, of which there is none yet.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ArgGroup;

use crate::cli::given_text::TextKind;
use crate::domain::model::error::hinted;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions};
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::flow::context::Context;
use crate::flow::run;
use crate::flow::run::idea;
use crate::flow::run::wanted::WantedText;
use crate::platform::store::runs;

/// How much of the id of a run is printed.
const ID_MIN: usize = 6;

/// What is read from standard input.
const TEXT: TextKind =
    TextKind { name: "text", shorter: "leave out what does not tell of what is wanted" };

/// What is to be built.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("wanted").args(["spec", "text"]).required(true)))]
pub struct BuildSource {
    /// The spec's file, or its id; its status is `ready`. An `idea.md` says what is wanted, as `--text` does
    #[arg(value_name = "SPEC")]
    spec: Option<PathBuf>,
    /// Say what is wanted: a spec of it is written and reviewed first; `-` reads standard input
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The branch to build that on; else the repository's default branch. A spec names its own
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
}

impl BuildSource {
    /// Builds it, or continues the unfinished run of it.
    pub fn run(
        &self,
        context: Context<'_>,
        mode: RunMode,
        options: RunOptions,
    ) -> Result<SpecRunResult> {
        if let Some(text) = self.given_text(context)? {
            return run::run_text(context, text, mode, options);
        }
        if self.base.is_some() {
            return Err(hinted(
                "`--base` is for what `--text` says: a spec names its base itself",
                "write `base: BRANCH` in the front matter of the spec",
            ));
        }
        let spec = context.env.current_dir.join(self.spec.as_deref().unwrap_or(Path::new("")));
        run::run(context, &spec, mode, options)
    }

    /// The id of a run, where it is none of a file and has the form of one.
    pub fn as_run(&self, context: Context<'_>) -> Option<String> {
        let word = self.spec.as_deref()?.to_str()?;
        let is_id = word.len() >= ID_MIN
            && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        let is_run = is_id && runs::resolve(&context.repo.state_dir(), word).is_ok();
        let is_file = || context.env.current_dir.join(word).exists();
        (is_run && !is_file()).then(|| word.to_owned())
    }

    /// What is wanted, where that is no spec.
    fn given_text(&self, context: Context<'_>) -> Result<Option<WantedText>> {
        let base = self.base.clone();
        if let Some(spec) = &self.spec {
            let idea = idea::of_file(context, &context.env.current_dir.join(spec))?;
            return Ok(idea.map(|idea| WantedText { base, ..idea }));
        }
        let text = match self.text.as_deref() {
            Some("-") => TEXT.read(context, Path::new("-"))?,
            text => text.unwrap_or_default().to_owned(),
        };
        TEXT.refuse_long(&text)?;
        if text.trim().is_empty() {
            return Err(hinted(
                "the text is empty",
                "say what should be there once it is built, and who needs it for what",
            ));
        }
        Ok(Some(WantedText { text, beside: Vec::new(), base }))
    }
}
