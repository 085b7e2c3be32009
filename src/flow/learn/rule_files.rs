//! Reads the constitution's files of a work tree, the same that hooks read once they are committed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bstr::{BString, ByteSlice as _};

use crate::domain::constitution::parse::{duplicates, parse_with};
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::domain::gates::policy_files::{
    AI_FOLDER, LINK, PLAIN, POLICY_FILE, RULES_FILE, RULES_FOLDER, is_rule_file,
};
use crate::domain::model::change::TreeEntry;
use crate::domain::model::error::NotEvaluated;
use crate::domain::model::id_part::IdKind;
use crate::domain::model::limits::POLICY_FILE_BYTES_MAX;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::policy::own_classes;
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::command::succeeded;
use crate::platform::git::diff;
use crate::platform::git::lazy_fetch::fetch_missing;
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::SETTINGS;

/// The most folders that are looked into.
const FOLDERS_MAX: usize = 1_000;

/// A file of rules.
pub struct TopicFile {
    /// From the top of the repository.
    pub path: String,
    pub text: String,
}

/// The constitution's files, with their rules.
#[derive(Default)]
pub struct RuleFiles {
    pub files: Vec<TopicFile>,
    pub rules: Vec<Rule>,
    /// The errors in the files, in their order.
    pub errors: Vec<RuleError>,
}

const RULES: IdKind = IdKind {
    what: "rule",
    place: " in the work tree",
    lists: "`tribunal constitution list` shows every rule",
    part_min: 4,
};

impl RuleFiles {
    /// The rule that an id names, or enough of one.
    pub fn named(&self, id: &str) -> Result<&Rule> {
        let ids: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
        let id = RULES.named(id, &ids)?;
        self.rules.iter().find(|rule| rule.id == id).context("the rule is not where it was read")
    }

