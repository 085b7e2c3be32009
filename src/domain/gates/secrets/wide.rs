//! Text in UTF-16 or UTF-32, in either order, with or without a mark, also in the midst of other bytes.

/// The shortest stretch worth reading, in characters.
const SHORTEST: usize = 12;

/// A stretch of wide text, narrowed to bytes, and where it starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: usize,
    /// Of a character, in bytes.
    pub width: usize,
    pub text: Vec<u8>,
}

impl Stretch {
    /// The place in the blob of a place in the narrowed text.
    pub fn place(&self, at: usize) -> usize {
        self.start + self.width * at
    }
}

/// How the characters stand in the bytes: how many bytes each, and whether the lowest comes first.
#[derive(Clone, Copy)]
struct Form {
    width: usize,
    little: bool,
}

/// The stretches of wide text in a blob; characters beyond ASCII become `?`.
pub fn stretches(bytes: &[u8]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(zero) = memchr::memchr(0, &bytes[from..]).map(|at| from + at) {
        // Little-endian: the character stands before its zeros. Big-endian: after the last of them.
        let little = zero > from && is_ascii_text(bytes[zero - 1]);
        let zeros = bytes[zero..].iter().take_while(|&&b| b == 0).count();
        let widths: &[usize] = if zeros >= 3 { &[4, 2] } else { &[2] };
        from = zero + 1;
        for &width in widths {
            let form = Form { width, little };
            let start = if little { zero - 1 } else { zero + zeros + 1 - width };
            let length = form.run(&bytes[start..]);
            from = from.max(start + width * length);
            if length >= SHORTEST {
                let letters = bytes[start..start + width * length].chunks_exact(width);
                let text = letters.map(|letter| form.narrow(letter)).collect();
                found.push(Stretch { start, width, text });
                break;
            }
        }
    }
    found
}

/// Whether bytes are wide text from the first to the last whole character, with or without a mark.
pub fn is_text(bytes: &[u8]) -> bool {
    [(2, true), (2, false), (4, true), (4, false)].into_iter().any(|(width, little)| {
        let form = Form { width, little };
        let mut letters = bytes.chunks_exact(width).peekable();
        letters.next_if(|letter| form.is_mark(letter));
        letters.peek().is_some() && letters.all(|letter| form.narrow(letter) != 0)
    })
}

impl Form {
    fn run(self, bytes: &[u8]) -> usize {
        bytes.chunks_exact(self.width).take_while(|letter| self.narrow(letter) != 0).count()
    }

    /// The ASCII byte of a character, `?` for another letter, 0 for what is no text.
    fn narrow(self, letter: &[u8]) -> u8 {
        let (low, high) = self.low_and_high(letter);
        match high {
            0 if is_ascii_text(low) => low,
            // Latin, Greek, Cyrillic, general punctuation.
            0 if low >= 0xa0 => b'?',
            1..=5 | 0x20 => b'?',
            _ => 0,
        }
    }

    fn is_mark(self, letter: &[u8]) -> bool {
        self.low_and_high(letter) == (0xff, 0xfe)
    }

    /// The two lowest bytes of a character; what no text has where there is more in the others.
    fn low_and_high(self, letter: &[u8]) -> (u8, u8) {
        let at = |place: usize| letter[if self.little { place } else { self.width - 1 - place }];
        if (2..self.width).all(|place| at(place) == 0) { (at(0), at(1)) } else { (0, 0xff) }
    }
}

fn is_ascii_text(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) || matches!(byte, b'\n' | b'\r' | b'\t')
}
