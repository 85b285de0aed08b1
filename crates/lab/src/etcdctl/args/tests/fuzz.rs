//! Random and mutated command lines: every command and flag of the table, hostile words, numbers
//! at the edges; and lines for `txn` and `watch -i`.
//!
//! 20,000 of each, or as many as `RAFT_LAB_LINES` asks for. `RAFT_LAB_SEED` is the first seed: the
//! one that a failure names, with `RAFT_LAB_LINES=1`, is that line again.

use super::super::commands::{Body, COMMANDS, GLOBAL_FLAGS, Spec};
use super::super::flags::{Flag, Kind};
use super::super::{
    Environment, Invocation, Subcommand, UsageError, WatchVariables, WriteOut, complete, flags_of,
};
use crate::etcdctl::program::Program;
use crate::etcdctl::{Output, txn, watch};

/// A small generator of its own: one for each line, so that a line is told by its seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        dice.below(2);
        dice
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from((self.0 ^ (self.0 >> 29)) >> 33).expect("31 bits");
        high % bound
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of a list with `·` between.
    fn of<'t>(&mut self, list: &'t str) -> &'t str {
        let place = self.below(list.split('·').count());
        list.split('·').nth(place).expect("so many")
    }
}

const NUMBERS: &str = "\
    0·1·-1·10·+7·007·0x1f·0b2·1_000·1__0·2147483648·4294967296·9223372036854775807\
    ·9223372036854775808·-9223372036854775808·-9223372036854775809\
    ·18446744073709551615·18446744073709551616\
    ·99999999999999999999999999999999999999999·7fffffffffffffff·ffffffffffffffff\
    ·694d77aa9e38260f·zz·1e9·1.5·١·";
const DURATIONS: &str = "\
    5s·0·-1s·1h1m·.5ms·9999999h·1·s·1µs·1e3s";
const TEXTS: &str = "\
    a·name·john·/·· ·-·--·---·-1·=·--=·'·\"·\"a·a\"b,·\"a\"b·\\·\\x·\n·\r\n·\t·\0\
    ·\u{7f}·\u{202e}·é·🦀·e\u{301}·\u{feff}·a,b·a=b·json·table·fields·protobuf·simple\
    ·ASCEND·VALUE·s·l·true·false·T·n1·n2:2379·http://n3:2380·n9·http://:\
    ·http://[::1]:1·unix://·http://é:1/x·true·$(x)·%s%n·watch·help·-h·--help·-i";
const VARIABLES: &str = "\
    ETCDCTL_API·ETCDCTL_ENDPOINTS·ETCDCTL_WRITE_OUT·ETCDCTL_HEX·ETCDCTL_CLUSTER\
    ·ETCDCTL_COMMAND_TIMEOUT·ETCDCTL_WATCH_KEY·ETCDCTL_WATCH_RANGE_END·ETCDCTL_USER";
/// What lines of a `txn` and of `watch -i` are made of.
const LINE_PIECES: &str = "\
    mod(·ver(·value(·val(·c(·create(·lease(·size(·\"a\")·\"\")·\"é\")·`a`)·\"\\xff\")\
    ·\"\\q\")·'a')·\"a\"·'a'·'hello'·'·\"·`·(·)· = · != · > · < · == ·=· ·\t·\u{a0}\
    ·\"1\"·\"0\"·\"-1\"·\"9223372036854775808\"·\"zz\"·\\·\\u00e9·\\400·get ·put ·del \
    ·help ·ge ·watch ·progress·--prefix ·--from-key ·--rev=·--limit=·--lease=\
    ·--ignore-value ·--order=·-- ·-h·-i ·a ·b ·é ·🦀·\0·\r";

fn value(dice: &mut Dice, flag: &Flag) -> String {
    let fitting = match flag.kind {
        Kind::Int => NUMBERS,
        Kind::Duration => DURATIONS,
        Kind::Bool | Kind::Text | Kind::List => TEXTS,
    };
    let list = if dice.one_in(6) { TEXTS } else { fitting };
    dice.of(list).to_owned()
}

