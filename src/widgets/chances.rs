//! Ten thousand elections, tried with the real core in slices, and how they went.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use lab::chances::{Chances, Progress, Wanted};
use lab::sim::member::Micros;

use crate::chart::{ACCENT, Chart, Drawing, Mark, Tick, count_ticks};
use crate::dom::{El, Slider, button, el};
use crate::live;

/// How long a slice may take: the rest of a frame is for drawing, and for who uses the page.
const SLICE_MS: f64 = 12.0;
/// Events between two looks at the clock.
const BUDGET: u32 = 400;
/// How often the picture follows.
const DRAW_MS: f64 = 200.0;
/// Bars at most.
const BARS: u32 = 40;

/// One of how many election timeouts a node draws: each is a heartbeat longer than the one before.
const SPREADS: [u32; 7] = [1, 2, 3, 5, 10, 15, 20];
/// How long a message flies, in milliseconds.
const LATENCIES: [u64; 7] = [1, 5, 10, 20, 50, 100, 200];
const RUNS: u32 = 10_000;

/// The widget's parts.
struct Panel {
    nodes: Slider,
    spread: Slider,
    latency: Slider,
    start: El,
    bar: El,
    status: El,
    facts: El,
    worst: El,
    chart: Chart,
    state: RefCell<State>,
}

/// What is tried at the moment.
#[derive(Default)]
struct State {
    tried: Option<Chances>,
    runs: bool,
    began_ms: f64,
    drawn_ms: f64,
}

/// Makes the widget.
pub(crate) fn make() -> Option<El> {
    let panel = Rc::new(Panel {
        nodes: Slider::new("Nodes", 6, 4),
        spread: Slider::new("Timers are drawn from", SPREADS.len() - 1, 4),
        latency: Slider::new("A message takes", LATENCIES.len() - 1, 2),
        start: button("Hold 10,000 elections").set("data-kind", "first"),
        bar: el("progress|max=10000|value=0|aria-label=Elections held"),
        status: el("p|class=widget-status|role=status"),
        facts: el("dl|class=widget-facts"),
        worst: button("Look at the longest in the lab"),
        chart: Chart::new("Elections", "Time to a new leader"),
        state: RefCell::default(),
    });
    panel.say_settings();
    panel.report();
    for slider in [&panel.nodes, &panel.spread, &panel.latency] {
        let mine = panel.clone();
        slider.moved(move || {
            mine.state.borrow_mut().runs = false;
            mine.say_settings();
            mine.say_start();
        });
    }
    let mine = panel.clone();
    drop(panel.start.clone().click(move || mine.toggle()));
    let mine = panel.clone();
    drop(panel.worst.clone().click(move || {
        let _ = mine.look_at_worst();
    }));
    let settings = el("div|class=widget-controls").all([
        &panel.nodes.whole,
        &panel.spread.whole,
        &panel.latency.whole,
    ]);
    let run = el("div|class=widget-actions").all([&panel.start, &panel.worst]);
    let parts = [&settings, &run, &panel.bar, &panel.status, &panel.facts, &panel.chart.whole];
    Some(el("div").all(parts))
}

impl Panel {
    fn wanted(&self) -> Wanted {
        let timeouts = SPREADS.get(self.spread.at()).copied().unwrap_or(10);
        let latency = LATENCIES.get(self.latency.at()).copied().unwrap_or(10);
        let usual = Wanted::default();
        Wanted {
            nodes: u8::try_from(self.nodes.at()).unwrap_or(4) + 1,
            // As etcd has it, where it can be had so: then a run can be played in the lab too.
            timeouts: Some(timeouts).filter(|timeouts| *timeouts != 10),
            latency: Micros(latency * 1_000),
            jitter: Micros(usual.jitter.0.min(latency * 1_000 / 5)),
            runs: RUNS,
            ..usual
        }
    }

    fn say_settings(&self) {
        let wanted = self.wanted();
        let nodes = wanted.nodes;
        self.nodes.say(&format!("{nodes} {}", if nodes == 1 { "node" } else { "nodes" }));
        let timeout = wanted.election_timeout.0 / 1_000;
        let spread = u64::from(wanted.timeouts.unwrap_or(10) - 1) * wanted.heartbeat.0 / 1_000;
        self.spread.say(&match spread {
            0 => format!("{timeout} ms, all equal"),
            spread => format!("{timeout} to {} ms", timeout + spread),
        });
        self.latency.say(&format!("{} ms", wanted.latency.0 / 1_000));
    }

    fn say_start(&self) {
        let state = self.state.borrow();
        let done = state.tried.as_ref().is_some_and(|tried| tried.progress().is_done());
        self.start.say(match state.runs {
            true => "Stop",
            false if done => "Hold 10,000 more",
            false => "Hold 10,000 elections",
        });
    }

    fn toggle(self: &Rc<Panel>) {
        {
            let mut state = self.state.borrow_mut();
            state.runs = !state.runs;
            if state.runs {
                let seed = state.tried.as_ref().map_or(1, |tried| tried.wanted().seed + 1);
                let wanted = Wanted { seed, ..self.wanted() };
                state.tried = Some(Chances::new(wanted));
                state.began_ms = now_ms();
            }
        }
        self.say_start();
        self.slice();
    }

