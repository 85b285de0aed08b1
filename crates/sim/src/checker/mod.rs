//! The safety properties of Raft, watched after every event.
//!
//! The checkers share no code with the core. All they see is [`Event`]s, so that a checker that has
//! only the trace file can do the same. They are incremental: what they remember of a log is a
//! chain of hashes, so that one comparison tells whether two logs agree up to an index.
//!
//! - `elections`: who led, who voted, which terms were promised;
//! - `logs`: what is in each log, and whether logs that meet agree;
//! - `commits`: what was committed, by whom, and whether it stays and is on enough disks.

mod chain;
mod commits;
mod elections;
mod log;
mod logs;
#[cfg(test)]
mod tests;

use member::Micros;
use member::raft_core::{Index, NodeId, Term};
use serde::{Deserialize, Serialize};

use crate::trace::{ConfigMark, Event, EventKind, NodeState, Seq};
use commits::Commits;
use elections::{Ballots, Elections};
use log::LogView;

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
}

impl Property {
    /// All of them.
    pub const ALL: [Property; 12] = [
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
    /// The nodes between which it broke; first the one where the event happened.
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
    config: ConfigMark,
    ballots: Ballots,
}

impl NodeView {
    /// A node of which nothing was heard yet.
    fn new(id: NodeId, config: &ConfigMark) -> NodeView {
        NodeView {
            id,
            state: NodeState::first(),
            log: LogView::default(),
            config: config.clone(),
            ballots: Ballots::default(),
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
    /// The configuration before the first entry, which nodes that come later begin with as well.
    first_config: ConfigMark,
    elections: Elections,
    commits: Commits,
    violation: Option<Box<Violation>>,
}

impl Checkers {
    /// Checkers for a cluster of so many nodes, all of them empty.
    pub fn new(nodes: u8) -> Checkers {
        let view = |id| NodeView::new(NodeId(id), &ConfigMark::default());
        Checkers {
            nodes: (1..=nodes).map(view).collect(),
            first_config: ConfigMark::default(),
            elections: Elections::default(),
            commits: Commits::default(),
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
        if event.kind == EventKind::Start {
            if let Some(config) = &event.config {
                self.first_config = (**config).clone();
                self.nodes.iter_mut().for_each(|node| node.config = (**config).clone());
            }
            return;
        }
        // What happens at no node, or changes nothing there, breaks nothing.
        let (Some(node), Some(state)) = (event.node, event.state) else { return };
        let Some(place) = usize::from(node.0).checked_sub(1) else { return };
        while place >= self.nodes.len() {
            let id = NodeId(self.nodes.len() as u8 + 1);
            self.nodes.push(NodeView::new(id, &self.first_config));
        }
        if let Err(finding) = self.judge(place, &state, event) {
            let Finding { property, nodes, index, term, explanation } = *finding;
            let (seq, at) = (event.seq, event.at);
            let violation = Violation { property, seq, at, nodes, index, term, explanation };
            self.violation = Some(Box::new(violation));
        }
        self.nodes[place].state = state;
    }

    fn judge(&mut self, place: usize, state: &NodeState, event: &Event) -> Verdict {
        logs::check(&mut self.nodes, place, state, event, &self.commits)?;
        elections::check_term(&self.nodes[place], state, event)?;
        self.elections.check_leader(&mut self.nodes, place, state, &self.commits)?;
        elections::check_vote(&mut self.nodes, place, state, event);
        self.commits.check(&self.nodes, place, state, event)?;
        if let Some(config) = &event.config {
            self.nodes[place].config = (**config).clone();
        }
        elections::check_sent(&mut self.nodes[place], state, event)
    }
}
