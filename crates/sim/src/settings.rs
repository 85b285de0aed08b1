//! What a cluster is made with, and what can be changed while it runs.

use member::raft_core::{self, NodeId, Rule, Rules};
use member::{MemberConfig, Micros};
use serde::{Deserialize, Serialize};

/// The largest cluster.
pub const NODES_MAX: u8 = 7;

/// What a cluster is made with. All durations are whole microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How many nodes there are at the start, 1 to 7: the first voters.
    pub nodes: u8,
    /// All randomness comes from it.
    pub seed: u64,
    /// How often a node's clock ticks, and a leader is heard of.
    pub heartbeat: Micros,
    /// The least time without a leader after which a node campaigns; the time drawn is up to
    /// twice that. Rounded to whole heartbeats.
    pub election_timeout: Micros,
    /// How long a message flies.
    pub latency: Micros,
    /// Up to how much longer it may fly, at random; it may thus overtake another.
    pub jitter: Micros,
    /// Of a million messages, how many are lost.
    pub loss_ppm: u32,
    /// How long a write takes to be durable.
    pub sync_latency: Micros,
    /// How long a request flies from a client to a server, and an answer back.
    pub client_latency: Micros,
    /// Whether a candidate asks first whether it could win (thesis §9.6).
    pub pre_vote: bool,
    /// Whether a leader that does not hear from a quorum steps down (thesis §6.2).
    pub check_quorum: bool,
    /// After how many applied entries a node takes a snapshot and compacts its log.
    pub snapshot_count: u64,
    /// How large a server's file may get before an alarm is raised, in bytes (etcd
    /// `--quota-backend-bytes`).
    pub quota_bytes: u64,
    /// Whether servers refuse changes of the list of members in bad health (etcd
    /// `--strict-reconfig-check`).
    pub strict_reconfig_check: bool,
    /// The rules of Raft that are on. PreVote and CheckQuorum need their own setting as well.
    pub rules: Rules,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            nodes: 3,
            seed: 1,
            heartbeat: Micros(100_000),
            election_timeout: Micros(1_000_000),
            latency: Micros(10_000),
            jitter: Micros(2_000),
            loss_ppm: 0,
            sync_latency: Micros(2_000),
            client_latency: Micros(1_000),
            pre_vote: true,
            check_quorum: true,
            snapshot_count: 10_000,
            quota_bytes: member::DEFAULT_QUOTA_BYTES,
            strict_reconfig_check: true,
            rules: Rules::ALL,
        }
    }
}

/// One setting with its new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// See [`Settings::heartbeat`].
    Heartbeat(Micros),
    /// See [`Settings::election_timeout`].
    ElectionTimeout(Micros),
    /// Of all links; see [`Settings::latency`].
    Latency(Micros),
    /// Of all links; see [`Settings::jitter`].
    Jitter(Micros),
    /// Of all links, in parts per million; see [`Settings::loss_ppm`].
    Loss(u32),
    /// Of all disks; see [`Settings::sync_latency`].
    SyncLatency(Micros),
    /// See [`Settings::client_latency`].
    ClientLatency(Micros),
    /// See [`Settings::pre_vote`].
    PreVote(Switch),
    /// See [`Settings::check_quorum`].
    CheckQuorum(Switch),
    /// See [`Settings::strict_reconfig_check`].
    StrictReconfigCheck(Switch),
    /// See [`Settings::snapshot_count`]. A node that runs takes it up when it starts again.
    SnapshotCount(u64),
    /// Of all servers; see [`Settings::quota_bytes`].
    Quota(u64),
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// Enforced.
    On,
    /// Left out.
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Switch::On
    }
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The number of nodes.
    #[error("a cluster has 1 to {NODES_MAX} nodes, not {0}")]
    Nodes(u8),
    /// A clock that never ticks, or ticks without pause.
    #[error("the heartbeat must be from 1 ms to 1 min")]
    Heartbeat,
    /// An election timeout that a leader's heartbeats cannot prevent.
    #[error("the election timeout must be from two heartbeats to 1 h")]
    ElectionTimeout,
    /// A latency that makes time overflow.
    #[error("a latency must not be longer than 1 h")]
    Latency,
    /// A chance above one.
    #[error("a chance is at most 100 %")]
    Chance,
    /// Snapshots without pause.
    #[error("the snapshot count must be at least 1")]
    SnapshotCount,
}

