//! HTTP/1.1 as far as the programs use it.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The other end of a connection. Each call that returns `None` has found it closed, or closes it.
pub struct Client {
    stream: BufReader<TcpStream>,
    /// After how many events, or in the middle of an answer that is none of events, it breaks off.
    breaks_after: Option<usize>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        drop(stream.set_nodelay(true));
        Self { stream: BufReader::new(stream), breaks_after: None }
    }

    /// The next request.
    pub fn read(&mut self) -> Option<Request> {
        let first = self.line()?;
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        if header("expect").is_some() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = if header("transfer-encoding").is_some_and(|v| v.contains("chunked")) {
            self.chunks()?
        } else {
            let length = header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
            self.bytes(length)?
        };
        Some(Request { method, path, headers, body })
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    fn bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            whole.extend(self.bytes(length)?);
            self.line()?;
            if length == 0 {
                return Some(whole);
            }
        }
    }

    /// Ends the connection after a few events, or half an answer.
    pub fn break_off(&mut self) {
        self.breaks_after = Some(4);
    }

    /// A whole answer; the connection may go on.
    pub fn json(&mut self, status: u16, more: &[(String, String)], body: &Value) -> Option<()> {
        let body = body.to_string();
        let headers = format!("{}content-length: {}\r\n", headers(more), body.len());
        let kind = "application/json";
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\n{headers}\r\n");
        self.write(head.as_bytes())?;
        match self.breaks_after {
            Some(_) => self.write(&body.as_bytes()[..body.len() / 2]).and(None),
            None => self.write(body.as_bytes()),
        }
    }

    /// The head of a stream of events, which ends with the connection.
    pub fn start_events(&mut self, more: &[(String, String)]) -> Option<()> {
        let headers = headers(more);
        let kind = "content-type: text/event-stream\r\ncache-control: no-cache";
        let head = format!("HTTP/1.1 200 OK\r\n{kind}\r\nconnection: close\r\n{headers}\r\n");
        self.write(head.as_bytes())
    }

    /// One event, named by its `type`.
    pub fn event(&mut self, data: &Value) -> Option<()> {
        let name = data["type"].as_str().unwrap_or_default();
        self.next(&format!("event: {name}\ndata: {data}\n\n"))
    }

    /// One event without a name.
    pub fn data(&mut self, data: &str) -> Option<()> {
        self.next(&format!("data: {data}\n\n"))
    }

    fn next(&mut self, event: &str) -> Option<()> {
        if let Some(left) = &mut self.breaks_after {
            *left = left.checked_sub(1)?;
        }
        self.write(event.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.get_mut().write_all(bytes).ok()
    }

    /// Waits until the client goes away or the server ends.
    pub fn wait(&mut self, stopped: &AtomicBool) {
        self.pause(Duration::MAX, stopped);
    }

    /// Waits for so long, or until the client goes away or the server ends.
    pub fn pause(&mut self, time: Duration, stopped: &AtomicBool) {
        let started = Instant::now();
        let stream = self.stream.get_mut();
        while !stopped.load(Ordering::SeqCst) {
            let left = time.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            let look = left.min(Duration::from_millis(20));
            if stream.set_read_timeout(Some(look)).is_err() {
                break;
            }
            match stream.read(&mut [0; 64]) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        drop(stream.set_read_timeout(None));
    }
}

fn headers(more: &[(String, String)]) -> String {
    let lines = more.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat());
    lines.collect()
}
