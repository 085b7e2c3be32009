//! Draws inputs from a number: valid ones, damaged in the ways that break parsers. The same number gives
//! the same input. Used in process and, by path, by the tests of the program itself.

/// Longer inputs are cut off here.
const BYTES_MAX: usize = 256 * 1024;

/// One in so many inputs is damaged on a large scale.
const LARGE_EACH: u64 = 16;

/// What any parser may meet, whatever its grammar.
const ANYWHERE: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\x1b[31m",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\t",
    b" ",
    b"\\",
    b"\"",
    b"'",
    b"-",
    b"/../",
    b"%s",
    b"$(x)",
    b"\xf0\x9f\x98\x80",
    b"\xcc\x81",
    b"\x7f",
];

/// Numbers at the edges of types.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "-0",
    "1",
    "255",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-1e-400",
    "999999999999999999999999999999999999999999",
];

/// What opens a level of nesting, in any grammar here.
const OPENERS: [&str; 16] = [
    "[", "{", "(", "<", "{\"a\":", "[[", "a.", "- ", "> ", "a:\n ", "${", "(?:", "*", "`", "!",
    "a{",
];

/// Where inputs come from.
pub struct Draw {
    state: u64,
    /// Whether damages are large: deep, long or many times the same.
    is_large: bool,
}

impl Draw {
    /// The drawing of that number.
    pub fn new(number: u64) -> Self {
        let state = number.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x5851_f42d_4c95_7f2d;
        Self { state, is_large: number.is_multiple_of(LARGE_EACH) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// One of them; there must be some.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of the seeds with up to six damages, made of these words too; one in twenty stays whole.
    pub fn input<T: AsRef<[u8]>>(&mut self, seeds: &[T], words: &[T]) -> Vec<u8> {
        let mut bytes = self.one(seeds).as_ref().to_vec();
        let damages = if self.below(20) == 0 { 0 } else { 1 + self.below(6) };
        for _ in 0..damages {
            self.damage(&mut bytes, seeds, words);
            bytes.truncate(BYTES_MAX);
        }
        bytes
    }

    /// A part of the bytes, mostly short.
    fn part(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let at = self.below(bytes.len() + 1);
        let longest = if self.below(4) == 0 { bytes.len() } else { 40 };
        let length = self.below(longest + 1);
        at..(at + length).min(bytes.len())
    }

    fn damage<T: AsRef<[u8]>>(&mut self, bytes: &mut Vec<u8>, seeds: &[T], words: &[T]) {
        let at = self.below(bytes.len() + 1);
        let part = self.part(bytes);
        match self.below(15) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => drop(bytes.drain(part)),
            2 => bytes.truncate(at),
            3 => {
                let copy = bytes[part].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            4 => {
                let other = self.one(seeds).as_ref();
                let other = &other[self.part(other)];
                drop(bytes.splice(part, other.iter().copied()));
            }
            5 | 6 if !words.is_empty() => {
                let word = self.one(words);
                let end = if self.below(2) == 0 { part.start } else { part.end };
                drop(bytes.splice(part.start..end, word.as_ref().iter().copied()));
            }
            7 => drop(bytes.splice(at..at, self.one(&ANYWHERE).iter().copied())),
            8 => self.replace_number(bytes, at),
            9 => {
                let depth = self.scale([3, 60, 200], [1_000, 5_000, 20_000]);
                let opener = self.one(&OPENERS);
                drop(bytes.splice(at..at, opener.repeat(depth).into_bytes()));
            }
            10 => self.repeat(bytes, part),
            11 => self.long_line(bytes, at),
            12 => *bytes = with_line_ends(bytes, if self.below(2) == 0 { b"\r\n" } else { b"\r" }),
            13 => drop(bytes.splice(0..0, self.one(&ANYWHERE).iter().copied())),
            _ => {
                let byte = u8::try_from(self.below(256)).unwrap_or_default();
                bytes.insert(at, byte);
            }
        }
    }

    /// Puts another number where one stands, behind `at` or there.
    fn replace_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let start = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |found| at + found);
        let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.one(&NUMBERS);
        drop(bytes.splice(start..start + digits, number.bytes()));
    }

    /// A part again and again, as whole lines in half of the cases.
    fn repeat(&mut self, bytes: &mut Vec<u8>, part: std::ops::Range<usize>) {
        let mut part = part;
        if self.below(2) == 0 {
            let start = bytes[..part.start].iter().rposition(|byte| *byte == b'\n');
            part.start = start.map_or(0, |at| at + 1);
            let end = bytes[part.end..].iter().position(|byte| *byte == b'\n');
            part.end = end.map_or(bytes.len(), |at| part.end + at + 1);
        }
        let times = self.scale([2, 3, 10], [100, 1_000, 10_000]);
        let room = BYTES_MAX / (part.len() + 1);
        let copies = bytes[part.clone()].repeat(times.min(room));
        drop(bytes.splice(part, copies));
    }

    fn scale(&mut self, small: [usize; 3], large: [usize; 3]) -> usize {
        *self.one(if self.is_large { &large } else { &small })
    }

    fn long_line(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let byte = self.one(b"a \"0\\/-_\t");
        let length = self.scale([40, 100, 300], [5_000, 70_000, 200_000]);
        drop(bytes.splice(at..at, vec![*byte; length]));
    }
}

fn with_line_ends(bytes: &[u8], end: &[u8]) -> Vec<u8> {
    bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(end)
}
