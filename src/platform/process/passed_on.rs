//! Runs a program on our own terminal for a person, while results stay ours alone.

use std::io::{self, Read as _};
use std::process::Stdio;
use std::thread;

use crate::platform::process::adopted;
use crate::platform::process::command::{Cmd, Output, ProcessError};

impl Cmd {
    /// Runs the program on our own terminal, in our own process group; what it prints on its standard output is kept, since
    /// results are ours alone.
    pub fn inherit_errors(mut self) -> Result<Output, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        if self.stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child =
            adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        self.feed(&mut child);
        let output = child.wait_with_output();
        let output =
            output.map_err(|source| ProcessError::Stream { program: self.name(), source })?;
        Ok(Output { status: output.status, stdout: output.stdout, stderr: Vec::new() })
    }

    /// Runs the program in our own process group, so that it can ask on our terminal. What it says on its standard
    /// error is told as it comes, and kept like what it prints.
    pub fn pass_on(mut self, tell: &mut dyn FnMut(&[u8])) -> Result<Output, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        let stream = |source| ProcessError::Stream { program: self.name(), source };
        let stdout = child.stdout.take().map(|mut pipe| {
            thread::spawn(move || {
                let mut printed = Vec::new();
                pipe.read_to_end(&mut printed).map(|_| printed)
            })
        });
        let mut stderr = Vec::new();
        if let Some(mut pipe) = child.stderr.take() {
            let mut part = vec![0; 16 * 1024];
            loop {
                match pipe.read(&mut part) {
                    Ok(0) => break,
                    Ok(count) => {
                        tell(&part[..count]);
                        stderr.extend_from_slice(&part[..count]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(stream(error)),
                }
            }
        }
        let status = child.wait().map_err(|source| self.start_error(source))?;
        let ended = stdout.map(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the reader stopped")))
        });
        let stdout = ended.transpose().map_err(stream)?.unwrap_or_default();
        Ok(Output { status, stdout, stderr })
    }
}
