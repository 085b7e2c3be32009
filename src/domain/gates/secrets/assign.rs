//! Reads what is assigned to a name, in whatever notation: code, configuration, a command line,
//! XML, JSON, a URL's query, prose.

use crate::domain::gates::secrets::chars;

/// The longest value that is looked at.
const LONGEST: usize = 1100;
/// Functions whose first literal argument is the value itself, by the last part of their name.
const WRAPPERS: [&[u8]; 18] = [
    b"String",
    b"string",
    b"getenv",
    b"Getenv",
    b"env",
    b"ENV",
    b"str",
    b"Value",
    b"Secret",
    b"SecureString",
    b"fromhex",
    b"quote",
    b"text",
    b"Some",
    b"from",
    b"Var",
    b"Token",
    b"ptr",
];

/// How name and value are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `=`, `:`, `=>`, `:=`
    Assigned,
    /// `==`, `!=`
    Compared,
    /// `(`, or `,` after a quoted name.
    Argument,
    /// `<name>value</name>`
    Element,
    /// White space alone.
    Space,
    /// ` is `
    Is,
}

/// A value, its place in the text, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignedValue {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
    pub join: Join,
    /// The name was itself in quotes: a key of JSON, YAML or a map.
    pub name_quoted: bool,
}

/// The name around a place: letters, digits and what joins them.
pub fn name_around(text: &[u8], at: usize) -> (usize, usize) {
    let part = |byte: u8| chars::is(b'o', byte);
    let before = text[..at].iter().rev().take(64).take_while(|&&b| part(b)).count();
    let after = text[at..].iter().take(64).take_while(|&&b| part(b)).count();
    (at - before, at + after)
}

/// The value assigned to the name that ends at `end` and starts at `start`.
pub fn value(text: &[u8], start: usize, end: usize) -> Option<AssignedValue> {
    let mut at = end;
    let closing = run(text, at, b"\"'`])\\*&", 4);
    let name_quoted = closing > 0 && text[at..at + closing].iter().any(|b| b"\"'`".contains(b));
    at += closing;
    let element = start > 0 && text[start - 1] == b'<' && text.get(at) == Some(&b'>');
    let spaces = run(text, at, b" \t", 32);
    at += spaces;
    let (join, width) =
        if element { (Join::Element, 1) } else { join(text, at, name_quoted, spaces > 0)? };
    at += width;
    at += run(text, at, b" \t", 32);
    if join == Join::Assigned {
        at += annotation(text, at);
    }
    if text.get(at..).is_some_and(|rest| rest.starts_with(b"value=")) {
        at += 6;
    }
    literal(text, at, join, name_quoted)
}

fn join(text: &[u8], at: usize, name_quoted: bool, spaced: bool) -> Option<(Join, usize)> {
    let rest = text.get(at..)?;
    let starts = |with: &[u8]| rest.starts_with(with);
    for (sign, join) in [
        (&b"==="[..], Join::Compared),
        (b"!==", Join::Compared),
        (b"==", Join::Compared),
        (b"!=", Join::Compared),
        (b"=>", Join::Assigned),
        (b":=", Join::Assigned),
        (b"?=", Join::Assigned),
        (b"||", Join::Assigned),
        (b"->", Join::Assigned),
        (b"%3D", Join::Assigned),
        (b"=", Join::Assigned),
        (b"::", Join::Compared),
        (b":", Join::Assigned),
        (b"is ", Join::Is),
        (b"value=", Join::Assigned),
        (b"string =", Join::Assigned),
        (b"const =", Join::Assigned),
        (b"AS ", Join::Is),
    ] {
        if starts(sign) {
            let doubled = sign == b"::";
            return (!doubled).then_some((join, if sign == b"value=" { 0 } else { sign.len() }));
        }
    }
    if starts(b",") && name_quoted || starts(b"(") {
        return Some((Join::Argument, 1));
    }
    if name_quoted {
        return None;
    }
    spaced.then_some((Join::Space, 0))
}

