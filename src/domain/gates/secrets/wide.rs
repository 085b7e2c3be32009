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
        // Little-endian: the character stands before its zero. Big-endian: after the last zero of
        // several.
        let little = zero > from && is_text(bytes[zero - 1]);
        let zeros = if little { 0 } else { bytes[zero..].iter().take_while(|&&b| b == 0).count() };
        let start = if little { zero - 1 } else { zero + zeros - 1 };
        let length = run(&bytes[start..], little);
        if length >= SHORTEST {
            let pairs = bytes[start..start + 2 * length].chunks_exact(2);
            found.push(Stretch { start, text: pairs.map(|pair| narrow(pair, little)).collect() });
        }
        from = (start + 2 * length).max(start + 1);
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
        0 if low >= 0xa0 => b'?',
        1..=5 | 0x20 => b'?',
        _ => 0,
    }
}

fn is_text(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) || matches!(byte, b'\n' | b'\r' | b'\t')
}
