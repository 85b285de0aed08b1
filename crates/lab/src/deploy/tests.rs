use super::*;
use crate::view::Level;

fn said(findings: &[Finding]) -> Vec<(Option<&str>, &str)> {
    let pair = |it: &'_ Finding| Some((it.member.clone(), it.etcd_says.clone()?));
    let pairs: Vec<_> = findings.iter().filter_map(pair).collect();
    pairs.leak().iter().map(|(member, says)| (member.as_deref(), says.as_str())).collect()
}

/// Proves: what is right is not complained of, with IPs, names, IPv6 and certificates.
#[test]
fn good_plans_pass() {
    let hosts = [
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["etcd-1.example.org", "etcd-2.example.org", "etcd-3.example.org"],
        ["fd00::1", "fd00::2", "fd00::3"],
    ];
    for hosts in hosts {
        let machines = (1..).zip(hosts).map(|(n, host)| Machine::new(&format!("n{n}"), host));
        let plan =
            Plan { machines: machines.collect(), tls: Some(Tls::default()), ..Plan::default() };
        assert_eq!(plan.findings(), []);
    }
    let [finding] = &Plan::default().findings()[..] else { panic!("more than one") };
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.text.starts_with("Without certificates"));
}

/// Proves: sizes that tolerate no more than a smaller one are warned of.
#[test]
fn even_numbers_are_warned_of() {
    let warned = |members: u8| {
        let machine = |n| Machine::new(&format!("n{n}"), &format!("10.0.0.{n}"));
        let machines = (1..=members).map(machine).collect();
        check(&Plan { machines, ..Plan::default() }.units()).len()
    };
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8].map(warned), [1, 1, 1, 0, 1, 0, 1, 0, 1]);
}

/// Proves: what would break out of a file, or is no path, is found before it is written.
#[test]
fn what_cannot_be_written_is_found() {
    type Change = fn(&mut Plan);
    let changes: [(&str, Change); 8] = [
        ("the name", |plan| plan.machines[0].name = "n1 n2".to_owned()),
        ("`10.0.0.1\"`", |plan| plan.machines[0].host = "10.0.0.1\"".to_owned()),
        ("the token", |plan| plan.token = String::new()),
        ("the version", |plan| plan.version = "latest".to_owned()),
        ("the path `var/etcd`", |plan| plan.data_dir = "var/etcd".to_owned()),
        ("the path `/etc/$HOME/ca`", |plan| {
            plan.tls = Some(Tls { ca: "/etc/$HOME/ca".to_owned(), ..Tls::default() });
        }),
        ("It has the same peer URL as `n1`", |plan| plan.machines[1].host = "10.0.0.1".to_owned()),
        ("Two members are called", |plan| plan.machines[1].name = "n1".to_owned()),
    ];
    for (text, change) in changes {
        let mut plan = Plan::default();
        change(&mut plan);
        let found = plan.findings();
        let bad = |it: &Finding| it.level == Level::Bad && it.text.contains(text);
        assert!(found.iter().any(bad), "{text}: {found:#?}");
    }
}

/// Proves: one member that joins is well, and is not among those that make a cluster.
#[test]
fn a_member_that_joins() {
    let mut plan = Plan { state: State::Existing, ..Plan::default() };
    assert_eq!(said(&check(&plan.units())).len(), 3, "all three look for somebody");
    plan.state = State::New;
    let mut unit = plan.units().remove(2);
    unit.set("initial-cluster-state", "existing");
    assert_eq!(said(&check(&[unit])), []);
}

/// Proves: a unit file holds every flag, can be read back, and each flag is explained.
#[test]
fn files_hold_every_flag() {
    let plan = Plan { tls: Some(Tls::default()), ..Plan::default() };
    let units = plan.units();
    for unit in &units {
        let service = plan.service(unit);
        assert_eq!(&Unit::parse(&service), unit, "{service}");
        for (flag, value) in unit.flags() {
            assert!(service.contains(&format!("\n  --{flag}={value}")), "{service}");
            let explained = explain(flag).unwrap_or_else(|| panic!("{flag} is not explained"));
            assert!(explained.text.matches('`').count().is_multiple_of(2), "{flag}");
        }
        assert_eq!(Unit::parse(&unit.arguments().join(" ")), *unit);
    }
    let written =
        "etcd --name n1 \\\n --data-dir '/x' --client-cert-auth --listen-peer-urls=\"http://a\"";
    let expected =
        ["--name=n1", "--data-dir=/x", "--client-cert-auth=true", "--listen-peer-urls=http://a"];
    assert_eq!(Unit::parse(written).arguments(), expected);
    // A line that does not end in a backslash ends the command.
    let unit =
        Unit::parse("ExecStart=etcd --name n1 \\\n  --client-cert-auth\nRestart=on-failure\n");
    assert_eq!(unit.arguments(), ["--name=n1", "--client-cert-auth=true"]);
    assert_eq!(flag_rows().len(), units[0].flags().count());
    let service = plan.service(&units[0]);
    for line in [
        "ExecStart=/usr/local/bin/etcd \\\n  --name=n1 \\\n  --data-dir=/var/lib/etcd \\\n",
        "  --listen-client-urls=https://10.0.0.1:2379,https://127.0.0.1:2379 \\\n",
        "  --initial-cluster=n1=https://10.0.0.1:2380,n2=https://10.0.0.2:2380,\
         n3=https://10.0.0.3:2380 \\\n",
        "  --peer-client-cert-auth=true\nRestart=on-failure\n",
        "Type=notify\nTimeoutStartSec=0\n",
    ] {
        assert!(service.contains(line), "{line}\nis not in\n{service}");
    }
}

/// Proves: the compose file has one service a member, with its flags, port, folder and certificates.
#[test]
fn the_compose_file() {
    let plan = Plan { tls: Some(Tls::default()), ..Plan::default() };
    let compose = plan.compose();
    for piece in [
        "services:\n  \"n1\":\n    image: quay.io/coreos/etcd:v3.5.1\n",
        "      - \"--listen-peer-urls=https://0.0.0.0:2380\"\n",
        "      - \"--advertise-client-urls=https://n2:2379\"\n",
        "      - \"--initial-cluster=n1=https://n1:2380,n2=https://n2:2380,n3=https://n3:2380\"\n",
        "      - \"127.0.0.1:2379:2379\"\n",
        "      - \"127.0.0.1:22379:2379\"\n",
        "      - \"n3-data:/var/lib/etcd\"\n      - \"./n3:/etc/etcd:ro\"\nvolumes:\n",
        "volumes:\n  \"n1-data\":\n  \"n2-data\":\n  \"n3-data\":\n",
    ] {
        assert!(compose.contains(piece), "{piece}\nis not in\n{compose}");
    }
    assert_eq!(compose.matches("./n1:").count(), 1);
    assert!(!Plan::default().compose().contains("/etc/etcd"));
    // As many machines as there can be: every port is one.
    let machine = |n| Machine::new(&format!("n{n}"), "10.0.0.1");
    let seven = Plan { machines: (1..=7).map(machine).collect(), ..Plan::default() };
    assert!(seven.compose().contains("127.0.0.1:62379:2379"));
}