/// A command, some of its flags and some words, in any order.
fn command_line(dice: &mut Dice) -> Vec<String> {
    let mut path: Vec<&Spec> = Vec::new();
    let mut specs = COMMANDS;
    while !specs.is_empty() {
        let spec = &specs[dice.below(specs.len())];
        path.push(spec);
        specs = match spec.body {
            Body::Group(specs) if !dice.one_in(12) => specs,
            Body::Group(_) | Body::Built { .. } | Body::NotBuilt | Body::Help => &[],
        };
    }
    let mut words: Vec<String> = path.iter().map(|spec| spec.name.to_owned()).collect();
    let named = words.len();
    let flags = flags_of(&path, GLOBAL_FLAGS);
    for _ in 0..dice.below(3) {
        // Mostly the command's own.
        let among = if dice.one_in(6) { flags.len() } else { flags.len() - GLOBAL_FLAGS.len() };
        let flag = &flags[dice.below(among)];
        let mut given = match flag.short {
            Some(short) if dice.one_in(2) => vec![format!("-{}", char::from(short))],
            Some(_) | None => vec![format!("--{}", flag.name)],
        };
        let wants_value = flag.kind != Kind::Bool;
        match dice.below(8) {
            0 => {}
            1 | 2 => given[0].push_str(&format!("={}", value(dice, flag))),
            _ if wants_value => given.push(value(dice, flag)),
            _ => {}
        }
        let first = if dice.one_in(4) { 0 } else { named };
        let place = first + dice.below(words.len() - first + 1);
        words.splice(place..place, given);
    }
    for _ in 0..dice.below(4) {
        let list = if dice.one_in(3) { NUMBERS } else { TEXTS };
        words.push(dice.of(list).to_owned());
    }
    words
}

fn mutate(dice: &mut Dice, words: &mut Vec<String>) {
    let place = dice.below(words.len().max(1));
    match dice.below(7) {
        0 => {
            words.truncate(place);
        }
        1 if !words.is_empty() => {
            words.remove(place);
        }
        2 if !words.is_empty() => {
            let again = words[place].clone();
            words.insert(place, again);
        }
        3 if !words.is_empty() => {
            let other = dice.below(words.len());
            words.swap(place, other);
        }
        4 => words.insert(place, dice.of(TEXTS).to_owned()),
        _ => {
            let Some(word) = words.get_mut(place) else { return };
            let mut characters: Vec<char> = word.chars().collect();
            let at = dice.below(characters.len() + 1);
            let new = dice.of(TEXTS);
            match characters.get_mut(at) {
                Some(character) if dice.one_in(2) => *character = new.chars().next().unwrap_or('-'),
                Some(_) if dice.one_in(2) => characters.truncate(at),
                Some(_) | None => {
                    characters.splice(at..at, new.chars());
                }
            }
            *word = characters.into_iter().collect();
        }
    }
}

fn environment(dice: &mut Dice) -> Environment {
    let mut environment = Environment::new();
    while dice.one_in(8) {
        let name = dice.of(VARIABLES);
        let value = match name {
            "ETCDCTL_API" => dice.of("2·3··4"),
            _ => dice.of(TEXTS),
        };
        environment.insert(name.to_owned(), value.to_owned());
    }
    environment
}

/// What the real program can end with by itself.
fn is_an_end(stdout: &str, stderr: &str, exit: i32) -> bool {
    stderr.ends_with('\n') && (matches!(exit, 1..=5 | 128) || (exit == 0 && !stdout.is_empty()))
}

/// How far a line came.
enum End {
    Refused,
    Answered,
    Understood,
}

