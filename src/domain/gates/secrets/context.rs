//! Secrets that are known by where they stand: in a URL, a header, a command line, a key block.

use std::ops::Range;

use crate::domain::gates::secrets::password::{is_password, is_template};
use crate::domain::gates::secrets::{chars, checksum, random};

/// How far a PEM block is followed.
const LONGEST_BLOCK: usize = 24 * 1024;

/// A place, and whether it is surely a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextHit {
    pub range: Range<usize>,
    pub sure: bool,
}

/// The private key block whose first line holds `PRIVATE KEY` at `at`.
pub fn key_block(text: &[u8], at: usize) -> Option<ContextHit> {
    let from = at.saturating_sub(48);
    let begin = from + memchr::memmem::rfind(&text[from..at], b"BEGIN")?;
    let start =
        begin - text[..begin].iter().rev().take(6).take_while(|b| b"- ".contains(b)).count();
    if start + 4 > begin || text[begin..at].contains(&b'\n') {
        return None;
    }
    let limit = text.len().min(at + LONGEST_BLOCK);
    let rest = &text[at + 11..limit];
    let rest = rest.strip_prefix(b" BLOCK").unwrap_or(rest);
    if !rest.starts_with(b"---") && !rest.starts_with(b" ---") {
        return None;
    }
    let end = memchr::memmem::find(rest, b"-END").or_else(|| memchr::memmem::find(rest, b"- END"));
    let body = &rest[..end.unwrap_or(rest.len().min(700))];
    if !has_key_bytes(body) {
        return None;
    }
    let block_end = end.map_or(body.len(), |end| {
        let tail = &rest[end..];
        end + tail.iter().take(70).take_while(|&&b| b != b'\n' && b != b'"' && b != b'\'').count()
    });
    Some(ContextHit { range: start..limit - rest.len() + block_end, sure: true })
}

/// Whether there is a line of base64 in a block, and not just dots or a name in brackets.
fn has_key_bytes(body: &[u8]) -> bool {
    let mut total = 0;
    let mut longest: &[u8] = b"";
    for run in body.split(|&b| !chars::is(b'b', b)) {
        total += if run.len() >= 12 { run.len() } else { 0 };
        if run.len() > longest.len() {
            longest = run;
        }
        if total > 400 {
            break;
        }
    }
    longest.len() >= 24 && total >= 40 && random::distinct(longest) >= 10
}

/// The private part of a `PuTTY` key file.
pub fn putty(text: &[u8], at: usize) -> Option<ContextHit> {
    let limit = text.len().min(at + 8192);
    let lines = at + memchr::memmem::find(&text[at..limit], b"Private-Lines:")?;
    let body_start = lines + memchr::memchr(b'\n', &text[lines..limit])? + 1;
    let body = &text[body_start..limit];
    let length =
        body.iter().take_while(|&&b| chars::is(b'e', b) || b == b'\n' || b == b'\r').count();
    (length >= 24).then_some(ContextHit { range: at..body_start + length, sure: true })
}

