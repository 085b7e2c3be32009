//! Objects through `git cat-file`, for repositories that libgit2 cannot open.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ChildStdout;

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use crate::domain::model::limits::OBJECT_BYTES_MAX;
use crate::domain::model::oid::Oid;
use crate::platform::git::command::git;
use crate::platform::git::loose::{LooseError, LooseObjects};
use crate::platform::git::read_object::{ObjectKind, ReadObject};
use crate::platform::process::InteractiveChild;

/// An object of up to `most` bytes whose own file is damaged, as a pack has it: git reads packs before such
/// files, so that the file may be of no account. Where no pack has it the damage is the error.
pub fn instead_of_damaged(
    git_dir: &Path,
    vars: &[(&'static str, OsString)],
    damage: LooseError,
    oid: &Oid,
    most: u64,
) -> Result<ReadObject> {
    if matches!(damage, LooseError::Unreadable { .. }) {
        return Err(damage.into());
    }
    match read_once(git_dir, vars, oid, most) {
        Ok(Some(object)) if has_name(&object, oid) => Ok(object),
        Ok(_) | Err(_) => Err(damage.into()),
    }
}

/// Whether an object is the one of that name, as far as it was read.
fn has_name(object: &ReadObject, oid: &Oid) -> bool {
    /// Of SHA-1: names of SHA-256 cannot be worked out here.
    const NAME_LETTERS: usize = 40;
    let ReadObject::Whole(kind, bytes) = object else { return true };
    if oid.as_str().len() != NAME_LETTERS {
        return true;
    }
    let kind = match kind {
        ObjectKind::Commit => git2::ObjectType::Commit,
        ObjectKind::Tree => git2::ObjectType::Tree,
        ObjectKind::Blob => git2::ObjectType::Blob,
        ObjectKind::Tag => git2::ObjectType::Tag,
    };
    git2::Oid::hash_object(kind, bytes).is_ok_and(|name| name.to_string() == oid.as_str())
}

/// An object of up to `most` bytes, by a git that is started for it and ends with it: of a damaged one
/// git may send less than it says, and waits for the next question then. `None` where git gives none.
fn read_once(
    git_dir: &Path,
    vars: &[(&'static str, OsString)],
    oid: &Oid,
    most: u64,
) -> Result<Option<ReadObject>> {
    let ask = |mode: &str| {
        let command = git(git_dir).arg("--git-dir").arg(git_dir).args(["cat-file", mode]);
        let command = vars.iter().fold(command, |command, (name, value)| command.env(name, value));
        command.stdin(format!("{oid}\n")).capture()
    };
    let header = ask("--batch-check")?;
    let Some((kind, size)) = parse(&header.stdout.to_str_lossy())? else { return Ok(None) };
    if size > most {
        return Ok(Some(ReadObject::TooLarge(kind, size)));
    }
    let answer = ask("--batch")?.stdout;
    let Some((_, content)) = answer.split_once_str("\n") else { return Ok(None) };
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let is_whole = content.len() as u64 == size;
    Ok(is_whole.then(|| ReadObject::Whole(kind, content.to_vec())))
}

/// A running `git cat-file` that gives contents and headers. What has a file of its own is read without it:
/// where such a file holds less than it says, the conversation would wait for ever.
pub struct CatFile {
    place: Place,
    loose: LooseObjects,
    contents: BatchProcess,
    /// What tells headers without contents.
    headers: Headers,
}

/// How headers are asked for. Git has `--batch-command`, which answers both questions, since 2.36.
enum Headers {
    /// In the same conversation, if this git has it: nothing was asked yet.
    Untried,
    /// In the same conversation.
    Same,
    /// In one of their own, which is begun when the first is asked for.
    Apart(Option<BatchProcess>),
}

/// Where the objects are, and the variables that a hook was given for them.
struct Place {
    git_dir: PathBuf,
    vars: Vec<(&'static str, OsString)>,
}

impl CatFile {
    pub fn start(
        git_dir: &Path,
        common_dir: &Path,
        vars: &[(&'static str, OsString)],
    ) -> Result<Self> {
        let place = Place { git_dir: git_dir.to_owned(), vars: vars.to_vec() };
        let loose = LooseObjects::of_repository(common_dir, vars);
        let contents = place.start("--batch-command")?;
        Ok(Self { place, loose, contents, headers: Headers::Untried })
    }

    /// An object of up to `most` bytes; `None` where it is not in this repository.
    pub fn read(&mut self, oid: &Oid, most: u64) -> Result<Option<ReadObject>> {
        match self.loose.read(oid, most) {
            Ok(Some(object)) => Ok(Some(object)),
            Ok(None) => self.read_packed(oid, most),
            Err(error) => self.instead_of(error, oid, most).map(Some),
        }
    }

    /// The object's kind and size.
    pub fn header(&mut self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        match self.loose.header(oid) {
            Ok(Some(header)) => Ok(Some(header)),
            Ok(None) => self.packed_header(oid),
            Err(error) => Ok(Some(self.instead_of(error, oid, OBJECT_BYTES_MAX)?.header())),
        }
    }

    fn instead_of(&self, damage: LooseError, oid: &Oid, most: u64) -> Result<ReadObject> {
        instead_of_damaged(&self.place.git_dir, &self.place.vars, damage, oid, most)
    }

    fn read_packed(&mut self, oid: &Oid, most: u64) -> Result<Option<ReadObject>> {
        if let Some((kind, size)) = self.packed_header(oid)?
            && size > most
        {
            return Ok(Some(ReadObject::TooLarge(kind, size)));
        }
        let header = match &self.headers {
            Headers::Untried | Headers::Same => self.contents.ask(&format!("contents {oid}"))?,
            Headers::Apart(_) => self.contents.ask(oid.as_str())?,
        };
        let Some((kind, size)) = parse(&header)? else { return Ok(None) };
        Ok(Some(ReadObject::Whole(kind, self.contents.content(size)?)))
    }

    fn packed_header(&mut self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        if matches!(self.headers, Headers::Untried) {
            let header = self.try_out("info", oid)?;
            if matches!(self.headers, Headers::Same) {
                return parse(&header);
            }
            // A git before 2.36: what it was asked is its content, which has to be read to its end.
            if let Some((_, size)) = parse(&header)? {
                self.contents.skip(size)?;
            }
        }
        let header = match &mut self.headers {
            Headers::Apart(talk) => {
                let talk = match talk {
                    Some(talk) => talk,
                    None => talk.insert(self.place.start("--batch-check")?),
                };
                talk.ask(oid.as_str())?
            }
            Headers::Untried | Headers::Same => self.contents.ask(&format!("info {oid}"))?,
        };
        parse(&header)
    }

    /// Asks the first question. A git that does not know `--batch-command` has ended by then.
    fn try_out(&mut self, word: &str, oid: &Oid) -> Result<String> {
        if let Ok(header) = self.contents.ask(&format!("{word} {oid}")) {
            self.headers = Headers::Same;
            return Ok(header);
        }
        self.contents = self.place.start("--batch")?;
        let header = self.contents.ask(oid.as_str())?;
        self.headers = Headers::Apart(None);
        Ok(header)
    }
}

impl Place {
    fn start(&self, mode: &str) -> Result<BatchProcess> {
        let mut command = git(&self.git_dir).arg("--git-dir").arg(&self.git_dir);
        for (name, value) in &self.vars {
            command = command.env(name, value);
        }
        let mut child = command.args(["cat-file", mode]).spawn_interactive()?;
        let answers = child.take_stdout().context("git cat-file has no output")?;
        Ok(BatchProcess { child, answers: BufReader::new(answers) })
    }
}

/// One conversation.
struct BatchProcess {
    child: InteractiveChild,
    answers: BufReader<ChildStdout>,
}

impl BatchProcess {
    /// Puts a question; gives the first line of its answer.
    fn ask(&mut self, question: &str) -> Result<String> {
        writeln!(self.child.stdin, "{question}").context("git cat-file ended early")?;
        self.child.stdin.flush()?;
        let mut header = String::new();
        if self.answers.read_line(&mut header)? == 0 {
            bail!("git cat-file ended early");
        }
        Ok(header)
    }

    /// The content that follows a header, without the line's end after it.
    fn content(&mut self, size: u64) -> Result<Vec<u8>> {
        let mut content = vec![0; usize::try_from(size)? + 1];
        self.answers.read_exact(&mut content).context("git cat-file ended early")?;
        content.pop();
        Ok(content)
    }

    fn skip(&mut self, size: u64) -> Result<()> {
        let mut content = self.answers.by_ref().take(size + 1);
        std::io::copy(&mut content, &mut std::io::sink()).context("git cat-file ended early")?;
        Ok(())
    }
}

/// `<oid> SP <kind> SP <size>`, or `<oid> SP missing`.
fn parse(header: &str) -> Result<Option<(ObjectKind, u64)>> {
    let mut words = header.split_whitespace().skip(1);
    let kind = match words.next() {
        Some("missing") => return Ok(None),
        word => word
            .and_then(ObjectKind::from_name)
            .with_context(|| format!("git cat-file answered `{}`", header.trim_end()))?,
    };
    let size = words.next().and_then(|word| word.parse().ok()).context("no size")?;
    Ok(Some((kind, size)))
}

#[cfg(test)]
mod tests {
    use super::{ObjectKind, parse};
    use crate::fuzz;

    #[test]
    fn drawn_headers_are_read_or_refused() {
        let seeds = [b"a1a1 blob 6\n".as_slice(), b"a1a1 missing\n", b"a1a1 ambiguous\n"];
        let words = [b" ".as_slice(), b"commit", b"tag", b"missing", b"\n"];
        let read = parse("a1a1 blob 6\n").unwrap();
        assert_eq!((read, parse("a1a1 missing\n").unwrap()), (Some((ObjectKind::Blob, 6)), None));
        fuzz::hold("headers of `git cat-file`", &seeds, &words, |bytes| {
            drop(parse(&String::from_utf8_lossy(bytes)));
        });
    }
}
