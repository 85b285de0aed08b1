//! Settings that cannot work together, and why: worked out from the settings alone, with their
//! quantities, before anybody has to find out by waiting.
//!
//! What is said is held against the simulator in the tests: where it says that elections keep
//! failing, they do; where it is silent, a leader stays.

use std::fmt;

use sim::member::election_ticks;
use sim::member::raft_core::{NodeId, Rule};
use sim::{Cluster, Condition, Settings};

use crate::script::{Ppm, percentage_text, rate_text};
use crate::view::Level;
use crate::words::{in_words, spaced, span};

/// How long etcdctl waits for an answer.
const CLIENT_PATIENCE_MICROS: u64 = 5_000_000;
/// A follower that misses its leader more often than this, by chance, is worth a warning.
const STARVED_EVERY_MICROS: u64 = 120_000_000;

/// One thing that will not work well, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// How bad it is.
    pub level: Level,
    /// What will happen, and because of which quantities.
    pub text: String,
}

/// The quantities that decide, in micros of virtual time.
struct Facts<'a> {
    cluster: &'a Cluster,
    settings: &'a Settings,
    voters: u64,
    /// Election timeout in ticks; it is drawn from this to `ticks_max`.
    ticks: u64,
    ticks_max: u64,
    /// There and back, at best.
    round_trip: u64,
    /// The most that chance adds to it.
    round_trip_jitter: u64,
}

impl Facts<'_> {
    fn of(cluster: &Cluster) -> Facts<'_> {
        let settings = cluster.settings();
        let ticks = u64::from(election_ticks(settings.heartbeat, settings.election_timeout));
        let spread = settings.rules.on(Rule::RandomTimeouts);
        Facts {
            cluster,
            settings,
            voters: cluster.configuration().voters.len() as u64,
            ticks,
            ticks_max: if spread { 2 * ticks - 1 } else { ticks },
            round_trip: 2 * settings.latency.0,
            round_trip_jitter: 2 * settings.jitter.0,
        }
    }

    /// So many ticks of a true clock.
    fn time_of(&self, ticks: u64) -> u64 {
        ticks * self.settings.heartbeat.0
    }
}

/// What of the settings cannot work, the worst first.
pub(crate) fn advise(cluster: &Cluster) -> Vec<Advice> {
    let facts = Facts::of(cluster);
    let mut advice = Remarks(Vec::new());
    if facts.voters > 1 {
        lost(&facts, &mut advice);
        elections(&facts, &mut advice);
        impatience(&facts, &mut advice);
        overtaking(&facts, &mut advice);
    }
    slow_writes(&facts, &mut advice);
    advice.0
}

/// Remarks, the worst first; of two that are equally bad, the one that was made first.
struct Remarks(Vec<Advice>);

impl Remarks {
    #[inline(never)]
    fn say(&mut self, level: Level, text: fmt::Arguments<'_>) {
        let place = self.0.partition_point(|other| other.level as u8 >= level as u8);
        self.0.insert(place, Advice { level, text: fmt::format(text) });
    }
}

/// Whether a candidate can win before its own timer runs out, and a leader hear a majority before
/// it looks.
fn elections(facts: &Facts<'_>, advice: &mut Remarks) {
    let settings = facts.settings;
    let trip = format!("A round trip takes 2 × {}", span(settings.latency.0));
    let timeout = facts.time_of(facts.ticks);
    // The first heartbeat's answer comes a round trip after the election at best; the leader looks
    // after one election timeout (thesis §6.2).
    if settings.rules_in_force().on(Rule::CheckQuorum) && facts.round_trip > timeout {
        return advice.say(
            Level::Bad,
            format_args!(
                "{trip}, longer than the election timeout of {}: a new leader hears of no majority \
                 in time and steps down. Elections keep failing.",
                span(timeout)
            ),
        );
    }
    // Voters write their vote before they answer.
    let (longest, sync) = (facts.time_of(facts.ticks_max), settings.sync_latency.0);
    let and_sync = |times: &str| {
        if sync >= 1_000 { format!(" and the disk {times}{}", span(sync)) } else { String::new() }
    };
    if facts.round_trip + sync > longest {
        return advice.say(
            Level::Bad,
            format_args!(
                "{trip}{}, longer than any candidate waits, {}: nobody can win an election.",
                and_sync(""),
                span(longest)
            ),
        );
    }
    let slowest = facts.round_trip + facts.round_trip_jitter + 2 * sync;
    let shortest = facts.time_of(facts.ticks - 1);
    if slowest > shortest {
        advice.say(
            Level::Warning,
            format_args!(
                "{trip}{}{}, and a candidate may wait only {}: votes can come too late, and \
                 elections need several tries.",
                and_jitter("2 × ", settings.jitter.0),
                and_sync("2 × "),
                span(shortest)
            ),
        );
    }
}

