//! Elections (Raft §5.2, §5.4.1; PreVote: thesis §9.6; leases on votes: thesis §4.2.3).

use crate::config::Dice;
use crate::entry::Payload;
use crate::ids::{Index, NodeId, Term};
use crate::leader::Leader;
use crate::message::{Body, Campaign, Message, MessageKind};
use crate::quorum::VoteResult;
use crate::raft::Raft;
use crate::role::{Ballot, Follower, Role, Vote};
use crate::rules::Rule;

/// Whether a message is still to be looked at after its term was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    Answered,
}

/// A request for a vote, real or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidacy {
    pub(crate) candidate: NodeId,
    pub(crate) term: Term,
    pub(crate) last_index: Index,
    pub(crate) last_term: Term,
}

/// Terms.
impl Raft {
    /// Compares a message's term with this server's: a newer one is entered, an older one is
    /// answered so that its sender learns of the newer (Raft §5.1).
    pub(crate) fn admit(&mut self, message: &Message, dice: &mut dyn Dice) -> Admission {
        if message.term > self.server.term {
            return self.admit_newer(message, dice);
        }
        if message.term < self.server.term {
            self.answer_older(message);
            return Admission::Answered;
        }
        Admission::Admitted
    }

    /// Enters the newer term, in which this server follows (Raft §5.1), if the message is one to
    /// believe.
    fn admit_newer(&mut self, message: &Message, dice: &mut dyn Dice) -> Admission {
        let kind = message.kind();
        let is_candidacy = matches!(kind, MessageKind::RequestVote | MessageKind::PreVote);
        let is_transfer =
            matches!(message.body, Body::RequestVote { campaign: Campaign::Transfer, .. });
        if is_candidacy && !is_transfer && self.hears_from_leader() {
            // A server that was removed or cut off must not depose a leader that works
            // (thesis §4.2.3): as if the request had never come.
            return Admission::Answered;
        }
        match &message.body {
            // The term of a PreVote is not one that has begun (thesis §9.6).
            Body::PreVote { .. } | Body::PreVoteReply { granted: true } => {}
            Body::AppendEntries { .. } | Body::Heartbeat { .. } | Body::InstallSnapshot { .. } => {
                self.enter_newer_term(message.term, Some(message.from), dice);
            }
            Body::PreVoteReply { granted: false }
            | Body::RequestVote { .. }
            | Body::RequestVoteReply { .. }
            | Body::AppendAccepted { .. }
            | Body::AppendRejected { .. }
            | Body::HeartbeatReply { .. }
            | Body::TimeoutNow
            | Body::Propose { .. }
            | Body::ReadIndex { .. }
            | Body::ReadIndexReply { .. } => self.enter_newer_term(message.term, None, dice),
        }
        Admission::Admitted
    }

    /// Somebody has got further: whoever leads or stands for election in an older term is
    /// superseded (Raft §5.1).
    fn enter_newer_term(&mut self, term: Term, leader: Option<NodeId>, dice: &mut dyn Dice) {
        let follows = matches!(self.role, Role::Follower(_));
        if follows || self.server.rules().on(Rule::StepDown) {
            self.become_follower(term, leader, dice);
        } else {
            self.server.enter_term(term);
        }
    }

    /// Whether a leader was heard of within the election timeout, so that there is no reason to
    /// elect another (thesis §4.2.3; etcd: together with CheckQuorum).
    fn hears_from_leader(&self) -> bool {
        self.server.rules().on(Rule::CheckQuorum)
            && self.leader().is_some()
            && self.server.timer.elapsed < self.server.settings.election_ticks
    }

    fn answer_older(&mut self, message: &Message) {
        let rules = self.server.rules();
        let leases = rules.on(Rule::CheckQuorum) || rules.on(Rule::PreVote);
        match message.kind() {
            // With these rules a server that has got ahead of its leader's term cannot depose it
            // by a candidacy: any answer in the newer term will do, so that they get together.
            MessageKind::Heartbeat | MessageKind::AppendEntries if leases => {
                self.server.send(message.from, Body::AppendAccepted { match_index: Index(0) });
            }
            // Else a pre-candidate with a longer log in an older term could wait forever.
            MessageKind::PreVote => {
                self.server.send(message.from, Body::PreVoteReply { granted: false });
            }
            _ => {}
        }
    }
}

/// Roles.
impl Raft {
    /// Follows in this term: the leader, if known, or nobody yet.
    pub(crate) fn become_follower(
        &mut self,
        term: Term,
        leader: Option<NodeId>,
        dice: &mut dyn Dice,
    ) {
        self.server.enter_term(term);
        self.server.reset_timer(dice);
        self.role = Role::Follower(Follower { leader });
    }

    /// Wins the election (Raft §5.2).
    fn become_leader(&mut self, dice: &mut dyn Dice) {
        self.server.reset_timer(dice);
        self.role = Role::Leader(Leader::new(&mut self.server));
    }

    /// Stands for election, first by asking whether it could win (thesis §9.6).
    pub(crate) fn stand(&mut self, dice: &mut dyn Dice) {
        if !self.may_stand() {
            return;
        }
        if self.server.rules().on(Rule::PreVote) {
            self.ask_beforehand(dice);
        } else {
            self.ask_for_votes(Campaign::Timeout, dice);
        }
    }

    /// The leader hands over: stands without asking first, and is heard even by those who hear
    /// from the leader (thesis §3.10).
    pub(crate) fn take_over(&mut self, dice: &mut dyn Dice) {
        if self.may_stand() {
            self.ask_for_votes(Campaign::Transfer, dice);
        }
    }

