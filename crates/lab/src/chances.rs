//! How elections go, by trying: thousands of small clusters, each with its own seed, and what
//! became of them, counted.
//!
//! Each run is the real thing, a [`Cluster`] with the core, its disks and its checkers: it starts,
//! elects a leader, loses it, and elects the next. A run without the one setting that etcd does not
//! have ([`Wanted::timeouts`]) is that of a few lines of the language ([`Wanted::lines`]), so that one
//! can look at the one that went worst. [`Chances::run`] does so much at a time and no more, and what
//! it has counted does not depend on how much that was.

use sim::member::Micros;
use sim::member::raft_core::{NodeId, RoleKind, Term};
use sim::{Action, Cluster, EventKind, Setting, Settings, Switch};

use crate::script::duration_text;
use crate::words::span;

/// A run that has no leader after so long, in virtual time, is given up.
const PATIENCE: u64 = 60_000_000;
/// A leader may have been replaced in the moment at which it was to crash: then that waits so long.
const LATER: u64 = 100_000;

/// How each run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// All nodes start at the same moment and nobody has ever led.
    ColdStart,
    /// A leader leads for a while, and crashes.
    LeaderCrashes,
}

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How many nodes, 1 to 7.
    pub nodes: u8,
    /// How often a clock ticks.
    pub heartbeat: Micros,
    /// The least election timeout.
    pub election_timeout: Micros,
    /// One of how many election timeouts a node draws, each a heartbeat longer than the one before. As
    /// etcd does it, without one: of as many as the election timeout has heartbeats. 1: all are equal.
    pub timeouts: Option<u32>,
    /// How long a message flies.
    pub latency: Micros,
    /// Up to how much longer, at random.
    pub jitter: Micros,
    /// Whether nodes ask beforehand whether they could win.
    pub pre_vote: bool,
    /// How each run begins.
    pub beginning: Beginning,
    /// How many runs.
    pub runs: u32,
    /// What chance begins with.
    pub seed: u64,
}

impl Default for Wanted {
    fn default() -> Wanted {
        let usual = Settings::default();
        Wanted {
            nodes: 5,
            heartbeat: usual.heartbeat,
            election_timeout: usual.election_timeout,
            timeouts: None,
            latency: usual.latency,
            jitter: usual.jitter,
            pre_vote: usual.pre_vote,
            beginning: Beginning::LeaderCrashes,
            runs: 10_000,
            seed: 1,
        }
    }
}

impl Wanted {
    /// What is set in a new cluster, in an order in which every step is a cluster that works.
    fn settings(&self) -> Vec<Setting> {
        let usual = Settings::default();
        let mut list = Vec::new();
        let heartbeat =
            (self.heartbeat != usual.heartbeat).then_some(Setting::Heartbeat(self.heartbeat));
        let slower = self.heartbeat > usual.heartbeat;
        list.extend(heartbeat.filter(|_| !slower));
        if self.election_timeout != usual.election_timeout {
            list.push(Setting::ElectionTimeout(self.election_timeout));
        }
        list.extend(heartbeat.filter(|_| slower));
        if self.latency != usual.latency {
            list.push(Setting::Latency(self.latency));
        }
        if self.jitter != usual.jitter {
            list.push(Setting::Jitter(self.jitter));
        }
        if !self.pre_vote {
            list.push(Setting::PreVote(Switch::Off));
        }
        list
    }

    /// The seed of a run, counted from 0: two seeds of ours share no runs.
    pub fn seed_of(&self, run: u32) -> u64 {
        mixed(mixed(self.seed).wrapping_add(u64::from(run)))
    }

    /// How long the first leader of a run leads before it crashes: long enough for all to have heard
    /// of it, and then at any moment between two heartbeats.
    fn reign(&self, seed: u64) -> u64 {
        let settled = 2 * self.heartbeat.0 + 2 * (self.latency.0 + self.jitter.0);
        settled + mixed(!seed) % self.heartbeat.0
    }

    /// A run as lines of the language, for whoever wants to look at it; nothing if etcd cannot be set
    /// so.
    pub fn lines(&self, seed: u64) -> Option<String> {
        if self.timeouts.is_some() {
            return None;
        }
        let mut lines = format!("nodes {}\nseed {seed}\n", self.nodes);
        for setting in self.settings() {
            lines.push_str(&line(setting));
        }
        if self.beginning == Beginning::LeaderCrashes {
            let reign = duration_text(crate::script::Micros(self.reign(seed)));
            lines.push_str(&format!("until leader\nadvance {reign}\ncrash leader\n"));
        }
        lines.push_str("until leader\n");
        Some(lines)
    }
}

/// A line that sets what this sets.
fn line(setting: Setting) -> String {
    let (name, micros) = match setting {
        Setting::Heartbeat(micros) => ("heartbeat", micros),
        Setting::ElectionTimeout(micros) => ("election-timeout", micros),
        Setting::Latency(micros) => ("latency", micros),
        Setting::Jitter(micros) => ("jitter", micros),
        _ => return "set pre-vote off\n".to_owned(),
    };
    format!("set {name} {}\n", duration_text(crate::script::Micros(micros.0)))
}

