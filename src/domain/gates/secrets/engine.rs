//! The search engine: confirms each candidate and keeps the best of those that overlap.

use std::ops::Range;

use bstr::BString;

use crate::domain::gates::secrets::assign;
use crate::domain::gates::secrets::assign::Join;
use crate::domain::gates::secrets::contextual::CONTEXTUAL;
use crate::domain::gates::secrets::generic;
use crate::domain::gates::secrets::generic::SecretKind;
use crate::domain::gates::secrets::hit::{RawHit, without_overlaps};
use crate::domain::gates::secrets::prefilter;
use crate::domain::gates::secrets::prefilter::Lead;
use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck};
use crate::domain::gates::secrets::tier::SecretTier;
use crate::domain::gates::secrets::{
    chars, checksum, context, encoded, files, password, random, shape, table, weak, wide,
};

/// All secrets of a blob, in order, none overlapping another.
pub fn find(bytes: &[u8], path: &[u8]) -> Vec<RawHit> {
    let mut found = Finder::new(bytes, path, 0).run();
    for stretch in wide::stretches(bytes) {
        for mut raw in Finder::new(&stretch.text, path, 1).run() {
            (raw.start, raw.end) = (stretch.place(raw.start), stretch.place(raw.end));
            found.push(raw);
        }
    }
    without_overlaps(found)
}

struct Finder<'a> {
    text: &'a [u8],
    path: &'a [u8],
    file: &'a [u8],
    /// 0 in the blob itself, more in what was decoded from it.
    depth: u8,
    /// Names that end here or before were looked at.
    named: usize,
    /// The rule whose word was met last, and how far what stands near it was read.
    nearby: (&'static str, usize),
    /// The name whose value is being looked at.
    assigned: Range<usize>,
    /// How far base64 in several lines was read.
    unwrapped: usize,
    found: Vec<RawHit>,
}

