//! `lab lessons new`: a lesson that holds, to be written over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The manifest of a new lesson.
const MANIFEST: &str = include_str!("template/lesson.toml");
/// The prose of a new lesson.
const PROSE: &str = include_str!("template/en.md");

/// Makes the folder of a new lesson below `dir`, with the next free number; returns it.
///
/// # Errors
/// If the slug is not one or is taken, or files cannot be written.
pub fn new_lesson(dir: &Path, slug: &str) -> io::Result<PathBuf> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || !slug.chars().all(good) || slug.starts_with('-') || slug.ends_with('-') {
        let message =
            format!("{slug:?} is no slug: expected words of a–z and 0–9 joined by hyphens");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut last = 0;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let Some((number, taken)) = name.to_str().and_then(|name| name.split_once('-')) else {
            continue;
        };
        if taken == slug {
            let message = format!("there is a lesson {slug:?} already");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        last = last.max(number.parse::<u32>().unwrap_or(0));
    }
    let folder = dir.join(format!("{:02}-{slug}", last + 1));
    fs::create_dir(&folder)?;
    let manifest = MANIFEST.replace("SLUG", slug).replace("TITLE", &title(slug));
    fs::write(folder.join("lesson.toml"), manifest)?;
    fs::write(folder.join("en.md"), PROSE)?;
    Ok(folder)
}

/// `odd-or-even` becomes `Odd or even`.
fn title(slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::{check_all, load_all};

    /// Proves: a new lesson passes its check as it is, gets the next number, and takes no other's
    /// name.
    #[test]
    fn a_new_lesson_holds() {
        let dir = std::env::temp_dir().join(format!("raft-lab-scaffold-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a folder for the test");
        fs::write(dir.join("glossary.toml"), "[terms]\n").expect("a glossary");
        let first = new_lesson(&dir, "my-lesson").expect("a new lesson");
        assert!(first.ends_with("01-my-lesson"));
        assert!(new_lesson(&dir, "other").expect("another").ends_with("02-other"));
        assert!(new_lesson(&dir, "other").is_err());
        assert!(new_lesson(&dir, "No Slug").is_err());
        let lessons = load_all(&dir).expect("both can be read");
        assert_eq!(lessons[0].data.title, "My lesson");
        assert_eq!(check_all(&lessons), []);
        fs::remove_dir_all(&dir).expect("the folder can be removed");
    }
}
