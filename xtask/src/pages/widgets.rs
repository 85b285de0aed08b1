//! The program of the widgets in the prose: named after its content, and announced to the boot file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::assets::fingerprint;

/// What Trunk calls it: a worker, in its words, whose files it neither names nor announces.
const STAGED: [&str; 2] = ["widgets.js", "widgets_bg.wasm"];

/// Names both files after their content, and has the page say where they are.
///
/// # Errors
/// One of them is missing, or the page has no head.
pub(crate) fn announce(staged: &Path, html: &str) -> Result<String> {
    let mut both = Vec::new();
    for name in STAGED {
        both.extend(fs::read(staged.join(name)).with_context(|| format!("cannot read {name}"))?);
    }
    let hash = fingerprint(&both);
    let names = ["js", "wasm"].map(|extension| format!("widgets-{hash:016x}.{extension}"));
    for (from, to) in STAGED.iter().zip(&names) {
        fs::rename(staged.join(from), staged.join(to))?;
    }
    let (head, rest) = html.split_once("</head>").context("the page has no head")?;
    let [script, program] = names;
    let link = format!("<link rel=\"widgets\" href=\"./{script}\" data-program=\"./{program}\">");
    Ok(format!("{head}{link}\n</head>{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both files get one name, which changes with either; a page without them is an error.
    #[test]
    fn both_files_are_named_after_their_content() {
        let staged = std::env::temp_dir().join(format!("raft-lab-widgets-{}", std::process::id()));
        fs::create_dir_all(&staged).unwrap();
        let mut links = Vec::new();
        for program in ["a", "b"] {
            fs::write(staged.join("widgets.js"), "js").unwrap();
            fs::write(staged.join("widgets_bg.wasm"), program).unwrap();
            let html = announce(&staged, "<head></head><body></body>").unwrap();
            let (_, rest) = html.split_once("href=\"./").unwrap();
            let (script, rest) = rest.split_once('"').unwrap();
            let program_name = script.replace(".js", ".wasm");
            assert_eq!(rest, format!(" data-program=\"./{program_name}\">\n</head><body></body>"));
            assert_eq!(fs::read_to_string(staged.join(&program_name)).unwrap(), program);
            links.push(script.to_owned());
        }
        assert_ne!(links[0], links[1]);
        assert!(announce(&staged, "<head></head>").is_err());
        fs::remove_dir_all(&staged).unwrap();
    }
}
