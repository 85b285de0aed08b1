//! One seed: a safety phase full of faults, then a liveness phase without.

use sim::Event;

use super::mix::Mix;
use super::recording::{Ending, Recording, Timed, Verdict, finish, judge};
use super::tally::Watch;
use super::{FuzzOptions, Tally};
use crate::linear::{self, keys::Searched};
use crate::script::Micros;
use crate::session::{Opening, Session, Traced};

/// States that the generic search may try for a key.
const SEARCH_BUDGET: u64 = 5_000;

/// What became of a seed.
pub(super) struct Ran {
    pub(super) tally: Tally,
    pub(super) events: u64,
    pub(super) calls: u64,
    pub(super) searched: Searched,
    pub(super) nodes: u8,
    pub(super) recording: Recording,
    pub(super) trace_hash: u64,
    pub(super) verdict: Option<Verdict>,
}

/// Runs one seed.
pub(super) fn run(seed: u64, options: &FuzzOptions) -> Ran {
    let mix = Mix::new(seed, options.nodes, &options.disabled);
    let mut driver = Driver::new(mix);
    driver.safety(options.steps);
    driver.liveness();
    driver.end()
}

struct Driver {
    session: Session,
    mix: Mix,
    watch: Watch,
    recording: Recording,
}

impl Driver {
    fn new(mix: Mix) -> Driver {
        let opening = Opening { attended: false, ..Opening::default() };
        let mut session = Session::new(opening).expect("an empty set-up is well-formed");
        session.keep_trace();
        for line in &mix.opening {
            session.apply(line).expect("the fuzzer writes lines of the language");
        }
        let opening = mix.opening.clone();
        let recording = Recording { opening, lines: Vec::new(), ending: Ending::Open };
        let watch = Watch::new(session.cluster());
        Driver { session, mix, watch, recording }
    }

    /// Faults and calls, for so many events.
    fn safety(&mut self, steps: u64) {
        while self.session.seq() < steps {
            let at = self.mix.next_at();
            self.session.await_time(Micros(at));
            while self.session.now_micros() < at && self.step() {}
            if self.is_over() {
                return;
            }
            for line in self.mix.next(self.session.cluster()) {
                let at_micros = self.session.now_micros();
                self.watch.before_line(self.session.cluster());
                let timed = Timed { at_micros, line };
                self.session.apply(&timed.text()).expect("the fuzzer writes lines of the language");
                let events = self.take_events();
                let events: Vec<&Event> = events.iter().collect();
                self.watch.after_line(&timed.line, &events, self.session.cluster());
                self.recording.lines.push(timed);
            }
        }
    }

    /// No faults any more: the cluster must get well, within a fixed number of election timeouts.
    fn liveness(&mut self) {
        if self.is_over() {
            self.recording.ending = Ending::Violation;
            return;
        }
        let election_micros = self.session.cluster().settings().election_timeout.0;
        let at_micros = self.session.now_micros();
        self.recording.ending = Ending::Liveness { at_micros, election_micros };
        let ending = self.recording.ending_lines().join("\n");
        self.watch.before_line(self.session.cluster());
        self.session.apply(&ending).expect("the fuzzer writes lines of the language");
        finish(&mut self.session);
        // If a safety property breaks now, it takes these lines too to break it again.
        self.take_events();
    }

    fn is_over(&self) -> bool {
        self.session.cluster().violation().is_some()
    }

    fn step(&mut self) -> bool {
        let went_on = self.session.step();
        self.take_events();
        went_on
    }

    fn take_events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for traced in self.session.take_trace() {
            if let Traced::Event(event) = traced {
                self.watch.observe(&event);
                events.push(*event);
            }
        }
        events
    }

    fn end(mut self) -> Ran {
        let mut verdict = judge(&self.session);
        let cluster = self.session.cluster();
        self.watch.tally.count_calls(cluster);
        let operations = linear::operations(cluster.history().iter());
        let mut searched = Searched::default();
        match linear::keys::check(&operations, SEARCH_BUDGET) {
            Ok(found) => searched = found,
            Err(misfit) => verdict = verdict.or_else(|| Some(Verdict::of_history(&misfit))),
        }
        Ran {
            tally: self.watch.tally,
            events: cluster.seq().0,
            calls: operations.len() as u64,
            searched,
            nodes: self.mix.nodes,
            trace_hash: cluster.trace_hash(),
            recording: self.recording,
            verdict,
        }
    }
}
