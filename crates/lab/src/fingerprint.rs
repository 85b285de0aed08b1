//! One number for a whole run, to compare builds by: the same seed must give the same number in
//! debug, in release and in WebAssembly.

use crate::session::{Opening, Progress, Session};

/// Virtual time of a run.
const MICROS: u64 = 30_000_000;

/// Runs a cluster with faults and clients, all of it derived from `seed`, for half a simulated
/// minute; returns the hash of its trace.
///
/// # Errors
/// In words, if the run breaks a safety property: then it is no use to compare it.
pub fn fingerprint(seed: u64) -> Result<u64, String> {
    let nodes = u8::try_from(seed % 7 + 1).unwrap_or(1);
    let opening = Opening { nodes, seed, ..Opening::default() };
    let mut session = Session::new(opening).map_err(|error| error.to_string())?;
    session.apply(&script(seed, nodes)).map_err(|error| error.to_string())?;
    while session.now_micros() < MICROS {
        if session.advance(MICROS, 100_000) != Progress::Pending {
            break;
        }
    }
    match session.cluster().violation() {
        Some(violation) => Err(violation.to_string()),
        None => Ok(session.cluster().trace_hash()),
    }
}

/// Every kind of fault once, at nodes that depend on the seed.
fn script(seed: u64, nodes: u8) -> String {
    let node = |salt: u64| (seed.wrapping_mul(31).wrapping_add(salt * 7)) % u64::from(nodes) + 1;
    let (one, two) = (node(1), node(2));
    let mut lines = vec![
        "until leader limit 5s".to_owned(),
        "client a etcdctl put name john &".to_owned(),
        format!("@3s crash n{one}"),
        "@3.5s client b etcdctl put name joe &".to_owned(),
        format!("@5s restart n{one}"),
        format!("@6s pause n{two}"),
        "@7.25s client c etcdctl get name &".to_owned(),
        format!("@8s resume n{two}"),
        format!("@9s clock n{one} 1.1x"),
        format!("@20s tear n{two}"),
        "@21s restart".to_owned(),
        "@22s client a etcdctl del name &".to_owned(),
    ];
    if nodes > 1 {
        let three = one % u64::from(nodes) + 1;
        lines.extend([
            format!("@23s cut n{one} -> n{three}"),
            format!("@24s loss n{three} n{one} 20%"),
            format!("@25s duplicate n{one} n{three} 10%"),
            format!("@26s isolate n{three}"),
            "@28s heal".to_owned(),
        ]);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: a seed gives one number, and two seeds give two.
    #[test]
    fn seeds_tell_runs_apart() {
        assert_eq!(fingerprint(3), fingerprint(3));
        assert_ne!(fingerprint(3), fingerprint(4));
    }
}