fn one_command_line(seed: u64) -> End {
    let mut dice = Dice::new(seed);
    let mut words = command_line(&mut dice);
    while dice.one_in(3) {
        mutate(&mut dice, &mut words);
    }
    let environment = environment(&mut dice);
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    let begun = dice.of(TEXTS);
    for word in complete(&plain, begun) {
        assert!(!word.is_empty(), "seed {seed}: {words:?}");
    }
    let parsed = Invocation::parse(&words, &environment);
    assert_eq!(parsed, Invocation::parse(&words, &environment), "seed {seed}: {words:?}");
    match parsed {
        Err(UsageError { stdout, stderr, exit_code }) => {
            let ends = is_an_end(&stdout, &stderr, exit_code);
            assert!(ends, "seed {seed}: {words:?}: {stdout}{stderr}{exit_code}");
            End::Refused
        }
        Ok(invocation) => {
            assert!(
                invocation.globals.write_out == WriteOut::Simple
                    || !environment_is_two(&environment),
                "seed {seed}: {words:?}"
            );
            let _ = Program::new(invocation.clone(), dice.of(TEXTS), &environment, 3);
            match invocation.command {
                Subcommand::Help(_) | Subcommand::NotInThisLab(_) => End::Answered,
                _ => End::Understood,
            }
        }
    }
}

fn environment_is_two(environment: &Environment) -> bool {
    environment.get("ETCDCTL_API").is_some_and(|version| version == "2")
}

/// A line of standard input: pieces, or the words of a command.
fn input_line(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 | 1 => String::new(),
        2 => "mod(\"a\") > \"0\"".to_owned(),
        3 => {
            let mut words = command_line(dice);
            mutate(dice, &mut words);
            words.join(" ").replace('\n', " ")
        }
        _ => (0..dice.below(9)).map(|_| dice.of(LINE_PIECES)).collect(),
    }
}

/// Gives whether a transaction was read, and how many lines `watch -i` understood.
fn one_input(seed: u64) -> (bool, usize) {
    let mut dice = Dice::new(seed);
    let lines: Vec<String> = (0..1 + dice.below(8)).map(|_| input_line(&mut dice)).collect();
    let mut reader = txn::TxnReader::default();
    let mut complete = false;
    for line in &lines {
        let before = reader.clone();
        match reader.line(line) {
            Ok(txn::TxnStep::Complete(request)) => {
                let _ = request.check();
                complete = true;
            }
            Ok(txn::TxnStep::More | txn::TxnStep::NextPart) => {}
            Err(Output { stdout, stderr, exit }) => {
                assert!(is_an_end(&stdout, &stderr, exit), "seed {seed}: {line:?}: {stderr}");
                assert_eq!(reader, before, "seed {seed}: {line:?}");
            }
        }
    }
    let variable = |dice: &mut Dice| if dice.one_in(4) { dice.of(TEXTS) } else { "" }.to_owned();
    let variables = WatchVariables { key: variable(&mut dice), range_end: variable(&mut dice) };
    let understood = lines.iter().filter(|line| match watch::line(line, &variables) {
        Ok(watch::WatchLine::Watch(_) | watch::WatchLine::Progress) => true,
        Ok(watch::WatchLine::Invalid(text)) => {
            assert!(text.starts_with("Invalid command") && text.ends_with('\n'), "seed {seed}");
            false
        }
        Err(Output { stdout, stderr, exit }) => {
            assert!(is_an_end(&stdout, &stderr, exit), "seed {seed}: {line:?}: {stderr}");
            false
        }
    });
    (complete, understood.count())
}

/// Proves: no line brings the parsers down or makes them go on for ever; the same line is the same
/// twice; every refusal is one that etcdctl can give; and a refused line changes nothing.
#[test]
fn random_lines_are_harmless() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let lines: u64 = number("RAFT_LAB_LINES").unwrap_or(20_000);
    let first: u64 = number("RAFT_LAB_SEED").unwrap_or(0);
    let (mut commands, mut refused, mut complete, mut watches) = (0_u64, 0_u64, 0_u64, 0_usize);
    for seed in first..first + lines {
        match one_command_line(seed) {
            End::Understood => commands += 1,
            End::Refused => refused += 1,
            End::Answered => {}
        }
        let (is_complete, watched) = one_input(seed);
        complete += u64::from(is_complete);
        watches += watched;
    }
    println!("{lines} random lines: {commands} are commands, {refused} are refused");
    if lines >= 1_000 {
        let share = |count: u64| count * 100 / lines;
        let shares = (share(commands), share(refused), share(complete));
        assert!(shares.0 >= 10 && shares.1 >= 20 && shares.2 >= 2, "{shares:?}");
        assert!(watches > 0, "no line of `watch -i` is understood");
    }
}