/// The width of a type between name and `=`: `password: &'static str = `.
fn annotation(text: &[u8], at: usize) -> usize {
    let Some(rest) = text.get(at..) else { return 0 };
    let kind = |b: &u8| chars::is_word(*b) || b"&'<>[]:.*?".contains(b);
    let mut width = rest.iter().take(40).take_while(|b| kind(b)).count();
    if rest.get(width) == Some(&b' ') && rest.starts_with(b"&'static") {
        width += 1 + rest[width + 1..].iter().take(20).take_while(|b| kind(b)).count();
    }
    let sign = width + run(rest, width, b" \t", 8);
    let assigned =
        rest.get(sign) == Some(&b'=') && !matches!(rest.get(sign + 1), Some(b'=' | b'>'));
    if width == 0 || sign == width || !assigned || rest[0].is_ascii_digit() {
        return 0;
    }
    sign + 1 + run(rest, sign + 1, b" \t", 8)
}

fn literal(text: &[u8], from: usize, join: Join, name_quoted: bool) -> Option<AssignedValue> {
    let mut at = from;
    for _ in 0..2 {
        // A call around the literal: `aws.String("…")`, `new Secret('…')`.
        let word = text
            .get(at..)?
            .iter()
            .take(40)
            .take_while(|&&b| chars::is(b'o', b) || b == b':')
            .count();
        let open = at + word;
        let wrapped = text.get(open) == Some(&b'(')
            && WRAPPERS.iter().any(|name| text[at..open].ends_with(name));
        if wrapped && text.get(open + 1).is_some_and(|b| b"\"'`".contains(b)) {
            at = open + 1;
        }
    }
    // Letters that stand before a string, as in `b"…"`, `f'…'`, `@"…"`; parentheses, brackets.
    for width in 1..=2 {
        let prefix = text.get(at..at + width)?;
        let quoted = text.get(at + width).is_some_and(|b| b"\"'`".contains(b));
        if quoted && prefix.iter().all(|b| b"bfruBFRUL@$([{".contains(b)) {
            at += width;
            break;
        }
    }
    if text.get(at) == Some(&b'\\') && text.get(at + 1).is_some_and(|b| b"\"'".contains(b)) {
        at += 1;
    }
    let &first = text.get(at)?;
    if join == Join::Space && first == b'`' {
        return None;
    }
    if b"\"'`".contains(&first) {
        let quotes = run(text, at, &[first], 3);
        at += if quotes == 3 { 3 } else { 1 };
        // `'"value"'`: quotes within quotes.
        if text.get(at).is_some_and(|b| b"\"'".contains(b) && *b != first) {
            let inner = text[at];
            let end = closing(text, at + 1, inner)?;
            return Some(AssignedValue { start: at + 1, end, quoted: true, join, name_quoted });
        }
        let end = closing(text, at, first)?;
        return Some(AssignedValue { start: at, end, quoted: true, join, name_quoted });
    }
    if join == Join::Argument {
        return None;
    }
    let width = chars::run(b'v', &text[at..], LONGEST);
    let mut end = at + width;
    if text.get(end).is_some_and(|b| b"([".contains(b)) {
        return None;
    }
    while end > at && b".:!?\\*".contains(&text[end - 1]) {
        end -= 1;
    }
    (end > at && width < LONGEST).then_some(AssignedValue {
        start: at,
        end,
        quoted: false,
        join,
        name_quoted,
    })
}

fn closing(text: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < text.len() && at - from < LONGEST {
        match text[at] {
            b'\n' => return None,
            b'\\' if text.get(at + 1) == Some(&quote) => return Some(at),
            b'\\' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn run(text: &[u8], at: usize, of: &[u8], most: usize) -> usize {
    text.get(at..).map_or(0, |rest| rest.iter().take(most).take_while(|b| of.contains(b)).count())
}