fn and_jitter(times: &str, jitter: u64) -> String {
    if jitter > 0 { format!(" + {times}{} of jitter", span(jitter)) } else { String::new() }
}

/// Whether somebody may lose patience between two heartbeats of a leader that lives.
fn impatience(facts: &Facts<'_>, advice: &mut Remarks) {
    let mut rates = facts.cluster.configuration().voters.iter().map(|id| {
        let rate = facts.cluster.node(id).clock_rate_ppm();
        (id, rate)
    });
    // The fastest of all waits for the slowest of the others: the first of equals, each.
    let Some(mut fastest) = rates.next() else { return };
    let Some(mut slowest) = rates.next() else { return };
    if slowest.1 > fastest.1 {
        (fastest, slowest) = (slowest, fastest);
    }
    for other in rates {
        if other.1 > fastest.1 {
            (fastest, slowest) = (other, if fastest.1 < slowest.1 { fastest } else { slowest });
        } else if other.1 < slowest.1 {
            slowest = other;
        }
    }
    let by_clock = |span: u64, (_, rate): (NodeId, u32)| span * 1_000_000 / u64::from(rate);
    let jitter = facts.settings.jitter.0;
    let gap = by_clock(facts.settings.heartbeat.0, slowest);
    let patience = by_clock(facts.time_of(facts.ticks - 1), fastest);
    if gap + jitter <= patience {
        return;
    }
    let named = |what: &str, (id, rate): (NodeId, u32), usual: &str| match rate {
        1_000_000 => usual.to_owned(),
        rate => format!("{what}{id}, whose clock runs at {},", spaced(&rate_text(Ppm(rate)))),
    };
    advice.say(
        Level::Warning,
        format_args!(
            "{} may lose patience after {}, but {} come every {}{}: it stands for election while \
             the leader lives.",
            named("", fastest, "A follower"),
            span(patience),
            named("the heartbeats of ", slowest, "a leader's heartbeats"),
            span(gap),
            and_jitter("", jitter)
        ),
    );
}

/// Whether loss alone makes followers miss their leader.
fn lost(facts: &Facts<'_>, advice: &mut Remarks) {
    let loss = u64::from(facts.settings.loss_ppm);
    if loss == 1_000_000 {
        let text = format_args!("Every message gets lost: nobody can be elected.");
        return advice.say(Level::Bad, text);
    }
    // In parts of a million million, so that small chances do not vanish.
    let mut all_lost = 1_000_000_000_000;
    for _ in 0..facts.ticks {
        all_lost = all_lost * loss / 1_000_000;
    }
    // Of a million times that somebody looks, so many are in vain.
    let in_vain = all_lost * (facts.voters - 1) / 1_000_000;
    if in_vain == 0 {
        return;
    }
    let every = facts.time_of(facts.ticks) * 1_000_000 / in_vain;
    if every > STARVED_EVERY_MICROS {
        return;
    }
    advice.say(
        Level::Warning,
        format_args!(
            "With {} loss a follower misses {} in a row about every {}, and stands for election \
             while the leader lives.",
            spaced(&percentage_text(Ppm(facts.settings.loss_ppm))),
            in_words(facts.ticks, "heartbeat"),
            span(every)
        ),
    );
}

fn overtaking(facts: &Facts<'_>, advice: &mut Remarks) {
    let (latency, jitter) = (facts.settings.latency.0, facts.settings.jitter.0);
    if jitter > latency {
        advice.say(
            Level::Neutral,
            format_args!(
                "Jitter of {} is more than the latency of {}: messages overtake each other often, \
                 and entries that come too early are refused and sent again.",
                span(jitter),
                span(latency)
            ),
        );
    }
}