    /// Reads the files of a work tree; of a sparse one those too that git left in the index alone, because
    /// hooks know them.
    pub fn of_work_tree(repo: &Repo) -> Result<Self> {
        let top = work_tree(repo)?;
        let mut rule_files = Self::default();
        let mut contents = BTreeMap::new();
        let folder =
            Folder::open(top).with_context(|| format!("could not read `{}`", top.display()))?;
        for path in rule_files.paths_in(top, &folder)? {
            let failed =
                || format!("could not read `{}`", top.join(path.to_path_lossy()).display());
            // One byte more shows that there is more.
            let bytes = match folder.read_start(&path.to_path_lossy(), POLICY_FILE_BYTES_MAX + 1) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                bytes => bytes.with_context(failed)?,
            };
            if bytes.len() as u64 > POLICY_FILE_BYTES_MAX {
                rule_files.wrong(
                    &path,
                    1,
                    "it is larger than 1 MiB",
                    "split it, or shorten its rules",
                );
                continue;
            }
            contents.insert(path, bytes);
        }
        for (path, oid) in left_in_index(repo)? {
            if is_rule_file(&path) && !contents.contains_key(&path) {
                contents.insert(path, content_of(repo, &oid)?);
            }
        }
        // The main file first: `.md` stands before `/`.
        let settings = folder.read(POLICY_FILE, SETTINGS).unwrap_or_default();
        let own = own_classes::names_in(&settings.to_str_lossy());
        for (path, bytes) in contents {
            rule_files.take(&path, bytes, &own);
        }
        rule_files.errors.extend(duplicates(&rule_files.rules));
        Ok(rule_files)
    }

    /// Reads the files of a tree.
    pub fn of_tree(repo: &Repo, tree: &Oid) -> Result<Self> {
        let mut contents = BTreeMap::new();
        let mut settings = Vec::new();
        for file in diff::trees(&repo.objects, None, Some(tree))? {
            let Some(entry) = file.new.filter(TreeEntry::is_regular) else { continue };
            if is_rule_file(&file.path) {
                contents.insert(file.path, content_of(repo, &entry.oid)?);
            } else if file.path == POLICY_FILE {
                settings = content_of(repo, &entry.oid)?;
            }
        }
        let mut rule_files = Self::default();
        let own = own_classes::names_in(&settings.to_str_lossy());
        for (path, bytes) in contents {
            rule_files.take(&path, bytes, &own);
        }
        rule_files.errors.extend(duplicates(&rule_files.rules));
        Ok(rule_files)
    }

    /// The text of a file; empty where there is no such file.
    pub fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str())
    }

    /// The size of all files, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.text.len()).sum()
    }

    fn take(&mut self, path: &BString, bytes: Vec<u8>, own: &[String]) {
        // What is no UTF-8 cannot be edited, and its rules hold all the same.
        if let Err(error) = bytes.to_str() {
            let line = 1 + bytes[..error.valid_up_to()].find_iter(b"\n").count();
            self.wrong(path, line, "it is not UTF-8", "save it as UTF-8");
        }
        let text = bytes.to_str_lossy();
        let shown = path.to_str_lossy();
        let parsed = parse_with(&shown, &text, own);
        self.rules.extend(parsed.rules);
        self.errors.extend(parsed.errors);
        if let Ok(text) = String::from_utf8(bytes) {
            self.files.push(TopicFile { path: shown.into_owned(), text });
        }
    }

    fn wrong(&mut self, path: &BString, line: usize, message: &str, hint: &str) {
        self.errors.push(RuleError {
            path: path.to_str_lossy().into_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            message: message.to_owned(),
            hint: hint.to_owned(),
        });
    }

    /// Lists the files that are there. Links are not followed, as hooks follow none.
    fn paths_in(&mut self, top: &Path, folder: &Folder) -> Result<Vec<BString>> {
        let mut found = Vec::new();
        let mut open = vec![BString::from(AI_FOLDER)];
        for path in [RULES_FILE, RULES_FOLDER] {
            open.push(BString::from(path));
        }
        if top.join(AI_FOLDER).is_symlink() {
            open.truncate(1);
        }
        let mut looked_into = 0;
        while let Some(path) = open.pop() {
            let whole = top.join(path.to_path_lossy());
            let Ok(data) = fs::symlink_metadata(&whole) else { continue };
            if data.is_symlink() {
                self.wrong(&path, 1, LINK, PLAIN);
            } else if data.is_dir() && path.starts_with(RULES_FOLDER.as_bytes()) {
                looked_into += 1;
                if looked_into > FOLDERS_MAX {
                    bail!("`{RULES_FOLDER}` has more than {FOLDERS_MAX} folders");
                }
                let failed = || format!("could not read the folder `{}`", whole.display());
                for (name, _) in folder.list(path.to_path_lossy()).with_context(failed)? {
                    let name = name.as_encoded_bytes();
                    let below = BString::from([path.as_slice(), b"/", name].concat());
                    if !name.starts_with(b".") {
                        open.push(below);
                    }
                }
            } else if data.is_file() && is_rule_file(&path) {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// The constitution's files that a sparse checkout leaves out.
fn left_in_index(repo: &Repo) -> Result<Vec<(BString, Oid)>> {
    if repo.config("core.sparseCheckout")?.is_none_or(|word| word == "false") {
        return Ok(Vec::new());
    }
    let words = ["ls-files", "-t", "-s", "-z", "--", RULES_FILE, RULES_FOLDER];
    let output = repo.git().args(words).capture()?;
    let lines = succeeded(&output, "git ls-files")?.split_str("\0");
    // `<tag> SP <mode> SP <oid> SP <stage> TAB <path>`; `S` is left out of the work tree.
    let left_out = |line: &[u8]| {
        let (about, path) = line.split_once_str("\t")?;
        let mut words = about.strip_prefix(b"S 100")?.fields().skip(1);
        let oid = Oid::parse(words.next()?.to_str().ok()?).ok()?;
        Some((BString::from(path), oid))
    };
    Ok(lines.filter_map(left_out).collect())
}

fn content_of(repo: &Repo, oid: &Oid) -> Result<Vec<u8>> {
    let read = || repo.objects.content(oid, POLICY_FILE_BYTES_MAX);
    let mut content = read()?;
    if content == Content::Missing && fetch_missing(repo, std::slice::from_ref(oid))? {
        content = read()?;
    }
    match content {
        Content::Whole(text) => Ok(text),
        Content::TooLarge(_) => bail!("a file of rules is larger than 1 MiB"),
        Content::Missing => Err(NotEvaluated {
            message: "a file of rules cannot be read: this partial clone does not have it"
                .to_owned(),
            hint: format!("`git cat-file -s {oid}` fetches it; then try again"),
        }
        .into()),
    }
}
