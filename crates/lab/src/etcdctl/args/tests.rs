//! Our parser against what the real program was recorded to do.

mod fuzz;

use super::*;
use crate::etcdctl::{Output, txn, watch};
use crate::shell;

fn words(line: &str) -> (Vec<String>, Environment) {
    let split = shell::split(line, 0).expect(line);
    let mut environment = Environment::new();
    let mut words = Vec::new();
    for spanned in split.words {
        let text = spanned.word.as_literal().expect("no variables").to_owned();
        match text.split_once('=') {
            Some((name, value)) if words.is_empty() && name.starts_with("ETCDCTL_") => {
                environment.insert(name.to_owned(), value.to_owned());
            }
            _ => words.push(text),
        }
    }
    (words, environment)
}

fn invocation(line: &str) -> Invocation {
    let (words, environment) = words(line);
    Invocation::parse(&words, &environment).unwrap_or_else(|error| panic!("{line}: {error:?}"))
}

/// What we do, in the words of the recording.
fn told(line: &str) -> String {
    let (words, environment) = words(line);
    let refused = |error: UsageError| {
        let shows = match error.stdout.as_str() {
            "" => "silent",
            usage if usage.starts_with("NAME:") => "usage",
            _ => "prints",
        };
        let lines =
            error.stderr.lines().map(|line| format!("| {line}").trim_end().to_owned() + "\n");
        format!("exit {} {shows}\n{}", error.exit_code, lines.collect::<String>())
    };
    match Invocation::parse(&words, &environment) {
        Err(error) => refused(error),
        Ok(Invocation { command, .. }) => match command {
            Subcommand::Put(Put { value: PutValue::StandardInput, .. }) => {
                refused(Put::without_value())
            }
            Subcommand::Txn { interactive } => {
                let Output { stdout, stderr, exit } =
                    txn::read("", interactive).expect_err("an empty input");
                refused(UsageError { stdout, stderr, exit_code: exit })
            }
            Subcommand::WatchInteractive(_) => {
                let Output { stdout, stderr, exit } = watch::end_of_input();
                refused(UsageError { stdout, stderr, exit_code: exit })
            }
            Subcommand::Version => "exit 0 prints\n".to_owned(),
            Subcommand::Help(text) if text.starts_with("NAME:") => "exit 0 usage\n".to_owned(),
            Subcommand::Help(_) => "exit 0 prints\n".to_owned(),
            Subcommand::NotInThisLab(name) => format!("not in this lab: {name}\n"),
            _ => "runs\n".to_owned(),
        },
    }
}

/// Proves: every recorded line ends as with the real program: exit status, usage or not, and
/// standard error to the letter.
#[test]
fn as_recorded() {
    let recorded = include_str!("recorded.txt");
    let (mut compared, mut differing) = (0, String::new());
    for case in recorded.split("\n\n").skip(1).filter(|case| !case.trim().is_empty()) {
        let (line, expected) = case.trim_start().split_once('\n').expect("a line and what it did");
        let line = line.strip_prefix("$ ").expect("a line begins with $");
        let ours = told(line);
        if ours.starts_with("not in this lab") {
            continue;
        }
        if ours.trim_end() != expected.trim_end() {
            differing.push_str(&format!("$ {line}\n{expected}\nours: {ours}\n"));
        }
        compared += 1;
    }
    assert!(differing.is_empty(), "{differing}");
    assert!(compared >= 400, "only {compared} lines were compared");
}

/// Proves: flags mean the same wherever and however they are written.
#[test]
fn flags_anywhere() {
    let expected = invocation("get a --prefix --limit=3 -w json --endpoints=n1,n2");
    for line in [
        "-w json get --prefix --limit 3 a --endpoints n1,n2",
        "-wjson get --prefix=true a --limit=3 --endpoints n1 --endpoints n2",
        "--write-out=json --endpoints=n1,n2 get --limit=0x3 --prefix=T a",
        "ge --limit 3 -w=json --endpoints n1,n2 --prefix -- a",
        "ETCDCTL_WRITE_OUT=json ETCDCTL_ENDPOINTS=n1,n2 get a --prefix --limit=3",
    ] {
        assert_eq!(invocation(line), expected, "{line}");
    }
    assert_eq!(expected.globals.endpoints, ["n1", "n2"]);
    assert_eq!(expected.globals.write_out, WriteOut::Json);
}