/// Whether a write is answered before its client gives up.
fn slow_writes(facts: &Facts<'_>, advice: &mut Remarks) {
    let settings = facts.settings;
    let (client, sync) = (2 * settings.client_latency.0, settings.sync_latency.0);
    let round_trip = if facts.voters > 1 { facts.round_trip } else { 0 };
    let least = client + round_trip + sync;
    if least > CLIENT_PATIENCE_MICROS {
        advice.say(
            Level::Bad,
            format_args!(
                "A write takes {} at least ({} for the client, {} between nodes, {} for a disk), \
                 and etcdctl waits {}: every write ends unknown.",
                span(least),
                span(client),
                span(round_trip),
                span(sync),
                span(CLIENT_PATIENCE_MICROS)
            ),
        );
    }
}

/// How soon a leader that is lost now is replaced: half of the time sooner, half of it later.
pub(crate) fn until_next_leader(cluster: &Cluster) -> String {
    let facts = Facts::of(cluster);
    let runs = |id: &NodeId| cluster.node(*id).condition() == Condition::Running;
    let running = cluster.configuration().voters.iter().filter(runs).count() as u64;
    let (quorum, others) = (facts.voters / 2 + 1, running.saturating_sub(1));
    if others < quorum {
        return format!(
            "If the leader is lost now, no other can be elected: {others} of {} voters are left, {quorum} are needed.",
            facts.voters
        );
    }
    if advise(cluster).iter().any(|advice| advice.level == Level::Bad) {
        return String::new();
    }
    format!(
        "A lost leader is typically replaced after about {}; later if votes split.",
        span(replaced_after(&facts, others))
    )
}

