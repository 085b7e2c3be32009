//! Where the documents of a run go: to names that nothing has.

use anyhow::Result;
use bstr::BStr;

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::size::Size;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::platform::git::repo::Repo;

/// The documents of a run, from the top of the repository.
pub struct DocumentPaths {
    /// One for each part, in their order.
    pub decisions: Vec<String>,
    /// `None` where no research was done.
    pub research: Option<String>,
    pub progress: String,
    pub review: String,
}

impl DocumentPaths {
    /// By the id of the spec; where something has one of these names, by that of the run as well: what an earlier
    /// run or a person wrote stays.
    pub fn of(repo: &Repo, run: &SpecRun) -> Result<Self> {
        let (spec, about) = (run.progress(), &run.about);
        let tree = spec.built.last().map_or(&about.base_tree, |built| &built.task.tree);
        let named = |name: &str| Self::named(name, spec.parts.len(), spec.research.is_some());
        let paths = named(&about.spec_id);
        for path in paths.all() {
            // Names that differ in case alone are one file on some systems.
            if repo.objects.has_in_any_case(tree, BStr::new(path))? {
                let own = format!("{}-{}", about.spec_id, short_id(&run.id).to_lowercase());
                return Ok(named(&own));
            }
        }
        Ok(paths)
    }

    fn named(name: &str, parts: usize, has_research: bool) -> Self {
        let decisions = match parts {
            0 | 1 => vec![format!("docs/decisions/{name}.md")],
            parts => (1..=parts).map(|n| format!("docs/decisions/{name}-{n}.md")).collect(),
        };
        let (progress, review) =
            (format!("docs/progress/{name}.md"), format!("docs/review/{name}.md"));
        let research = has_research.then(|| format!("docs/research/{name}.md"));
        Self { decisions, research, progress, review }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        let ends = [&self.progress, &self.review];
        self.decisions.iter().chain(&self.research).chain(ends)
    }
}

/// What stands in a tree where a folder of that path is to be: a file or a link, which a commit would remove.
pub fn in_the_way<'p>(repo: &Repo, tree: &Oid, path: &'p str) -> Result<Option<&'p str>> {
    for (end, _) in path.match_indices('/') {
        let folder = &path[..end];
        if repo.objects.entry(tree, BStr::new(folder))?.is_some() {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Refuses a base in which there is no place for documents, before anything is paid.
pub fn refuse_in_the_way(repo: &Repo, about: &SpecAbout) -> Result<()> {
    if about.stated_size == Some(Size::S) {
        return Ok(());
    }
    for path in DocumentPaths::named(&about.spec_id, 1, true).all() {
        if let Some(folder) = in_the_way(repo, &about.base_tree, path)? {
            return Err(hinted(
                format!(
                    "`{folder}` is no folder in `{}`, and a run of more than one task writes `{path}`",
                    about.base_name
                ),
                match about.idea {
                    Some(_) => "make it a folder and commit that to the base",
                    None => {
                        "make it a folder and commit that to the base, or state `size: S` in the spec where it is one task"
                    }
                },
            ));
        }
    }
    Ok(())
}
