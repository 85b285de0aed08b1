//! Five lessons, each broken by hand in one place, and all that `lab lessons check` says of them. They
//! stand in `broken-lessons/`: two that cannot be read, three that run otherwise than they say.
#![cfg(feature = "cli")]

use std::path::Path;

use lab::lessons::check_command;

/// Proves: the check of this course fails, and says exactly this.
#[track_caller]
fn check(course: &str, expected: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-lessons").join(course);
    let mut out = Vec::new();
    let proven = check_command(&folder, &[], &mut out).expect("a list can be written to");
    let out = String::from_utf8(out).expect("what is said is text");
    let out = out.replace(&format!("{}/", folder.display()), "");
    assert_eq!(out, expected);
    assert!(!proven);
}

#[test]
fn lessons_that_cannot_be_read() {
    check(
        "reads-wrong",
        "01-dead-link/en.md:21: dead link: there is no lesson nowhere\n\
         02-unknown-field/lesson.toml:5: unknown field `minuets`, expected one of `format`, `id`, \
         `title`, `summary`, `minutes`, `time_limit_seconds`, `panels`, `commands`, `open_ended`, \
         `setup`, `cluster`, `goals`, `predictions`, `questions`, `solutions`\n",
    );
}

#[test]
fn lessons_that_run_otherwise_than_they_say() {
    check(
        "runs-wrong",
        "01-wrong-number/en.md:10: `assert revision n1 = 3`: assertion failed: revision n1 = 3\n\
         02-unreachable-goal/lesson.toml:48: the goal write is not reached by this solution\n\
         03-goal-already-met/lesson.toml:27: the goal crash is reached before the learner has done \
         anything\n",
    );
}
