//! What must be equal after every step.

use raft::eraftpb::{Entry as TheirEntry, Message as TheirMessage};
use raft::{ProgressState as TheirProgressState, ReadState as TheirReadState, StateRole};
use raft_core::{
    Entry, Message, NodeId, NodeSet, Progress, ProgressState, Raft, ReadState, RoleKind,
};

use crate::disk::{OurWrite, TheirWrite};
use crate::twin::{Letter, Same, Theirs, Twin};
use crate::words;

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Same {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours:?}, theirs {theirs:?}")) }
}

/// The only thing that is not compared but set: both draw their election timeouts at random.
pub(crate) fn wind(ours: &Raft, theirs: &mut Theirs) {
    theirs.raft.set_randomized_election_timeout(ours.randomized_election_timeout() as usize);
}

/// Whether both refused an input, for whatever reason.
pub(crate) fn results<A, B>(what: &str, ours: &Result<(), A>, theirs: &Result<(), B>) -> Same
where
    A: std::fmt::Debug,
    B: std::fmt::Debug,
{
    if ours.is_ok() == theirs.is_ok() {
        Ok(())
    } else {
        Err(format!("{what}: ours {ours:?}, theirs {theirs:?}"))
    }
}

/// The state of both servers.
pub(crate) fn states(twin: &Twin) -> Same {
    let (ours, theirs) = (&twin.ours, &twin.theirs.raft);
    let number = |node: Option<NodeId>| node.map_or(0, |node| u64::from(node.0));
    equal("term", ours.term().0, theirs.term)?;
    equal("vote", number(ours.vote()), theirs.vote)?;
    equal("role", ours.role_kind(), role(theirs.state))?;
    equal("leader", number(ours.leader()), theirs.leader_id)?;
    equal("commit", ours.commit().0, theirs.raft_log.committed)?;
    equal("applied", ours.last_applied().0, theirs.raft_log.applied)?;
    equal("durable", ours.durable_index().0, theirs.raft_log.persisted)?;
    equal("elapsed", ours.election_elapsed() as usize, theirs.election_elapsed)?;
    equal("first index", ours.log().first_index().0, theirs.raft_log.first_index())?;
    equal("last index", ours.last_index().0, theirs.raft_log.last_index())?;
    equal("last term", ours.last_term().0, theirs.raft_log.last_term())?;
    equal("transferee", number(ours.transferee()), theirs.lead_transferee.unwrap_or(0))?;
    let configuration = words::configuration(ours.configuration());
    equal("configuration", configuration, twin.their_configuration())?;
    twin.compare_logs(words::same_entry)?;
    votes(ours, &twin.theirs)?;
    progress(ours, &twin.theirs)
}

fn role(theirs: StateRole) -> RoleKind {
    match theirs {
        StateRole::Follower => RoleKind::Follower,
        StateRole::PreCandidate => RoleKind::PreCandidate,
        StateRole::Candidate => RoleKind::Candidate,
        StateRole::Leader => RoleKind::Leader,
    }
}

fn votes(ours: &Raft, theirs: &Theirs) -> Same {
    match ours.role_kind() {
        RoleKind::Follower | RoleKind::Leader => return Ok(()),
        RoleKind::PreCandidate | RoleKind::Candidate => {}
    }
    let of = |wanted: bool| -> NodeSet {
        let votes = theirs.raft.prs().votes().iter();
        votes.filter(|(_, vote)| **vote == wanted).map(|(id, _)| NodeId(*id as u8)).collect()
    };
    equal("votes granted", ours.votes_granted(), of(true))?;
    equal("votes rejected", ours.votes_rejected(), of(false))
}

