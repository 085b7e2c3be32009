//! The words and operators of a shell script. Comments, redirections and here-documents are passed over.

use bstr::ByteSlice as _;

/// A word, or what stands between words.
#[derive(Debug, PartialEq, Eq)]
pub enum ShellToken {
    Word {
        /// Without its quotes; what is computed in it stays as it is written.
        text: String,
        /// Whether no part of it is quoted.
        is_plain: bool,
    },
    Operator(&'static str),
}

/// The operators, the longer before the shorter.
const OPERATORS: [&str; 10] = [";;&", "&&", "||", ";;", ";&", "|&", ";", "&", "|", "\n"];

pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The line that was reached, from 1, and the one on which the last word began.
    pub line: usize,
    pub word_line: usize,
    /// Whether a quotation does not end.
    pub is_broken: bool,
    /// The words that end the here-documents which begin on the next line; whether tabs before them go.
    documents: Vec<(String, bool)>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        let documents = Vec::new();
        Self { text, at: 0, line: 1, word_line: 1, is_broken: false, documents }
    }

    pub fn next(&mut self) -> Option<ShellToken> {
        loop {
            let rest = &self.text[self.at..];
            match rest.first()? {
                b' ' | b'\t' => self.at += 1,
                b'\\' if rest.starts_with(b"\\\n") => self.skip(2),
                b'#' => {
                    self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                }
                b'(' => return Some(self.one("(")),
                b')' => return Some(self.one(")")),
                b'<' | b'>' => self.redirection(),
                b'&' if rest.starts_with(b"&>") => {
                    self.at += 1;
                    self.redirection();
                }
                b';' | b'&' | b'|' | b'\n' => return self.operator(),
                _ => {
                    self.word_line = self.line;
                    let (text, is_plain) = self.word();
                    let is_number = is_plain && text.bytes().all(|byte| byte.is_ascii_digit());
                    if is_number && matches!(self.peek(), Some(b'<' | b'>')) {
                        continue;
                    }
                    return Some(ShellToken::Word { text, is_plain });
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn one(&mut self, operator: &'static str) -> ShellToken {
        self.at += 1;
        ShellToken::Operator(operator)
    }

    fn operator(&mut self) -> Option<ShellToken> {
        let rest = &self.text[self.at..];
        let operator = OPERATORS.into_iter().find(|it| rest.starts_with(it.as_bytes()))?;
        self.skip(operator.len());
        if operator == "\n" {
            self.skip_documents();
        }
        Some(ShellToken::Operator(match operator {
            ";&" | ";;&" => ";;",
            "|&" => "|",
            operator => operator,
        }))
    }

    /// Passes over that many bytes.
    fn skip(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        self.line += self.text[self.at..end].find_iter("\n").count();
        self.at = end;
    }

    /// Passes over `>file`, `2>&1`, `<<END`.
    fn redirection(&mut self) {
        let rest = &self.text[self.at..];
        let is_document = rest.starts_with(b"<<") && !rest.starts_with(b"<<<");
        let strips_tabs = rest.starts_with(b"<<-");
        let is_sign = |byte: &&u8| matches!(byte, b'<' | b'>');
        self.at += rest.iter().take_while(is_sign).count();
        match self.peek() {
            Some(b'&' | b'|') => self.at += 1,
            Some(b'-') if strips_tabs => self.at += 1,
            Some(b'(') => {
                self.at += 1;
                return self.enclosed(b'(', b')');
            }
            _ => {}
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let (word, _) = self.word();
        if is_document {
            self.documents.push((word, strips_tabs));
        }
    }

    fn skip_documents(&mut self) {
        for (end, strips_tabs) in std::mem::take(&mut self.documents) {
            while self.at < self.text.len() {
                let rest = &self.text[self.at..];
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                let mut line = &rest[..length];
                while strips_tabs && line.starts_with(b"\t") {
                    line = &line[1..];
                }
                self.skip(length + 1);
                if line == end.as_bytes() {
                    break;
                }
            }
        }
    }

    /// A word, and whether no part of it is quoted.
    fn word(&mut self) -> (String, bool) {
        let (mut word, mut is_plain) = (Vec::new(), true);
        while let Some(byte) = self.peek() {
            match byte {
                // A list of values.
                b'(' if word.ends_with(b"=") => {
                    self.at += 1;
                    self.enclosed(b'(', b')');
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' => {
                    is_plain = false;
                    let start = self.at + 1;
                    self.at = start;
                    self.pass(b'\'');
                    word.extend_from_slice(&self.text[start..self.before_last(start)]);
                }
                b'"' => {
                    is_plain = false;
                    self.at += 1;
                    self.double_quoted(&mut word);
                }
                b'\\' => {
                    is_plain = false;
                    word.extend(self.text.get(self.at + 1).filter(|next| **next != b'\n'));
                    self.skip(2);
                }
                b'$' | b'`' => self.computed(&mut word),
                byte => {
                    word.push(byte);
                    self.at += 1;
                }
            }
        }
        (String::from_utf8_lossy(&word).into_owned(), is_plain)
    }

    fn double_quoted(&mut self, word: &mut Vec<u8>) {
        loop {
            match self.peek() {
                None => {
                    self.is_broken = true;
                    return;
                }
                Some(b'"') => {
                    self.at += 1;
                    return;
                }
                Some(b'\\') => {
                    let next = self.text.get(self.at + 1).copied();
                    if !next.is_some_and(|next| b"$`\"\\\n".contains(&next)) {
                        word.push(b'\\');
                    }
                    word.extend(next.filter(|next| *next != b'\n'));
                    self.skip(2);
                }
                Some(b'$' | b'`') => self.computed(word),
                Some(byte) => {
                    word.push(byte);
                    self.skip(1);
                }
            }
        }
    }

    /// What begins with `$` or a backquote, as it is written.
    fn computed(&mut self, word: &mut Vec<u8>) {
        let start = self.at;
        self.at += 1;
        match (self.text[start], self.peek()) {
            (b'`', _) => self.pass(b'`'),
            (_, Some(b'(')) => {
                self.at += 1;
                self.enclosed(b'(', b')');
            }
            (_, Some(b'{')) => {
                self.at += 1;
                self.enclosed(b'{', b'}');
            }
            _ => {}
        }
        word.extend_from_slice(&self.text[start..self.at]);
    }

    /// Goes behind the bracket that closes an open one.
    fn enclosed(&mut self, open: u8, close: u8) {
        let mut depth = 1;
        while let Some(byte) = self.peek() {
            self.skip(if byte == b'\\' { 2 } else { 1 });
            match byte {
                b'\'' => self.pass(b'\''),
                b'"' => self.double_quoted(&mut Vec::new()),
                byte if byte == open => depth += 1,
                byte if byte == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.is_broken = true;
    }

    /// Goes behind the next such byte.
    fn pass(&mut self, end: u8) {
        let rest = &self.text[self.at..];
        let found = rest.iter().position(|byte| *byte == end);
        self.is_broken |= found.is_none();
        self.skip(found.map_or(rest.len(), |at| at + 1));
    }

    /// Where a quotation ends that was just passed.
    fn before_last(&self, start: usize) -> usize {
        if self.is_broken { self.at } else { (self.at - 1).max(start) }
    }
}