/// Proves: values come out typed.
#[test]
fn values() {
    let globals = invocation("get a --command-timeout=1m0.5s --dial-timeout 3s --hex").globals;
    assert_eq!(globals.command_timeout, Micros(60_500_000));
    assert_eq!(globals.dial_timeout, Micros(3_000_000));
    assert!(globals.hex);
    assert_eq!(invocation("get a --command-timeout=-1s").globals.command_timeout, Micros(0));

    let Subcommand::Put(put) = invocation("put --lease=694d -- -k -v").command else { panic!() };
    assert_eq!((put.key.as_str(), put.lease), ("-k", 0x694d));
    assert_eq!(put.value, PutValue::Argument("-v".to_owned()));
    let Subcommand::Put(put) = invocation("put k --ignore-value").command else { panic!() };
    assert_eq!(put.value, PutValue::Keep);
    let Subcommand::Get(get) = invocation("get a b --order=descend --sort-by=Modify").command
    else {
        panic!()
    };
    assert_eq!(get.range, KeyRange::Interval("a".to_owned(), "b".to_owned()));
    assert_eq!((get.order, get.sort_by), (Some(SortOrder::Descend), Some(SortBy::Modify)));
}

/// Proves: what is not built says so by its whole name, and so do flags that would do nothing.
#[test]
fn not_in_this_lab() {
    for (line, name) in [
        ("watch a -- echo hi", "watch … -- command"),
        ("defrag --data-dir=x", "defrag --data-dir"),
        ("snapshot rest x", "snapshot restore"),
        ("auth en", "auth enable"),
        ("-w table user list", "user list"),
        ("ETCDCTL_API=2 user list", "user of API version 2"),
    ] {
        assert_eq!(invocation(line).command, Subcommand::NotInThisLab(name.to_owned()), "{line}");
    }
    let (words, environment) = words("get a --user root");
    let error = Invocation::parse(&words, &environment).expect_err("no users here");
    assert_eq!(error.stderr, "Error: --user is not in this lab; see docs/etcd.md\n");
}

/// Proves: a flag and its variable together are refused, as by the real program.
#[test]
fn conflicts() {
    let (words, environment) = words("ETCDCTL_ENDPOINTS=n1 get a --endpoints=n1");
    let error = Invocation::parse(&words, &environment).expect_err("a conflict");
    assert_eq!(error.exit_code, 1);
    assert!(error.stderr.contains("ETCDCTL_ENDPOINTS"));
}

/// Every command of the table, by its words.
fn all_paths() -> Vec<Vec<&'static commands::Spec>> {
    let mut paths = Vec::new();
    for spec in commands::COMMANDS {
        paths.push(vec![spec]);
        if let Body::Group(specs) = spec.body {
            paths.extend(specs.iter().map(|inner| vec![spec, inner]));
        }
    }
    paths
}

