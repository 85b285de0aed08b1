//! The tools of the page's build: found, or fetched into a cache of the user's.
//!
//! Each is looked for on PATH in a version that fits, then in the cache, then fetched prebuilt, and
//! built from its registry only when all that fails. A tool that was fetched stays in
//! `~/.cache/raft-lab/tools/NAME-VERSION`, so other checkouts find it too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::{ask, cargo, command, root, run, typed, watch};
use crate::page::Profile;

/// How long a download may take before the tool is built instead.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);
/// The target of the page.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Where the tools of the page's build are.
pub(crate) struct Tools {
    dirs: Vec<PathBuf>,
}

impl Tools {
    /// The folders of those that were not on PATH.
    pub(crate) fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// PATH with these tools first.
    ///
    /// # Errors
    /// A folder's name holds what separates folders in PATH.
    pub(crate) fn path(&self) -> Result<OsString> {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let dirs = self.dirs.iter().cloned().chain(std::env::split_paths(&old));
        Ok(std::env::join_paths(dirs)?)
    }
}

/// Finds or fetches what a build of the page needs.
///
/// # Errors
/// What is missing and cannot be fetched, with the way to get it.
pub(crate) fn for_page(profile: Profile) -> Result<Tools> {
    wasm_target()?;
    let mut needed = vec![trunk(), wasm_bindgen()?];
    if profile == Profile::Release {
        rust_src()?;
        needed.push(wasm_opt());
    }
    let mut dirs = Vec::new();
    for tool in needed {
        dirs.extend(tool.find_or_fetch()?);
    }
    Ok(Tools { dirs })
}

/// Makes sure that this toolchain can compile to WebAssembly.
///
/// # Errors
/// It cannot, and rustup is not there or has no network.
pub(crate) fn wasm_target() -> Result<()> {
    let mut libraries = command("rustc");
    libraries.args(["--print", "target-libdir", "--target", WASM]);
    if ask(&mut libraries).is_some_and(|dir| Path::new(&dir).is_dir()) {
        return Ok(());
    }
    println!("adding the target {WASM}");
    run(command("rustup").args(["target", "add", WASM])).with_context(|| {
        format!("Rust cannot compile to {WASM} here; with rustup: `rustup target add {WASM}`")
    })
}

/// Makes sure that the sources of the standard library are there: the release page compiles them.
///
/// # Errors
/// They are not, and rustup is not there or has no network.
fn rust_src() -> Result<()> {
    let sysroot = ask(command("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    if Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir() {
        return Ok(());
    }
    println!("adding the sources of the standard library");
    run(command("rustup").args(["component", "add", "rust-src"])).context(
        "the standard library's sources are missing; with rustup: `rustup component add rust-src`",
    )
}

/// Makes sure that a component of the toolchain is there.
///
/// # Errors
/// It is not, and rustup is not there or has no network.
pub(crate) fn component(name: &str, tried: &str) -> Result<()> {
    if ask(&mut cargo(&format!("{tried} --version"))).is_some() {
        return Ok(());
    }
    run(command("rustup").args(["component", "add", name])).with_context(|| {
        format!("`cargo {tried}` is missing; with rustup: `rustup component add {name}`")
    })
}

/// A program with the version that we want of it.
struct Tool {
    /// Its name on a command line.
    name: &'static str,
    /// What we fetch.
    version: String,
    /// Whether another version that stands on PATH will do.
    fits: fn(found: &Version, wanted: &Version) -> bool,
    /// How it is fetched.
    source: Source,
}

/// Where a tool comes from.
enum Source {
    /// A crate, and the archive of its release.
    Crate {
        /// The crate's name.
        name: &'static str,
        /// Where its release is, for this machine, if there is one.
        archive: Option<String>,
        /// Options of `cargo install`.
        options: &'static str,
        /// What building it takes on two cores.
        minutes: u32,
    },
    /// A package of npm.
    Npm(&'static str),
}

/// Major, minor, patch.
type Version = [u32; 3];

fn trunk() -> Tool {
    let version = "0.21.14";
    let archive = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", arch) => Some(format!("{arch}-unknown-linux-gnu.tar.gz")),
        ("macos", arch) => Some(format!("{arch}-apple-darwin.tar.gz")),
        ("windows", "x86_64") => Some("x86_64-pc-windows-msvc.zip".to_owned()),
        _ => None,
    };
    let releases = "https://github.com/trunk-rs/trunk/releases/download";
    Tool {
        name: "trunk",
        version: version.to_owned(),
        fits: |found, wanted| found[..2] == wanted[..2] && found >= wanted,
        source: Source::Crate {
            name: "trunk",
            archive: archive.map(|file| format!("{releases}/v{version}/trunk-{file}")),
            // A debug build takes a third of the time, and what Trunk does itself is little.
            options: "--debug --no-default-features --features rustls",
            minutes: 4,
        },
    }
}

/// Its version must equal that of the library: the two share a format that has no stability.
fn wasm_bindgen() -> Result<Tool> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("no Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen")?;
    let triple = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", arch) => Some(format!("{arch}-unknown-linux-musl")),
        ("macos", arch) => Some(format!("{arch}-apple-darwin")),
        ("windows", "x86_64") => Some("x86_64-pc-windows-msvc".to_owned()),
        _ => None,
    };
    let releases = "https://github.com/wasm-bindgen/wasm-bindgen/releases/download";
    Ok(Tool {
        name: "wasm-bindgen",
        source: Source::Crate {
            name: "wasm-bindgen-cli",
            archive: triple.map(|triple| {
                format!("{releases}/{version}/wasm-bindgen-{version}-{triple}.tar.gz")
            }),
            // On our program a debug build takes a second longer, each time, and two minutes less, once.
            options: "--debug",
            minutes: 2,
        },
        version,
        fits: |found, wanted| found == wanted,
    })
}

