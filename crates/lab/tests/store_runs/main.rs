//! Runs of a cluster whose clients do everything that etcd's store can do, judged by what they were
//! told; and the same runs with a bug in place, which must be noticed.

mod drawn;
mod stories;

#[cfg(debug_assertions)]
use sim::member::kv_core::Mutant;

/// Proves: transactions, leases, watches and compaction keep their promises, whatever fails.
#[test]
fn drawn_runs_hold() {
    let mut lines = 0;
    for seed in 1..=seeds(60) {
        let cluster = drawn::run(seed);
        drawn::judge(&cluster).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        lines += cluster.history().len();
    }
    println!("{lines} lines of history");
}

/// Proves: leases live as long as they are kept alive, and no change of the leader makes them shorter;
/// who watches in silence is told so, and nothing too much.
#[test]
fn stories_hold() {
    for seed in 1..=5 {
        stories::kept_alive(seed).unwrap_or_else(|why| panic!("kept alive, seed {seed}: {why}"));
        stories::inherited(seed).unwrap_or_else(|why| panic!("inherited, seed {seed}: {why}"));
    }
    stories::silence(1).unwrap_or_else(|why| panic!("silence: {why}"));
}

/// How many seeds, if nobody asks for more.
fn seeds(usual: u64) -> u64 {
    let asked = std::env::var("RAFT_LAB_STORE_RUNS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

/// A run of a seed, judged.
#[cfg(debug_assertions)]
type Story = fn(u64) -> Result<(), String>;

#[cfg(debug_assertions)]
fn any(seed: u64) -> Result<(), String> {
    drawn::judge(&drawn::run(seed))
}

/// Which runs catch which bug, within how many seeds, and one of the words with which.
#[cfg(debug_assertions)]
fn expected(mutant: Mutant) -> (Story, u64, &'static [&'static str]) {
    match mutant {
        Mutant::WatchResumesLate => (any, 5, &["was not told of revision"]),
        Mutant::WatchStartsOver => (any, 20, &["went back"]),
        Mutant::WatchTearsRevisions => (any, 5, &["was not told all of revision"]),
        Mutant::WatchSkipsCompacted => (any, 40, &["was not told"]),
        Mutant::WatchPromisesTooMuch => (stories::silence, 1, &["had been answered with revision"]),
        Mutant::WrongPrevKv => (any, 5, &["wrong pair", "contradict each other"]),
        Mutant::EmptyDeleteCounts => (any, 5, &["nothing happened at revision", "revision"]),
        Mutant::TxnTakesRevisions => (any, 5, &["revision"]),
        Mutant::TxnReadsOldState => (any, 5, &["found"]),
        Mutant::ComparesAlwaysHold => (any, 5, &["its compares held"]),
        Mutant::CompactsVisible => (any, 20, &["found", "told", "panicked"]),
        Mutant::RevisionGoesBack => (any, 20, &["broken"]),
        Mutant::AppliesTwice => (any, 60, &["have done that", "two stories", "changed at"]),
        Mutant::LeaseEndsPiecemeal => (any, 60, &["no deletion can have done that"]),
        Mutant::PutKeepsLease => (any, 20, &["no deletion can have done that"]),
        Mutant::EverybodyRevokes => (stories::kept_alive, 5, &[""]),
        Mutant::NewLeaderKeepsNoTime => (stories::inherited, 5, &["did not give the lease"]),
    }
}

/// Proves: every bug of the list is noticed, as what it is.
#[cfg(debug_assertions)]
#[test]
fn no_mutant_survives() {
    let mut survivors = Vec::new();
    for mutant in Mutant::ALL {
        let (story, seeds, words) = expected(mutant);
        let found = (1..=seeds).find_map(|seed| {
            let caught = std::panic::catch_unwind(|| mutant.during(|| story(seed)));
            let why = match caught {
                Ok(Ok(())) => return None,
                Ok(Err(why)) => why,
                Err(_) => "panicked".to_owned(),
            };
            Some((seed, why))
        });
        match found {
            Some((seed, why)) if words.iter().any(|word| why.contains(word)) => {
                println!("{mutant:?}: seed {seed}: {why}");
            }
            Some((seed, why)) => survivors.push(format!("{mutant:?}, seed {seed}, as: {why}")),
            None => survivors.push(format!("{mutant:?}, not within {seeds} seeds")),
        }
    }
    assert_eq!(survivors, [""; 0]);
}
