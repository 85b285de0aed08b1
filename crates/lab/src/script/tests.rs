//! What the language accepts, what it refuses and where, and that what it prints it reads.

use super::*;
use crate::shell::{Part, Quoting, Word};

fn node(number: u8) -> NodeRef {
    NodeRef::Node(NodeId(number))
}

fn parsed(text: &str) -> Command {
    match parse_line(text) {
        Ok(line) => line.command,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// The canonical text of a line, which must read back as the same command.
fn canonical(text: &str) -> String {
    let line = parse_line(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shown = line.to_string();
    let again = parse_line(&shown).unwrap_or_else(|error| panic!("{text} as {shown}: {error}"));
    assert_eq!(again.command, line.command, "{text} as {shown}");
    assert_eq!(again.at, line.at);
    assert_eq!(again.client, line.client);
    assert_eq!(again.here_document, line.here_document);
    assert_eq!(again.to_string(), shown);
    shown
}

/// Proves: every line of design §2's table is understood and prints itself.
#[test]
fn lines_of_the_design() {
    for line in [
        "etcdctl put name john",
        "etcdctl watch name &",
        "jobs",
        "kill %1",
        "interrupt",
        "export ETCDCTL_API=3",
        "export ETCDCTL_ENDPOINTS=n1",
        "unset ETCDCTL_API",
        "nodes 5",
        "seed 7",
        "set heartbeat 100ms",
        "set latency 40ms",
        "set jitter 10ms",
        "set loss 1%",
        "set pre-vote off",
        "set check-quorum off",
        "set snapshot-count 100",
        "set quota-backend-bytes 65536",
        "set sync-latency 2ms",
        "set client-latency 1ms",
        "crash n2",
        "restart n2",
        "restart",
        "pause n2",
        "resume n2",
        "resume",
        "start n6",
        "clock n2 1.2x",
        "tear n2",
        "crash leader",
        "pause follower",
        "cut n1 n3",
        "cut n1 -> n3",
        "cut leader -> n3",
        "heal n1 n3",
        "heal",
        "isolate n1",
        "partition n1 n2 | n3 n4 n5",
        "partition n1 | n2 | n3",
        "clog n1 -> n2",
        "unclog n1 n2",
        "loss n1 -> n2 20%",
        "latency n1 n2 200ms",
        "jitter n1 n2 10ms",
        "duplicate n1 -> n2 5%",
        "duplicate m17",
        "duplicate append n1 -> n2",
        "drop m17",
        "delay m17 1s",
        "drop append n1 -> n2",
        "drop vote leader -> follower",
        "delay heartbeat-reply n2 -> n1 1.5s",
        "advance 500ms",
        "step",
        "step 10",
        "until leader",
        "until leader limit 10s",
        "assert key name = john on all nodes",
        "transfer n3",
        "disable persist-vote",
        "enable persist-vote",
        "status",
        "help",
        "help cut",
        "# comment",
        "#",
        "@1204 crash n1",
        "@12.48s crash n1",
        "@1204 client b etcdctl get name",
        "client b jobs",
        "client b export X=1",
        "",
    ] {
        assert_eq!(canonical(line), line);
    }
    assert_eq!(canonical("set election-timeout 1000ms"), "set election-timeout 1s");
}

/// Proves: blanks, tabs and comments do not matter, and what is one line is one command.
#[test]
fn blanks_and_comments() {
    assert_eq!(canonical("  cut\tn1->n3   # one way"), "cut n1 -> n3");
    assert_eq!(canonical("partition n1|n2 n3"), "partition n1 | n2 n3");
    assert_eq!(canonical("etcdctl put a b # c"), "etcdctl put a b");
    assert_eq!(canonical("etcdctl put a#b c"), "etcdctl put 'a#b' c");
    assert_eq!(canonical("\u{a0}crash n1\u{a0}"), "crash n1");
    assert_eq!(parsed("   "), Command::Blank);
    assert_eq!(parsed("  # x"), Command::Comment(" x".to_owned()));
    assert_eq!(
        parsed("cut n1 -> leader"),
        Command::Cut(Link { from: node(1), to: NodeRef::Leader, ways: Ways::OneWay })
    );
}

/// Proves: a bad line says in which line and at which character it is wrong, and what was
/// expected.
#[test]
fn bad_lines() {
    let check = |text: &str, column: u32, message: &str| {
        let error = parse_line(text).expect_err(text);
        assert_eq!((error.column, error.message.as_str()), (column, message), "{text}");
        assert_eq!(error.line, 1);
    };
    check("nodes 0", 7, "a cluster has 1 to 7 nodes, not 0");
    check("nodes 8", 7, "a cluster has 1 to 7 nodes, not 8");
    check("nodes five", 7, "expected how many nodes, 1 to 7, not `five`");
    check("nodes", 6, "expected how many nodes, 1 to 7");
    check("nodes 99999999999999999999", 7, "the number 99999999999999999999 is too large");
    check("crash n9", 7, "there is no node n9: nodes are n1 to n7");
    check("crash n0", 7, "there is no node n0: nodes are n1 to n7");
    check("crash n01", 7, "there is no node n01: nodes are n1 to n7");
    check("crash n999", 7, "there is no node n999: nodes are n1 to n7");
    check("crash", 6, "expected a node: n1 to n7, leader or follower");
    check(
        "crash leadr",
        7,
        "expected a node: n1 to n7, leader or follower, not `leadr`; did you mean `leader`?",
    );
    check("crash n1 n2", 10, "expected nothing more after this `crash`, not `n2`");
    check("crsh n1", 1, "unknown command `crsh`; did you mean `crash`?");
    check("ectdctl get a", 1, "unknown command `ectdctl`; did you mean `etcdctl`?");
    check("put a b", 1, "unknown command `put`; did you mean `etcdctl put`?");
    check("banana", 1, "unknown command `banana`; `help` lists them");
    check("<img src=x onerror=alert(1)>", 1, "expected a command, not `<`");
    check("cut n1", 7, "a link has two ends: expected another node, or `->` and a node");
    check("cut n1 ->", 10, "a link has two ends: expected another node, or `->` and a node");
    check("cut n1 n1", 8, "a link joins two different nodes, not n1 and n1");
    check("partition n1 n2", 16, "expected `|` and another group, as in partition n1 n2 | n3");
    check("partition n1 | n1", 16, "n1 is named twice");
    check("partition n1 |", 15, "expected a node: n1 to n7, leader or follower");
    check("advance", 8, "expected a time such as 100ms or 1.5s");
    check("advance 5", 9, "the time `5` has no unit: write 5ms or 5s");
    check("advance fast", 9, "expected a time such as 100ms, 1.5s or 2m, not `fast`");
    check("loss n1 n2 20", 12, "expected a percentage such as 20%, not `20`");
    check("loss n1 n2 120%", 12, "`120%` is more than 100%");
    check("clock n1 2", 10, "expected a speed such as 1.2x, not `2`");
    check("set heartbet 1ms", 5, "unknown setting `heartbet`; did you mean `heartbeat`?");
    check("set heartbeat 0ms", 15, "this time must be longer than nothing");
    check("set pre-vote maybe", 14, "expected `on` or `off`, not `maybe`");
    check("disable persist-vot", 9, "unknown rule `persist-vot`; did you mean `persist-vote`?");
    check("kill 1", 6, "expected a job such as %1, not `1`");
    check("step 0", 6, "expected 1 to 1000000 events");
    check("drop append n1 n2", 6, "a message goes one way: write append n1 -> n2");
    check("drop apend n1 -> n2", 6, "no message `apend`; did you mean `append`?");
    check("until", 6, "expected what should be true, such as leader or key name = john on n3");
    check("until leader limit", 19, "expected a time such as 100ms or 1.5s");
    check("until ledaer", 7, "unknown statement `ledaer`; did you mean `leader`?");
    check(
        "until leader banana",
        14,
        "expected `and`, `or`, `while`, `then`, `since start`, `limit` or the end, not `banana`",
    );
    check("assert term", 12, "expected `=`, `!=`, `<`, `<=`, `>` or `>=`");
    check("etcdctl put 🦀 'x", 15, "this ' is never closed: expected another ' on the same line");
    check(
        "etcdctl put a b | cat",
        17,
        "`|` is not in this lab's shell; quote it if you mean the characters",
    );
    check(
        "etcdctl put a b && etcdctl get a",
        17,
        "`&&` is not in this lab's shell; quote it if you mean the characters",
    );
    check(
        "etcdctl get a & b",
        15,
        "`&` belongs at the end of a line; quote it if you mean the character",
    );
    check(
        "etcdctl put a $(date)",
        15,
        "the output of a command cannot be used here; quote it if you mean the characters",
    );
    check(
        "etcdctl put price $5",
        19,
        "`$5` is not in this lab's shell; write '$5' in single quotes if you mean the characters",
    );
    check(
        "@x crash n1",
        1,
        "expected an event or a time after `@`, such as @1204 or @12.48s, not `@x`",
    );
    check("@5", 3, "expected a command");
    check("client", 7, "expected a client's name, such as b");
    check("client 1 jobs", 8, "expected a client's name, such as b, not `1`");
    check("client b", 9, "expected what client b does, such as etcdctl get name");
    check(
        "client b crash n1",
        10,
        "a client can run etcdctl, jobs, kill, interrupt, export and unset, not `crash`",
    );
    check("export", 7, "expected NAME=value, such as ETCDCTL_API=3");
    check("export 1X=2", 8, "expected NAME=value, such as ETCDCTL_API=3");
    check("X=1 crash n1", 5, "expected `etcdctl` after the variables");
    check("help nonsense", 6, "no help on `nonsense`; `help` alone lists what there is");
    check("etcdctl txn <<EOF", 13, "this here-document never ends: expected a line `EOF` below");
    check(
        "etcdctl txn <",
        13,
        "there are no files in this lab; feed a command with a here-document (`<<EOF`), or quote `<` if you mean the character",
    );
}

/// Proves: a script is parsed as a whole; the first bad line is told with its number, characters
/// and not bytes counted, lines of here-documents included.
#[test]
fn scripts() {
    let text = "nodes 3\n\netcdctl txn <<'EOF'\nput a 'b\n\nEOF\n# done\nuntil leader\n";
    let lines = parse_script(text).expect("a good script");
    let numbers: Vec<u32> = lines.iter().map(|line| line.line_number).collect();
    assert_eq!(numbers, [1, 2, 3, 7, 8]);
    let txn = lines.get(2).expect("the transaction");
    assert_eq!(txn.here_document.as_deref(), Some("put a 'b\n\n"));
    assert_eq!(txn.source, "etcdctl txn <<'EOF'");
    assert_eq!(txn.text(), "etcdctl txn <<'EOF'\nput a 'b\n\nEOF");
    assert_eq!(parse_script(&text.replace('\n', "\r\n")), Ok(lines));

    let error = parse_script("etcdctl txn <<EOF\nEOF\nétcdctl\n\n  cut n1 🦀\n").expect_err("bad");
    assert_eq!((error.line, error.column), (3, 1));
    let error = parse_script("# 🦀🦀\n🦀 x\ncut n1").expect_err("bad");
    assert_eq!(error.to_string(), "2:1: unknown command `🦀`; `help` lists them");
    let error = parse_script("etcdctl put שלום 'x").expect_err("bad");
    assert_eq!((error.line, error.column), (1, 18));
    let error = parse_script("status\netcdctl txn <<EOF\na\n").expect_err("bad");
    assert_eq!((error.line, error.column), (2, 13));
    assert!(parse_line("status\nstatus").is_err_and(|error| error.line == 2));
    assert_eq!(parse_script("").map(|lines| lines.len()), Ok(0));
    assert_eq!(parse_script("status").map(|lines| lines.len()), Ok(1));
}

/// Proves: a line that continues below is one line, and a prompt knows when to go on asking.
#[test]
fn continued_lines() {
    let lines = parse_script("etcdctl put \\\n  name john\nstatus\n").expect("good");
    assert_eq!(lines.iter().map(|line| line.line_number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(lines[0].command.to_string(), "etcdctl put name john");
    assert_eq!(lines[0].source, "etcdctl put \\\n  name john");
    let lines =
        parse_script("etcdctl txn <<<'mod(\"a\") > \"0\"\n\nput a b\n'\nstatus").expect("good");
    assert_eq!(lines.len(), 2);
    for more in
        ["etcdctl txn <<EOF", "etcdctl txn <<EOF\na", "etcdctl put a \\", "etcdctl txn <<<'a"]
    {
        assert!(wants_more(more), "{more}");
    }
    for whole in ["", "crash n1", "crash", "etcdctl put 'a", "etcdctl txn <<EOF\nEOF"] {
        assert!(!wants_more(whole), "{whole}");
    }
}

/// Proves: etcdctl lines keep their words, variables, input and job mark.
#[test]
fn etcdctl_lines() {
    let Command::Etcdctl(line) = parsed("A=1 etcdctl --endpoints=$n2 put \"a $b\" '' <<<x &")
    else {
        panic!("an etcdctl line");
    };
    let text = |text: &str| Part::Text(text.to_owned());
    let variable = |name: &str, quoting| Part::Variable { name: name.to_owned(), quoting };
    assert_eq!(
        line.words,
        [
            Word { parts: vec![text("--endpoints="), variable("n2", Quoting::Bare)] },
            Word::literal("put"),
            Word { parts: vec![text("a "), variable("b", Quoting::Quoted)] },
            Word::default(),
        ]
    );
    assert_eq!(line.environment.len(), 1);
    assert_eq!(line.input, Input::HereString(Word::literal("x")));
    assert_eq!(line.ground, Ground::Background);
    for (text, shown) in [
        (
            "etcdctl put k '<img src=x onerror=alert(1)>'",
            "etcdctl put k '<img src=x onerror=alert(1)>'",
        ),
        ("etcdctl put \"שלום 🦀\" it\\'s", "etcdctl put 'שלום 🦀' 'it'\\''s'"),
        ("etcdctl put ${a}b \"$c\"d$", "etcdctl put ${a}b \"$c\"'d$'"),
        ("ETCDCTL_API=2  etcdctl put a b", "ETCDCTL_API=2 etcdctl put a b"),
        ("export A= B='x y' C=$D", "export A='' B='x y' C=$D"),
        ("etcdctl txn <<\"E F\"\nx\nE F", "etcdctl txn <<'E F'\nx\nE F"),
        ("etcdctl txn <<-EOF\n\t\tx\n\tEOF", "etcdctl txn <<EOF\nx\nEOF"),
        ("etcdctl put a & # x", "etcdctl put a &"),
        ("etcdctl", "etcdctl"),
    ] {
        assert_eq!(canonical(text), shown);
    }
}

/// Proves: a here-document's variables are replaced unless its mark is quoted, and a here-string
/// ends with a line feed, as in a shell.
#[test]
fn inputs() {
    let lookup = |name: &str| (name == "a").then(|| "1".to_owned());
    let check = |text: &str, expected: &str| {
        let line = parse_line(text).expect(text);
        let Command::Etcdctl(etcdctl) = &line.command else { panic!("{text}") };
        assert_eq!(etcdctl.input.text(line.here_document.as_deref(), &lookup), expected, "{text}");
    };
    check("etcdctl put k", "");
    check("etcdctl put k <<EOF\n$a \\$a\nEOF", "1 $a\n");
    check("etcdctl put k <<'EOF'\n$a \\$a\nEOF", "$a \\$a\n");
    check("etcdctl put k <<<\"$a\"", "1\n");
}

/// Proves: completion offers what can stand there, and only what goes on with what is there.
#[test]
fn completion() {
    let check = |line: &str, expected: &[&str]| {
        assert_eq!(complete(line, line.len()), expected, "{line}");
    };
    check("cra", &["crash"]);
    check("crash le", &["leader"]);
    check("cut n1 -", &["->"]);
    check("cut n1 -> n", &["n1", "n2", "n3", "n4", "n5", "n6", "n7"]);
    check("set e", &["election-timeout"]);
    check("set pre-vote o", &["on", "off"]);
    check("disable persist-", &["persist-vote", "persist-term"]);
    check("@12 client b etcdctl ge", &["get"]);
    check("etcdctl lease gr", &["grant"]);
    check("etcdctl get --pre", &["--prefix"]);
    check("etcdctl -w json del --pre", &["--prefix", "--prev-kv"]);
    check("X=1 etcdctl pu", &["put"]);
    check("until quorum ", &["lost"]);
    check("until leader lim", &["limit"]);
    check("assert violated elec", &["election-safety"]);
    check("help predi", &["predicates"]);
    check("drop app", &["append", "append-reply"]);
    check("etcdctl put a ", &[]);
    assert!(complete("", 0).len() > 30);
    assert_eq!(complete("crash n1", 3), ["crash"]);
    assert_eq!(complete("é", 1), Vec::<String>::new());
}

/// Proves: everything a completion offers for a first word has help, and every help line is an
/// example that parses.
#[test]
fn help_is_complete() {
    let text = help();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for entry in &help::COMMANDS {
        assert!(text.contains(entry.says), "{}", entry.name);
        assert!(help_about(entry.name).is_some_and(|about| about.contains(entry.says)));
        assert!(parse_line(entry.usage).is_ok(), "{}", entry.usage);
    }
    for setting in &help::SETTINGS {
        let line = format!("set {} {}", setting.name, setting.example);
        let Command::Set(parsed) = parsed(&line) else { panic!("{line}") };
        assert_eq!(parsed.name(), setting.name);
    }
    for topic in ["predicates", "node", "link"] {
        assert!(help_about(topic).is_some());
    }
    assert_eq!(help_about("nonsense"), None);
}

mod docs;
mod fuzz;
