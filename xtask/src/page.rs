//! The page, built and served by Trunk.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

#[cfg(unix)]
use crate::command::typed;
use crate::command::{cargo, command, root, run};
use crate::tools::{self, Tools};

/// How the page is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quickly.
    Dev,
    /// Small and fast, as it is published.
    Release,
}

/// What `serve` was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServeOptions {
    profile: Profile,
    port: u16,
}

impl ServeOptions {
    /// Reads `--release` and `--port N`.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn parse(options: &[&str]) -> Result<ServeOptions> {
        let mut parsed = ServeOptions { profile: Profile::Dev, port: 8080 };
        let mut rest = options;
        while let [first, after @ ..] = rest {
            rest = after;
            match (*first, rest) {
                ("--release", _) => parsed.profile = Profile::Release,
                ("--port", [port, after @ ..]) => {
                    let what = || format!("--port: `{port}` is not a port, 1 to 65535");
                    parsed.port = port.parse().ok().filter(|&port| port != 0).with_context(what)?;
                    rest = after;
                }
                ("--port", []) => bail!("--port: which one?"),
                (unknown, _) => bail!("serve knows --release and --port N, not `{unknown}`"),
            }
        }
        Ok(parsed)
    }
}

/// Builds the release page into `dist/`.
///
/// # Errors
/// The page does not build.
pub(crate) fn build(tools: &Tools) -> Result<()> {
    run(&mut build_command(tools)?)
}

/// The command that builds the release page into `dist/`.
///
/// # Errors
/// A crate that the page needs cannot be fetched.
pub(crate) fn build_command(tools: &Tools) -> Result<Command> {
    let mut trunk = trunk(tools)?;
    trunk.args(["build", "--offline", "--release"]);
    for_size(&mut trunk)?;
    Ok(trunk)
}

/// Builds the release page into `dist`, whole, with a program that tells which of its functions run.
///
/// # Errors
/// The page does not build.
pub(crate) fn build_watched(tools: &Tools, dist: &Path) -> Result<()> {
    std::fs::create_dir_all(dist)?;
    let mut build = build_command(tools)?;
    run(build.arg("--dist").arg(dist).env("RAFT_LAB_WATCHED", "1"))
}

/// Serves the page, and rebuilds it on every change, until interrupted.
///
/// # Errors
/// The port is taken, or a tool is missing.
pub(crate) fn serve(options: &ServeOptions) -> Result<()> {
    let tools = tools::for_page(options.profile)?;
    let address = format!("127.0.0.1:{}", options.port);
    drop(TcpListener::bind(&address).with_context(|| {
        format!("{address} is taken; choose another port with `cargo xtask serve --port 8081`")
    })?);
    println!("\nThe page will be at http://{address}/ once it is built (Ctrl-C ends).\n");
    let mut trunk = trunk(&tools)?;
    // A folder of its own, so that `test` and `build` can run meanwhile.
    let dist = root().join("target/raft-lab/serve");
    std::fs::create_dir_all(&dist)?;
    trunk.args(["serve", "--offline", "--port", &options.port.to_string(), "--dist"]).arg(dist);
    if options.profile == Profile::Release {
        trunk.arg("--release");
        for_size(&mut trunk)?;
    }
    become_program(trunk)
}

/// Lets the program take this one's place, so that what ends `cargo xtask` ends it.
#[cfg(unix)]
fn become_program(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = program.exec();
    Err(error).with_context(|| format!("cannot run `{}`", typed(&program)))
}

/// Runs the program to its end: Windows knows nothing closer.
#[cfg(not(unix))]
fn become_program(mut program: Command) -> Result<()> {
    run(&mut program)
}

/// How the release page is compiled, whether Trunk calls cargo or somebody else does.
///
/// Lets cargo build the standard library too, for size, leaves out the places of panics and what
/// `{:?}` prints (so nothing that a person reads may be formatted that way), lets a panic end in a trap
/// without words (5 kB; `serve` builds a page whose panics say what broke), and keeps paths of this
/// machine out of the page. Below 1 MiB the stack leaves addresses of data a byte shorter.
///
/// Building the standard library is not stable yet; the toolchain is pinned, so what is allowed here
/// does not change under us.
///
/// # Errors
/// What the standard library needs cannot be fetched, or the user has no home.
pub(crate) fn for_size(build: &mut Command) -> Result<()> {
    // As in `trunk` below: what the standard library needs is fetched before Trunk stays offline.
    let mut fetch = cargo("fetch --quiet --target wasm32-unknown-unknown");
    run(fetch.env("RUSTC_BOOTSTRAP", "1").env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"))?;
    let home = std::env::home_dir().context("this user has no home folder")?;
    let flags = format!(
        "-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort \
         -Clink-arg=-zstack-size=917504 --remap-path-prefix={}=~",
        home.display()
    );
    build.env("RUSTC_BOOTSTRAP", "1");
    build.env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
    build.env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size");
    build.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    Ok(())
}

fn trunk(tools: &Tools) -> Result<Command> {
    // Trunk stays off the network, since all that it would fetch is there; but it then tells cargo to
    // stay off it too, and a fresh machine has no crates yet.
    run(&mut cargo("fetch --quiet"))?;
    let mut trunk = command("trunk");
    trunk.env("PATH", tools.path()?);
    // Its errors are about our page; where in Trunk they came from helps nobody.
    trunk.env("RUST_BACKTRACE", "0");
    // NO_COLOR=1 is what people set, and what Trunk refuses: it wants true or false.
    if std::env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    Ok(trunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options may come in any order; a wrong one says what is known.
    #[test]
    fn options_are_read() {
        let parsed = ServeOptions::parse(&["--port", "9000", "--release"]).unwrap();
        assert_eq!(parsed, ServeOptions { profile: Profile::Release, port: 9000 });
        for wrong in [&["--port"][..], &["--port", "x"], &["--port", "0"], &["--open"]] {
            assert!(ServeOptions::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
