//! The safety properties of Raft, watched after every event.
//!
//! The checkers share no code with the core. All they see is [`Event`]s, so that a checker that has
//! only the trace file can do the same. They are incremental: what they remember of a log is a
//! chain of hashes, so that one comparison tells whether two logs agree up to an index.
//!
//! - `elections`: who led, who voted, which terms were promised;
//! - `logs`: what is in each log, and whether logs that meet agree;
//! - `commits`: what was committed, by whom, and whether it stays and is on enough disks;
//! - `configs`: which configurations were in force, and whether quorums of neighbours overlap;
//! - `deposed`: whether a leader of an older term could still commit;
//! - `progress`: what leaders were told that followers have, and what they send them;
//! - `states`: what state machines and snapshots hold;
//! - `reads`: what clients were told.
//!
//! What `docs/trace.md` says under "Convicting a run" is how each property can be looked for in the
//! files alone; it changes with these.

mod chain;
mod commits;
mod configs;
mod deposed;
mod elections;
mod log;
mod logs;
mod members;
mod progress;
mod reads;
mod states;
#[cfg(test)]
mod tests;

use member::Micros;
use member::raft_core::{Index, NodeId, Term};
use serde::{Deserialize, Serialize};

use crate::trace::{Event, EventKind, NodeState, Seq};
use commits::Commits;
use configs::Configs;
use elections::{Ballots, Elections};
use log::LogView;
use members::Members;
use progress::{Acknowledgement, Acknowledgements, Matches};
use reads::Reads;
use states::States;

/// A property that Raft keeps at every moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// At most one leader is elected in a term.
    ElectionSafety,
    /// A leader never overwrites or deletes entries of its log.
    LeaderAppendOnly,
    /// Logs that hold an entry of the same index and term are equal up to it.
    LogMatching,
    /// What was committed in a term is in the logs of all leaders of later terms.
    LeaderCompleteness,
    /// No two servers commit different entries at the same index.
    StateMachineSafety,
    /// A server votes for at most one candidate in a term.
    OneVoteATerm,
    /// An elected leader's log is at least as up to date as those of its voters.
    UpToDateLeader,
    /// A server's term only grows, and never falls behind a promise it gave.
    TermNeverBack,
    /// A running server's commit index only grows.
    CommitNeverBack,
    /// Nothing is committed that is not in the log, and nothing applied that is not committed.
    CommitWithinLog,
    /// What is committed is on the disks of a quorum of the configured voters.
    DurableOnQuorum,
    /// A follower acknowledges only what is on its disk.
    DurableBeforeAcknowledged,
    /// All servers go through the same configurations, and all quorums of two in a row overlap.
    QuorumOverlap,
    /// A leader sends a follower only what comes after all that it has acknowledged.
    NextAboveMatch,
    /// State machines that have applied equally much hold the same, and go only forward.
    AppliedEqual,
    /// A snapshot holds the state that it stands for.
    SnapshotEqualsState,
    /// Of two leaders at a time only the one of the later term can still commit.
    OneLeaderCommits,
    /// A linearizable read sees every write that was acknowledged before it was asked.
    ReadSeesWrites,
}

impl Property {
    /// All of them.
    pub const ALL: [Property; 18] = [
        Property::ElectionSafety,
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
        Property::OneVoteATerm,
        Property::UpToDateLeader,
        Property::TermNeverBack,
        Property::CommitNeverBack,
        Property::CommitWithinLog,
        Property::DurableOnQuorum,
        Property::DurableBeforeAcknowledged,
        Property::QuorumOverlap,
        Property::NextAboveMatch,
        Property::AppliedEqual,
        Property::SnapshotEqualsState,
        Property::OneLeaderCommits,
        Property::ReadSeesWrites,
    ];

