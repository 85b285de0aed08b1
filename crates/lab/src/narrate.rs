//! Tells events in plain words: the feed, the marks on the timeline, remarks in the terminal.
//!
//! It sees what the trace says and the cluster after the event, and remembers of each node only
//! what it was before.

use sim::member::raft_core::{MessageKind, NodeId, RoleKind, Term};
use sim::{Cluster, ConfigMark, Event, EventKind, NodeState, Outcome};

use crate::diagnose::Lately;
use crate::view::{FeedItem, Level, LostView, Mark};

/// How long it is remembered that a message died as it was sent: as long as that is drawn.
const LOST_MICROS: u64 = 150_000;

/// What was told last, so that only changes are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrator {
    /// By node, n1 first; `None` before its first event and while it is down.
    before: [Option<NodeState>; sim::NODES_MAX as usize],
    /// What has been seen of elections.
    lately: Lately,
    /// What was said of the members last.
    members: Option<String>,
    /// Messages that died of late as they were sent.
    lost: Vec<LostView>,
}

impl Narrator {
    /// What has been seen of elections so far.
    pub(crate) fn lately(&self) -> Lately {
        self.lately
    }

    /// Messages that died of late as they were sent.
    pub(crate) fn lost(&self) -> &[LostView] {
        &self.lost
    }

    /// What is worth telling about an event.
    pub(crate) fn tell(&mut self, cluster: &Cluster, event: &Event) -> Vec<FeedItem> {
        let mut told = Vec::new();
        if !event.dropped.is_empty() {
            self.note_lost(event);
        }
        match event.kind {
            // What these did is told by whoever gave the command: it knows the words.
            EventKind::Crash | EventKind::Tear => self.forget(event.node),
            EventKind::Stop => {
                self.forget(event.node);
                if let Some(node) = event.node {
                    let text = format!("{node} was removed from the cluster: its process ends");
                    told.push(item(event, Level::Warning, Mark::Fault, text));
                }
            }
            EventKind::Start
            | EventKind::Tick
            | EventKind::Expire
            | EventKind::Deliver
            | EventKind::Lose
            | EventKind::Persist
            | EventKind::Report
            | EventKind::Request
            | EventKind::Cancel
            | EventKind::Call
            | EventKind::Retry
            | EventKind::Return
            | EventKind::Command
            | EventKind::Restart
            | EventKind::Pause
            | EventKind::Resume
            | EventKind::Wake
            | EventKind::Notify => {
                if let (Some(node), Some(state)) = (event.node, event.state) {
                    self.node_changed(cluster, event, node, state, &mut told);
                }
            }
        }
        if let Some(violation) = cluster.violation().filter(|broken| broken.seq == event.seq) {
            told.push(item(event, Level::Bad, Mark::Violation, violation.to_string()));
        }
        told
    }

    fn note_lost(&mut self, event: &Event) {
        let Some(from) = event.node else { return };
        let now = event.at.0;
        self.lost.retain(|lost| lost.at_micros + LOST_MICROS > now);
        let at_once = event.sent.iter().filter(|sent| event.dropped.contains(&sent.id));
        self.lost.extend(at_once.map(|sent| LostView {
            from: from.0,
            to: sent.to.0,
            at_micros: now,
        }));
    }

    fn forget(&mut self, node: Option<NodeId>) {
        if let Some(before) = node.and_then(|node| self.before_of(node)) {
            *before = None;
        }
    }

    fn before_of(&mut self, node: NodeId) -> Option<&mut Option<NodeState>> {
        self.before.get_mut(usize::from(node.0).checked_sub(1)?)
    }

