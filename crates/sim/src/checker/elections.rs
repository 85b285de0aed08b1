//! Who led, who voted, and which terms were promised.

use std::sync::Arc;

use member::raft_core::{Index, MessageKind, NodeId, RoleKind, Term};
use serde::{Deserialize, Serialize};

use super::commits::Commits;
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, EventKind, NodeState};

/// Who was elected in each term.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Elections {
    /// In the order of terms; copied when a clone of the cluster goes its own way.
    leaders: Arc<Vec<(Term, NodeId)>>,
}

/// What a node has said in elections.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ballots {
    /// The last vote that counted: one that was sent, or its own that made it leader.
    vote: Option<(Term, NodeId)>,
    /// The highest term in which it has spoken, but for PreVotes, which promise nothing: after a
    /// restart it must still know it.
    promised: Term,
    /// Its last candidacy, with the log that it had then.
    candidacy: Option<Candidacy>,
    /// A voter of its last candidacy whose log was more up to date.
    better_voter: Option<(NodeId, Position)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidacy {
    term: Term,
    last: Position,
}

/// The end of a log. The order is that of Raft §5.4.1: first the term, then the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Position {
    term: Term,
    index: Index,
}

/// A running server's term only grows; what its disk holds after a crash is not behind what it has
/// promised (Raft §5.1, Figure 2). A term that nobody has heard of may be lost.
pub(super) fn check_term(node: &NodeView, state: &NodeState, event: &Event) -> Verdict {
    let (least, why) = match event.kind {
        EventKind::Crash | EventKind::Tear | EventKind::Stop | EventKind::Restart => {
            (node.ballots.promised, "spoke to others")
        }
        _ => (node.state.term, "was"),
    };
    if state.term < least {
        let text = format!(
            "{} is in term {}, though it {why} in term {least} before",
            node.id, state.term
        );
        return broken(Property::TermNeverBack, &[node.id], None, Some(state.term), text);
    }
    Ok(())
}

impl Ballots {
    /// The highest term in which it has spoken: it takes nothing from earlier ones any more.
    pub(super) fn promised(&self) -> Term {
        self.promised
    }
}

impl Elections {
    /// If the event made the node a leader: nobody else was in that term (Raft §5.2), its log holds
    /// all that was committed before (§5.4), and no voter's log was more up to date (§5.4.1).
    pub(super) fn check_leader(
        &mut self,
        nodes: &mut [NodeView],
        place: usize,
        state: &NodeState,
        commits: &Commits,
    ) -> Verdict {
        let node = &mut nodes[place];
        let led = node.state.role == Some(RoleKind::Leader) && node.state.term == state.term;
        if state.role != Some(RoleKind::Leader) || led {
            return Ok(());
        }
        let (id, term) = (node.id, state.term);
        count_vote(node, term, id)?;
        match self.leaders.binary_search_by_key(&term, |(term, _)| *term) {
            Ok(place) => {
                let other = self.leaders[place].1;
                if other != id {
                    let text = format!("{id} leads term {term}, which {other} was elected to lead");
                    return broken(Property::ElectionSafety, &[id, other], None, Some(term), text);
                }
            }
            Err(place) => Arc::make_mut(&mut self.leaders).insert(place, (term, id)),
        }
        let node = &nodes[place];
        commits.check_complete(node, term)?;
        match (node.ballots.candidacy, node.ballots.better_voter) {
            (Some(candidacy), Some((voter, position))) if candidacy.term == term => {
                let text = format!(
                    "{id} was elected to lead term {term} with a log that ended with index {} of \
                     term {}, though the log of {voter}, who voted for it, ended with index {} of \
                     term {}",
                    candidacy.last.index, candidacy.last.term, position.index, position.term
                );
                let index = Some(position.index);
                broken(Property::UpToDateLeader, &[id, voter], index, Some(term), text)
            }
            _ => Ok(()),
        }
    }
}