    /// As scripts write it.
    pub fn name(self) -> &'static str {
        match self {
            Property::ElectionSafety => "election-safety",
            Property::LeaderAppendOnly => "leader-append-only",
            Property::LogMatching => "log-matching",
            Property::LeaderCompleteness => "leader-completeness",
            Property::StateMachineSafety => "state-machine-safety",
            Property::OneVoteATerm => "one-vote-a-term",
            Property::UpToDateLeader => "up-to-date-leader",
            Property::TermNeverBack => "term-never-back",
            Property::CommitNeverBack => "commit-never-back",
            Property::CommitWithinLog => "commit-within-log",
            Property::DurableOnQuorum => "durable-on-quorum",
            Property::DurableBeforeAcknowledged => "durable-before-acknowledged",
            Property::QuorumOverlap => "quorum-overlap",
            Property::NextAboveMatch => "next-above-match",
            Property::AppliedEqual => "applied-equal",
            Property::SnapshotEqualsState => "snapshot-equals-state",
            Property::OneLeaderCommits => "one-leader-commits",
            Property::ReadSeesWrites => "read-sees-writes",
        }
    }

    /// The property of that name.
    pub fn named(name: &str) -> Option<Property> {
        Property::ALL.into_iter().find(|property| property.name() == name)
    }

    /// Where the paper states or needs it.
    pub fn section(self) -> &'static str {
        match self {
            Property::ElectionSafety | Property::OneVoteATerm => "Raft §5.2",
            Property::LeaderAppendOnly | Property::LogMatching => "Raft §5.3",
            Property::LeaderCompleteness => "Raft §5.4.2, §5.4.3",
            Property::UpToDateLeader => "Raft §5.4.1",
            Property::StateMachineSafety => "Raft §5.4.3",
            Property::TermNeverBack => "Raft §5.1, Figure 2",
            Property::CommitNeverBack | Property::CommitWithinLog => "Raft Figure 2",
            Property::DurableOnQuorum => "Raft §5.3, §6",
            Property::DurableBeforeAcknowledged => "Raft Figure 2, thesis §3.8",
            Property::QuorumOverlap => "Raft §6, thesis §4.1",
            Property::NextAboveMatch => "Raft Figure 2, §5.3",
            Property::AppliedEqual => "Raft §5.4.3",
            Property::SnapshotEqualsState => "Raft §7",
            Property::OneLeaderCommits => "Raft §5.1, §5.2",
            Property::ReadSeesWrites => "Raft §8, thesis §6.4",
        }
    }

    /// What it says, in a sentence.
    pub fn statement(self) -> &'static str {
        match self {
            Property::ElectionSafety => "at most one leader is elected in a term",
            Property::LeaderAppendOnly => "a leader never overwrites or deletes entries of its log",
            Property::LogMatching => {
                "logs that hold an entry of the same index and term are equal up to it"
            }
            Property::LeaderCompleteness => {
                "what was committed in a term is in the logs of all leaders of later terms"
            }
            Property::StateMachineSafety => {
                "no two servers commit different entries at the same index"
            }
            Property::OneVoteATerm => "a server votes for at most one candidate in a term",
            Property::UpToDateLeader => {
                "an elected leader's log is at least as up to date as those of its voters"
            }
            Property::TermNeverBack => "a server's term never goes back behind what it promised",
            Property::CommitNeverBack => "a running server's commit index never goes back",
            Property::CommitWithinLog => {
                "what is committed is in the log, and what is applied is committed"
            }
            Property::DurableOnQuorum => "what is committed is on the disks of a quorum of voters",
            Property::DurableBeforeAcknowledged => "only what is on disk is acknowledged",
            Property::QuorumOverlap => {
                "all go through the same configurations, and quorums of two in a row share a voter"
            }
            Property::NextAboveMatch => {
                "a leader sends only what comes after all that the follower has acknowledged to it"
            }
            Property::AppliedEqual => {
                "state machines that have applied equally much hold the same, and go only forward"
            }
            Property::SnapshotEqualsState => "a snapshot holds the state that it stands for",
            Property::OneLeaderCommits => "of two leaders only that of the later term can commit",
            Property::ReadSeesWrites => {
                "a linearizable read sees every write acknowledged before it was asked"
            }
        }
    }
}

/// A property was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// The event that broke it.
    pub seq: Seq,
    /// When that was.
    pub at: Micros,
    /// The nodes between which it broke; first the one where the event happened. Nobody, if it is
    /// about what clients were told.
    pub nodes: Vec<NodeId>,
    /// The log index that it is about.
    pub index: Option<Index>,
    /// The term that it is about.
    pub term: Option<Term>,
    /// What happened, in plain words.
    pub explanation: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Violation { property, seq, explanation, .. } = self;
        write!(f, "{} broken at event {seq}: {explanation}", property.name())?;
        write!(f, " ({}: {})", property.section(), property.statement())
    }
}

/// What a checker found; [`Checkers`] adds event and time.
#[derive(Debug)]
struct Finding {
    property: Property,
    nodes: Vec<NodeId>,
    index: Option<Index>,
    term: Option<Term>,
    explanation: String,
}

