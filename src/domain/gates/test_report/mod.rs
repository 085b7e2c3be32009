//! Test reports: which tests ran, and what came of each.
//!
//! An exit code says that a runner is content, not that a test ran. A pass is at least one test that passed,
//! none that failed, and a report and an exit code that agree.

pub mod cases;
mod go_test;
mod jest;
mod junit;
mod libtest;
#[cfg(test)]
mod tests;

use crate::domain::gates::formats::report::FormatError;
use crate::domain::gates::test_report::cases::TestReport;
use crate::domain::policy::report_format::TestFormat;

/// Reads a report. An error says where it breaks: what does not agree with itself is refused.
pub fn read(format: TestFormat, text: &str) -> Result<TestReport, FormatError> {
    match format {
        TestFormat::Junit => junit::read(text),
        TestFormat::GoTest => go_test::read(text),
        TestFormat::Libtest => libtest::read(text),
        TestFormat::Jest => jest::read(text),
    }
}
