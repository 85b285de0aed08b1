//! What `lab::deploy` generates, on real etcds; and what they say of the common mistakes, against the
//! recording `deploy-mistakes.txt`. Skipped, and said aloud, where etcd or openssl is not on PATH.
//!
//! `RAFT_LAB_RECORD=1 cargo test -p lab --test deploy_on_etcd` records anew.
#![cfg(unix)]

mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod compose;
mod lesson;
mod place;

use std::fs;
use std::path::Path;
use std::process::Command;

use lab::deploy::{MISTAKES, Machine, Mistake, Plan, Tls, Unit, check, flag_rows};
use lab::view::Level;

use certificates::{FLAGS, has_openssl};
use common::has_etcd;
use place::Place;

/// The plans in which the mistakes are made: the one that a reader finds, and one of a reader's own.
fn plans() -> [Plan; 2] {
    let machine = |(name, host)| Machine::new(name, host);
    let own = [("zeta", "192.168.7.21"), ("beta", "192.168.7.22"), ("eta", "192.168.7.23")];
    let machines = own.into_iter().map(machine).collect();
    [Plan::default(), Plan { machines, tls: Some(Tls::default()), ..Plan::default() }]
}

fn made(mistake: &Mistake, plan: &Plan) -> String {
    let mut units = plan.units();
    let mut place = Place::new(&format!("mistake-{}", mistake.id), plan);
    let mut flags: &[&str] = &[];
    if plan.tls.is_some() {
        place.make_certificates(|lines| lines);
        flags = &FLAGS;
    }
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
        place.healthy(&units, flags);
        place.stop_last();
        fs::remove_dir_all(place.data(last)).expect("its data");
        place.start(last, &units[last]);
    }
    let said = place.complaint(mistake.member);
    // Go's maps have no order: of the two members of one name either comes first.
    let url = |machine: usize| format!("\"{}\"", plan.units()[machine].list(PEER_URLS)[0]);
    said.replace(&format!("{} {}", url(1), url(0)), &format!("{} {}", url(0), url(1)))
}

const PEER_URLS: &str = "initial-advertise-peer-urls";

/// The recording, and the line of each mistake in each plan.
fn recorded() -> (String, [Vec<String>; 2]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy-mistakes.txt");
    let recording = fs::read_to_string(&path).expect("the recording");
    let lines = |part: &str| part.lines().skip(1).map(str::to_owned).collect();
    let mut parts = recording.split("\n\n").map(lines);
    let parts = [parts.next().expect("the first plan"), parts.next().expect("the second")];
    (recording, parts)
}

/// Proves: real etcd says of each mistake what the recording says, which the table of the lab is held
/// against.
#[test]
fn real_etcd_complains_as_recorded() {
    if !has_etcd() || !has_openssl() {
        return;
    }
    let [plan, own] = plans().map(|plan| {
        let line = |mistake: &Mistake| format!("{}: {}\n", mistake.id, made(mistake, &plan));
        MISTAKES.iter().map(line).collect::<String>()
    });
    let version = Command::new("etcd").arg("--version").output().expect("etcd runs").stdout;
    let version = String::from_utf8_lossy(&version);
    let version = version.lines().next().unwrap_or_default();
    let said = format!(
        "# {version}: what a member says of each mistake in its flags\n{plan}\n\
         # With names and addresses of one's own, and certificates\n{own}"
    );
    if std::env::var_os("RAFT_LAB_RECORD").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy-mistakes.txt");
        fs::write(path, &said).expect("the recording");
    }
    let (recording, _) = recorded();
    if recording.lines().next() == said.lines().next() {
        assert_eq!(said, recording);
    } else {
        eprintln!("SKIPPED: the recording is of another version than {version}");
    }
}

/// Proves: of each mistake the lab says what real etcd said, with the names and addresses of the
/// plan; and where flags show it, so does the check, of the member that complains.
#[test]
fn mistakes_are_found_and_said_as_etcd_says_them() {
    for (plan, recorded) in plans().iter().zip(recorded().1) {
        assert_eq!(recorded.len(), MISTAKES.len());
        for (mistake, recorded) in MISTAKES.iter().zip(recorded) {
            let mut units = plan.units();
            mistake.make(&mut units);
            assert_eq!(format!("{}: {}", mistake.id, mistake.says(&units)), recorded);
            let found = check(&units);
            if mistake.id == "new-again" {
                assert_eq!(found, [], "flags do not show it");
                continue;
            }
            let member = Some(units[mistake.member].name());
            let is_said = |it: &&lab::deploy::Finding| {
                it.member.as_deref() == member && it.etcd_says == Some(mistake.says(&units))
            };
            assert!(found.iter().any(|it| is_said(&it)), "{}: {found:#?}", mistake.id);
            assert!(found.iter().all(|it| it.level == Level::Bad), "{found:#?}");
        }
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
    let mut place = Place::new("deploy", &plan);
    for (number, unit) in units.iter().enumerate() {
        place.start(number, unit);
    }
    place.healthy(&units, &[]);
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
