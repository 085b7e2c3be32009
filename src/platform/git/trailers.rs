//! The trailers of commit messages, as git reads them.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

/// What is before each commit, and before each name, in what git prints.
const COMMIT: char = '\u{1}';
const NAME: char = '\u{2}';

impl Repo {
    /// What the trailers of each name say in each of these commits, in their order: for each commit a list
    /// for each name. What is a trailer is git's to say: the last paragraph, folded lines, the separators
    /// that are set.
    pub fn trailers<const N: usize>(
        &self,
        commits: &[Oid],
        names: [&str; N],
    ) -> Result<Vec<[Vec<String>; N]>> {
        let may_have = self.with_a_line_of(commits, &names)?;
        if may_have.is_empty() {
            return Ok(commits.iter().map(|_| [(); N].map(|()| Vec::new())).collect());
        }
        let values = names.map(|name| format!("%x02%(trailers:key={name},valueonly,unfold)"));
        let format = format!("--format=%x01%H{}", values.concat());
        let output = self
            .git()
            .args(["-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8"])
            .args(["log", "--no-walk=unsorted", "--no-notes", "--no-color", &format, "--stdin"])
            .stdin(may_have.iter().map(Oid::as_str).collect::<Vec<_>>().join("\n") + "\n")
            .capture()?;
        let text = succeeded(&output, "git log")?.to_str_lossy();
        let said = |commit: &Oid| {
            let mut all = text.split(COMMIT);
            let own = all.find_map(|part| part.strip_prefix(commit.as_str())).unwrap_or_default();
            let mut lists = own.split(NAME).skip(1);
            [(); N].map(|()| {
                let lines = lists.next().unwrap_or_default().lines().map(str::trim);
                lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
            })
        };
        Ok(commits.iter().map(said).collect())
    }

    /// The commits whose message has a line that begins with one of the names: git is asked about no other.
    fn with_a_line_of(&self, commits: &[Oid], names: &[&str]) -> Result<Vec<Oid>> {
        let mut found = Vec::new();
        for oid in commits {
            let message = self.commit(oid)?.message;
            let begins = |line: &[u8], name: &&str| {
                line.get(..name.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            };
            if message.lines().any(|line| names.iter().any(|name| begins(line, name))) {
                found.push(oid.clone());
            }
        }
        Ok(found)
    }
}