const MILLISECOND: Micros = Micros(1_000);
const MINUTE: Micros = Micros(60_000_000);
pub(crate) const HOUR: Micros = Micros(3_600_000_000);

impl Settings {
    /// Whether a cluster can be made with them.
    ///
    /// # Errors
    /// Says which setting is out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(1..=NODES_MAX).contains(&self.nodes) {
            return Err(SettingsError::Nodes(self.nodes));
        }
        if !(MILLISECOND..=MINUTE).contains(&self.heartbeat) {
            return Err(SettingsError::Heartbeat);
        }
        if !(Micros(2 * self.heartbeat.0)..=HOUR).contains(&self.election_timeout) {
            return Err(SettingsError::ElectionTimeout);
        }
        let latencies = [self.latency, self.jitter, self.sync_latency, self.client_latency];
        if latencies.into_iter().any(|latency| latency > HOUR) {
            return Err(SettingsError::Latency);
        }
        if self.loss_ppm > 1_000_000 {
            return Err(SettingsError::Chance);
        }
        if self.snapshot_count == 0 {
            return Err(SettingsError::SnapshotCount);
        }
        Ok(())
    }

    /// The same with one changed.
    ///
    /// # Errors
    /// As [`Settings::check`].
    pub fn with(&self, setting: Setting) -> Result<Settings, SettingsError> {
        let mut settings = self.clone();
        match setting {
            Setting::Heartbeat(heartbeat) => settings.heartbeat = heartbeat,
            Setting::ElectionTimeout(timeout) => settings.election_timeout = timeout,
            Setting::Latency(latency) => settings.latency = latency,
            Setting::Jitter(jitter) => settings.jitter = jitter,
            Setting::Loss(ppm) => settings.loss_ppm = ppm,
            Setting::SyncLatency(latency) => settings.sync_latency = latency,
            Setting::ClientLatency(latency) => settings.client_latency = latency,
            Setting::PreVote(switch) => settings.pre_vote = switch.is_on(),
            Setting::CheckQuorum(switch) => settings.check_quorum = switch.is_on(),
            Setting::SnapshotCount(count) => settings.snapshot_count = count,
            Setting::Quota(bytes) => settings.quota_bytes = bytes,
            Setting::StrictReconfigCheck(switch) => {
                settings.strict_reconfig_check = switch.is_on();
            }
        }
        settings.check()?;
        Ok(settings)
    }

    /// The same with a rule switched.
    #[must_use]
    pub fn with_rule(&self, rule: Rule, switch: Switch) -> Settings {
        let mut settings = self.clone();
        match (rule, switch) {
            (Rule::PreVote, switch) => settings.pre_vote = switch.is_on(),
            (Rule::CheckQuorum, switch) => settings.check_quorum = switch.is_on(),
            (_, Switch::On) => settings.rules = settings.rules.with(rule),
            (_, Switch::Off) => settings.rules = settings.rules.without(rule),
        }
        // Switching on by name means on, even where the set of rules said otherwise.
        if switch.is_on() {
            settings.rules = settings.rules.with(rule);
        }
        settings
    }

    /// The rules that nodes really follow.
    pub fn rules_in_force(&self) -> Rules {
        let mut rules = self.rules;
        if !self.pre_vote {
            rules = rules.without(Rule::PreVote);
        }
        if !self.check_quorum {
            rules = rules.without(Rule::CheckQuorum);
        }
        rules
    }

    /// All nodes, n1 first.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.nodes).map(NodeId)
    }

    /// The election timeout in ticks of a node's clock.
    pub(crate) fn election_ticks(&self) -> u32 {
        let ticks = (self.election_timeout.0 + self.heartbeat.0 / 2) / self.heartbeat.0;
        u32::try_from(ticks).unwrap_or(u32::MAX).max(2)
    }

    /// What a node is started with.
    pub(crate) fn member_config(&self, node: NodeId, start: u64) -> MemberConfig {
        let mut raft = raft_core::Config::new(node, self.node_ids().collect());
        raft.election_ticks = self.election_ticks();
        raft.rules = self.rules_in_force();
        MemberConfig {
            raft,
            heartbeat: self.heartbeat,
            election_timeout: self.election_timeout,
            snapshot_count: self.snapshot_count,
            quota_bytes: self.quota_bytes,
            strict_reconfig_check: self.strict_reconfig_check,
            start,
        }
    }
}