type Verdict = Result<(), Box<Finding>>;

fn broken(
    property: Property,
    nodes: &[NodeId],
    index: Option<Index>,
    term: Option<Term>,
    explanation: String,
) -> Verdict {
    Err(Box::new(Finding { property, nodes: nodes.to_vec(), index, term, explanation }))
}

/// What the events have told of one node.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct NodeView {
    id: NodeId,
    state: NodeState,
    log: LogView,
    config: Members,
    ballots: Ballots,
    matches: Matches,
}

impl NodeView {
    /// A node that has never run: its disk is empty.
    fn new(id: NodeId, config: Members) -> NodeView {
        NodeView {
            id,
            state: NodeState::first(),
            log: LogView::default(),
            config,
            ballots: Ballots::default(),
            matches: Matches::default(),
        }
    }

    fn is_down(&self) -> bool {
        self.state.role.is_none()
    }
}

/// All checkers, and what they remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkers {
    nodes: Vec<NodeView>,
    elections: Elections,
    commits: Commits,
    configs: Configs,
    states: States,
    reads: Reads,
    acknowledgements: Acknowledgements,
    violation: Option<Box<Violation>>,
}

impl Checkers {
    /// Checkers for a cluster of so many nodes, all of them empty. Others may come later, empty too.
    pub fn new(nodes: u8) -> Checkers {
        let view = |id| NodeView::new(NodeId(id), Members::default());
        Checkers {
            nodes: (1..=nodes).map(view).collect(),
            elections: Elections::default(),
            commits: Commits::default(),
            configs: Configs::default(),
            states: States::default(),
            reads: Reads::default(),
            acknowledgements: Acknowledgements::default(),
            violation: None,
        }
    }

    /// The property that was broken first, if any.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_deref()
    }

    /// Takes notice of the next event. After a violation nothing is looked at any more.
    pub fn observe(&mut self, event: &Event) {
        if self.violation.is_some() {
            return;
        }
        if let Err(finding) = self.judge(event) {
            let Finding { property, nodes, index, term, explanation } = *finding;
            let (seq, at) = (event.seq, event.at);
            let violation = Violation { property, seq, at, nodes, index, term, explanation };
            self.violation = Some(Box::new(violation));
        }
    }

    fn judge(&mut self, event: &Event) -> Verdict {
        let arrived = self.acknowledgements.note(event);
        match (event.node, event.state) {
            (Some(node), Some(state)) => {
                let place = self.place(node);
                let verdict = self.judge_node(place, &state, event, arrived);
                self.nodes[place].state = state;
                verdict
            }
            (None, _) => {
                if let (EventKind::Start, Some(config)) = (event.kind, &event.config) {
                    let members = Members::of(config);
                    self.configs.start(members);
                    self.nodes.iter_mut().for_each(|node| node.config = members);
                }
                self.reads.check(event)
            }
            // A message died on its way to this node, or its clock was set.
            (Some(_), None) => Ok(()),
        }
    }

    /// Where a node stands in `nodes`; there from now on, if it starts only now.
    fn place(&mut self, node: NodeId) -> usize {
        let place = usize::from(node.0.saturating_sub(1));
        let first = self.configs.first();
        while self.nodes.len() <= place {
            let id = NodeId(u8::try_from(self.nodes.len() + 1).unwrap_or(u8::MAX));
            self.nodes.push(NodeView::new(id, first));
        }
        place
    }

    fn judge_node(
        &mut self,
        place: usize,
        state: &NodeState,
        event: &Event,
        arrived: Option<Acknowledgement>,
    ) -> Verdict {
        logs::check(&mut self.nodes, place, state, event, &self.commits)?;
        elections::check_term(&self.nodes[place], state, event)?;
        self.elections.check_leader(&mut self.nodes, place, state, &self.commits)?;
        elections::check_vote(&mut self.nodes, place, state, event);
        self.commits.check(&self.nodes, place, state, event)?;
        if let Some(config) = &event.config {
            self.configs.check(&mut self.nodes[place], config)?;
        }
        deposed::check(&self.nodes, place, state, event)?;
        self.states.check(&self.nodes[place], state, event)?;
        progress::check(&mut self.nodes[place], state, event, arrived)?;
        elections::check_sent(&mut self.nodes[place], state, event)?;
        logs::forget_taken(&mut self.nodes[place].log, event);
        Ok(())
    }
}
