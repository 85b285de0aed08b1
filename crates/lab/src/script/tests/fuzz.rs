//! Random lines: made by the grammar, and broken at random.

use crate::predicate::{
    Atom, Caller, Comparison, Equality, Fate, KeyState, Place, Predicate, Quantity, RoleName,
};
use crate::script::{
    Assignment, At, ClientName, Command, EtcdctlLine, Flight, Ground, Input, JobId, Line, Link,
    MessageName, Micros, NodeId, NodeRef, Ppm, Rule, Setting, Switch, Ways, complete, parse_line,
    parse_script, wants_more,
};
use crate::shell::{Part, Quoting, Word};
use sim::Property;

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = usize::try_from(self.below(from.len() as u64)).expect("a small number");
        from.get(place).expect("a place within")
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "name",
            "/people/john",
            "it's",
            "\"",
            "\\",
            " ",
            "🦀",
            "שלום",
            "<img src=x>",
            "->",
            "|",
            "&",
            "#",
            "=",
            "!=",
            "$x",
            "$",
            "(",
            ")",
            "and",
            "on",
            "limit",
            "<<EOF",
            "\t",
            "`",
            ";",
            "%",
            "-",
            "--",
            "é",
        ];
        let count = self.below(4);
        (0..count).map(|_| *self.pick(&pieces)).collect()
    }

    fn node(&mut self) -> NodeRef {
        match self.below(9) {
            0 => NodeRef::Leader,
            1 => NodeRef::Follower,
            number => NodeRef::Node(NodeId(u8::try_from(number).expect("small") - 1)),
        }
    }

    fn link(&mut self) -> Link {
        let from = self.node();
        let mut to = self.node();
        while to == from {
            to = self.node();
        }
        Link { from, to, ways: *self.pick(&[Ways::Both, Ways::OneWay]) }
    }

    fn micros(&mut self) -> Micros {
        let scale = *self.pick(&[1, 10, 1_000, 250_000, 1_000_000, 60_000_000]);
        Micros(scale * (1 + self.below(1_000)))
    }

    fn share(&mut self) -> Ppm {
        Ppm(u32::try_from(self.below(1_000_001)).expect("small"))
    }

    fn flight(&mut self) -> Flight {
        let Link { from, to, .. } = self.link();
        match self.below(2) {
            0 => Flight::Id(self.next()),
            _ => Flight::Oldest { kind: *self.pick(&MessageName::ALL), from, to },
        }
    }

    fn word(&mut self) -> Word {
        let mut word = Word::default();
        for _ in 0..self.below(4) {
            if self.below(3) == 0 {
                let name = (*self.pick(&["n2", "lease1", "_"])).to_owned();
                let quoting = *self.pick(&[Quoting::Bare, Quoting::Quoted]);
                word.parts.push(Part::Variable { name, quoting });
            } else {
                let text = self.text();
                word.push_text(&text);
            }
        }
        word
    }

    fn words(&mut self) -> Vec<Word> {
        (0..self.below(5)).map(|_| self.word()).collect()
    }

    fn assignments(&mut self, least: u64) -> Vec<Assignment> {
        let count = least + self.below(2);
        (0..count)
            .map(|_| Assignment { name: "ETCDCTL_API".to_owned(), value: self.word() })
            .collect()
    }

    fn setting(&mut self) -> Setting {
        let switch = *self.pick(&[Switch::On, Switch::Off]);
        match self.below(11) {
            0 => Setting::Heartbeat(self.micros()),
            1 => Setting::ElectionTimeout(self.micros()),
            2 => Setting::Latency(self.micros()),
            3 => Setting::Jitter(self.micros()),
            4 => Setting::Loss(self.share()),
            5 => Setting::SyncLatency(self.micros()),
            6 => Setting::ClientLatency(self.micros()),
            7 => Setting::PreVote(switch),
            8 => Setting::CheckQuorum(switch),
            9 => Setting::QuotaBackendBytes(1 + self.next() / 2),
            _ => Setting::SnapshotCount(1 + self.next() / 2),
        }
    }

    fn groups(&mut self) -> Vec<Vec<NodeRef>> {
        let mut groups = vec![vec![NodeRef::Node(NodeId(1))], vec![NodeRef::Node(NodeId(2))]];
        for number in 3..=7 {
            match self.below(4) {
                0 => groups.push(vec![NodeRef::Node(NodeId(number))]),
                1 => groups[0].push(NodeRef::Node(NodeId(number))),
                2 => groups[1].push(NodeRef::Node(NodeId(number))),
                _ => {}
            }
        }
        groups
    }

    fn command(&mut self) -> Command {
        match self.below(40) {
            0 => Command::Blank,
            1 => Command::Comment(self.text()),
            2 => Command::Jobs,
            3 => Command::Kill(JobId(1 + u32::try_from(self.below(99)).expect("small"))),
            4 if self.below(2) == 0 => Command::Type(Some(self.text())),
            4 => Command::Interrupt,
            5 if self.below(2) == 0 => Command::Assign(self.assignments(1)),
            5 => Command::Export(self.assignments(1)),
            6 => Command::Unset(vec!["A".to_owned(), "_b1".to_owned()]),
            7 => Command::Nodes(1 + u8::try_from(self.below(7)).expect("small")),
            8 => Command::Seed(self.next()),
            9 => Command::Set(self.setting()),
            10 => Command::Crash(self.node()),
            11 => Command::Tear(self.node()),
            12 => Command::Restart(Some(self.node())),
            13 => Command::Pause(self.node()),
            14 => Command::Resume(None),
            15 => Command::Start(self.node()),
            16 => {
                let rate = Ppm(100_000 + u32::try_from(self.below(9_900_001)).expect("small"));
                Command::Clock { node: self.node(), rate }
            }
            17 => Command::Cut(self.link()),
            18 => Command::Heal(Some(self.link())),
            19 => Command::Isolate(self.node()),
            20 => Command::Partition(self.groups()),
            21 => Command::Clog(self.link()),
            22 => Command::Unclog(self.link()),
            23 => Command::Loss { link: self.link(), chance: self.share() },
            24 => Command::Latency { link: self.link(), latency: self.micros() },
            25 => Command::Jitter { link: self.link(), jitter: self.micros() },
            26 => Command::DuplicateLink { link: self.link(), chance: self.share() },
            27 => Command::Drop(self.flight()),
            28 => Command::Delay { flight: self.flight(), by: self.micros() },
            29 => Command::DuplicateMessage(self.flight()),
            30 => Command::Advance(self.micros()),
            31 => Command::Step(1 + u32::try_from(self.below(1_000_000)).expect("small")),
            32 => {
                let limit = (self.below(2) == 0).then(|| self.micros());
                Command::Until { predicate: self.predicate(4), limit }
            }
            33 => Command::Assert(self.predicate(5)),
            34 => Command::Transfer(self.node()),
            35 => Command::Disable(*self.pick(&Rule::ALL)),
            36 => Command::Enable(*self.pick(&Rule::ALL)),
            37 => Command::Help(Some("cut".to_owned())),
            _ => Command::Etcdctl(EtcdctlLine {
                environment: self.assignments(0),
                words: self.words(),
                input: match self.below(3) {
                    0 => Input::HereString(self.word()),
                    _ => Input::Empty,
                },
                ground: *self.pick(&[Ground::Foreground, Ground::Background]),
            }),
        }
    }

    fn predicate(&mut self, depth: u32) -> Predicate {
        if depth == 0 {
            return Predicate::Atom(self.atom());
        }
        let mut inner = || Box::new(self.predicate(depth - 1));
        let (left, right) = (inner(), inner());
        match self.below(7) {
            0 => Predicate::Not(left),
            1 => Predicate::And(left, right),
            2 => Predicate::Or(left, right),
            3 => match *left {
                Predicate::SinceStart(_) => *left,
                _ => Predicate::SinceStart(left),
            },
            4 => Predicate::While(left, right),
            5 => Predicate::Then(left, right),
            _ => *left,
        }
    }

    fn quantity(&mut self) -> Quantity {
        let node = self.node();
        *self.pick(&[
            Quantity::HighestTerm,
            Quantity::Term(node),
            Quantity::Commit(node),
            Quantity::Applied(node),
            Quantity::Log(node),
            Quantity::Durable(node),
            Quantity::Revision(node),
            Quantity::Leaders,
            Quantity::Down,
            Quantity::Nodes,
            Quantity::Voters,
            Quantity::Event,
        ])
    }

    fn comparison(&mut self) -> Comparison {
        *self.pick(&[
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ])
    }

    fn atom(&mut self) -> Atom {
        match self.below(20) {
            0 => Atom::Leader,
            1 => Atom::LeaderIs(self.node()),
            2 => Atom::NoLeader,
            3 => Atom::Role {
                node: self.node(),
                is: *self.pick(&[Equality::Equal, Equality::NotEqual]),
                role: *self.pick(&[RoleName::Follower, RoleName::PreCandidate, RoleName::Leader]),
            },
            4 | 5 => Atom::Number {
                quantity: self.quantity(),
                comparison: self.comparison(),
                number: self.next(),
            },
            6 => Atom::Time { comparison: self.comparison(), time: self.micros() },
            7 | 8 => {
                let value = match self.below(3) {
                    0 => KeyState::Is(self.text()),
                    1 => KeyState::IsNot(self.text()),
                    _ => KeyState::Missing,
                };
                let place = match self.below(3) {
                    0 => Place::AllNodes,
                    1 => Place::Node(self.node()),
                    _ => Place::AtLeast(1 + u8::try_from(self.below(7)).expect("small")),
                };
                Atom::Key { key: self.text(), value, place }
            }
            9 | 10 => Atom::Call {
                caller: match self.below(3) {
                    0 => Caller::Client(ClientName::new("bob-2").expect("a name")),
                    1 => Caller::AnyWrite,
                    _ => Caller::AnyRead,
                },
                fate: *self.pick(&[Fate::Waiting, Fate::Ok, Fate::Failed, Fate::Unknown]),
            },
            11 => Atom::Running(self.node()),
            12 => Atom::Cut(self.link()),
            13 => Atom::Clogged(self.link()),
            14 => Atom::Isolated(self.node()),
            15 => Atom::Partitioned,
            16 => self.pick(&[Atom::QuorumLost, Atom::Agreed]).clone(),
            17 => Atom::Violated(None),
            18 => Atom::Violated(Some(*self.pick(&Property::ALL))),
            _ => Atom::SnapshotSent(self.node()),
        }
    }

    fn line(&mut self) -> Line {
        let mut command = self.command();
        let mut at = match self.below(4) {
            0 => Some(At::Event(self.next())),
            1 => Some(At::Time(self.micros())),
            _ => None,
        };
        if command == Command::Blank {
            at = None;
        }
        let is_clients = matches!(
            command,
            Command::Jobs
                | Command::Kill(_)
                | Command::Interrupt
                | Command::Type(_)
                | Command::Etcdctl(_)
                | Command::Assign(_)
                | Command::Export(_)
                | Command::Unset(_)
        );
        let client =
            (is_clients && self.below(3) == 0).then(|| ClientName::new("b").expect("good"));
        if let Command::Comment(text) | Command::Type(Some(text)) = &mut command {
            text.retain(|character| character != '\n');
        }
        Line { at, client, command, source: String::new(), here_document: None, line_number: 1 }
    }

    /// A line with a few bytes' worth of damage.
    fn broken(&mut self) -> String {
        let mut characters: Vec<char> = self.line().to_string().chars().collect();
        for _ in 0..=self.below(4) {
            let length = characters.len() as u64;
            let place = usize::try_from(self.below(length + 1)).expect("small");
            match self.below(4) {
                0 if place < characters.len() => {
                    characters.remove(place);
                }
                1 => characters.truncate(place),
                2 => characters.extend(self.text().chars()),
                _ => {
                    let last = *self.pick(&["\n", "\r\n", "\0", "\u{202e}", "'", "\""]);
                    let text = self.text() + last;
                    characters.splice(place..place, text.chars());
                }
            }
        }
        characters.into_iter().collect()
    }
}