    /// Tries for a while, and comes back.
    fn slice(self: &Rc<Panel>) {
        let mut state = self.state.borrow_mut();
        if !state.runs {
            drop(state);
            return self.report();
        }
        let began = now_ms();
        let Some(tried) = &mut state.tried else { return };
        while !tried.run(BUDGET).is_done() && now_ms() - began < SLICE_MS {}
        let Progress { done, .. } = tried.progress();
        if tried.progress().is_done() {
            state.runs = false;
        }
        let (runs, draws) = (state.runs, now_ms() - state.drawn_ms > DRAW_MS);
        if draws {
            state.drawn_ms = now_ms();
        }
        drop(state);
        self.bar.put("value", &done.to_string());
        if runs {
            if draws {
                self.report();
            }
            let mine = self.clone();
            Timeout::new(0, move || mine.slice()).forget();
        } else {
            self.report();
            self.say_start();
        }
    }

    /// Says and draws what has been counted.
    fn report(&self) {
        let state = self.state.borrow();
        let empty = Drawing::empty(
            "Nothing to count yet: bars will show how many elections took how long.",
        );
        let Some(tried) = &state.tried else {
            self.worst.flag("disabled", true);
            self.status
                .say("Each starts a cluster, lets its leader crash, and waits for the next.");
            let names = ["A split vote in", "Half within", "95 of 100 within"];
            self.facts.only(names.map(|name| fact(name, "–")));
            return self.chart.show(empty, "", &[], &[] as &[[String; 3]]);
        };
        let (tally, progress) = (tried.tally(), tried.progress());
        let seconds = (now_ms() - state.began_ms) / 1_000.0;
        self.status.say(&match (state.runs, progress.is_done()) {
            (true, _) => String::new(),
            (false, true) => format!(
                "{} elections in {} s: {} events of the simulator.",
                thousands(progress.done.into()),
                tenths(seconds),
                thousands(progress.events)
            ),
            (false, false) => format!("Stopped after {}.", thousands(progress.done.into())),
        });
        let per_mille = u64::from(tally.with_split()) * 1_000 / u64::from(tally.led.max(1));
        let split = format!("{}.{} %", per_mille / 10, per_mille % 10);
        let within = |percent| {
            tally.within_ms(percent).map_or_else(|| "–".to_owned(), |ms| tenths_of_ms(ms.into()))
        };
        let mut facts = Vec::new();
        facts.push(fact("A split vote in", &split));
        facts.push(fact("Half within", &within(50)));
        facts.push(fact("95 of 100 within", &within(95)));
        if tally.given_up > 0 {
            facts.push(fact("No leader in a minute", &thousands(tally.given_up.into())));
        }
        self.facts.only(facts);
        self.worst.flag("disabled", state.runs || self.worst_lines(tried).is_none());
        let bars = tally.histogram(BARS);
        if bars.is_empty() {
            return self.chart.show(empty, "", &[], &[] as &[[String; 3]]);
        }
        let words = format!(
            "Bars: half of the elections took less than {}, 95 of 100 less than {}",
            within(50),
            within(95)
        );
        self.chart.show(
            histogram(&bars),
            &words,
            &["Time", "Elections", "Share"],
            &tally.histogram_rows(BARS),
        );
    }

    fn worst_lines(&self, tried: &Chances) -> Option<String> {
        tried.wanted().lines(tried.tally().slowest?.seed)
    }

    /// Plays the longest run of all in the lab.
    fn look_at_worst(&self) -> Option<()> {
        let state = self.state.borrow();
        for line in self.worst_lines(state.tried.as_ref()?)?.lines() {
            live::act(line);
        }
        Some(())
    }
}

/// A name and its value.
fn fact(name: &str, value: &str) -> El {
    el("div").add(&el("dt").text(name)).add(&el("dd").text(value))
}

fn histogram(bars: &[lab::chances::Bar]) -> Drawing {
    let most = bars.iter().map(|bar| bar.runs).max().unwrap_or(0);
    let (top, ticks_up) = count_ticks(most.into());
    let from = bars.first().map_or(0, |bar| bar.from_ms);
    let to = bars.last().map_or(1, |bar| bar.to_ms);
    let width = bars.first().map_or(1, |bar| bar.to_ms - bar.from_ms);
    let gap = f64::from(width) * 0.08;
    let mark = |bar: &lab::chances::Bar| Mark::Bar {
        from: (f64::from(bar.from_ms) + gap, 0.0),
        to: (f64::from(bar.to_ms) - gap, f64::from(bar.runs)),
        ink: ACCENT,
    };
    Drawing {
        across: (f64::from(from), f64::from(to)),
        up: (0.0, top),
        ticks_across: millis_between(from, to),
        ticks_up,
        marks: bars.iter().filter(|bar| bar.runs > 0).map(mark).collect(),
        empty: "",
    }
}

/// Some round times between two.
fn millis_between(from: u32, to: u32) -> Vec<Tick> {
    let mut steps =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000].into_iter();
    let step: u32 = steps.find(|step| (to - from) / step <= 4).unwrap_or(50_000);
    let ticks = (from.div_ceil(step)..=to / step).map(|n| n * step);
    ticks.map(|ms| Tick::new(f64::from(ms), tenths_of_ms(ms.into()))).collect()
}

/// `850 ms`, `1.4 s`.
fn tenths_of_ms(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}

fn tenths(number: f64) -> String {
    let tenths = (number * 10.0).round() as u64;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `12,345`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn now_ms() -> f64 {
    js_sys::Date::now()
}
