//! The log: off unless asked for; the daemon keeps one in a file that cannot grow without end.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::domain::model::terminal::printable;
use crate::platform::config::env;
use crate::platform::ui::out;
use crate::platform::ui::out::{LogLines, log_line};
use crate::platform::ui::time::local;

/// How large the daemon's log grows before it is put aside, in bytes, and how many are kept.
const BYTES_MAX: u64 = 1024 * 1024;
const KEPT: usize = 3;

/// Logs to standard error where `RUST_LOG`, whose value is given, or `-v` asks for it. Costs nothing
/// otherwise.
pub fn to_stderr(rust_log: Option<&str>, verbose: u8) {
    if let Some(filter) = filter(rust_log, verbose, None) {
        // A second call changes nothing, and that is fine.
        drop(
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_target(verbose > 1)
                .with_writer(|| LogLines)
                .with_ansi(false)
                .try_init(),
        );
    }
}

/// How a log's file is opened and, where it is missing, made.
pub type Opener = fn(&Path) -> io::Result<File>;

/// Logs to a file that its user reads: the time and what happened, of this program alone. With `RUST_LOG`
/// or `-v` it is a developer's log.
pub fn to_file(rust_log: Option<&str>, verbose: u8, path: &Path, opener: Opener) -> io::Result<()> {
    let writer = Rotating::open(path, BYTES_MAX, opener)?;
    let Some(filter) = filter(rust_log, verbose, Some("tribunal=info")) else { return Ok(()) };
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    if rust_log.is_none() && verbose == 0 {
        drop(log.event_format(Plain).try_init());
    } else {
        drop(log.try_init());
    }
    Ok(())
}

/// An event as a line for people.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "{}  ", local(env::wall_clock()))?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

fn filter(rust_log: Option<&str>, verbose: u8, default: Option<&str>) -> Option<EnvFilter> {
    let words = match (rust_log, verbose) {
        (Some(words), _) => words,
        (None, 0) => default?,
        (None, 1) => "tribunal=debug",
        (None, _) => "trace",
    };
    let filter = EnvFilter::builder().parse(words);
    if let Err(error) = &filter {
        out::warn(&format!("`RUST_LOG` is not used: {}", printable(&error.to_string())));
    }
    filter.ok()
}

/// A file that is put aside when it is full: `daemon.log` becomes `daemon.log.1`, and so on.
struct Rotating {
    open: Mutex<Open>,
}

struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    max: u64,
    opener: Opener,
}

impl Rotating {
    fn open(path: &Path, max: u64, opener: Opener) -> io::Result<Self> {
        let file = opener(path)?;
        let size = file.metadata()?.len();
        Ok(Self { open: Mutex::new(Open { path: path.to_owned(), file, size, max, opener }) })
    }
}

impl Open {
    fn rotate(&mut self) -> io::Result<()> {
        let name = |number: usize| match number {
            0 => self.path.clone(),
            _ => PathBuf::from(format!("{}.{number}", self.path.display())),
        };
        for number in (0..KEPT).rev() {
            match fs::rename(name(number), name(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = (self.opener)(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size + bytes.len() as u64 > self.max {
            self.rotate()?;
        }
        let count = self.file.write(bytes)?;
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line at a time: the writer holds the lock until the line is out.
struct Line<'a>(std::sync::MutexGuard<'a, Open>);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(log_line(bytes).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
mod tests {
    use super::{KEPT, Rotating};
    use std::fs::{self, File};
    use std::io::Write as _;
    use tracing_subscriber::fmt::MakeWriter as _;

    #[test]
    fn a_full_log_is_put_aside_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let opener = |path: &std::path::Path| File::options().create(true).append(true).open(path);
        let log = Rotating::open(&path, 100, opener).unwrap();
        for number in 0..50 {
            log.make_writer().write_all(format!("line {number:020}\n").as_bytes()).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEPT + 1);
        for entry in fs::read_dir(folder.path()).unwrap() {
            assert!(entry.unwrap().metadata().unwrap().len() <= 100);
        }
        assert!(fs::read_to_string(&path).unwrap().ends_with("49\n"));
    }
}
