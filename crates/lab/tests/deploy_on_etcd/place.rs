//! Machines of a plan, played by processes on loopback.

use std::fmt::Display;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab::deploy::{Plan, Unit};

use crate::lesson;

/// How long something may take to come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Addresses of a plan, and what stands for them here.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    addresses: Vec<(String, String)>,
    /// Of each machine, what stands for port 2379 of its own loopback, where only it listens.
    pub(crate) own: Vec<String>,
    running: Vec<Child>,
}

/// The address that stands for a machine's. On Linux each has one of its own.
fn host(machine: impl Display) -> String {
    if cfg!(target_os = "linux") { format!("127.0.0.1{machine}") } else { "127.0.0.1".to_owned() }
}

impl Place {
    pub(crate) fn new(name: &str, plan: &Plan) -> Place {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let mut wanted = Vec::new();
        for (number, machine) in (1..).zip(&plan.machines) {
            for port in [machine.peer_port, machine.client_port] {
                wanted.push((format!("{}:{port}", machine.host), host(number)));
            }
            wanted.push((String::new(), "127.0.0.1".to_owned()));
        }
        // Where a mistake moves one to.
        let port = plan.machines.first().map_or(2380, |machine| machine.peer_port);
        wanted.push((format!("10.0.0.9:{port}"), host(9)));
        // All are held until all are known, so that no two are the same.
        let listen = |(_, host): &(String, String)| {
            TcpListener::bind((host.as_str(), 0)).expect("a free port")
        };
        let held: Vec<TcpListener> = wanted.iter().map(listen).collect();
        let here = held.iter().map(|held| held.local_addr().expect("an address").to_string());
        let pairs = wanted.into_iter().map(|(address, _)| address).zip(here);
        let (own, addresses): (Vec<_>, Vec<_>) = pairs.partition(|(address, _)| address.is_empty());
        let own = own.into_iter().map(|(_, here)| here).collect();
        Place { folder, addresses, own, running: Vec::new() }
    }

    pub(crate) fn log(&self, place: usize) -> PathBuf {
        self.folder.join(format!("log{place}"))
    }

    pub(crate) fn data(&self, place: usize) -> PathBuf {
        self.folder.join(format!("data{place}"))
    }

    /// The folder of a machine's certificates, named as in the lesson.
    pub(crate) fn certificates(&self, place: usize) -> PathBuf {
        self.folder.join(format!("n{}", place + 1))
    }

    /// A text with the addresses and folders of a machine of the plan, with those here.
    pub(crate) fn map(&self, place: usize, text: &str) -> String {
        let mut text = text.replace("127.0.0.1:2379", &self.own[place]);
        for (address, here) in &self.addresses {
            text = text.replace(address, here);
        }
        let certificates = self.certificates(place).display().to_string();
        text = text.replace("/etc/etcd", &certificates);
        text.replace("/var/lib/etcd", &self.data(place).display().to_string())
    }

    /// A text of etcd's, with the plan's addresses and without ids.
    pub(crate) fn back(&self, text: &str) -> String {
        let back =
            |text: String, (address, here): &(String, String)| text.replace(here.as_str(), address);
        without_ids(&self.addresses.iter().fold(text.to_owned(), back))
    }

    /// The same flags, on loopback.
    pub(crate) fn here(&self, place: usize, unit: &Unit) -> Unit {
        let mut here = unit.clone();
        for (flag, value) in unit.flags() {
            here.set(flag, &self.map(place, value));
        }
        here
    }

    /// Makes certificates with the lesson's own lines, each changed as asked.
    pub(crate) fn make_certificates(&self, change: impl Fn(String) -> String) {
        let lines = change(lesson::block("openssl req").replace("10.0.0.$n", &host("$n")));
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &lines]).current_dir(&self.folder).stdin(Stdio::null());
        let output = shell.output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the lesson's lines fail:\n{lines}\n{said}");
    }

    pub(crate) fn start(&mut self, place: usize, unit: &Unit) {
        self.spawn(place, &self.here(place, unit));
    }

    /// Starts one with flags of this machine.
    pub(crate) fn spawn(&mut self, place: usize, here: &Unit) {
        let log = File::create(self.log(place)).expect("a log");
        let mut command = Command::new("etcd");
        command.args(here.arguments()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        self.running.push(command.spawn().expect("etcd starts"));
    }

    pub(crate) fn stop_last(&mut self) {
        let mut last = self.running.pop().expect("one that runs");
        let _ = last.kill();
        let _ = last.wait();
    }

    pub(crate) fn stop_all(&mut self) {
        while !self.running.is_empty() {
            self.stop_last();
        }
    }

    /// What a test looks for in a member's log, once it is there.
    pub(crate) fn in_log<T>(&self, place: usize, find: impl Fn(&str) -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            let log = fs::read_to_string(self.log(place)).unwrap_or_default();
            if let Some(found) = log.lines().find_map(&find) {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not say so:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a member complains of, with the plan's addresses, once it does.
    pub(crate) fn complaint(&self, place: usize) -> String {
        self.back(&self.in_log(place, complaint))
    }

    /// Runs etcdctl as on a machine itself, in the folder of its certificates, where there is one.
    pub(crate) fn etcdctl(&self, place: usize, arguments: &[&str]) -> Output {
        let certificates = self.certificates(place);
        let folder = if certificates.exists() { &certificates } else { &self.folder };
        let mut command = Command::new("etcdctl");
        if !arguments.iter().any(|it| it.starts_with("--endpoints")) {
            // As 127.0.0.1:2379, which is what it takes when it is told nothing.
            command.env("ETCDCTL_ENDPOINTS", &self.own[place]);
        }
        command.args(arguments).current_dir(folder).output().expect("etcdctl runs")
    }

    /// Waits until all members are healthy, as a client sees it who has these flags.
    pub(crate) fn healthy(&self, units: &[Unit], flags: &[&str]) {
        let clients = units.iter().enumerate().map(|(place, unit)| {
            let here = self.here(place, unit);
            here.get("advertise-client-urls").expect("it advertises").to_owned()
        });
        self.healthy_at(&clients.collect::<Vec<_>>().join(","), flags);
    }

    pub(crate) fn healthy_at(&self, endpoints: &str, flags: &[&str]) {
        let begin = Instant::now();
        let endpoints = format!("--endpoints={endpoints}");
        loop {
            let output = self.etcdctl(0, &[&["endpoint", "health", &endpoints], flags].concat());
            if output.status.success() {
                return;
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(begin.elapsed() < PATIENCE, "never healthy: {said}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop_all();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The error of a line of etcd's log, if it is one that ends it or is repeated for ever.
fn complaint(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let (level, message) = (line["level"].as_str()?, line["msg"].as_str()?);
    let matters = ["fatal", "error"].contains(&level) || message == "failed to verify flags";
    matters.then(|| line["error"].as_str().unwrap_or(message).to_owned())
}

/// Ids are made from addresses: `…` stands for them.
fn without_ids(message: &str) -> String {
    let is_id = |word: &&str| {
        let word = word.trim_end_matches(',');
        word.len() > 12 && word.bytes().all(|c| c.is_ascii_hexdigit())
    };
    message
        .split(' ')
        .map(|word| if is_id(&word) { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}