fn wasm_opt() -> Tool {
    Tool {
        name: "wasm-opt",
        version: "132.0.0".to_owned(),
        // Older ones do not know what today's Rust emits.
        fits: |found, _| found[0] >= 116,
        source: Source::Npm("binaryen"),
    }
}

impl Tool {
    /// The folder to put on PATH for it, or nothing if it is on PATH.
    fn find_or_fetch(&self) -> Result<Option<PathBuf>> {
        let wanted = version_in(&self.version).context("a version of ours")?;
        let on_path = version_of(Path::new(self.name));
        if on_path.is_some_and(|found| (self.fits)(&found, &wanted)) {
            return Ok(None);
        }
        let home = self.home()?;
        let dir = home.join(match self.source {
            Source::Crate { .. } => "bin",
            Source::Npm(_) => "node_modules/.bin",
        });
        let ready = || version_of(&dir.join(executable(self.name))) == Some(wanted);
        if !ready() {
            self.fetch(&home)?;
            if !ready() {
                bail!("{} was fetched into {} but does not run", self.name, dir.display());
            }
        }
        Ok(Some(dir))
    }

    /// Where it is kept once fetched.
    fn home(&self) -> Result<PathBuf> {
        Ok(match self.source {
            Source::Crate { .. } => cache()?.join(format!("{}-{}", self.name, self.version)),
            Source::Npm(package) => {
                let major = self.version.split('.').next().unwrap_or(&self.version);
                cache()?.join(format!("{package}-{major}"))
            }
        })
    }

    fn fetch(&self, home: &Path) -> Result<()> {
        std::fs::create_dir_all(home)
            .with_context(|| format!("cannot keep tools in {}", home.display()))?;
        match &self.source {
            Source::Npm(package) => self.install_package(package, home),
            Source::Crate { name, archive, options, minutes } => {
                if self.download(name, archive.as_deref(), home) {
                    return Ok(());
                }
                self.build(name, options, *minutes, home)
            }
        }
    }

    fn install_package(&self, package: &str, home: &Path) -> Result<()> {
        println!("fetching {} {} from npm", self.name, self.version);
        let mut install = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
        install.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
        install.arg(home).arg(format!("{package}@{}", self.version));
        watch(&mut install, DOWNLOAD_LIMIT, &mut |line| println!("{line}")).with_context(|| {
            let name = self.name;
            format!(
                "{name} is missing; install Node.js 20 or newer with npm, or put {name} on PATH"
            )
        })
    }

    /// Tries the ways that need no compiler. A failure only means that it is built instead.
    fn download(&self, name: &str, archive: Option<&str>, home: &Path) -> bool {
        if ask(command("cargo").args(["binstall", "-V"])).is_some() {
            println!("fetching {name} {} with cargo-binstall", self.version);
            let mut binstall = cargo("binstall --no-confirm --disable-strategies compile --root");
            binstall.arg(home).arg(format!("{name}@{}", self.version));
            if watch(&mut binstall, DOWNLOAD_LIMIT, &mut |line| println!("{line}")).is_ok() {
                return true;
            }
        }
        let Some(archive) = archive else { return false };
        println!("fetching {archive}");
        let file = home.join("archive");
        let mut curl = command("curl");
        curl.args(["--fail", "--location", "--silent", "--show-error", "--connect-timeout", "10"]);
        curl.arg("--output").arg(&file).arg(archive);
        let unpacked = watch(&mut curl, DOWNLOAD_LIMIT, &mut |_| {})
            .and_then(|()| unpack(&file, &home.join("bin"), &executable(self.name)));
        let _ = std::fs::remove_file(&file);
        if let Err(error) = &unpacked {
            println!("not available here ({error:#})");
        }
        unpacked.is_ok()
    }

    fn build(&self, name: &str, options: &str, minutes: u32, home: &Path) -> Result<()> {
        println!(
            "building {name} {} instead; this happens once, and takes about {minutes} minutes",
            self.version
        );
        let start = Instant::now();
        let build = cache()?.join("build");
        let mut install = cargo(&format!("install {name} --locked {options}"));
        install.args(["--version", &self.version, "--root"]).arg(home);
        install.arg("--target-dir").arg(&build);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("RUSTFLAGS");
        run(&mut install).with_context(|| {
            format!(
                "{} {} is not on PATH and cannot be built; with a network, try `{}`",
                self.name,
                self.version,
                typed(&install)
            )
        })?;
        let _ = std::fs::remove_dir_all(build);
        println!("built {name} in {} s", start.elapsed().as_secs());
        Ok(())
    }
}

