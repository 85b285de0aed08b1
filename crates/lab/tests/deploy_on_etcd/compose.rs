//! The compose file, read by a YAML reader that is not ours; its commands on real etcds.

use lab::deploy::{Machine, Plan, Tls, Unit};
use yaml_rust2::{Yaml, YamlLoader};

use crate::certificates::{FLAGS, has_openssl};
use crate::common::has_etcd;
use crate::place::Place;

fn read(plan: &Plan) -> Yaml {
    let text = plan.compose();
    let mut documents = YamlLoader::load_from_str(&text).expect("it is YAML");
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

/// The texts of a list; what is no text is none of them.
fn texts(list: &Yaml) -> Vec<&str> {
    let list = list.as_vec().expect("a list");
    list.iter().map(|it| it.as_str().unwrap_or_else(|| panic!("no text: {it:?}"))).collect()
}

fn keys(map: &Yaml) -> Vec<&str> {
    let map = map.as_hash().expect("a map");
    map.keys().map(|key| key.as_str().unwrap_or_else(|| panic!("no text: {key:?}"))).collect()
}

/// Proves: a reader of YAML finds in the compose file what is meant, and nothing else; also where a
/// name would be a number or more to it.
#[test]
fn a_reader_of_yaml_finds_what_is_meant() {
    for names in [["n1", "n2", "n3"], ["1", "no", "null"], ["-", "2.5", "a.b_c"]] {
        let machines = names.map(|name| Machine::new(name, "10.0.0.1")).into();
        let plan = Plan { machines, tls: Some(Tls::default()), ..Plan::default() };
        let compose = read(&plan);
        assert_eq!(keys(&compose), ["services", "volumes"]);
        let services = &compose["services"];
        assert_eq!(keys(services), names);
        assert_eq!(keys(&compose["volumes"]), names.map(|name| format!("{name}-data")));
        for (number, name) in (0..).zip(names) {
            let service = &services[name];
            assert_eq!(keys(service), ["image", "restart", "command", "ports", "volumes"]);
            assert_eq!(service["image"].as_str(), Some("quay.io/coreos/etcd:v3.5.1"));
            assert_eq!(service["restart"].as_str(), Some("unless-stopped"));
            let port = 2379 + 10_000 * number;
            assert_eq!(texts(&service["ports"]), [format!("127.0.0.1:{port}:2379")]);
            let volumes = [format!("{name}-data:/var/lib/etcd"), format!("./{name}:/etc/etcd:ro")];
            assert_eq!(texts(&service["volumes"]), volumes);
            let command = texts(&service["command"]);
            assert_eq!(command[..2], ["etcd".to_owned(), format!("--name={name}")]);
        }
    }
}

/// Proves: the commands of the compose file make a healthy cluster, with the lesson's certificates.
/// (Each process has the addresses of one machine in place of a container's name.)
#[test]
fn its_commands_make_a_cluster() {
    if !has_etcd() || !has_openssl() {
        return;
    }
    let plan = Plan { tls: Some(Tls::default()), ..Plan::default() };
    let compose = read(&plan);
    let units = plan.machines.iter().map(|machine| {
        let command = texts(&compose["services"][machine.name.as_str()]["command"]).join(" ");
        let mut command = command.replace("0.0.0.0", &machine.host);
        for other in &plan.machines {
            let place = format!("//{}:", other.host);
            command = command.replace(&format!("//{}:", other.name), &place);
        }
        Unit::parse(&command)
    });
    let units: Vec<Unit> = units.collect();
    let mut place = Place::new("compose", &plan);
    place.make_certificates(|lines| lines);
    for (number, unit) in units.iter().enumerate() {
        place.start(number, unit);
    }
    place.healthy(&units, &FLAGS);
}