    fn node_changed(
        &mut self,
        cluster: &Cluster,
        event: &Event,
        node: NodeId,
        state: NodeState,
        told: &mut Vec<FeedItem>,
    ) {
        let Some(slot) = self.before_of(node) else { return };
        let Some(before) = slot.replace(state) else { return };
        if before.role != state.role || before.term != state.term {
            self.role_changed(cluster, event, node, before, state, told);
        }
        if let Some(from) = event.truncated_from {
            let lost = if from.0 == before.last_index.0 {
                format!("entry {from}")
            } else {
                format!("entries {from}–{}", before.last_index)
            };
            let text = format!(
                "{node} drops {lost} of its log: never committed, and the leader has others"
            );
            told.push(item(event, Level::Warning, Mark::Fault, text));
        }
        let leads = state.role == Some(RoleKind::Leader);
        if let Some(config) = event.config.as_deref().filter(|_| leads) {
            self.members_changed(cluster, event, config, told);
        }
        if leads && state.commit > before.commit {
            told.push(item(event, Level::Neutral, Mark::Commit, committed(cluster, before, state)));
        }
        votes(event, node, told);
    }

    /// A leader has applied a change of membership, which may have been refused.
    fn members_changed(
        &mut self,
        cluster: &Cluster,
        event: &Event,
        config: &ConfigMark,
        told: &mut Vec<FeedItem>,
    ) {
        let first = || {
            let voters = cluster.settings().node_ids().collect();
            members(&ConfigMark { voters, ..ConfigMark::default() })
        };
        let before = self.members.get_or_insert_with(first);
        let text = members(config);
        if *before != text {
            before.clone_from(&text);
            told.push(item(event, Level::Neutral, Mark::Members, text));
        }
    }

    fn role_changed(
        &mut self,
        cluster: &Cluster,
        event: &Event,
        node: NodeId,
        before: NodeState,
        state: NodeState,
        told: &mut Vec<FeedItem>,
    ) {
        let term = state.term;
        let (level, mark, text) = match (before.role, state.role) {
            (_, Some(RoleKind::Leader)) => {
                self.lately.candidacies = 0;
                self.lately.elected.rotate_right(1);
                if let Some(newest) = self.lately.elected.first_mut() {
                    *newest = Some(event.at.0);
                }
                let votes = votes_for(cluster, node, term);
                let of = cluster.configuration().voters.len();
                (
                    Level::Good,
                    Mark::Leader,
                    format!("{node} leads term {term}, with {votes} of {of} votes"),
                )
            }
            (_, Some(RoleKind::Candidate)) => {
                self.lately.candidacies += 1;
                (
                    Level::Neutral,
                    Mark::Election,
                    format!("{node} stands for election in term {term} and votes for itself"),
                )
            }
            (Some(RoleKind::PreCandidate), Some(RoleKind::PreCandidate)) => return,
            (_, Some(RoleKind::PreCandidate)) => {
                let text = format!(
                    "{node} heard no leader for too long: it asks who would vote for it (PreVote)"
                );
                (Level::Neutral, Mark::Election, text)
            }
            (Some(RoleKind::Leader), Some(RoleKind::Follower)) => {
                let why = if state.term > before.term {
                    format!("it hears of term {term}")
                } else {
                    "it no longer hears from a quorum (CheckQuorum)".to_owned()
                };
                (
                    Level::Warning,
                    Mark::StepDown,
                    format!("{node} steps down as leader of term {}: {why}", before.term),
                )
            }
            (Some(RoleKind::Candidate | RoleKind::PreCandidate), Some(RoleKind::Follower)) => (
                Level::Neutral,
                Mark::StepDown,
                format!("{node} gives up its candidacy and follows in term {term}"),
            ),
            (_, Some(RoleKind::Follower)) | (_, None) => return,
        };
        told.push(item(event, level, mark, text));
    }
}

/// An item of the feed about an event.
fn item(event: &Event, level: Level, mark: Mark, text: String) -> FeedItem {
    FeedItem {
        seq: event.seq.0,
        at_micros: event.at.0,
        level,
        mark,
        node: event.node.map(|node| node.0),
        term: event.state.map_or(0, |state| state.term.0),
        text,
        cause: event.cause.map(|cause| cause.0),
    }
}

