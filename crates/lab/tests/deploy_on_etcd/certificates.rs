//! What lesson 9 tells of certificates, of the compose file, of backup and restore, done on real etcds
//! with the lesson's own lines.

use std::process::{Command, Stdio};

use lab::deploy::{Plan, Tls, Unit};

use crate::common::has_etcd;
use crate::lesson;
use crate::place::Place;

/// The three flags of the lesson's etcdctl, in the folder of a machine's certificates.
pub(crate) const FLAGS: [&str; 6] =
    ["--cacert", "ca.crt", "--cert", "server.crt", "--key", "server.key"];

/// Whether there is an openssl that knows what the lesson asks of it; says so if not.
pub(crate) fn has_openssl() -> bool {
    let mut command = Command::new("openssl");
    let output = command.arg("version").stdin(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let there = version.is_ok_and(|version| version.starts_with("OpenSSL 3"));
    if !there {
        eprintln!("SKIPPED: there is no OpenSSL 3 on PATH");
    }
    there
}

/// The plan of the lesson's unit file.
fn plan() -> Plan {
    Plan { token: "etcd-lesson".to_owned(), tls: Some(Tls::default()), ..Plan::default() }
}

/// The members of the plan, as their unit files have them, with the lesson's certificates; none
/// without the programs that it takes.
fn cluster(name: &str, change: impl Fn(String) -> String) -> Option<(Place, Vec<Unit>)> {
    if !has_etcd() || !has_openssl() {
        return None;
    }
    let plan = plan();
    let units: Vec<Unit> =
        plan.units().iter().map(|unit| Unit::parse(&plan.service(unit))).collect();
    let mut place = Place::new(name, &plan);
    place.make_certificates(change);
    start(&mut place, &units);
    Some((place, units))
}

fn start(place: &mut Place, units: &[Unit]) {
    for (number, unit) in units.iter().enumerate() {
        place.start(number, unit);
    }
    place.healthy(units, &FLAGS);
}

/// What etcdctl prints on the first machine with the three flags, if it succeeds.
fn asked(place: &Place, arguments: &[&str]) -> String {
    let output = place.etcdctl(0, &[&FLAGS[..], arguments].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What etcdctl says on a machine when it fails.
fn refused(place: &Place, machine: usize, arguments: &[&str]) -> String {
    let output = place.etcdctl(machine, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Proves: the unit file in the lesson's text has the flags that the generator writes.
#[test]
fn the_lesson_s_unit_is_the_generator_s() {
    let sorted = |unit: &Unit| {
        let mut flags = unit.arguments();
        flags.sort();
        flags
    };
    let written = Unit::parse(lesson::block("ExecStart="));
    assert_eq!(sorted(&written), sorted(&plan().units()[0]));
}

/// Proves: with the lesson's certificates the members get along, let in who shows one, and refuse
/// others with the messages that the lesson shows.
#[test]
fn members_with_certificates() {
    let Some((place, _)) = cluster("certificates", |lines| lines) else { return };
    let (command, expected) = lesson::console("server.key member list");
    let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert_eq!(arguments[..6], FLAGS);
    // Ids decide the order, and are made from addresses.
    let sorted = |list: &str| {
        let mut lines: Vec<String> = list.lines().map(|line| place.back(line)).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&asked(&place, &arguments[6..])), sorted(&expected));

    let endpoint = format!("--endpoints={}", place.map(0, "https://10.0.0.1:2379"));
    let said = refused(&place, 0, &["--cacert", "ca.crt", &endpoint, "get", "name"]);
    for piece in lesson::pieces(lesson::block("tls: bad certificate")) {
        assert!(said.contains(piece), "{piece}\nis not in\n{said}");
    }
    let said = refused(&place, 0, &[&endpoint, "get", "name"]);
    assert!(said.contains("x509: certificate signed by unknown authority"), "{said}");
}

/// Proves: who has a certificate for servers only is turned away as a client, by the other members
/// too, which say so; and that `endpoint health` does not see it.
#[test]
fn a_certificate_for_servers_only() {
    let for_servers = |lines: String| {
        let (before, after) = lines.split_once("\ndone").expect("a loop");
        let other = "[ $n = 3 ] && use=serverAuth || use=serverAuth,clientAuth";
        let before = before.replace("serverAuth, clientAuth", "$use");
        format!("{}{after}", before.replace("; do\n", &format!("; do\n{other}\n")) + "\ndone")
    };
    let Some((place, _)) = cluster("servers-only", for_servers) else { return };
    let message = lesson::block("incompatible key usage");
    place.in_log(0, |line| {
        let pieces = lesson::pieces(message);
        pieces.iter().all(|piece| line.contains(piece)).then_some(())
    });
    let said = refused(&place, 2, &[&FLAGS[..], &["get", "name"]].concat());
    assert!(said.contains("tls: bad certificate"), "{said}");
}

/// Proves: save and restore, as the lesson has them, bring back what was saved, at the revision that
/// it had, in a new cluster.
#[test]
fn backup_and_restore() {
    let Some((mut place, mut units)) = cluster("restore", |lines| lines) else { return };
    asked(&place, &["put", "name", "john"]);
    let revision = |fields: &str| {
        let mut lines = fields.lines().filter(|line| line.contains("Revision\""));
        lines.next().map(str::to_owned)
    };
    let before = revision(&asked(&place, &["get", "name", "-w", "fields"]));
    let endpoint = format!("--endpoints={}", place.map(0, "https://10.0.0.1:2379"));
    let backup = place.folder.join("backup.db").display().to_string();
    let saved = asked(&place, &[&endpoint, "snapshot", "save", &backup]);
    assert_eq!(saved, format!("Snapshot saved at {backup}\n"));
    asked(&place, &["put", "name", "joe"]);
    place.stop_all();

    let (command, deprecated) = lesson::console("snapshot restore backup.db");
    let url = "--initial-advertise-peer-urls https://10.0.0.1:2380";
    assert!(command.contains("--name n1 ") && command.contains(url));
    for (at, unit) in units.iter_mut().enumerate() {
        let own = command.replace("--name n1 ", &format!("--name {} ", unit.name()));
        let own = own.replace(url, &url.replace("10.0.0.1", &format!("10.0.0.{}", at + 1)));
        let own = place.map(at, &own.replace("backup.db", &backup));
        let arguments: Vec<&str> = own.split_whitespace().skip(1).collect();
        let output = place.etcdctl(at, &arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains(deprecated.trim_end()), "{said}");
        for flag in ["data-dir", "initial-cluster-token"] {
            unit.set(flag, Unit::parse(&command).get(flag).expect("a new one"));
        }
    }
    start(&mut place, &units);
    assert_eq!(asked(&place, &["get", "name"]), "name\njohn\n");
    assert_eq!(revision(&asked(&place, &["get", "name", "-w", "fields"])), before);
}