/// The password of `scheme://user:password@host`, where `at` is the place of `://`.
pub fn url(text: &[u8], at: usize) -> Option<ContextHit> {
    let scheme = text[..at]
        .iter()
        .rev()
        .take(24)
        .take_while(|&&b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        .count();
    if scheme < 2 {
        return None;
    }
    let start = at + 3;
    let authority = text.get(start..)?;
    let width = authority
        .iter()
        .take(300)
        .take_while(|&&b| b > b' ' && !b"\"'`<>/,\\".contains(&b))
        .count();
    let authority = &authority[..width];
    let host_at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', &authority[..host_at])?;
    let (user, password, host) =
        (&authority[..colon], &authority[colon + 1..host_at], &authority[host_at + 1..]);
    if host.is_empty() || is_template(host) || host.starts_with(b"#") || password.contains(&b'?') {
        return None;
    }
    if password.eq_ignore_ascii_case(user) || !is_url_password(password) {
        return None;
    }
    let local = [&b"localhost"[..], b"127.0.0.1", b"0.0.0.0", b"example."]
        .iter()
        .any(|name| host.starts_with(name));
    let sure = !local && is_surely_chosen(password);
    Some(ContextHit { range: start + colon + 1..start + host_at, sure })
}

fn is_url_password(password: &[u8]) -> bool {
    password.len() >= 6
        && password.len() <= 200
        && !password.iter().all(u8::is_ascii_digit)
        && !password.starts_with(b"[")
        && !password.contains(&b'(')
        && (is_password(password) || random::is_random(password) && !is_template(password))
}

/// Whether this password is surely no example.
pub fn is_surely_chosen(password: &[u8]) -> bool {
    password.len() >= 8
        && random::is_mixed(password)
        && random::distinct(password) >= 7
        && random::wordiness(password, 6).is_none_or(|share| share < 0.7)
        && !random::is_placeholder(password)
}

/// The credential of an `Authorization` header's value, `Bearer …`, `Basic …`, `token …`.
pub fn authorization(text: &[u8], at: usize) -> Option<ContextHit> {
    let rest = text.get(at..text.len().min(at + 2048))?;
    let schemes: [&[u8]; 8] = [
        b"bearer ",
        b"basic ",
        b"token ",
        b"apikey ",
        b"ntlm ",
        b"bearer: ",
        b"negotiate ",
        b"ssws ",
    ];
    let scheme = schemes
        .iter()
        .find(|name| rest.len() > name.len() && rest[..name.len()].eq_ignore_ascii_case(name))?;
    let skip =
        scheme.len() + rest[scheme.len()..].iter().take(4).take_while(|&&b| b == b' ').count();
    let width =
        rest[skip..].iter().take_while(|&&b| chars::is(b'e', b) || b".~".contains(&b)).count();
    let value = &rest[skip..skip + width];
    let follows = rest.get(skip + width).copied().unwrap_or(b' ');
    if width < 12 || random::is_placeholder(value) || b"($[{".contains(&follows) {
        return None;
    }
    let range = at + skip..at + skip + width;
    if scheme.eq_ignore_ascii_case(b"basic ") {
        return basic(value).map(|sure| ContextHit { range, sure });
    }
    let token = width >= 16 && random::is_random(value) && random::is_mixed(value);
    token.then_some(ContextHit { range, sure: width >= 20 })
}

/// Whether base64 text is `user:password`; `Some(true)` where the password is no common word.
pub fn basic(value: &[u8]) -> Option<bool> {
    let decoded = checksum::decode(value)?;
    let readable = decoded.iter().all(|&b| (b' '..0x7f).contains(&b));
    let Some(colon) = memchr::memchr(b':', &decoded).filter(|_| readable) else {
        return (!readable && value.len() >= 20 && random::is_random(value)).then_some(false);
    };
    let password = &decoded[colon + 1..];
    let stand_in = password.len() < 4 || is_template(password) || random::is_placeholder(password);
    (!stand_in
        && password != &decoded[..colon]
        && (is_password(password) || password.len() > 8 && password.contains(&b' ')))
    .then(|| is_surely_chosen(password))
}

/// `user:password` after `-u` or `--user`, the password after `-p` or `--password`, in the command
/// around `at`.
pub fn command(text: &[u8], at: usize) -> Option<ContextHit> {
    let rest = text.get(at..text.len().min(at + 400))?;
    let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let lower = rest.iter().take(16).map(u8::to_ascii_lowercase).collect::<Vec<_>>();
    if lower.starts_with(b"curlopt_") {
        let quote = memchr::memchr(b'"', rest).or_else(|| memchr::memchr(b'\'', rest))?;
        let name = &rest[..quote];
        let value = quoted_or_bare(text, at + quote)?;
        let bearer = memchr::memmem::find(name, b"BEARER").is_some();
        return if bearer { opaque(text, value) } else { pair(text, value) };
    }
    if lower.starts_with(b"convertto-secure") {
        let start = rest.iter().position(|b| b"\"'".contains(b)).unwrap_or(23);
        let value = quoted_or_bare(text, at + start)?;
        let bytes = text[value.clone()].strip_suffix(b"\\").unwrap_or(&text[value.clone()]);
        let range = value.start..value.start + bytes.len();
        return is_password(bytes).then(|| ContextHit { sure: is_surely_chosen(bytes), range });
    }
    let user_flag =
        lower.starts_with(b" -u ") || lower.starts_with(b"--user") || lower.starts_with(b"-u");
    if user_flag {
        let from = at.saturating_sub(400);
        let line_start = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |p| from + p + 1);
        let before = &text[line_start..at];
        let names: [&[u8]; 5] = [b"curl", b"wget", b"http ", b"CURL", b"psexec"];
        if !names.iter().any(|name| memchr::memmem::find(before, name).is_some())
            && !starts_with_flag(before, text, line_start)
        {
            return None;
        }
        let flag = rest
            .iter()
            .skip(1)
            .take_while(|&&b| b != b' ' && b != b'=' && b != b'"' && b != b'\'')
            .count()
            + 1;
        let gap = rest[flag..].iter().take(3).take_while(|&&b| b == b' ' || b == b'=').count();
        return pair(text, quoted_or_bare(text, at + flag + gap)?);
    }
    let flags: [&[u8]; 5] = [b" -p ", b" --password ", b" --password=", b" -p'", b" -p\""];
    if lower.starts_with(b"identified by ") {
        let value = quoted_or_bare(text, at + 14).filter(|range| range.start > at + 14)?;
        let bytes = &text[value.clone()];
        return is_password(bytes)
            .then(|| ContextHit { sure: is_surely_chosen(bytes), range: value });
    }
    let flags: &[&[u8]] = match lower.get(..4) {
        Some(b"ldap") => &[b" -w "],
        Some(b"sqlc") => &[b" -P "],
        Some(b"mysq") => &[b" --password=", b" -p'", b" -p\"", b" -p"],
        _ => &flags,
    };
    let (found, flag) =
        flags.iter().filter_map(|flag| Some((memchr::memmem::find(rest, flag)?, *flag))).min()?;
    let quote_in_flag = usize::from(flag.ends_with(b"'") || flag.ends_with(b"\""));
    let value = quoted_or_bare(text, at + found + flag.len() - quote_in_flag)?;
    let bytes = &text[value.clone()];
    (is_password(bytes)).then(|| ContextHit { sure: is_surely_chosen(bytes), range: value })
}

