//! How long a seek takes, back or forth, within 100,000 events of a session with faults and clients.

use crate::Host;
use crate::load::{self, Learner};

const EVENTS: u64 = 100_000;
const SEEKS: u64 = 400;

/// Half of all seeks, 95 of 100, and all of them took no longer than this, in seconds.
pub(crate) fn measure(host: &dyn Host) {
    let mut session = load::session(7);
    let mut learner = Learner::new(&session);
    while session.seq() < EVENTS {
        learner.act(&mut session);
    }
    let mut random = Random(1);
    let mut took: Vec<f64> = (0..SEEKS)
        .map(|_| {
            let target = random.below(EVENTS);
            let start = host.seconds();
            session.seek(target);
            let seconds = host.seconds() - start;
            assert!(session.seq() >= target, "it got there");
            seconds
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let at = |hundredths: usize| took[(took.len() * hundredths / 100).min(took.len() - 1)];
    host.say("seek/median", at(50));
    host.say("seek/p95", at(95));
    host.say("seek/worst", at(100));
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
