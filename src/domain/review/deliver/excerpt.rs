//! Picks lines out of what is delivered of a file, for people.

/// The most lines of one place.
const LINES_MAX: usize = 40;

/// The lines of a section around these lines of the new side, ends included, with sign and number. What
/// was removed there is among them.
pub fn lines_around(section: &str, (first, last): (u32, u32), around: u32) -> String {
    let wanted = first.saturating_sub(around)..=last.saturating_add(around);
    let mut shown = String::new();
    let mut near = false;
    let mut count = 0;
    for line in section.lines() {
        let Some((sign, number)) = sign_and_number(line) else { continue };
        // A removed line has no number: it stands where the line before it does.
        near = match number {
            Some(number) => wanted.contains(&number),
            None if first <= around + 1 && count == 0 && sign == '-' => true,
            None => near,
        };
        if near && count < LINES_MAX {
            count += 1;
            shown.push_str(line);
            shown.push('\n');
        } else if near && count == LINES_MAX {
            count += 1;
            shown.push_str("…\n");
        }
    }
    shown
}

/// The sign and the number of a delivered line; `None` for the head, the end and notes.
fn sign_and_number(line: &str) -> Option<(char, Option<u32>)> {
    let sign = line.chars().next().filter(|sign| matches!(sign, ' ' | '+' | '-'))?;
    let (number, _) = line.get(1..)?.split_once(" |")?;
    match number {
        "" if sign == '-' => Some((sign, None)),
        number => number.parse().ok().map(|number| (sign, Some(number))),
    }
}

#[cfg(test)]
mod tests {
    use super::lines_around;

    const SECTION: &str = "=== a.rs: modified, section 1 of 1\n 1 | one\n 2 | two\n\
        - | gone\n+3 | three\n 4 | four\n=== end of a.rs, nonce 123456789abc\n";

    #[test]
    fn the_lines_of_a_place_are_shown_with_what_was_removed_there() {
        for (lines, around, shown) in [
            ((3, 3), 0, "+3 | three\n"),
            ((2, 2), 0, " 2 | two\n- | gone\n"),
            ((3, 3), 1, " 2 | two\n- | gone\n+3 | three\n 4 | four\n"),
            ((40, 41), 3, ""),
        ] {
            assert_eq!(lines_around(SECTION, lines, around), shown, "{lines:?} {around}");
        }
        let removed = "=== a.rs: deleted, section 1 of 1\n- | all\n=== end of a.rs, nonce 1\n";
        assert_eq!(lines_around(removed, (1, 1), 5), "- | all\n");
    }

    #[test]
    fn a_long_place_is_cut() {
        let long: Vec<String> = (1..=100).map(|n| format!("+{n} | x")).collect();
        let long = long.join("\n");
        let shown = lines_around(&long, (1, 100), 0);
        assert_eq!(shown.lines().count(), 41);
        assert!(shown.ends_with("…\n"), "{shown}");
    }
}
