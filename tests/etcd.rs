//! The simulator's transcripts against those of real etcd.
//!
//! `tests/etcd/NAME.out` is what real etcd answered to `tests/etcd/NAME.lab` or
//! `tests/scripts/NAME.lab` (`cargo xtask record-etcd`; its first line names the version). The
//! simulator must print the same, but for the short list in `normalise.rs`. A script with a line
//! `# not yet: WHAT` needs something that is not built: it must differ, and the test says so once it
//! does not. `cargo test --test etcd -- --nocapture` shows how far each of those has come.

#[path = "etcd/normalise.rs"]
mod normalise;

use std::path::{Path, PathBuf};

use lab::run::{Remarks, RunOptions, run};

use normalise::normalise;

/// What real etcd answered to a script.
struct Recording {
    name: String,
    script: PathBuf,
    /// What is missing, if the simulator cannot do it yet.
    not_yet: Option<String>,
    /// Whether a job's output may come a line later there than here.
    jobs_may_be_late: bool,
    blocks: Vec<Block>,
}

/// A line of a script, and what was printed below it.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: String,
    printed: String,
}

impl Block {
    fn is_command(&self) -> bool {
        self.line.contains("etcdctl ")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn recordings() -> Vec<Recording> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("etcd"))
        .expect("tests/etcd is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "out"))
        .collect();
    files.sort();
    files.iter().map(|file| recording(file)).collect()
}

fn recording(file: &Path) -> Recording {
    let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
    let own = file.with_extension("lab");
    let script =
        if own.is_file() { own } else { folder().join("scripts").join(format!("{name}.lab")) };
    let text = std::fs::read_to_string(file).expect("a recording can be read");
    let (version, transcript) = text.split_once('\n').expect("the version stands first");
    assert!(version.starts_with("# etcd 3.5."), "{name} must say which etcd it was: {version}");
    let source = std::fs::read_to_string(&script).expect("a recording has a script");
    assert!(source.starts_with("# Proves: "), "{name} must say what it proves");
    let not_yet = source.lines().find_map(|line| line.strip_prefix("# not yet: "));
    let not_yet = not_yet.map(str::to_owned);
    let jobs_may_be_late = source.contains("A job's output may come a line later.");
    let blocks = blocks(transcript, jobs_may_be_late);
    Recording { name, script, not_yet, jobs_may_be_late, blocks }
}

/// Cuts a transcript into its lines' parts. What jobs print comes last if it may be late.
fn blocks(transcript: &str, jobs_may_be_late: bool) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut jobs = Block { line: "(jobs)".to_owned(), printed: String::new() };
    for line in transcript.lines() {
        match (line.strip_prefix("$ "), blocks.last_mut()) {
            (Some(command), _) => {
                blocks.push(Block { line: command.to_owned(), printed: String::new() });
            }
            (None, Some(_)) if jobs_may_be_late && line.starts_with('[') && line.contains("] ") => {
                jobs.printed.push_str(line);
                jobs.printed.push('\n');
            }
            (None, Some(block)) => {
                block.printed.push_str(line);
                block.printed.push('\n');
            }
            (None, None) => panic!("a transcript begins with a line: {line}"),
        }
    }
    if jobs_may_be_late {
        blocks.push(jobs);
    }
    for block in &mut blocks {
        block.printed = normalise(&block.printed);
    }
    blocks
}