/// What a learner or a script did, in the words of its line.
pub(crate) fn done(event: &Event, line: &str) -> FeedItem {
    item(event, Level::Warning, Mark::Fault, line.to_owned())
}

/// A client asks.
pub(crate) fn asked(event: &Event, client: &str, request: &str) -> FeedItem {
    item(event, Level::Neutral, Mark::Client, format!("client {client} asks: {request}"))
}

/// How many running nodes say that they voted for `node` in `term`.
fn votes_for(cluster: &Cluster, node: NodeId, term: Term) -> usize {
    cluster
        .nodes()
        .filter_map(|other| other.member())
        .filter(|member| member.raft().term() == term && member.raft().vote() == Some(node))
        .count()
}

fn committed(cluster: &Cluster, before: NodeState, state: NodeState) -> String {
    let first = before.commit.0 + 1;
    let last = state.commit.0;
    let what = if first == last {
        format!("entry {last} is")
    } else {
        format!("entries {first}–{last} are")
    };
    let holds = |node: &&sim::Node| node.disk().durable_index() >= state.commit;
    let copies = cluster.members().filter(holds).count();
    format!("{what} committed: on {copies} of {} disks", cluster.members().count())
}

/// Who belongs to the cluster from now on.
fn members(config: &ConfigMark) -> String {
    let names =
        |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(", ");
    let voters = config.voters.len();
    let mut text = format!(
        "members from now on: {} ({} of {voters} are a quorum)",
        names(&config.voters),
        voters / 2 + 1
    );
    if !config.learners.is_empty() {
        text.push_str(&format!("; without a vote: {}", names(&config.learners)));
    }
    text
}

/// Votes that a node granted or refused in this event.
fn votes(event: &Event, node: NodeId, told: &mut Vec<FeedItem>) {
    for sent in &event.sent {
        let refused = match (sent.kind, sent.reject) {
            (MessageKind::RequestVoteReply, Some(refused)) => refused,
            _ => continue,
        };
        let text = if refused {
            format!("{node} refuses {} its vote in term {}", sent.to, sent.term)
        } else {
            format!("{node} votes for {} in term {}", sent.to, sent.term)
        };
        told.push(item(event, Level::Neutral, Mark::Election, text));
    }
}

/// A client's call has ended.
pub(crate) fn returned(event: &Event, client: &str, outcome: &Outcome) -> FeedItem {
    let (level, text) = match outcome {
        Outcome::Ok { node, .. } => (Level::Good, format!("{node} answers client {client}")),
        Outcome::Failed(error) => {
            (Level::Warning, format!("client {client}: failed, surely not done ({error})"))
        }
        Outcome::Unknown(error) => {
            (Level::Bad, format!("client {client}: unknown whether it was done ({error})"))
        }
    };
    item(event, level, Mark::Client, text)
}

#[cfg(test)]
mod tests {
    use crate::session::{Opening, Session};
    use crate::view::Mark;

    fn told(nodes: u8, script: &str) -> Vec<(Mark, String)> {
        let setup = script.to_owned();
        let session = Session::new(Opening { nodes, seed: 1, setup, ..Opening::default() })
            .expect("a good script");
        session.feed().iter().map(|item| (item.mark, item.text.clone())).collect()
    }

    /// The texts told after a script contain these, in this order.
    #[track_caller]
    fn check(nodes: u8, script: &str, expected: &[&str]) {
        let told = told(nodes, script);
        let mut rest = told.iter();
        for text in expected {
            assert!(
                rest.any(|(_, told)| told == text),
                "{text:?} is not (or not there) in {told:#?}"
            );
        }
    }

