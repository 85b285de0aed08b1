//! Runs the real `etcdctl`.

use std::cell::RefCell;
use std::io::{self, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::Signal;

use super::process::Process;
use super::warden::Warden;
use crate::etcdctl::args::{Environment, Invocation};

/// After how long a command that would go on for ever is interrupted.
const ENDLESS: Duration = Duration::from_secs(10);
/// After how long any other is: longer than whatever a script waits for.
const STUCK: Duration = Duration::from_secs(600);
/// How long a command that was told to end may take.
const TO_END: Duration = Duration::from_secs(3);

/// What is to be run.
#[derive(Clone, Debug)]
pub(super) struct Order<'a> {
    pub(super) program: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) words: Vec<String>,
    /// `ETCDCTL_…` and whatever else the script sets; of those around `lab` none is passed on.
    pub(super) environment: Vec<(String, String)>,
    pub(super) input: String,
}

/// A running `etcdctl`.
#[derive(Debug)]
pub(super) struct Etcdctl {
    process: Process,
    stdout: Pipe,
    stderr: Pipe,
    limit: Duration,
}

/// What a program has written so far.
#[derive(Debug)]
struct Pipe {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Etcdctl {
    /// Starts it.
    pub(super) fn start(order: Order, warden: &Rc<RefCell<Warden>>) -> io::Result<Etcdctl> {
        let mut command = Command::new(order.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCDCTL_") {
                command.env_remove(name);
            }
        }
        command
            .args(&order.words)
            .envs(order.environment)
            .current_dir(order.folder)
            .stdin(if order.input.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = Process::start(&mut command, warden)?;
        let child = process.child();
        if let Some(mut stdin) = child.stdin.take() {
            let input = order.input;
            // It may end before it has read everything.
            std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        }
        let (stdout, stderr) = (Pipe::read(child.stdout.take()), Pipe::read(child.stderr.take()));
        let limit = if is_endless(&order.words) { ENDLESS } else { STUCK };
        Ok(Etcdctl { process, stdout, stderr, limit })
    }

    /// Waits for its end; interrupts it if that does not come. Gives the exit status of a shell.
    pub(super) fn wait(&mut self) -> io::Result<i32> {
        if let Some(status) = self.process.wait(self.limit)? {
            return Ok(exit_status(status));
        }
        self.end_by(Signal::INT)?;
        Ok(128 + Signal::INT.as_raw())
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.process.ended()?.is_some())
    }

    /// Tells it to end, and if it does not listen, ends it.
    pub(super) fn end_by(&mut self, signal: Signal) -> io::Result<()> {
        self.process.signal(signal)?;
        if self.process.wait(TO_END)?.is_none() {
            self.process.kill()?;
        }
        Ok(())
    }

    /// Everything that it wrote and was not taken yet: standard output and standard error.
    pub(super) fn take_all(&mut self) -> (String, String) {
        (self.stdout.take_all(), self.stderr.take_all())
    }

    /// Likewise, whole lines only, of one that may still be writing.
    pub(super) fn take_lines(&mut self) -> (String, String) {
        (self.stdout.take_lines(), self.stderr.take_lines())
    }
}

impl Pipe {
    fn read(source: Option<impl Read + Send + 'static>) -> Pipe {
        let text = Arc::new(Mutex::new(Vec::new()));
        let reader = source.map(|mut source| {
            let text = Arc::clone(&text);
            std::thread::spawn(move || {
                let mut buffer = [0; 8_192];
                while let Ok(read @ 1..) = source.read(&mut buffer) {
                    let piece = buffer.get(..read).unwrap_or_default();
                    match text.lock() {
                        Ok(mut text) => text.extend_from_slice(piece),
                        Err(_) => return,
                    }
                }
            })
        });
        Pipe { text, reader }
    }

    /// Of a program that has ended: waits until everything was read.
    fn take_all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.take_up_to(|text| text.len())
    }

    fn take_lines(&mut self) -> String {
        let after_last_feed =
            |text: &[u8]| text.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        self.take_up_to(after_last_feed)
    }

    fn take_up_to(&self, length: impl Fn(&[u8]) -> usize) -> String {
        let Ok(mut text) = self.text.lock() else { return String::new() };
        let length = length(&text);
        let taken: Vec<u8> = text.drain(..length).collect();
        String::from_utf8_lossy(&taken).into_owned()
    }
}

/// As a shell tells it: 128 and the signal's number for one that was killed.
fn exit_status(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// etcdctl's commands, to find the one in a line among its flags.
const COMMANDS: [&str; 20] = [
    "alarm",
    "auth",
    "check",
    "compaction",
    "defrag",
    "del",
    "elect",
    "endpoint",
    "get",
    "lease",
    "lock",
    "make-mirror",
    "member",
    "move-leader",
    "put",
    "role",
    "snapshot",
    "txn",
    "user",
    "watch",
];

/// The place of the command in a line.
fn command_place(words: &[String]) -> Option<usize> {
    words.iter().position(|word| COMMANDS.contains(&word.as_str()))
}

/// Whether a line runs until it is interrupted, or may, where nobody answers.
fn is_endless(words: &[String]) -> bool {
    let invocation = Invocation::parse(words, &Environment::new());
    invocation.is_ok_and(|invocation| !invocation.command.has_timeout())
}

/// Whether a line changes who belongs to the cluster.
pub(super) fn changes_members(words: &[String]) -> bool {
    command_place(words).and_then(|place| words.get(place)).is_some_and(|word| word == "member")
}

/// The id of the lease that a line granted, in hexadecimal.
pub(super) fn granted_lease(words: &[String], stdout: &str) -> Option<String> {
    let place = command_place(words)?;
    let rest = words.get(place..)?;
    if rest.first()? != "lease" || !rest.iter().any(|word| word == "grant") {
        return None;
    }
    if let Some(simple) = stdout.strip_prefix("lease ") {
        return simple.split_once(" granted").map(|(id, _)| id.to_owned());
    }
    // `"ID":7587…` in JSON, `"ID" : 7587…` with `-w fields`, in decimal.
    let (_, after) = stdout.split_once("\"ID\"")?;
    let digits = after.trim_start_matches([' ', ':']);
    let end = digits.find(|next: char| !next.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse::<u64>().ok().map(|id| format!("{id:x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    /// Proves: those that never end by themselves are known, and keys of these names are none.
    #[test]
    fn endless_commands_are_known() {
        for line in [
            "watch a",
            "--endpoints n1 watch a",
            "lock l",
            "elect e x",
            "lease keep-alive 1",
            "txn",
        ] {
            assert!(is_endless(&words(line)), "{line}");
        }
        for line in ["get watch", "put lock elect", "lease grant 10", "version", "--endpoints n1"] {
            assert!(!is_endless(&words(line)), "{line}");
        }
    }

    /// Proves: a granted lease is found in every format, and in no other command's output.
    #[test]
    fn granted_leases_are_found() {
        let granted = |line: &str, stdout: &str| granted_lease(&words(line), stdout);
        let id = || Some("694d7c0be0a5d40b".to_owned());
        assert_eq!(
            granted("lease grant 10", "lease 694d7c0be0a5d40b granted with TTL(10s)\n"),
            id()
        );
        let json = "{\"cluster_id\":1,\"ID\":7587857337644602379,\"ttl\":10}\n";
        assert_eq!(granted("lease grant 10 -w json", json), id());
        assert_eq!(granted("lease grant 10 -w fields", "\"ID\" : 7587857337644602379\n"), id());
        assert_eq!(granted("lease grant x", ""), None);
        assert_eq!(granted("get a", "lease 1 granted with TTL(1s)\n"), None);
    }
}