impl<'a> Finder<'a> {
    fn new(text: &'a [u8], path: &'a [u8], depth: u8) -> Self {
        let file = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
        Self {
            text,
            path,
            file,
            depth,
            named: 0,
            nearby: ("", 0),
            assigned: 0..0,
            unwrapped: 0,
            found: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<RawHit> {
        let text = self.text;
        prefilter::visit(text, |lead, at| match lead {
            Lead::Token(rule, false) => self.opening(rule, at),
            Lead::Token(rule, true) => self.mark(rule, at),
            Lead::Near(rule) => self.near(rule, at),
            Lead::Name => {
                self.name(at);
                self.assigned = 0..0;
            }
            Lead::Url => self.seen(context::url(text, at), "url-password", "url-plain-password"),
            Lead::KeyBlock => self.key_block(at),
            Lead::Command => {
                self.seen(context::command(text, at), "command-password", "command-plain-password");
            }
        });
        for at in memchr::memchr_iter(b'~', text) {
            self.tilde(at);
        }
        encoded::runs(text, |start, end| self.long_run(start, end));
        for (rule, range) in files::credentials(text, self.path) {
            self.push_named(rule, range.start, range.end);
        }
        self.found
    }

    fn opening(&mut self, rule: &'static SecretRule, at: usize) {
        if (self.starts_token(at) || rule.check.is_proof())
            && let Some(end) = shape::matches(rule.shape, self.text, at)
        {
            self.confirm(rule, at, end);
        }
    }

    fn mark(&mut self, rule: &'static SecretRule, at: usize) {
        let Some(head) = rule.shape.find(rule.mark).map(|head| &rule.shape[..head]) else { return };
        if self.text.get(at..at + rule.mark.len()) != Some(rule.mark.as_bytes()) {
            return;
        }
        let (least, most) = shape::width(head);
        for width in least..=most.min(at) {
            let start = at - width;
            if self.starts_token(start)
                && let Some(end) = shape::matches(rule.shape, self.text, start)
            {
                return self.confirm(rule, start, end);
            }
        }
    }

    /// `Q~` after three bytes and a digit: the one form whose mark is too short for the filter.
    fn tilde(&mut self, at: usize) {
        if at >= 5
            && self.text[at - 1] == b'Q'
            && self.text[at - 2].is_ascii_digit()
            && let Some(rule) = table::all().find(|rule| rule.mark == "Q~")
        {
            self.mark(rule, at - 1);
        }
    }

    fn near(&mut self, rule: &'static SecretRule, at: usize) {
        // One look at a stretch of text is enough, however often the word stands in it.
        if self.nearby.0 == rule.id && at < self.nearby.1 {
            return;
        }
        let line = self.line_around(at, 160, 260);
        self.nearby = (rule.id, line.end.min(at + 100));
        for start in line {
            if self.starts_token(start)
                && let Some(end) = shape::matches(rule.shape, self.text, start)
            {
                self.confirm(rule, start, end);
            }
        }
    }

    fn confirm(&mut self, rule: &'static SecretRule, start: usize, end: usize) {
        let token = &self.text[start..end];
        let body = token.get(shape::literal(rule.shape).len()..).unwrap_or(token);
        if !(rule.check.is_proof() || self.ends_token(rule.shape, end))
            || random::is_placeholder(body)
        {
            return;
        }
        let holds = match rule.check {
            TokenCheck::Plain => random::distinct(body) >= 5,
            TokenCheck::Mixed => random::is_mixed(body) && random::distinct(body) >= 6,
            TokenCheck::Random => random::is_random(body),
            TokenCheck::Crc62 => checksum::crc62_holds(token),
            TokenCheck::Crc16 => checksum::crc16_holds(token),
            TokenCheck::Jwt => checksum::is_jwt(token),
            TokenCheck::NumberFirst => checksum::number_first(token),
            TokenCheck::NumberColon => checksum::number_colon(token),
        };
        if holds && (rule.near.is_empty() || self.is_near(rule.near, start, end)) {
            self.push(rule.id, rule.tier, rule.what, start, end);
        }
    }

    fn is_near(&self, words: &str, start: usize, end: usize) -> bool {
        let line = self.line_around(start, 160, end - start + 160);
        let window = self.text[line].to_ascii_lowercase();
        let path = self.path.to_ascii_lowercase();
        words.split('|').any(|word| {
            [&window, &path]
                .iter()
                .any(|text| memchr::memmem::find(text, word.as_bytes()).is_some())
        })
    }

    /// The part of the line around a place that is within so many bytes before and after it.
    fn line_around(&self, at: usize, before: usize, after: usize) -> Range<usize> {
        let from = at.saturating_sub(before);
        let start = memchr::memrchr(b'\n', &self.text[from..at]).map_or(from, |p| from + p + 1);
        let to = self.text.len().min(at + after);
        let end = memchr::memchr(b'\n', &self.text[at..to]).map_or(to, |p| at + p);
        start..end
    }

    /// Whether a token can start here: not in the midst of a word. An escape (`\n`, `%3D`) before
    /// it is no part of a word.
    fn starts_token(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|p| self.text[p]) else { return true };
        let first = self.text.get(at).copied().unwrap_or(b' ');
        if !chars::is_word(before) || !chars::is_word(first) {
            return true;
        }
        let escaped = b"nrt".contains(&before) && at >= 2 && self.text[at - 2] == b'\\';
        let percent = at >= 3
            && self.text[at - 3] == b'%'
            && self.text[at - 2].is_ascii_hexdigit()
            && before.is_ascii_hexdigit();
        escaped || percent
    }

    fn ends_token(&self, form: &str, end: usize) -> bool {
        let Some(&after) = self.text.get(end) else { return true };
        let Some(class) = shape::tail_class(form) else {
            return !(chars::is_word(after) && self.text[end - 1].is_ascii_alphanumeric());
        };
        !(chars::is_word(after) || chars::is(class, after) && !b".~%".contains(&after))
    }

    fn name(&mut self, at: usize) {
        if at < self.named {
            return;
        }
        let (start, end) = assign::name_around(self.text, at);
        self.named = end;
        self.assigned = start..end;
        // A part of a path (`Type::Key`) or of a resource's name (`arn:…:secret:…`).
        let before = &self.text[start.saturating_sub(2)..start];
        if matches!(before, [b':', b':'])
            || matches!(before, [a, b':'] if a.is_ascii_alphanumeric())
        {
            return;
        }
        if start == at
            && let Some(seen) = context::authorization(self.text, at)
        {
            return self.seen(Some(seen), "authorization-header", "authorization-value");
        }
        let Some(value) = assign::value(self.text, start, end) else { return };
        if value.join == Join::Space && !value.quoted && self.is_netrc(start, end) {
            let bytes = &self.text[value.start..value.end];
            if bytes.is_ascii() && context::is_surely_chosen(bytes) {
                self.push_named("netrc-password", value.start, value.end);
            }
            return;
        }
        if let Some(seen) = context::authorization(self.text, value.start) {
            return self.seen(Some(seen), "authorization-header", "authorization-value");
        }
        let name = &self.text[start..end];
        let bytes = &self.text[value.start..value.end];
        if self.registry_auth(name, bytes, value.start, value.end) {
            return;
        }
        let line = self.line_around(start, 100, 0);
        let folder = &self.path[..self.path.len() - self.file.len()];
        let place = generic::NameContext {
            name,
            before: &self.text[line.start..start],
            file: self.file,
            around: [
                &self.text[start.saturating_sub(240)..start],
                &self.text[value.end..self.text.len().min(value.end + 120)],
                &folder[folder.len().saturating_sub(60)..],
            ],
        };
        let Some(verdict) = generic::classify(place, &value, bytes) else { return };
        let rule = match verdict {
            SecretKind::AwsSecret => "aws-secret-access-key",
            SecretKind::AzureKey => "azure-account-key",
            SecretKind::FrameworkKey => "framework-key",
            SecretKind::ServiceKey => "service-key",
            SecretKind::Key => "generic-secret",
            SecretKind::Password => "generic-password",
        };
        if value.join == Join::Space && self.depth > 0 {
            return;
        }
        self.push_named(rule, value.start, value.end);
    }

    /// Whether the word is the `password` of `machine … login … password …`, in whatever file.
    fn is_netrc(&self, start: usize, end: usize) -> bool {
        let before = &self.text[start.saturating_sub(200)..start];
        &self.text[start..end] == b"password"
            && memchr::memmem::rfind(before, b"login ").is_some()
            && memchr::memmem::rfind(before, b"machine ").is_some()
    }

    /// `_auth`, `_authToken` of npm and `"auth"` of Docker.
    fn registry_auth(&mut self, name: &[u8], bytes: &[u8], start: usize, end: usize) -> bool {
        let found = match name {
            b"_auth" | b"auth" | b"identitytoken" => {
                bytes.len() >= 12 && context::basic(bytes) == Some(true)
            }
            b"_authToken" => {
                bytes.len() >= 20
                    && !password::is_template(bytes)
                    && !random::is_placeholder(bytes)
                    && random::is_random(bytes)
                    && !bytes.starts_with(b"npm_")
            }
            _ => false,
        };
        if found {
            self.push_named("registry-auth", start, end);
        }
        found
    }

    fn key_block(&mut self, at: usize) {
        if self.text[at] == b'"' {
            if let Some(range) = files::web_key(self.text, at) {
                self.push_named("json-web-key", range.start, range.end);
            }
            return;
        }
        let putty =
            self.text.get(at..at + 5).is_some_and(|word| word.eq_ignore_ascii_case(b"putty"));
        let (seen, rule) = if putty {
            (context::putty(self.text, at), "putty-private-key")
        } else {
            (context::key_block(self.text, at), "private-key")
        };
        self.seen(seen, rule, rule);
    }

    fn long_run(&mut self, start: usize, end: usize) {
        let text = self.text;
        let run = &text[start..end.min(start + 600)];
        for (at, &byte) in run.iter().enumerate() {
            let place = start + at;
            if b"MNOS".contains(&byte) && self.starts_token(place) {
                for rule in prefilter::of_runs() {
                    if let Some(end) = shape::matches(rule.shape, text, place) {
                        self.confirm(rule, place, end);
                    }
                }
            }
        }
        // What is decoded is shorter than what it was decoded from: that bounds the work.
        if self.depth >= 2 || start < self.unwrapped {
            return;
        }
        if let Some(lines) = encoded::wrapped(text, start, end)
            && encoded::readable(&lines.text).is_some()
        {
            self.unwrapped = lines.end;
            return self.decoded(&lines.text, lines.start, lines.end);
        }
        for (at, piece) in encoded::pieces(&text[start..end]) {
            self.decoded(piece, start + at, start + at + piece.len());
        }
    }

    /// Looks into what may be base64 and stands at `start..end`.
    fn decoded(&mut self, piece: &[u8], start: usize, end: usize) {
        let Some(plain) = encoded::readable(piece) else { return };
        let inner = find_inside(&plain, self.path, self.depth + 1);
        if let Some(first) = inner.into_iter().find(|raw| raw.tier == SecretTier::Provider) {
            self.found.push(RawHit { start, end, ..first });
        }
    }

    fn seen(
        &mut self,
        seen: Option<context::ContextHit>,
        sure: &'static str,
        unsure: &'static str,
    ) {
        if let Some(seen) = seen {
            self.push_named(
                if seen.sure { sure } else { unsure },
                seen.range.start,
                seen.range.end,
            );
        }
    }

    fn push_named(&mut self, rule: &'static str, start: usize, end: usize) {
        if let Some(kind) = CONTEXTUAL.iter().find(|kind| kind.rule == rule) {
            self.push(rule, kind.tier, kind.description, start, end);
        }
    }

    fn push(
        &mut self,
        rule: &'static str,
        tier: SecretTier,
        description: &'static str,
        start: usize,
        end: usize,
    ) {
        let value = &self.text[start..end];
        let (hash, is_weak) = (weak::hash(rule, value), weak::is_weak(rule, value));
        let name = BString::from(&self.text[self.assigned.clone()]);
        self.found.push(RawHit { rule, tier, start, end, hash, is_weak, name, description });
    }
}

fn find_inside(plain: &[u8], path: &[u8], depth: u8) -> Vec<RawHit> {
    let mut found = Finder::new(plain, path, depth).run();
    for stretch in wide::stretches(plain) {
        found.extend(Finder::new(&stretch.text, path, depth + 1).run());
    }
    found
}