/// Spreads seeds that stand side by side over all numbers (the finalizer of SplitMix64).
fn mixed(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs that have ended.
    pub done: u32,
    /// Runs that are wanted.
    pub of: u32,
    /// Events since the beginning.
    pub events: u64,
}

impl Progress {
    /// Whether nothing is left to do.
    pub fn is_done(self) -> bool {
        self.done == self.of
    }
}

/// A run that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notable {
    /// Its seed: see [`Wanted::lines`].
    pub seed: u64,
    /// How long it took until there was a leader, in micros.
    pub micros: u64,
    /// How many terms passed without one.
    pub split: u32,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs that came to a leader.
    pub led: u32,
    /// Runs that were given up: no leader within a minute.
    pub given_up: u32,
    /// How many runs had so many terms without a leader (nobody got a quorum's votes: the vote was
    /// split), by that number from 0 on.
    pub by_split: Vec<u32>,
    /// How many runs took so many whole milliseconds until there was a leader, by that number.
    by_millis: Vec<u32>,
    /// The run that took longest.
    pub slowest: Option<Notable>,
    /// The run with the most terms without a leader, the first of them.
    pub most_split: Option<Notable>,
}

/// A bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// From this on, in milliseconds.
    pub from_ms: u32,
    /// Up to this, which is the next bar's.
    pub to_ms: u32,
    /// How many runs.
    pub runs: u32,
}

impl Tally {
    fn count(&mut self, run: Notable) {
        self.led += 1;
        bump(&mut self.by_split, run.split as usize);
        bump(&mut self.by_millis, usize::try_from(run.micros / 1_000).unwrap_or(usize::MAX));
        if self.slowest.is_none_or(|slowest| run.micros > slowest.micros) {
            self.slowest = Some(run);
        }
        if self.most_split.is_none_or(|most| run.split > most.split) {
            self.most_split = Some(run);
        }
    }

    /// How many runs had at least one term without a leader.
    pub fn with_split(&self) -> u32 {
        self.led - self.by_split.first().copied().unwrap_or(0)
    }

    /// How many terms were begun in all: elections, won or not.
    pub fn elections(&self) -> u64 {
        let terms = |(split, runs): (usize, &u32)| (split as u64 + 1) * u64::from(*runs);
        self.by_split.iter().enumerate().map(terms).sum()
    }

    /// The time, in whole milliseconds rounded down, within which so many of a hundred runs had a
    /// leader; none if no run had one. Runs that were given up are left out.
    pub fn within_ms(&self, percent: u32) -> Option<u32> {
        let wanted = (u64::from(self.led) * u64::from(percent)).div_ceil(100).max(1);
        let mut sum = 0;
        let place = self.by_millis.iter().position(|runs| {
            sum += u64::from(*runs);
            sum >= wanted
        })?;
        u32::try_from(place).ok()
    }

    /// Half of the runs had a leader within so many milliseconds.
    pub fn median_ms(&self) -> Option<u32> {
        self.within_ms(50)
    }

    /// The times as bars of one width, a round number of milliseconds, from the shortest time to the
    /// longest, at most so many.
    pub fn histogram(&self, most: u32) -> Vec<Bar> {
        let first = self.by_millis.iter().position(|runs| *runs > 0).unwrap_or(0);
        let length = self.by_millis.len();
        let fits = |width: &usize| length.div_ceil(*width) - first / width <= most.max(1) as usize;
        let mut widths =
            [1, 10, 100, 1_000, 10_000].into_iter().flat_map(|unit| [1, 2, 5].map(|n| n * unit));
        let width = widths.find(fits).unwrap_or(50_000);
        let bar = |place: usize| {
            let (from, to) = (place * width, (place + 1) * width);
            let runs = self.by_millis.get(from..to.min(length)).unwrap_or_default().iter().sum();
            Bar { from_ms: from as u32, to_ms: to as u32, runs }
        };
        (first / width..length.div_ceil(width)).map(bar).collect()
    }

    /// All of it in words, for a table: what, and how much.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let row = |name: &str, value: String| [name.to_owned(), value];
        let millis = |value: Option<u32>| {
            value.map_or_else(|| "–".to_owned(), |value| span(u64::from(value) * 1_000))
        };
        let of_all = |runs: u32| format!("{runs} ({})", share(runs, self.led + self.given_up));
        let mut rows = vec![
            row("Runs", (self.led + self.given_up).to_string()),
            row("Elections, won or not", self.elections().to_string()),
            row("Runs with a split vote", of_all(self.with_split())),
            row("Time to a leader: half of the runs within", millis(self.median_ms())),
            row("Time to a leader: 95 of 100 within", millis(self.within_ms(95))),
            row("Time to a leader: the longest", span(self.slowest.map_or(0, |run| run.micros))),
        ];
        for (split, runs) in self.by_split.iter().enumerate() {
            let name = match split {
                0 => "No split vote".to_owned(),
                1 => "1 split vote".to_owned(),
                _ => format!("{split} split votes"),
            };
            rows.push(row(&name, of_all(*runs)));
        }
        if self.given_up > 0 {
            rows.push(row("No leader within a minute", of_all(self.given_up)));
        }
        rows
    }

    /// The bars of [`Tally::histogram`] in words, for a table: time, runs, share.
    pub fn histogram_rows(&self, most: u32) -> Vec<[String; 3]> {
        let row = |bar: &Bar| {
            let time = format!("{}–{} ms", bar.from_ms, bar.to_ms);
            [time, bar.runs.to_string(), share(bar.runs, self.led)]
        };
        self.histogram(most).iter().map(row).collect()
    }
}

