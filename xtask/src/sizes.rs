//! What the page weighs on the wire, against the budgets of the design.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{ask, command};

/// The most that the program's first part may weigh, compressed with brotli, in bytes.
const WASM: usize = 280_000;
/// The most that the program of the widgets and charts may weigh, compressed with brotli, in bytes. A page
/// loads it when the first of them comes near, after its own.
const WIDGETS: usize = 160_000;
/// The most that opening a lesson for the first time may load, compressed with brotli, in bytes.
const FIRST_LOAD: usize = 420_000;
/// The most that all fonts together may weigh, in bytes.
const FONTS: usize = 110_000;

/// A file of `dist/` and its weights in bytes.
struct Weighed {
    name: String,
    raw: usize,
    gzip: usize,
    brotli: usize,
}

/// What kind of file it is, as far as budgets care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A page: one of them is loaded at a time.
    Page,
    /// The program's first part, with which a page starts.
    Wasm,
    /// Its second part, which is loaded when somebody acts.
    Second,
    /// The program of the widgets in the prose, which is loaded when one comes near, and its script.
    Widgets,
    /// A font.
    Font,
    /// What else a page loads.
    Part,
    /// What no page loads: licences and notes, and icons for whoever installs it.
    Note,
}

fn kind(name: &str) -> Kind {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => Kind::Page,
        "wasm" if name.ends_with("-second.wasm") => Kind::Second,
        "wasm" | "js" if name.starts_with("widgets-") => Kind::Widgets,
        "wasm" => Kind::Wasm,
        "woff2" => Kind::Font,
        "txt" | "md" | "png" => Kind::Note,
        _ => Kind::Part,
    }
}

/// Weighs every file below `dist`, prints the table, and holds it against the budgets.
///
/// # Errors
/// Nothing was built, Node is missing, or a budget is exceeded.
pub(crate) fn check(dist: &Path) -> Result<()> {
    let mut node = command("node");
    node.args(["--input-type=module", "--eval", include_str!("weigh.mjs"), "--"]).arg(dist);
    let weights = ask(&mut node)
        .context("dist/ cannot be weighed: run `cargo xtask build`, and have Node.js 20 on PATH")?;
    judge(weights.lines().filter_map(weighed).collect())
}

/// A line of `weigh.mjs`.
fn weighed(line: &str) -> Option<Weighed> {
    let mut words = line.splitn(4, ' ');
    let mut number = || words.next()?.parse().ok();
    let (raw, gzip, brotli) = (number()?, number()?, number()?);
    Some(Weighed { name: words.next()?.to_owned(), raw, gzip, brotli })
}

/// Prints the table, and holds it against the budgets.
fn judge(mut files: Vec<Weighed>) -> Result<()> {
    files.sort_by_key(|file| std::cmp::Reverse(file.brotli));
    println!("{:<52} {:>9} {:>9} {:>9}", "bytes", "raw", "gzip", "brotli");
    for file in &files {
        println!("{:<52} {:>9} {:>9} {:>9}", file.name, file.raw, file.gzip, file.brotli);
    }
    let sum = |wanted: Kind, weight: fn(&Weighed) -> usize| -> usize {
        files.iter().filter(|file| kind(&file.name) == wanted).map(weight).sum()
    };
    let page = files.iter().filter(|file| kind(&file.name) == Kind::Page).map(|file| file.brotli);
    let page = page.max().unwrap_or(0);
    let (wasm, wasm_gzip) =
        (sum(Kind::Wasm, |file| file.brotli), sum(Kind::Wasm, |file| file.gzip));
    // Fonts are compressed already, and no server compresses them again.
    let fonts = sum(Kind::Font, |file| file.raw);
    let first_load = page + wasm + fonts + sum(Kind::Part, |file| file.brotli);
    let second = sum(Kind::Second, |file| file.brotli);
    println!("\nthe program's first part with gzip: {}", kilobytes(wasm_gzip));
    println!("its second part, brotli: {}; both: {}", kilobytes(second), kilobytes(wasm + second));
    let widgets = sum(Kind::Widgets, |file| file.brotli);
    if wasm == 0 || page == 0 {
        bail!("dist/ has no page or no program");
    }
    let budgets = [
        ("the program's first part, brotli", wasm, WASM),
        ("widgets and charts, loaded when one comes near, brotli", widgets, WIDGETS),
        ("first load of the biggest page, brotli", first_load, FIRST_LOAD),
        ("fonts", fonts, FONTS),
    ];
    let mut exceeded = Vec::new();
    for (what, weight, budget) in budgets {
        println!("{what}: {} of {}", kilobytes(weight), kilobytes(budget));
        if weight > budget {
            exceeded.push(format!("{what}: {} over", kilobytes(weight - budget)));
        }
    }
    if wasm > WASM {
        println!("`cargo xtask profile` finds what may wait in the second part");
    }
    if exceeded.is_empty() { Ok(()) } else { bail!("{}", exceeded.join("; ")) }
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is over its budget is named, with by how much; what is within it passes; and a folder
    /// without a program is not light but empty.
    #[test]
    fn budgets_are_held() {
        let check = |weights: &str| judge(weights.lines().filter_map(weighed).collect());
        let page = "900 400 300 index.html\n9 9 279000 page_bg.wasm\n";
        check(page).unwrap();
        check(&format!("{page}500000 9 9 fonts/OFL.txt\n400000 9 9 about.html")).unwrap();
        let error = check(&format!("{page}110100 9 9 fonts/serif.woff2")).unwrap_err().to_string();
        assert_eq!(error, "fonts: 0.1 kB over");
        let error = check(&format!("{page}9 9 141000 style.css")).unwrap_err().to_string();
        assert_eq!(error, "first load of the biggest page, brotli: 0.3 kB over");
        assert!(check("900 400 300 index.html").is_err());
        let widgets = |bytes| format!("{page}9 9 {bytes} widgets-1.wasm\n9 9 20000 widgets-1.js");
        check(&widgets(140_000)).unwrap();
        let error = check(&widgets(140_100)).unwrap_err().to_string();
        assert_eq!(error, "widgets and charts, loaded when one comes near, brotli: 0.1 kB over");
        // What nobody loads who only reads counts against no budget, nor as a program.
        check(&format!("{page}9 9 141000 page-second.wasm")).unwrap();
        assert!(check("900 400 300 index.html\n9 9 9 page-second.wasm").is_err());
    }
}
