//! How long ten thousand elections take, as lesson 4 holds them.

use lab::chances::{Beginning, Chances, Wanted};

use crate::Host;

const RUNS: u32 = 10_000;
/// Events at a time.
const SLICE: u32 = 100_000;

/// Seconds for clusters of three sizes whose leader crashes.
pub(crate) fn measure(host: &dyn Host) {
    for nodes in [3, 5, 7] {
        let start = host.seconds();
        let wanted =
            Wanted { nodes, runs: RUNS, beginning: Beginning::LeaderCrashes, ..Wanted::default() };
        let mut chances = Chances::new(wanted);
        while !chances.run(SLICE).is_done() {}
        host.say(&format!("elections/{nodes} nodes"), host.seconds() - start);
    }
}
