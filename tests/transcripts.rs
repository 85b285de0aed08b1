//! Scripts and the transcripts that `lab run` prints for them, to the letter.
//!
//! Each `tests/scripts/NAME.lab` has its transcript in `NAME.out`; the script's first line says what
//! it proves, and `# exit N` below it names an exit status other than 0. With `UPDATE_TRANSCRIPTS=1`
//! the transcripts are written anew: read the difference before committing it.

use std::path::{Path, PathBuf};

use lab::run::{Remarks, RunOptions, run};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/scripts is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lab"))
        .collect();
    scripts.sort();
    scripts
}

/// Runs a script; its transcript and exit status.
fn transcript(script: &Path) -> (String, u8) {
    let options = RunOptions {
        nodes: 3,
        seed: 1,
        trace: None,
        history: None,
        remarks: Remarks::LeftOut,
        script: script.to_owned(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = run(&options, &mut out, &mut err).expect("the script can be read");
    (String::from_utf8(out).expect("transcripts are UTF-8"), status)
}

/// Proves: every script prints its transcript and ends with its exit status.
#[test]
fn scripts_print_their_transcripts() {
    let scripts = scripts();
    assert!(scripts.len() >= 12, "only {} scripts were found", scripts.len());
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let mut wrong = Vec::new();
    for script in scripts {
        let text = std::fs::read_to_string(&script).expect("the script can be read");
        assert!(text.starts_with("# Proves: "), "{} must say what it proves", script.display());
        let expected_status = text
            .lines()
            .find_map(|line| line.strip_prefix("# exit "))
            .map_or(0, |status| status.parse().expect("# exit N"));
        let (printed, status) = transcript(&script);
        assert_eq!(status, expected_status, "exit status of {}:\n{printed}", script.display());
        let expected = script.with_extension("out");
        if update {
            std::fs::write(&expected, &printed).expect("the transcript can be written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if printed != expected {
            wrong.push(format!(
                "{}:\n--- expected\n{expected}--- printed\n{printed}",
                script.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Proves: a script runs twice to the same transcript.
#[test]
fn a_script_repeats_itself() {
    for script in scripts() {
        assert_eq!(transcript(&script), transcript(&script), "{}", script.display());
    }
}