/// A continuation line of a command that was begun before: `  -u user:password \`.
fn starts_with_flag(before: &[u8], text: &[u8], line_start: usize) -> bool {
    before.iter().all(|&b| b == b' ' || b == b'\t')
        && line_start >= 2
        && text[line_start.saturating_sub(8)..line_start - 1].trim_ascii_end().ends_with(b"\\")
}

fn pair(text: &[u8], range: Range<usize>) -> Option<ContextHit> {
    let value = &text[range.clone()];
    let colon = memchr::memchr(b':', value)?;
    let (user, mut start, mut end) = (&value[..colon], range.start + colon + 1, range.end);
    while start < end && b"\"'{".contains(&text[start]) {
        start += 1;
    }
    while end > start && b"\"'}".contains(&text[end - 1]) {
        end -= 1;
    }
    let password = &text[start..end];
    let good = !is_template(password)
        && !password.starts_with(b"[")
        && password != user
        && is_password(password);
    good.then(|| ContextHit { range: start..end, sure: is_surely_chosen(password) })
}

fn opaque(text: &[u8], range: Range<usize>) -> Option<ContextHit> {
    let value = &text[range.clone()];
    (value.len() >= 16 && random::is_random(value)).then_some(ContextHit { range, sure: true })
}

fn quoted_or_bare(text: &[u8], at: usize) -> Option<Range<usize>> {
    let &first = text.get(at)?;
    let rest = &text[at..text.len().min(at + 300)];
    if first == b'"' || first == b'\'' {
        let inside = memchr::memchr(first, &rest[1..])?;
        // `"user":"password"`
        let more = if rest.get(inside + 2) == Some(&b':') && rest.get(inside + 3) == Some(&first) {
            memchr::memchr(first, &rest[inside + 4..])? + 3
        } else {
            0
        };
        return Some(at + 1..at + 1 + inside + more);
    }
    let width = rest.iter().take_while(|&&b| b > b' ' && !b"\"'`<>|;".contains(&b)).count();
    (width > 0).then_some(at..at + width)
}