fn bump(counts: &mut Vec<u32>, place: usize) {
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

/// `12.3 %`, in whole numbers all the way.
fn share(part: u32, whole: u32) -> String {
    let whole = u64::from(whole.max(1));
    let per_mille = (u64::from(part) * 1_000 + whole / 2) / whole;
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// Runs under way, and what has been counted.
#[derive(Clone, Debug)]
pub struct Chances {
    wanted: Wanted,
    tally: Tally,
    done: u32,
    events: u64,
    current: Option<Box<Run>>,
}

impl Chances {
    /// Nothing is tried yet.
    pub fn new(wanted: Wanted) -> Chances {
        Chances { wanted, tally: Tally::default(), done: 0, events: 0, current: None }
    }

    /// What is tried.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What has been counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress { done: self.done, of: self.wanted.runs, events: self.events }
    }

    /// Goes on for so many events.
    pub fn run(&mut self, budget_events: u32) -> Progress {
        for _ in 0..budget_events {
            if self.done == self.wanted.runs {
                break;
            }
            let (wanted, done) = (&self.wanted, self.done);
            let run = self.current.get_or_insert_with(|| Box::new(Run::new(wanted, done)));
            self.events += 1;
            if let Some(end) = run.step(wanted) {
                match end {
                    End::Led(notable) => self.tally.count(notable),
                    End::GivenUp => self.tally.given_up += 1,
                }
                self.done += 1;
                self.current = None;
            }
        }
        self.progress()
    }
}

/// One run.
#[derive(Clone, Debug)]
struct Run {
    cluster: Cluster,
    seed: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// A leader is to be elected, who will crash.
    First,
    /// It leads until this moment.
    Reign { until: Micros },
    /// There is none since a moment; the last term before.
    Wait { since: Micros, term: Term },
}

enum End {
    Led(Notable),
    GivenUp,
}

impl Run {
    fn new(wanted: &Wanted, run: u32) -> Run {
        let seed = wanted.seed_of(run);
        let settings = Settings { nodes: wanted.nodes, seed, ..Settings::default() };
        let mut cluster = Cluster::with_timeouts(settings, wanted.timeouts.unwrap_or(u32::MAX));
        for setting in wanted.settings() {
            // One that is out of its range stays as it was, as the line would say.
            let _ = cluster.act(Action::Set(setting));
        }
        let stage = match wanted.beginning {
            Beginning::ColdStart => Stage::Wait { since: cluster.now(), term: Term(0) },
            Beginning::LeaderCrashes => Stage::First,
        };
        Run { cluster, seed, stage }
    }

    /// One event, and what follows from it.
    fn step(&mut self, wanted: &Wanted) -> Option<End> {
        let Some(event) = self.cluster.step() else { return Some(End::GivenUp) };
        let leads = event.state.filter(|state| state.role == Some(RoleKind::Leader));
        match (self.stage, leads) {
            (Stage::First, Some(_)) => {
                self.reign_for(wanted.reign(self.seed));
            }
            (Stage::Reign { until }, _) if event.kind == EventKind::Wake && event.at == until => {
                match self.cluster.leader() {
                    Some(leader) => self.crash(leader),
                    None => self.reign_for(LATER),
                }
            }
            (Stage::Wait { since, term }, Some(state)) if state.term > term => {
                let split = u32::try_from(state.term.0 - term.0 - 1).unwrap_or(u32::MAX);
                let micros = event.at.0 - since.0;
                return Some(End::Led(Notable { seed: self.seed, micros, split }));
            }
            (Stage::Wait { since, .. }, _) if event.at.0 - since.0 > PATIENCE => {
                return Some(End::GivenUp);
            }
            (Stage::First, None) if event.at.0 > PATIENCE => return Some(End::GivenUp),
            (Stage::First | Stage::Reign { .. } | Stage::Wait { .. }, _) => {}
        }
        None
    }

    fn reign_for(&mut self, micros: u64) {
        let until = Micros(self.cluster.now().0 + micros);
        self.cluster.wake_at(until);
        self.stage = Stage::Reign { until };
    }

    fn crash(&mut self, leader: NodeId) {
        let terms = self.cluster.nodes().filter_map(|node| Some(node.member()?.raft().term()));
        let term = terms.max().unwrap_or(Term(0));
        // It runs: it is the leader.
        let _ = self.cluster.act(Action::Crash(leader));
        self.stage = Stage::Wait { since: self.cluster.now(), term };
    }
}

#[cfg(test)]
mod tests;