/// What the simulator prints.
fn simulated(recording: &Recording) -> Vec<Block> {
    let options = RunOptions {
        nodes: 3,
        seed: 1,
        trace: None,
        history: None,
        remarks: Remarks::LeftOut,
        script: recording.script.clone(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    run(&options, &mut out, &mut err).expect("the script can be read");
    assert!(!out.is_empty(), "{}", String::from_utf8_lossy(&err));
    let transcript = std::str::from_utf8(&out).expect("transcripts are UTF-8");
    blocks(transcript, recording.jobs_may_be_late)
}

/// Proves: what the lab has of etcdctl prints what real etcdctl printed on a real cluster.
#[test]
fn the_simulator_prints_what_real_etcd_printed() {
    let mut complaints = Vec::new();
    for recording in recordings() {
        let printed = simulated(&recording);
        let equal = recording.blocks.iter().zip(&printed).filter(|(real, own)| real == own);
        let (equal, all) = (equal.count(), recording.blocks.len());
        let name = &recording.name;
        match &recording.not_yet {
            None if recording.blocks == printed => {}
            None => complaints.push(difference(&recording, &printed)),
            Some(_) if recording.blocks == printed => complaints.push(format!(
                "{name} equals real etcd now: take `# not yet: …` out of the script"
            )),
            Some(what) => println!("not yet: {name}: {equal} of {all} lines are equal ({what})"),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The first line whose output differs, both ways.
fn difference(recording: &Recording, printed: &[Block]) -> String {
    let place = recording.blocks.iter().zip(printed).position(|(real, own)| real != own);
    let place = place.unwrap_or(recording.blocks.len().min(printed.len()));
    let show = |blocks: &[Block]| match blocks.get(place) {
        Some(Block { line, printed }) => format!("$ {line}\n{printed}"),
        None => "(no such line)\n".to_owned(),
    };
    let (real, own) = (show(&recording.blocks), show(printed));
    format!("{}:\n--- real etcd\n{real}--- the lab\n{own}", recording.name)
}

/// Proves: there is a recording for each script, and there are as many as were promised.
#[test]
fn enough_is_recorded() {
    let recordings = recordings();
    let commands: usize = recordings
        .iter()
        .map(|recording| recording.blocks.iter().filter(|block| block.is_command()).count())
        .sum();
    let count = recordings.len();
    assert!(count >= 40 && commands >= 600, "only {commands} commands in {count} scripts");
    for entry in std::fs::read_dir(folder().join("etcd")).expect("tests/etcd is there") {
        let path = entry.expect("its entries can be read").path();
        if path.extension().is_some_and(|ending| ending == "lab") {
            let recorded = path.with_extension("out");
            assert!(recorded.is_file(), "{}: cargo xtask record-etcd", path.display());
        }
    }
}

/// Proves: what the rules leave out is what they say, and no more.
#[test]
fn only_what_is_listed_is_left_out() {
    let same = |one: &str, other: &str| {
        assert_eq!(normalise(one), normalise(other));
    };
    let other = |one: &str, other: &str| {
        assert_ne!(normalise(one), normalise(other));
    };
    same("{\"cluster_id\":12,\"revision\":3}", "{\"cluster_id\":34,\"revision\":3}");
    other("{\"cluster_id\":12,\"revision\":3}", "{\"cluster_id\":12,\"revision\":4}");
    other("{\"cluster_id\":12,\"leader\":0}", "{\"cluster_id\":12,\"leader\":7}");
    other("\"Lease\" : 0", "\"Lease\" : 7");
    same(
        "lease 694d7c0be0a5d40b granted with TTL(10s)",
        "lease 32697c0be0a5d40 granted with TTL(10s)",
    );
    other(
        "lease 694d7c0be0a5d40b granted with TTL(10s)",
        "lease 694d7c0be0a5d40b granted with TTL(9s)",
    );
    same(
        "n1:2379, a, 3.5.1, 20 kB, true, false, 2, 9, 9, ",
        "n1:2379, a, 3.5.1, 25 kB, true, false, 3, 8, 8, ",
    );
    other(
        "n1:2379, a, 3.5.1, 20 kB, true, false, 2, 9, 9, ",
        "n1:2379, a, 3.5.1, 20 kB, false, false, 2, 9, 9, ",
    );
    same("it took = 1.2ms", "it took = 17.3µs");
    same(
        "1, started, n2, http://n2:2380, x\n2, started, n1, http://n1:2380, x",
        "2, started, n1, http://n1:2380, x\n1, started, n2, http://n2:2380, x",
    );
    same("Error: etcdserver: request timed out", "Error: context deadline exceeded");
    other("Error: etcdserver: no leader", "Error: context deadline exceeded");
    other("a\n1", "a\n2");
    other("deadbeef", "deadbeee");
}