/// Proves: each command's help has its usage, all its flags, and lines that fit; each is completed.
#[test]
fn every_command_has_help_and_is_completed() {
    for path in all_paths() {
        let name = name_of(&path);
        let Subcommand::Help(text) = invocation(&format!("help {name}")).command else { panic!() };
        assert!(text.starts_with(&format!("NAME:\n\t{name} - ")), "{text}");
        assert!(text.contains(&format!("\n\tetcdctl {name} ")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let words: Vec<&str> = name.split(' ').collect();
        let flags = complete(&words, "--");
        for flag in flags_of(&path, GLOBAL_FLAGS) {
            let flag = format!("--{}", flag.name);
            assert!(text.contains(&flag) && flags.contains(&flag), "{name} {flag}");
        }
        let (last, before) = words.split_last().expect("a name");
        assert!(complete(before, "").contains(&(*last).to_owned()), "{name}");
    }
    assert!(complete(&["endpoint", "status"], "--").contains(&"--cluster".to_owned()));
    assert!(complete(&["endpoint", "--cluster"], "").contains(&"hashkv".to_owned()));
}

/// Proves: the words of the new commands come out typed.
#[test]
fn commands_come_out_typed() {
    let command = |line: &str| invocation(line).command;
    let lease = Subcommand::Lease;
    for (line, expected) in [
        ("txn -i", Subcommand::Txn { interactive: true }),
        ("compact 08 --physical", Subcommand::Compaction { revision: 8, physical: true }),
        ("lease grant -- -1", lease(LeaseCommand::Grant(-1))),
        ("lease revoke 694d77aa9e38260f", lease(LeaseCommand::Revoke(0x694d_77aa_9e38_260f))),
        ("lease timetolive -- -1 ", lease(LeaseCommand::TimeToLive { id: -1, keys: false })),
        ("lease time 0a --keys", lease(LeaseCommand::TimeToLive { id: 10, keys: true })),
        ("lease list x", lease(LeaseCommand::List)),
        ("lease keep 1 --once", lease(LeaseCommand::KeepAlive { id: 1, once: true })),
        ("move-leader ffffffffffffffff", Subcommand::MoveLeader(u64::MAX)),
        ("alarm disarm", Subcommand::Alarm(AlarmCommand::Disarm)),
        ("defrag x", Subcommand::Defrag { cluster: false }),
        ("defrag --cluster", Subcommand::Defrag { cluster: true }),
        // A flag of its own has no variable.
        ("ETCDCTL_CLUSTER=true defrag", Subcommand::Defrag { cluster: false }),
        (
            "ETCDCTL_CLUSTER=true endpoint status",
            Subcommand::Endpoint { cluster: true, command: EndpointCommand::Status },
        ),
        (
            "endpoint --rev=0x1f hashkv",
            Subcommand::Endpoint {
                cluster: false,
                command: EndpointCommand::HashKv { revision: 31 },
            },
        ),
        (
            "member update 1f --peer-urls=http://a:1,http://b:2",
            Subcommand::Member(MemberCommand::Update {
                id: 31,
                peer_urls: vec!["http://a:1".to_owned(), "http://b:2".to_owned()],
            }),
        ),
        (
            "snapshot save x --command-timeout=1s",
            Subcommand::Snapshot(SnapshotCommand::Save { file: "x".to_owned(), has_timeout: true }),
        ),
        ("snapshot stat x", Subcommand::Snapshot(SnapshotCommand::Status("x".to_owned()))),
        (
            "lock a -- echo -n x",
            Subcommand::Lock {
                name: "a".to_owned(),
                ttl: 10,
                command: ["echo", "-n", "x"].map(str::to_owned).to_vec(),
            },
        ),
        ("lock --ttl=0 a", Subcommand::Lock { name: "a".to_owned(), ttl: 0, command: Vec::new() }),
        ("elect -l king", Subcommand::Elect { name: "king".to_owned(), proposal: None }),
        (
            "elect king bob",
            Subcommand::Elect { name: "king".to_owned(), proposal: Some("bob".to_owned()) },
        ),
        (
            "watch a b --rev=-1 --prev-kv --progress-notify",
            Subcommand::Watch(Watch {
                range: KeyRange::Interval("a".to_owned(), "b".to_owned()),
                revision: -1,
                prev_kv: true,
                progress_notify: true,
            }),
        ),
        (
            "ETCDCTL_WATCH_KEY=a watch --prefix",
            Subcommand::Watch(Watch {
                range: KeyRange::Prefix("a".to_owned()),
                revision: 0,
                prev_kv: false,
                progress_notify: false,
            }),
        ),
        (
            "ETCDCTL_WATCH_KEY=a watch -i",
            Subcommand::WatchInteractive(WatchVariables {
                key: "a".to_owned(),
                range_end: String::new(),
            }),
        ),
    ] {
        assert_eq!(command(line), expected, "{line}");
    }
}

/// Proves: help texts show every flag, and help can be asked for in every way.
#[test]
fn help_texts() {
    let page = |line: &str| match invocation(line).command {
        Subcommand::Help(text) => text,
        other => panic!("{line}: {other:?}"),
    };
    let get = page("get --help");
    for way in ["get -h", "help get", "get a b c --help", "-h get", "he ge"] {
        assert_eq!(page(way), get, "{way}");
    }
    for flag in commands::GLOBAL_FLAGS.iter().chain(commands::COMMANDS[0].flags) {
        assert!(get.contains(&format!("--{}", flag.name)), "{}", flag.name);
    }
    let all = page("");
    assert!(all.contains("lease grant") && all.contains("version"));
    assert!(page("lease").contains("keep-alive"));
    for text in [get, all] {
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
