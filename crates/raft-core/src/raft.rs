//! One server of a Raft cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Dice};
use crate::configuration::{ConfigChange, Configuration};
use crate::entry::Payload;
use crate::error::{ProposeError, StepError, TransferError};
use crate::ids::{Index, NodeId, Term};
use crate::log::Log;
use crate::message::{Message, ReadContext};
use crate::ready::Ready;
use crate::role::RoleKind;
use crate::rules::Rules;
use crate::storage::{HardState, Snapshot, Stored};
use crate::tracker::Progress;

/// One server of a Raft cluster, without its disk, its network and its clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Raft {
    settings: Arc<Config>,
    configuration: Arc<Configuration>,
    log: Log,
}

#[allow(unused_variables)]
impl Raft {
    /// First start and restart alike: an empty disk begins with `config.voters`.
    pub fn new(config: Config, stored: Stored, dice: &mut dyn Dice) -> Raft {
        unreachable!()
    }
    /// One tick of the clock has passed.
    pub fn tick(&mut self, dice: &mut dyn Dice) {}
    /// A message has arrived.
    pub fn step(&mut self, message: Message, dice: &mut dyn Dice) -> Result<(), StepError> {
        Ok(())
    }
    /// Appends if this server leads; forwards if it knows who does.
    pub fn propose(&mut self, payload: Payload) -> Result<(), ProposeError> {
        Ok(())
    }
    /// Asks for an index from which a read may be answered; the answer comes in `Ready::reads`,
    /// or never.
    pub fn read_index(&mut self, context: ReadContext) {}
    /// Hands leadership over.
    pub fn transfer_leader(&mut self, to: NodeId) -> Result<(), TransferError> {
        Ok(())
    }
    /// Stands for election now.
    pub fn campaign(&mut self, dice: &mut dyn Dice) {}
    /// Whether `ready` has anything to say.
    pub fn has_ready(&self) -> bool {
        false
    }
    /// Takes what is to be done.
    pub fn ready(&mut self) -> Ready {
        Ready::default()
    }
    /// Write `number`, and all before it, is durable.
    pub fn persisted(&mut self, number: u64) {}
    /// The state machine has applied everything up to `index`.
    pub fn applied(&mut self, index: Index) {}
    /// A configuration entry is being applied; returns the configuration from now on.
    pub fn apply_config_change(&mut self, change: &ConfigChange) -> Configuration {
        self.configuration().clone()
    }
    /// Forgets entries up to `to`, which `snapshot` (at or after `to`) stands for.
    pub fn compact(&mut self, to: Index, snapshot: Snapshot) {}
    /// The transport could not reach this peer.
    pub fn report_unreachable(&mut self, node: NodeId) {}
    /// The snapshot to this peer has arrived or failed.
    pub fn report_snapshot(&mut self, node: NodeId, arrived: bool) {}
    /// Switches rules.
    pub fn set_rules(&mut self, rules: Rules) {}
    /// Changes the timing, in ticks.
    pub fn set_timing(&mut self, election_ticks: u32, heartbeat_ticks: u32, dice: &mut dyn Dice) {}
    /// This server.
    pub fn id(&self) -> NodeId {
        self.settings.id
    }
    /// The newest term it has heard of.
    pub fn term(&self) -> Term {
        Term(0)
    }
    /// Who got its vote in this term.
    pub fn vote(&self) -> Option<NodeId> {
        None
    }
    /// Its role.
    pub fn role_kind(&self) -> RoleKind {
        RoleKind::Follower
    }
    /// Who leads this term, as far as it knows.
    pub fn leader(&self) -> Option<NodeId> {
        None
    }
    /// The commit index.
    pub fn commit(&self) -> Index {
        Index(0)
    }
    /// The last index that the state machine has applied.
    pub fn last_applied(&self) -> Index {
        Index(0)
    }
    /// The last index that is on disk.
    pub fn durable_index(&self) -> Index {
        Index(0)
    }
    /// Last index of the log.
    pub fn last_index(&self) -> Index {
        self.log.last_index()
    }
    /// Term of the last entry.
    pub fn last_term(&self) -> Term {
        self.log.last_term()
    }
    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }
    /// The newest snapshot.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        None
    }
    /// The settings.
    pub fn config(&self) -> &Config {
        &self.settings
    }
    /// The members, as of the last applied change.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }
    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.settings.rules
    }
    /// What would be on disk if all were written now.
    pub fn hard_state(&self) -> HardState {
        HardState::default()
    }
    /// The leader's view of each member, in ascending order; empty unless this server leads.
    pub fn progress(&self) -> impl Iterator<Item = (NodeId, &Progress)> + '_ {
        std::iter::empty()
    }
    /// To whom leadership is being handed over.
    pub fn transferee(&self) -> Option<NodeId> {
        None
    }
    /// Who has granted a candidate or pre-candidate its vote, itself included.
    pub fn votes_granted(&self) -> BTreeSet<NodeId> {
        BTreeSet::new()
    }
    /// Who has refused it.
    pub fn votes_rejected(&self) -> BTreeSet<NodeId> {
        BTreeSet::new()
    }
    /// How many votes win (of the incoming half while in joint consensus).
    pub fn quorum_size(&self) -> u32 {
        0
    }
    /// Ticks since it heard of a leader (or, as leader, since it last checked its quorum).
    pub fn election_elapsed(&self) -> u32 {
        0
    }
    /// Ticks after which it stands for election.
    pub fn randomized_election_timeout(&self) -> u32 {
        0
    }
}
