//! `set …`: settings of the lab that are flags of etcd.

use crate::script::{Setting, Switch};

/// Flags for the etcd processes of the next cluster.
#[cfg(unix)]
#[derive(Clone, Debug, Default)]
pub(super) struct Flags(Vec<(&'static str, String)>);

#[cfg(unix)]
impl Flags {
    /// Takes a setting on; a later one replaces an earlier one.
    pub(super) fn set(&mut self, setting: Setting) {
        if let Some((name, value)) = flag(setting) {
            self.0.retain(|(known, _)| *known != name);
            self.0.push((name, value));
        }
    }

    /// As words of a command line.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}"))
    }
}

/// The flag that a setting is; none for what a real cluster on loopback cannot be set to.
pub(super) fn flag(setting: Setting) -> Option<(&'static str, String)> {
    let milliseconds = |micros: u64| micros.div_ceil(1_000).to_string();
    let is_on = |switch: Switch| (switch == Switch::On).to_string();
    match setting {
        Setting::Heartbeat(time) => Some(("--heartbeat-interval", milliseconds(time.0))),
        Setting::ElectionTimeout(time) => Some(("--election-timeout", milliseconds(time.0))),
        Setting::PreVote(switch) => Some(("--pre-vote", is_on(switch))),
        Setting::StrictReconfigCheck(switch) => Some(("--strict-reconfig-check", is_on(switch))),
        Setting::SnapshotCount(count) => Some(("--snapshot-count", count.to_string())),
        Setting::QuotaBackendBytes(bytes) => Some(("--quota-backend-bytes", bytes.to_string())),
        Setting::Latency(_)
        | Setting::Jitter(_)
        | Setting::Loss(_)
        | Setting::SyncLatency(_)
        | Setting::ClientLatency(_)
        | Setting::CheckQuorum(_) => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::script::Micros;

    /// Proves: the last word counts, in etcd's units.
    #[test]
    fn settings_become_flags() {
        let mut flags = Flags::default();
        flags.set(Setting::Heartbeat(Micros(50_000)));
        flags.set(Setting::SnapshotCount(10));
        flags.set(Setting::Heartbeat(Micros(70_000)));
        let words: Vec<String> = flags.words().collect();
        assert_eq!(words, ["--snapshot-count=10", "--heartbeat-interval=70"]);
    }
}
