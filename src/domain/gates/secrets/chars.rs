//! Classes of bytes, by the letter that names them in a shape.

/// One bit a class, in the order of [`LETTERS`].
const TABLE: [u32; 256] = table();

/// The letters that name a class in a shape: digits, lower hex, upper hex, hex, lower, upper,
/// letters, lower alnum, upper alnum, alnum, word, url-safe base64, base64, either base64 with
/// padding, base32, lower base32, bech32 in capitals, dotted word, unreserved, percent-encoded,
/// printable without quotes, crypt's base64, a value that stands without quotes.
pub const LETTERS: &[u8] = b"dhHxluanNwtsbeqQBopczkv";

#[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let mut class = 0;
        while class < LETTERS.len() {
            if member(LETTERS[class], byte as u8) {
                table[byte] |= 1 << class;
            }
            class += 1;
        }
        byte += 1;
    }
    table
}

const fn member(letter: u8, b: u8) -> bool {
    let (digit, lower, upper) =
        (b.is_ascii_digit(), b.is_ascii_lowercase(), b.is_ascii_uppercase());
    let alnum = digit || lower || upper;
    match letter {
        b'd' => digit,
        b'h' => digit || (b >= b'a' && b <= b'f'),
        b'H' => digit || (b >= b'A' && b <= b'F'),
        b'x' => b.is_ascii_hexdigit(),
        b'l' => lower,
        b'u' => upper,
        b'a' => lower || upper,
        b'n' => lower || digit,
        b'N' => upper || digit,
        b'w' => alnum,
        b't' => alnum || b == b'_',
        b's' => alnum || b == b'_' || b == b'-',
        b'b' => alnum || b == b'+' || b == b'/',
        b'e' => alnum || matches!(b, b'+' | b'/' | b'_' | b'-' | b'='),
        b'q' => upper || (b >= b'2' && b <= b'7'),
        b'Q' => lower || (b >= b'2' && b <= b'7'),
        b'B' => (upper || digit) && !matches!(b, b'1' | b'B' | b'I' | b'O'),
        b'o' => alnum || matches!(b, b'_' | b'-' | b'.'),
        b'p' => alnum || matches!(b, b'_' | b'-' | b'.' | b'~'),
        b'c' => alnum || matches!(b, b'%' | b'+' | b'/'),
        b'z' => b > b' ' && b < 0x7f && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>'),
        b'v' => {
            b > b' '
                && !matches!(
                    b,
                    0x7f | b'"' | b'\'' | b'`' | b'<' | b'>' | b';' | b',' | b'|' | b'&'
                )
                && !matches!(b, b'(' | b')' | b'[' | b']' | b'{' | b'}')
        }
        b'k' => alnum || matches!(b, b'.' | b'/'),
        _ => false,
    }
}

/// Whether the byte is in the class of that letter; an unknown letter names the empty class.
pub fn is(letter: u8, byte: u8) -> bool {
    bit(letter).is_some_and(|bit| TABLE[usize::from(byte)] & bit != 0)
}

/// The length of the run of that class at the start of `text`, at most `max`.
pub fn run(letter: u8, text: &[u8], max: usize) -> usize {
    let Some(bit) = bit(letter) else { return 0 };
    text.iter().take(max).take_while(|&&b| TABLE[usize::from(b)] & bit != 0).count()
}

/// A byte that continues a word: a letter, a digit or `_`.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn bit(letter: u8) -> Option<u32> {
    LETTERS.iter().position(|&l| l == letter).map(|class| 1 << class)
}