/// Notices a vote for another whose log is less up to date than the voter's. It does harm only if
/// the other is elected: [`Elections::check_leader`] tells.
pub(super) fn check_vote(nodes: &mut [NodeView], place: usize, state: &NodeState, event: &Event) {
    let voter = &nodes[place];
    let before = &voter.state;
    let Some(candidate) = state.vote else { return };
    let news = before.vote != state.vote || before.term != state.term;
    if !news || candidate == voter.id || event.kind != EventKind::Deliver {
        return;
    }
    let last = Position { term: before.last_term, index: before.last_index };
    let voter = voter.id;
    let Some(candidate) = nodes.iter_mut().find(|node| node.id == candidate) else { return };
    match candidate.ballots.candidacy {
        Some(candidacy) if candidacy.term == state.term && candidacy.last < last => {
            candidate.ballots.better_voter = Some((voter, last));
        }
        _ => {}
    }
}

/// What a node says to others binds it: one vote a term (Raft §5.2), and nothing acknowledged that
/// is not on its disk (Figure 2).
pub(super) fn check_sent(node: &mut NodeView, state: &NodeState, event: &Event) -> Verdict {
    for sent in event.sent.iter().filter(|sent| sent.copy_of.is_none()) {
        if promises(sent.kind) {
            node.ballots.promised = node.ballots.promised.max(sent.term);
        }
        match sent.kind {
            MessageKind::RequestVote => {
                let (Some(index), Some(term)) = (sent.index, sent.log_term) else { continue };
                let candidacy = Candidacy { term: sent.term, last: Position { term, index } };
                if node.ballots.candidacy.map(|candidacy| candidacy.term) != Some(sent.term) {
                    node.ballots.better_voter = None;
                }
                node.ballots.candidacy = Some(candidacy);
            }
            MessageKind::RequestVoteReply if sent.reject == Some(false) => {
                count_vote(node, sent.term, sent.to)?;
            }
            MessageKind::AppendAccepted => {
                // What it acknowledged to the leader of an earlier term may be on its way out.
                let acknowledged = sent.index.unwrap_or_default();
                if sent.term == state.term && acknowledged > state.durable {
                    let text = format!(
                        "{} acknowledged entries up to index {acknowledged} to {}, but only those \
                         up to {} are on its disk",
                        node.id, sent.to, state.durable
                    );
                    let property = Property::DurableBeforeAcknowledged;
                    let index = Some(acknowledged);
                    return broken(property, &[node.id, sent.to], index, Some(sent.term), text);
                }
            }
            MessageKind::AppendEntries
            | MessageKind::Heartbeat
            | MessageKind::InstallSnapshot
            | MessageKind::TimeoutNow
            | MessageKind::PreVote
            | MessageKind::PreVoteReply
            | MessageKind::RequestVoteReply
            | MessageKind::AppendRejected
            | MessageKind::HeartbeatReply
            | MessageKind::Propose
            | MessageKind::ReadIndex
            | MessageKind::ReadIndexReply => {}
        }
    }
    Ok(())
}

/// Whether a message is in a term that its sender has entered, and has on disk before it speaks
/// (Raft Figure 2). PreVotes ask about a term that has not begun; what is passed on to the leader
/// has none.
fn promises(kind: MessageKind) -> bool {
    match kind {
        MessageKind::RequestVote
        | MessageKind::RequestVoteReply
        | MessageKind::AppendEntries
        | MessageKind::AppendAccepted
        | MessageKind::AppendRejected
        | MessageKind::Heartbeat
        | MessageKind::HeartbeatReply
        | MessageKind::InstallSnapshot
        | MessageKind::TimeoutNow
        | MessageKind::ReadIndexReply => true,
        MessageKind::PreVote
        | MessageKind::PreVoteReply
        | MessageKind::Propose
        | MessageKind::ReadIndex => false,
    }
}

/// A vote counts. Those of earlier terms than the last do not matter any more.
fn count_vote(node: &mut NodeView, term: Term, candidate: NodeId) -> Verdict {
    match node.ballots.vote {
        Some((voted_in, _)) if voted_in > term => Ok(()),
        Some((voted_in, other)) if voted_in == term && other != candidate => {
            let text = format!("{} voted for {other} and for {candidate} in term {term}", node.id);
            let nodes = [node.id, other, candidate];
            broken(Property::OneVoteATerm, &nodes, None, Some(term), text)
        }
        _ => {
            node.ballots.vote = Some((term, candidate));
            Ok(())
        }
    }
}