/// In micros, where the first to stand wins. A follower's timer runs for `ticks - 1` to `ticks_max` ticks, evenly, from
/// the last heartbeat; the shortest of all decides. Then votes travel, and before them, with
/// PreVote, the question whether to ask.
fn replaced_after(facts: &Facts<'_>, others: u64) -> u64 {
    let settings = facts.settings;
    let spread = facts.time_of(facts.ticks_max + 1 - facts.ticks);
    let timer = facts.time_of(facts.ticks - 1) + spread / (others + 1);
    let trip = facts.round_trip + facts.round_trip_jitter / 2;
    let asks = if settings.rules_in_force().on(Rule::PreVote) { 2 } else { 1 };
    let since_heartbeat = settings.heartbeat.0 / 2;
    (timer + settings.latency.0 + asks * trip + 2 * settings.sync_latency.0)
        .saturating_sub(since_heartbeat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Opening, Session};

    fn session(nodes: u8, seed: u64, setup: &str) -> Session {
        let setup = setup.to_owned();
        Session::new(Opening { nodes, seed, setup, ..Opening::default() }).expect("a good script")
    }

    #[track_caller]
    fn check(setup: &str, level: Level, text: &str) {
        let advice = advise(session(3, 1, setup).cluster());
        let first = advice.first().map(|advice| (advice.level, advice.text.as_str()));
        assert_eq!(first, Some((level, text)), "{setup}");
    }

    /// Proves: each thing that cannot work is said with its quantities; what works is not.
    #[test]
    fn what_cannot_work() {
        check(
            "set latency 600ms",
            Level::Bad,
            "A round trip takes 2 × 600 ms, longer than the election timeout of 1 s: a new leader \
             hears of no majority in time and steps down. Elections keep failing.",
        );
        check(
            "set latency 1s\nset check-quorum off",
            Level::Bad,
            "A round trip takes 2 × 1 s and the disk 2 ms, longer than any candidate waits, 1.9 s: \
             nobody can win an election.",
        );
        check(
            "set latency 440ms\nset jitter 20ms",
            Level::Warning,
            "A round trip takes 2 × 440 ms + 2 × 20 ms of jitter and the disk 2 × 2 ms, and a \
             candidate may wait only 900 ms: votes can come too late, and elections need several \
             tries.",
        );
        check(
            "set election-timeout 200ms",
            Level::Warning,
            "A follower may lose patience after 100 ms, but a leader's heartbeats come every \
             100 ms + 2 ms of jitter: it stands for election while the leader lives.",
        );
        check(
            "clock n2 10x",
            Level::Warning,
            "n2, whose clock runs at 10 ×, may lose patience after 90 ms, but a leader's \
             heartbeats come every 100 ms + 2 ms of jitter: it stands for election while the \
             leader lives.",
        );
        check("set loss 100%", Level::Bad, "Every message gets lost: nobody can be elected.");
        check(
            "set loss 60%",
            Level::Warning,
            "With 60 % loss a follower misses 10 heartbeats in a row about every 82.69 s, and \
             stands for election while the leader lives.",
        );
        check(
            "set jitter 50ms",
            Level::Neutral,
            "Jitter of 50 ms is more than the latency of 10 ms: messages overtake each other \
             often, and entries that come too early are refused and sent again.",
        );
        check(
            "set sync-latency 5s\nset election-timeout 20s",
            Level::Bad,
            "A write takes 5.02 s at least (2 ms for the client, 20 ms between nodes, 5 s for a \
             disk), and etcdctl waits 5 s: every write ends unknown.",
        );
        for fine in
            ["", "set latency 200ms", "set loss 20%", "clock n2 1.2x", "nodes 1\nset latency 1s"]
        {
            assert_eq!(advise(session(3, 1, fine).cluster()), [], "{fine}");
        }
    }

    /// How a cluster fares over half a minute: tenths of a second with a leader, and terms that began.
    fn fares(setup: &str, seed: u64) -> (u32, u64) {
        let mut session = session(3, seed, setup);
        let term = |session: &Session| {
            session.stage().nodes.iter().map(|node| node.term).max().unwrap_or(0)
        };
        session.advance(20_000_000, u32::MAX);
        let before = term(&session);
        let mut led = 0;
        for tenth in 1..=300 {
            session.advance(20_000_000 + tenth * 100_000, u32::MAX);
            led += u32::from(session.cluster().leader().is_some());
        }
        (led, term(&session) - before)
    }

    /// Proves: "keep failing" and "nobody can win" are true in the simulator, and where nothing is
    /// said of elections, a leader stays.
    #[test]
    fn the_simulator_agrees() {
        let mut said = [0; 2];
        for latency in [10, 150, 400, 520, 700, 1_000] {
            for more in [
                "",
                "set sync-latency 100ms",
                "set check-quorum off",
                "set pre-vote off",
                "set jitter 40ms",
            ] {
                let setup = format!("set latency {latency}ms\n{more}");
                let advice = advise(session(3, 1, &setup).cluster());
                let (led, terms) = fares(&setup, 7);
                match advice.first().map(|advice| advice.level) {
                    Some(Level::Bad) => {
                        said[0] += 1;
                        assert!(
                            led < 200 && (terms > 2 || led == 0),
                            "{setup}: {led} {terms} {advice:?}"
                        );
                    }
                    Some(Level::Warning) => {}
                    Some(Level::Neutral | Level::Good) | None => {
                        said[1] += 1;
                        assert!(led == 300 && terms == 0, "{setup}: {led} {terms} {advice:?}");
                    }
                }
            }
        }
        assert!(said.iter().all(|count| *count > 10), "{said:?}");
    }

    /// Proves: how soon a lost leader is replaced is what it typically takes (the median of many
    /// runs), give or take an eighth.
    #[test]
    fn a_lost_leader_is_replaced_about_then() {
        for (nodes, setup) in [
            (3, ""),
            (5, ""),
            (5, "set latency 80ms\nset sync-latency 20ms"),
            (5, "set election-timeout 3s"),
            (3, "set pre-vote off\nset heartbeat 50ms\nset latency 100ms"),
        ] {
            let mut took: Vec<u64> = Vec::new();
            for seed in 1..=45 {
                let setup = format!("{setup}\nuntil leader\nadvance 2s\ncrash leader");
                let mut session = session(nodes, seed, &setup);
                let began = session.now_micros();
                session.apply("until leader limit 60s").expect("a line");
                session.advance_while_busy(u32::MAX);
                took.push(session.now_micros() - began);
            }
            took.sort_unstable();
            let median = took[took.len() / 2];
            let session = session(nodes, 1, &format!("{setup}\nuntil leader"));
            let said = replaced_after(&Facts::of(session.cluster()), u64::from(nodes) - 1);
            assert!(said.abs_diff(median) * 8 < median, "{nodes} {setup}: {said}, {median}");
        }
        let two = session(3, 1, "until leader\ncrash follower");
        assert_eq!(
            until_next_leader(two.cluster()),
            "If the leader is lost now, no other can be elected: 1 of 3 voters are left, 2 are needed."
        );
    }
}
