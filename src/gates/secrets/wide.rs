//! Text in UTF-16, in either order, with or without a mark, also in the midst of other bytes.

/// The shortest stretch worth reading, in characters.
const SHORTEST: usize = 12;

/// A stretch of UTF-16 text, narrowed to bytes, and where it starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: usize,
    pub text: Vec<u8>,
}

impl Stretch {
    /// The place in the blob of a place in the narrowed text.
    pub fn place(&self, at: usize) -> usize {
        self.start + 2 * at
    }
}

/// The stretches of UTF-16 text in a blob; characters beyond ASCII become `?`.
pub fn stretches(bytes: &[u8]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(zero) = memchr::memchr(0, &bytes[from..]).map(|at| from + at) {
        // Little-endian: the character stands before its zero. Big-endian: after.
        let little = zero.checked_sub(1).filter(|&at| at >= from && is_text(bytes[at]));
        let start = little.unwrap_or(zero);
        let length = run(&bytes[start..], little.is_some());
        if length >= SHORTEST {
            let text = bytes[start..start + 2 * length]
                .chunks_exact(2)
                .map(|pair| narrow(pair, little.is_some()))
                .collect();
            found.push(Stretch { start, text });
        }
        from = (start + 2 * length).max(zero + 1);
    }
    found
}

fn run(bytes: &[u8], little: bool) -> usize {
    bytes.chunks_exact(2).take_while(|pair| narrow(pair, little) != 0).count()
}

/// The ASCII byte of a pair, `?` for another letter, 0 for what is no text.
fn narrow(pair: &[u8], little: bool) -> u8 {
    let (low, high) = if little { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
    match high {
        0 if is_text(low) => low,
        // Latin, Greek, Cyrillic, general punctuation.
        1..=5 | 0x20 => b'?',
        _ => 0,
    }
}

fn is_text(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) || matches!(byte, b'\n' | b'\r' | b'\t')
}