/// Proves: what a command prints is read back as the same command.
#[test]
fn printed_lines_are_read_back() {
    let mut dice = Dice(7);
    for round in 0..20_000 {
        let line = dice.line();
        let text = line.to_string();
        let again = match parse_line(&text) {
            Ok(again) => again,
            Err(error) => panic!("round {round}: {text}: {error}\n{line:?}"),
        };
        assert_eq!(again.command, line.command, "round {round}: {text}");
        assert_eq!((again.at, again.client), (line.at, line.client), "round {round}: {text}");
    }
}

/// Proves: no line, however broken, brings the parser, completion or the prompt down; an error
/// points into the text; what is accepted prints and is read back.
#[test]
fn broken_lines_are_harmless() {
    let mut dice = Dice(11);
    for round in 0..200_000 {
        let text = if round % 4 == 0 { dice.text() + &dice.text() } else { dice.broken() };
        match parse_line(&text) {
            Ok(line) => {
                let shown = line.to_string();
                let again = parse_line(&shown).map(|line| line.command);
                assert_eq!(again, Ok(line.command), "round {round}: {text:?} as {shown:?}");
            }
            Err(error) => {
                let lines = text.split('\n').count();
                assert!(error.line >= 1 && error.line as usize <= lines, "{text:?}: {error}");
                let line = text.split('\n').nth(error.line as usize - 1).unwrap_or("");
                assert!(error.column >= 1, "{text:?}: {error}");
                assert!(error.column as usize <= line.chars().count() + 1, "{text:?}: {error}");
                assert!(!error.message.ends_with('.'));
            }
        }
        if round % 8 == 0 {
            let _ = parse_script(&text);
            let _ = wants_more(&text);
            let cursor = usize::try_from(dice.below(text.len() as u64 + 2)).expect("small");
            let _ = complete(&text, cursor);
        }
    }
}
