//! What the page weighs on the wire, against the budgets of the design.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The most that the program may weigh, compressed with brotli, in bytes.
const WASM: usize = 280_000;
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
    /// The program.
    Wasm,
    /// A font.
    Font,
    /// What else a page loads.
    Part,
    /// What no page loads: licences and notes.
    Note,
}

fn kind(name: &str) -> Kind {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => Kind::Page,
        "wasm" => Kind::Wasm,
        "woff2" => Kind::Font,
        "txt" | "md" => Kind::Note,
        _ => Kind::Part,
    }
}

/// Weighs every file below `dist`, prints the table, and holds it against the budgets.
///
/// # Errors
/// Nothing was built, or a budget is exceeded.
pub(crate) fn check(dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    weigh(dist, dist, &mut files).context("no page in dist/: run `cargo xtask build`")?;
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
    println!("\nthe program with gzip: {}", kilobytes(wasm_gzip));
    if wasm == 0 || page == 0 {
        bail!("dist/ has no page or no program");
    }
    let budgets = [
        ("the program, brotli", wasm, WASM),
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
    if exceeded.is_empty() { Ok(()) } else { bail!("{}", exceeded.join("; ")) }
}

fn weigh(dir: &Path, dist: &Path, files: &mut Vec<Weighed>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            weigh(&path, dist, files)?;
            continue;
        }
        let data = fs::read(&path)?;
        let name = path.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        let (gzip, brotli) = (gzip(&data)?, brotli(&data)?);
        files.push(Weighed { name, raw: data.len(), gzip, brotli });
    }
    Ok(())
}

fn gzip(data: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    Ok(encoder.finish()?.len())
}

/// Compressed as a host that compresses ahead of time does: quality 11, a window of 4 MiB.
fn brotli(data: &[u8]) -> Result<usize> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    encoder.write_all(data)?;
    Ok(encoder.into_inner().len())
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program over its budget is an error that says by how much; one within it is not.
    #[test]
    fn budgets_are_held() {
        let dist = std::env::temp_dir().join(format!("raft-lab-sizes-{}", std::process::id()));
        let write = |name: &str, data: &[u8]| fs::write(dist.join(name), data).unwrap();
        fs::create_dir_all(&dist).unwrap();
        write("index.html", b"<!doctype html>");
        write("page_bg.wasm", b"\0asm");
        check(&dist).unwrap();
        // Bytes that do not compress.
        let mut state = 1u32;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        });
        write("fonts.woff2", &noise.take(FONTS + 1).collect::<Vec<_>>());
        let error = check(&dist).unwrap_err().to_string();
        fs::remove_dir_all(&dist).unwrap();
        assert!(error.starts_with("fonts:"), "{error}");
    }
}