/// The leader's view of each member.
fn progress(ours: &Raft, theirs: &Theirs) -> Same {
    if ours.role_kind() != RoleKind::Leader {
        return Ok(());
    }
    equal("members", ours.progress().count(), theirs.raft.prs().iter().len())?;
    for (node, of) in ours.progress() {
        let Some(theirs) = theirs.raft.prs().get(node.0.into()) else {
            return Err(format!("progress: theirs does not know {node}"));
        };
        let described = Described::theirs(theirs, node == ours.id());
        equal(&format!("progress of {node}"), Described::ours(of, node == ours.id()), described)?;
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Described {
    match_index: u64,
    next_index: u64,
    state: &'static str,
    pending_snapshot: u64,
    is_paused: bool,
    in_flight: usize,
    /// Of itself a leader need not know.
    is_active: bool,
}

impl Described {
    fn ours(progress: &Progress, is_own: bool) -> Described {
        let (state, pending_snapshot) = match progress.state {
            ProgressState::Probe { .. } => ("probe", 0),
            ProgressState::Replicate => ("replicate", 0),
            ProgressState::Snapshot { pending } => ("snapshot", pending.0),
        };
        Described {
            match_index: progress.match_index.0,
            next_index: progress.next_index.0,
            state,
            pending_snapshot,
            is_paused: progress.is_paused(),
            in_flight: progress.in_flight() as usize,
            is_active: progress.recent_active || is_own,
        }
    }

    fn theirs(progress: &raft::Progress, is_own: bool) -> Described {
        Described {
            match_index: progress.matched,
            next_index: progress.next_idx,
            state: match progress.state {
                TheirProgressState::Probe => "probe",
                TheirProgressState::Replicate => "replicate",
                TheirProgressState::Snapshot => "snapshot",
            },
            pending_snapshot: progress.pending_snapshot,
            is_paused: progress.is_paused(),
            in_flight: progress.ins.count(),
            is_active: progress.recent_active || is_own,
        }
    }
}

/// What both want on disk.
pub(crate) fn writes(ours: &OurWrite, theirs: &TheirWrite) -> Same {
    applied(&ours.entries, &theirs.entries)?;
    let hard_state = ours.hard_state.map(|state| {
        (state.term.0, state.vote.map_or(0, |vote| u64::from(vote.0)), state.commit.0)
    });
    let their_hard_state =
        theirs.hard_state.as_ref().map(|state| (state.term, state.vote, state.commit));
    equal("hard state to write", hard_state, their_hard_state)?;
    let snapshot = ours.snapshot.as_ref().map(|snapshot| (snapshot.index.0, snapshot.term.0));
    let their_snapshot = theirs
        .snapshot
        .as_ref()
        .map(|snapshot| (snapshot.get_metadata().index, snapshot.get_metadata().term));
    equal("snapshot to write", snapshot, their_snapshot)
}

/// Entries that both hand out.
pub(crate) fn applied(ours: &[Entry], theirs: &[TheirEntry]) -> Same {
    let is_same = ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(ours, theirs)| words::same_entry(ours, theirs));
    if is_same { Ok(()) } else { Err(format!("handed out: ours {ours:?}, theirs {theirs:?}")) }
}

/// Reads that both answer.
pub(crate) fn reads(ours: &[ReadState], theirs: &[TheirReadState]) -> Same {
    let ours: Vec<_> =
        ours.iter().map(|read| (words::read_context(read.context), read.index.0)).collect();
    let theirs: Vec<_> = theirs.iter().map(|read| (read.request_ctx.clone(), read.index)).collect();
    equal("reads answered", ours, theirs)
}

/// The messages of one step, each with the write that it waits for.
#[derive(Default)]
pub(crate) struct Outputs {
    ours: Vec<(u64, Message)>,
    theirs: Vec<(u64, TheirMessage)>,
    /// See `differences`, 2.
    pub(crate) reads_were_early: bool,
}

impl Outputs {
    pub(crate) fn add(&mut self, messages: Vec<Message>, serial: u64) {
        self.ours.extend(messages.into_iter().map(|message| (serial, message)));
    }

    pub(crate) fn add_theirs(&mut self, messages: Vec<TheirMessage>, serial: u64) {
        self.theirs.extend(messages.into_iter().map(|message| (serial, message)));
    }

    /// Pairs the messages, by addressee: theirs visits the members in the order of a hash table.
    pub(crate) fn letters(mut self) -> Result<Vec<(u64, Letter)>, String> {
        self.ours.sort_by_key(|(_, message)| message.to);
        self.theirs.sort_by_key(|(_, message)| message.to);
        if self.reads_were_early {
            let kind = |message: &TheirMessage| message.get_msg_type() as i32;
            self.ours.sort_by_key(|(_, message)| (message.to, kind(&words::message(message))));
            self.theirs.sort_by_key(|(_, message)| (message.to, kind(message)));
        }
        if self.ours.len() != self.theirs.len() {
            return Err(format!("messages:\n ours {:?}\n theirs {:?}", self.ours, self.theirs));
        }
        let pairs = self.ours.into_iter().zip(self.theirs);
        pairs
            .map(|((serial, ours), (their_serial, theirs))| {
                equal("message", words::message(&ours), words::comparable(&theirs))?;
                let letter = Letter { from: ours.from, to: ours.to, ours, theirs };
                Ok((serial.max(their_serial), letter))
            })
            .collect()
    }
}
