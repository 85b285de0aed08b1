//! What `lab::deploy` generates, on real etcds; and what they say of the common mistakes, against the
//! recording `deploy-mistakes.txt`. Skipped, and said aloud, where etcd is not on PATH.
//!
//! `RAFT_LAB_RECORD=1 cargo test -p lab --test deploy_on_etcd` records anew.
#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lab::deploy::{MISTAKES, Mistake, Plan, Unit, flag_rows};

use common::has_etcd;

/// How long something may take to come about.
const PATIENCE: Duration = Duration::from_secs(40);

/// Addresses of a plan, and what stands for them here.
struct Place {
    folder: PathBuf,
    addresses: Vec<(String, String)>,
    running: Vec<Child>,
}

impl Place {
    fn new(name: &str) -> Place {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let wanted = [1, 2, 3, 9].map(|n| [format!("10.0.0.{n}:2380"), format!("10.0.0.{n}:2379")]);
        // All are held until all are known, so that no two are the same.
        let listen = |_: &String| TcpListener::bind("127.0.0.1:0").expect("a free port");
        let wanted: Vec<String> = wanted.into_iter().flatten().collect();
        let held: Vec<TcpListener> = wanted.iter().map(listen).collect();
        let here = held.iter().map(|held| held.local_addr().expect("an address").to_string());
        let addresses = wanted.into_iter().zip(here).collect();
        Place { folder, addresses, running: Vec::new() }
    }

    fn log(&self, place: usize) -> PathBuf {
        self.folder.join(format!("log{place}"))
    }

    fn data(&self, place: usize) -> PathBuf {
        self.folder.join(format!("data{place}"))
    }

    /// The same flags, on loopback.
    fn here(&self, place: usize, unit: &Unit) -> Unit {
        let mut here = unit.clone();
        for (flag, value) in unit.flags() {
            let mut value = value.replace(",http://127.0.0.1:2379", "");
            for (address, port) in &self.addresses {
                value = value.replace(address, port);
            }
            here.set(flag, &value);
        }
        here.set("data-dir", &self.data(place).display().to_string());
        here
    }

    fn start(&mut self, place: usize, unit: &Unit) {
        let log = File::create(self.log(place)).expect("a log");
        let mut command = Command::new("etcd");
        command.args(self.here(place, unit).arguments()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        self.running.push(command.spawn().expect("etcd starts"));
    }

    fn stop_last(&mut self) {
        let mut last = self.running.pop().expect("one that runs");
        let _ = last.kill();
        let _ = last.wait();
    }

    /// What a member complains of, with the plan's addresses, once it does.
    fn complaint(&self, place: usize) -> String {
        let begin = Instant::now();
        loop {
            let log = fs::read_to_string(self.log(place)).unwrap_or_default();
            if let Some(message) = log.lines().find_map(complaint) {
                let back = |text: String, (address, port): &(String, String)| {
                    text.replace(port.as_str(), address)
                };
                return without_ids(&self.addresses.iter().fold(message, back));
            }
            assert!(begin.elapsed() < PATIENCE, "nothing is wrong:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until all members are healthy.
    fn healthy(&self, units: &[Unit]) {
        let clients = units.iter().enumerate().map(|(place, unit)| {
            let here = self.here(place, unit);
            here.get("advertise-client-urls").expect("it advertises").to_owned()
        });
        let endpoints = clients.collect::<Vec<_>>().join(",");
        let begin = Instant::now();
        loop {
            let mut command = Command::new("etcdctl");
            command.args(["endpoint", "health", "--endpoints", &endpoints]);
            let output = command.output().expect("etcdctl runs");
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
        while !self.running.is_empty() {
            self.stop_last();
        }
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
    let is_id = |word: &&str| word.len() > 12 && word.bytes().all(|c| c.is_ascii_hexdigit());
    message
        .split(' ')
        .map(|word| if is_id(&word) { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

fn made(mistake: &Mistake) -> String {
    let mut units = Plan::default().units();
    let mut place = Place::new(&format!("mistake-{}", mistake.id));
    mistake.make(&mut units);
    let last = units.len() - 1;
    for (number, unit) in units.iter().enumerate() {
        // There is no cluster to join, not even one that begins.
        if mistake.id != "existing-too-early" || number == mistake.member {
            place.start(number, unit);
        }
    }
    if mistake.id == "new-again" {
        assert_eq!(mistake.member, last);
        place.healthy(&units);
        place.stop_last();
        fs::remove_dir_all(place.data(last)).expect("its data");
        place.start(last, &units[last]);
    }
    place.complaint(mistake.member)
}

/// Proves: real etcd says of each mistake what the recording says, which the table of the lab is held
/// against.
#[test]
fn real_etcd_complains_as_recorded() {
    if !has_etcd() {
        return;
    }
    let said: String =
        MISTAKES.iter().map(|mistake| format!("{}: {}\n", mistake.id, made(mistake))).collect();
    let version = Command::new("etcd").arg("--version").output().expect("etcd runs").stdout;
    let version = String::from_utf8_lossy(&version);
    let version = version.lines().next().unwrap_or_default();
    let said = format!("# {version}: what a member says of each mistake in its flags\n{said}");
    // Go's maps have no order: of the two members of one name either comes first.
    let one_way = "\"http://10.0.0.2:2380\" \"http://10.0.0.1:2380\"";
    let said = said.replace(one_way, "\"http://10.0.0.1:2380\" \"http://10.0.0.2:2380\"");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy-mistakes.txt");
    if std::env::var_os("RAFT_LAB_RECORD").is_some() {
        fs::write(&path, &said).expect("the recording");
    }
    let recorded = fs::read_to_string(&path).expect("the recording");
    if recorded.lines().next() == said.lines().next() {
        assert_eq!(said, recorded);
    } else {
        eprintln!("SKIPPED: the recording is of another version than {version}");
    }
}

/// Proves: three members with the flags of the generated unit files become a healthy cluster.
#[test]
fn generated_units_make_a_cluster() {
    if !has_etcd() {
        return;
    }
    let plan = Plan::default();
    let units: Vec<Unit> =
        plan.units().iter().map(|unit| Unit::parse(&plan.service(unit))).collect();
    let mut place = Place::new("deploy");
    for (number, unit) in units.iter().enumerate() {
        place.start(number, unit);
    }
    place.healthy(&units);
}

/// Proves: every flag that is generated, those for certificates too, is one of etcd's.
#[test]
fn every_flag_is_known_to_etcd() {
    if !has_etcd() {
        return;
    }
    let help = Command::new("etcd").arg("--help").output().expect("etcd runs");
    let help = [help.stdout, help.stderr].concat();
    let help = String::from_utf8_lossy(&help);
    for [flag, _] in flag_rows() {
        let known = help.split_whitespace().any(|word| word == flag);
        assert!(known, "{flag} is not in etcd --help");
    }
}