    /// Proves: an election is told from the first timer to the first commit.
    #[test]
    fn an_election_is_told() {
        check(
            3,
            "until leader\nadvance 1s",
            &[
                "n2 heard no leader for too long: it asks who would vote for it (PreVote)",
                "n2 stands for election in term 1 and votes for itself",
                "n1 votes for n2 in term 1",
                "n2 leads term 1, with 3 of 3 votes",
                "entry 1 is committed: on 3 of 3 disks",
            ],
        );
    }

    /// Proves: what dies as it is sent is known for a while, with sender, receiver and time.
    #[test]
    fn what_a_cut_link_swallows_is_seen() {
        let setup = "until leader\ntransfer n1\nuntil leader is n1\ncut n1 -> n3\nadvance 1s";
        let opening = Opening { nodes: 3, seed: 1, setup: setup.to_owned(), ..Opening::default() };
        let mut session = Session::new(opening).expect("a good script");
        let stage = session.stage();
        assert!(!stage.lost.is_empty());
        for lost in &stage.lost {
            assert_eq!((lost.from, lost.to), (1, 3));
            assert!(lost.at_micros <= stage.now_micros);
        }
        session.act("heal").expect("a line");
        let before = stage.lost.len();
        session.advance(stage.now_micros + 1_000_000, 100_000);
        assert!(session.stage().lost.len() <= before, "nothing is added any more");
    }

    /// Proves: a leader that is cut off is told to step down, and why; one deposed by a later term
    /// is told to drop what was never committed.
    #[test]
    fn stepping_down_is_told_with_its_reason() {
        let cut_off = "until leader\ntransfer n1\nuntil leader is n1\nisolate n1\nadvance 3s";
        let reason =
            "n1 steps down as leader of term 2: it no longer hears from a quorum (CheckQuorum)";
        check(3, cut_off, &["isolate n1", reason]);
        let deposed = "set check-quorum off\nuntil leader\ntransfer n1\nuntil leader is n1\n\
                       partition n1 | n2 n3\netcdctl --endpoints=n1 --command-timeout=1s put a 1\n\
                       advance 4s\nheal\nadvance 2s";
        check(
            3,
            deposed,
            &[
                "client a asks: --endpoints=n1 --command-timeout=1s put a 1",
                "client a: unknown whether it was done (context deadline exceeded)",
                "heal",
                "n1 steps down as leader of term 2: it hears of term 3",
            ],
        );
        let drops = told(3, deposed).into_iter().any(|(mark, text)| {
            mark == Mark::Fault
                && text.starts_with("n1 drops entr")
                && text.contains("never committed")
        });
        assert!(drops, "the entry of the deposed leader is told to be dropped");
    }

    /// Proves: who comes to the cluster and who goes is told.
    #[test]
    fn members_are_told() {
        check(
            3,
            "until leader\netcdctl member add n4 --peer-urls=http://n4:2380 --learner\nstart n4\n\
             advance 1s\netcdctl member promote $n4\netcdctl member remove $n4\nadvance 2s",
            &[
                "members from now on: n1, n2, n3 (2 of 3 are a quorum); without a vote: n4",
                "members from now on: n1, n2, n3, n4 (3 of 4 are a quorum)",
                "members from now on: n1, n2, n3 (2 of 3 are a quorum)",
                "n4 was removed from the cluster: its process ends",
            ],
        );
    }

    /// Proves: a change that was refused when it was applied is not told as one.
    #[test]
    fn members_that_stay_the_same_are_not_told() {
        let told = told(3, "until leader\netcdctl member remove 99\nadvance 1s");
        assert!(!told.iter().any(|(_, told)| told.starts_with("members")), "{told:#?}");
    }

    /// Proves: what clients get is told in the client's terms.
    #[test]
    fn outcomes_are_told() {
        check(
            3,
            "until leader\netcdctl put a 1\nclient b etcdctl --endpoints=n3 get a --rev=99",
            &[
                "client a asks: put a 1",
                "n1 answers client a",
                "client b: failed, surely not done (etcdserver: mvcc: required revision is a future revision)",
            ],
        );
    }
}
