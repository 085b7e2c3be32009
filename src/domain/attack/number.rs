//! How many tests an attack is asked for.

/// How many tests one question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestNumber {
    pub least: usize,
    pub most: usize,
}

/// By how many lines the change adds or removes, shared out among the questions that show a part of it each.
pub fn asked_for(lines: usize, questions: usize) -> TestNumber {
    let (least, most) = match lines {
        0..=10 => (4, 8),
        11..=50 => (8, 15),
        _ => (15, 25),
    };
    let share = |number: usize| number.div_ceil(questions.max(1)).max(2);
    TestNumber { least: share(least), most: share(most).max(4) }
}