/// Takes one executable out of an archive, wherever in it that is.
fn unpack(archive: &Path, into: &Path, executable: &str) -> Result<()> {
    let scratch = into.with_extension("unpacked");
    std::fs::create_dir_all(&scratch)?;
    std::fs::create_dir_all(into)?;
    run(command("tar").arg("-xf").arg(archive).arg("-C").arg(&scratch))?;
    let found = find(&scratch, executable).context("the archive lacks the program")?;
    std::fs::rename(found, into.join(executable))?;
    Ok(std::fs::remove_dir_all(scratch)?)
}

fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> =
        std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).collect();
    let here = entries.iter().find(|path| path.is_file() && path.ends_with(name)).cloned();
    here.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|dir| find(dir, name)))
}

/// The user's cache for tools.
///
/// # Errors
/// There is no such folder on this system.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("RAFT_LAB_TOOLS") {
        return Ok(PathBuf::from(dir));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA").map(PathBuf::from)
    } else {
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
        variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)
    };
    let base = base.context("no home directory: set RAFT_LAB_TOOLS to a folder for tools")?;
    Ok(base.join("raft-lab").join("tools"))
}

/// The file name of a program.
fn executable(name: &str) -> String {
    match name {
        // npm writes a script for Windows' shell.
        "wasm-opt" if cfg!(windows) => "wasm-opt.cmd".to_owned(),
        _ => format!("{name}{}", std::env::consts::EXE_SUFFIX),
    }
}

/// Is Node.js there, and not too old?
///
/// # Errors
/// It is not; `whom` says who needs it.
pub(crate) fn node(whom: &str) -> Result<()> {
    match version_of(Path::new("node")) {
        Some([major, ..]) if major >= 20 => Ok(()),
        Some([old, ..]) => bail!("Node.js {old} is too old for {whom}: install 20 or newer"),
        None => bail!("Node.js 20 or newer is needed for {whom}: install it, with npm"),
    }
}

/// What `program --version` says.
pub(crate) fn version_of(program: &Path) -> Option<Version> {
    version_in(&ask(Command::new(program).arg("--version"))?)
}

/// The first version number in a text: `trunk 0.21.14`, `v20.20.2`, `wasm-opt version 132 (…)`,
/// `Mozilla Firefox 153.7.0esr`.
fn version_in(text: &str) -> Option<Version> {
    let word = text
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut version = [0; 3];
    for (part, number) in version.iter_mut().zip(word.split(['.', '-', '+'])) {
        *part = number.split(char::is_alphabetic).next()?.parse().ok()?;
    }
    Some(version)
}

/// The version of a package in Cargo.lock.
fn locked_version(lock: &str, package: &str) -> Result<String> {
    let lock: toml::Table = lock.parse().context("Cargo.lock is not as cargo writes it")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .and_then(|entry| entry.get("version")?.as_str())
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock has no {package}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version is found in what the tools really print.
    #[test]
    fn versions_are_read() {
        assert_eq!(version_in("trunk 0.21.14"), Some([0, 21, 14]));
        assert_eq!(version_in("wasm-opt version 132 (version_132)"), Some([132, 0, 0]));
        assert_eq!(version_in("v20.20.2"), Some([20, 20, 2]));
        assert_eq!(version_in("Mozilla Firefox 153.7.0esr"), Some([153, 7, 0]));
        assert_eq!(version_in("Mozilla Firefox 154.0b9"), Some([154, 0, 0]));
        assert_eq!(version_in("none"), None);
    }

    /// A Trunk of another minor version, or an older one, is not taken from PATH.
    #[test]
    fn only_versions_that_fit_are_taken() {
        let fits = trunk().fits;
        let wanted = [0, 21, 14];
        assert!(fits(&[0, 21, 14], &wanted) && fits(&[0, 21, 15], &wanted));
        assert!(!fits(&[0, 21, 9], &wanted) && !fits(&[0, 22, 0], &wanted));
    }

    /// wasm-bindgen's version comes from the lock file, not from a package with a longer name.
    #[test]
    fn the_lock_names_the_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").unwrap(), "0.2.129");
        assert!(locked_version(lock, "yew").is_err());
    }

    /// The program is taken out of a release's archive from the folder that it stands in there, and
    /// an archive without it is an error.
    #[test]
    #[cfg(unix)]
    fn a_release_is_unpacked() {
        let dir = std::env::temp_dir().join(format!("raft-lab-tools-{}", std::process::id()));
        let inner = dir.join("tool-1.0-triple");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("tool"), "#!/bin/sh\necho tool 1.0\n").unwrap();
        let archive = dir.join("archive");
        let packed = Command::new("tar")
            .args(["-czf", "archive", "tool-1.0-triple"])
            .current_dir(&dir)
            .status();
        assert!(packed.unwrap().success());
        unpack(&archive, &dir.join("bin"), "tool").unwrap();
        assert!(dir.join("bin/tool").is_file());
        assert!(unpack(&archive, &dir.join("bin"), "other").is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