    fn may_stand(&self) -> bool {
        let log = &self.server.log;
        // It would count votes in a configuration that is already superseded (etcd `hup`).
        let has_unapplied_change = || {
            let mut unapplied = log.between(log.applied(), log.commit());
            unapplied.any(|entry| matches!(entry.payload, Payload::Config(_)))
        };
        !matches!(self.role, Role::Leader(_))
            && self.server.is_promotable()
            && !has_unapplied_change()
    }

    /// Asks who would vote for it, without a new term, so that a server that cannot win disturbs
    /// nobody (thesis §9.6).
    fn ask_beforehand(&mut self, dice: &mut dyn Dice) {
        self.role = Role::PreCandidate(Ballot::default());
        if self.count_vote(self.server.id(), Vote::Granted, dice) != VoteResult::Pending {
            return;
        }
        let term = self.server.term.next();
        let (last_index, last_term) = (self.server.log.last_index(), self.server.log.last_term());
        self.ask_voters(term, || Body::PreVote { last_index, last_term });
    }

    /// Begins a term as its candidate: votes for itself and asks the others (Raft §5.2).
    fn ask_for_votes(&mut self, campaign: Campaign, dice: &mut dyn Dice) {
        let term = if self.server.rules().on(Rule::NewTermOnCandidacy) {
            self.server.term.next()
        } else {
            self.server.term.max(Term(1))
        };
        self.server.enter_term(term);
        self.server.vote = Some(self.server.id());
        self.server.reset_timer(dice);
        self.role = Role::Candidate(Ballot::default());
        if self.count_vote(self.server.id(), Vote::Granted, dice) != VoteResult::Pending {
            return;
        }
        let (last_index, last_term) = (self.server.log.last_index(), self.server.log.last_term());
        self.ask_voters(term, || Body::RequestVote { last_index, last_term, campaign });
    }

    fn ask_voters(&mut self, term: Term, body: impl Fn() -> Body) {
        for voter in self.server.configuration.all_voters() {
            if voter != self.server.id() {
                self.server.send_in(term, voter, body());
            }
        }
    }
}

/// Votes.
impl Raft {
    /// Whether this candidate gets this server's vote: one vote a term, and only for a log that
    /// holds everything committed (Raft §5.2, §5.4.1). A learner votes as well: it may have been
    /// promoted without knowing (etcd).
    fn would_vote_for(&self, candidacy: &Candidacy, is_future: bool) -> bool {
        let Candidacy { candidate, last_index, last_term, .. } = *candidacy;
        let rules = self.server.rules();
        let vote = self.server.vote;
        let has_vote_left = vote == Some(candidate)
            || (vote.is_none() && self.leader().is_none())
            || is_future
            || !rules.on(Rule::OneVoteATerm);
        has_vote_left
            && (self.server.log.is_up_to_date(last_index, last_term)
                || !rules.on(Rule::UpToDateCheck))
    }

    /// Somebody asks whether this server would vote for it. Promises nothing (thesis §9.6).
    pub(crate) fn answer_pre_vote(&mut self, candidacy: &Candidacy) {
        let is_future = candidacy.term > self.server.term;
        let granted = self.would_vote_for(candidacy, is_future);
        // A refusal is in this server's term, from which the asker may learn of it.
        let term = if granted { candidacy.term } else { self.server.term };
        self.server.send_in(term, candidacy.candidate, Body::PreVoteReply { granted });
    }

    /// Somebody asks for this server's vote in this term.
    pub(crate) fn answer_vote(&mut self, candidacy: &Candidacy) {
        let granted = self.would_vote_for(candidacy, false);
        if granted {
            self.server.vote = Some(candidacy.candidate);
            self.server.timer.elapsed = 0;
        }
        self.server.send(candidacy.candidate, Body::RequestVoteReply { granted });
    }

    /// An answer to a PreVote; late ones are of no interest.
    pub(crate) fn pre_vote_answered(&mut self, voter: NodeId, vote: Vote, dice: &mut dyn Dice) {
        if matches!(self.role, Role::PreCandidate(_)) {
            self.count_vote(voter, vote, dice);
        }
    }

    /// An answer to a RequestVote; late ones are of no interest.
    pub(crate) fn vote_answered(&mut self, voter: NodeId, vote: Vote, dice: &mut dyn Dice) {
        if matches!(self.role, Role::Candidate(_))
            && self.count_vote(voter, vote, dice) == VoteResult::Won
            && let Role::Leader(leader) = &mut self.role
        {
            leader.broadcast_append(&mut self.server);
        }
    }

    /// Counts a vote, and draws the consequence: a majority makes a pre-candidate a candidate and
    /// a candidate the leader; without hope it follows again (Raft §5.2).
    fn count_vote(&mut self, voter: NodeId, vote: Vote, dice: &mut dyn Dice) -> VoteResult {
        let rules = self.server.rules();
        let configuration = &self.server.configuration;
        let (result, is_real) = match &mut self.role {
            Role::PreCandidate(ballot) => (ballot.record(voter, vote, configuration, rules), false),
            Role::Candidate(ballot) => (ballot.record(voter, vote, configuration, rules), true),
            Role::Follower(_) | Role::Leader(_) => return VoteResult::Pending,
        };
        match result {
            VoteResult::Won if is_real => self.become_leader(dice),
            VoteResult::Won => self.ask_for_votes(Campaign::Timeout, dice),
            VoteResult::Lost => self.become_follower(self.server.term, None, dice),
            VoteResult::Pending => {}
        }
        result
    }
}
