//! "Why?": what brought an event about, back to the command or the timer that began it.
//!
//! A session keeps no events, only what was told of them. So the events of a chain are made again:
//! from the checkpoint before the event, whose causes mostly lie behind the same checkpoint; where
//! one lies further back, from the checkpoint before that.

use std::sync::Arc;

use sim::member::raft_core::NodeId;
use sim::{Event, NodeState};

use super::{Session, Traced};
use crate::causes::{Step, say};
use crate::view::{CauseView, FeedItem, Mark};

/// The longest chain that is told: a pipeline that never pauses hangs on itself for ever.
const STEPS_MAX: usize = 60;
/// How often one question may replay from a checkpoint: a bound on its cost.
const REPLAYS_MAX: u32 = 8;

impl Session {
    /// What brought an event about: the event itself first, then its cause, then that one's cause,
    /// and so on to a command or a timer. Empty if the event has not happened.
    pub fn why(&self, seq: u64) -> Vec<CauseView> {
        let mut steps: Vec<Step> = Vec::new();
        let mut wanted = Some(seq).filter(|seq| *seq <= self.end);
        for _ in 0..REPLAYS_MAX {
            let Some(last) = wanted else { break };
            let events = self.events_up_to(last);
            let at = |seq: u64| events.iter().position(|event| event.seq.0 == seq);
            while let Some(place) = wanted.filter(|_| steps.len() < STEPS_MAX).and_then(at) {
                let (before, event) = (&events[..place], &events[place]);
                wanted = event.cause.map(|cause| cause.0);
                steps.push(self.step_of(event, before));
            }
        }
        steps.iter().enumerate().map(|(place, step)| say(step, steps.get(place + 1))).collect()
    }

    /// The events behind the last checkpoint before an event, up to it; event 0 by itself.
    fn events_up_to(&self, seq: u64) -> Vec<Event> {
        let Some((_, live)) = seq.checked_sub(1).and_then(|seq| self.checkpoints.nearest(seq))
        else {
            return vec![self.live.cluster.start_event()];
        };
        let mut live = live.clone();
        let mut traced = Some(Vec::new());
        while live.cluster.seq().0 < seq && live.replay(&self.timeline, &mut traced) {}
        let events = traced.unwrap_or_default().into_iter();
        events
            .filter_map(|traced| match traced {
                Traced::Event(event) => Some(*event),
                Traced::Began(_) | Traced::Ended(_) => None,
            })
            .collect()
    }

    fn step_of(&self, event: &Event, before: &[Event]) -> Step {
        Step {
            event: event.clone(),
            before: event.node.and_then(|node| self.state_before(event, node, before)),
            line: self.line_of(event),
            told: self.told_of(event),
        }
    }

    /// The state of a node before an event: after its last one among those before, or as the
    /// checkpoint has it.
    fn state_before(&self, event: &Event, node: NodeId, before: &[Event]) -> Option<NodeState> {
        let told = before.iter().rev().find(|other| other.node == Some(node));
        match told {
            Some(told) => told.state,
            None => {
                let (_, live) = self.checkpoints.nearest(event.seq.0.checked_sub(1)?)?;
                live.cluster.nodes().find(|known| known.id() == node).map(|node| *node.state())
            }
        }
    }

    /// What the feed says of a client's call or of its end.
    fn told_of(&self, event: &Event) -> Option<String> {
        let is_of_a_client =
            |item: &&Arc<FeedItem>| item.seq == event.seq.0 && item.mark == Mark::Client;
        self.told().find(is_of_a_client).map(|item| item.text.clone())
    }

    /// The line that a command, or a client's call, comes from: the last one that was issued before
    /// its event, for what a line does happens at once.
    fn line_of(&self, event: &Event) -> Option<String> {
        let is_of_a_line = event.kind.is_command() || event.kind == sim::EventKind::Call;
        let recorded = self.timeline.recorded.iter();
        let earlier = recorded.take_while(|recorded| recorded.seq < event.seq.0);
        let last = earlier.last().filter(|_| is_of_a_line)?;
        Some(last.line.source.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Opening, Session};
    use super::{CauseView, Mark};

    fn session(setup: &str) -> Session {
        Session::new(Opening { setup: setup.to_owned(), ..Opening::default() }).expect("good")
    }

    /// The chain of the first thing told whose text contains `text`.
    fn chain(session: &Session, text: &str) -> Vec<CauseView> {
        let item = session.feed().iter().rev().find(|item| item.text.contains(text));
        let item = item.unwrap_or_else(|| panic!("{text} is told"));
        let chain = session.why(item.seq);
        assert_eq!(chain.first().map(|step| step.seq), Some(item.seq));
        for pair in chain.windows(2) {
            assert_eq!(pair[0].cause, Some(pair[1].seq), "each step leads to the next");
        }
        chain
    }

    /// The texts of a chain contain these, in this order, and the last step has no cause.
    #[track_caller]
    fn check(session: &Session, told: &str, expected: &[&str]) {
        let chain = chain(session, told);
        let texts: Vec<&str> = chain.iter().map(|step| step.text.as_str()).collect();
        let mut rest = texts.iter();
        for part in expected {
            assert!(rest.any(|text| text.contains(part)), "{part:?}, in its turn, in {texts:#?}");
        }
        assert_eq!(chain.last().map(|step| step.cause), Some(None), "{texts:#?}");
        assert!(texts.last().is_some_and(|last| last.contains(expected[expected.len() - 1])));
    }

    /// Proves: a commit leads through acknowledgement, append and proposal to the client's line, and
    /// the answer through the commit.
    #[test]
    fn a_commit_leads_back_to_what_a_client_asked() {
        let session = session("until leader\nadvance 1s\netcdctl put name john\nadvance 1s");
        let commit = [
            "AppendAccepted from n3: “my log equals yours up to 2”: it now knows entry 2 to be",
            "what n3 wrote is now safe on its disk: it sends AppendAccepted to n2",
            "n3 receives AppendEntries from n2: “entry 2 follows 1 (term 1)",
            "n2 receives Propose from n1",
            "the client's request reaches n1",
            "client a asks: put name john",
        ];
        check(&session, "entry 2 is committed", &commit);
        check(&session, "n1 answers client a", &["n1 answers", "it now knows entry 2", commit[5]]);
    }

    /// Proves: an election leads back to the timer that ran out; what a line did, to the line.
    #[test]
    fn an_election_leads_back_to_a_timer_and_a_fault_to_its_line() {
        let session = session("until leader\nisolate leader\nadvance 3s");
        let election = [
            "RequestVoteReply",
            "RequestVote from",
            "stands for election",
            "PreVote from",
            "'s election timer runs out: it has heard no leader for too long",
        ];
        check(&session, "leads term 1", &election);
        check(&session, "leads term 2", &election);
        check(&session, "isolate leader", &["the line `isolate leader` is given"]);
        check(&session, "steps down", &["it is no quorum (CheckQuorum)"]);
        assert_eq!(session.why(session.end() + 1), []);
        assert_eq!(session.why(0)[0].text, "the cluster is switched on, and all nodes start");
    }

    /// Proves: a broken property leads back to its root, here a second vote in one term, and the
    /// candidate's timer.
    #[test]
    fn a_violation_leads_back_to_its_root() {
        let script = "set pre-vote off\nset check-quorum off\ndisable one-vote-a-term\ncut n1 n2\n\
                      clock n1 10x\nuntil role n1 = leader\nclock n1 1x\ncut n1 n3\nclock n2 10x\nadvance 2s";
        let session = session(script);
        let broken = session.feed().iter().find(|item| item.mark == Mark::Violation);
        let broken = broken.expect("a property broke").text.clone();
        let root = [
            "what n3 wrote is now safe on its disk: it sends RequestVoteReply to n2",
            "n3 receives RequestVote from n2",
            "n2's election timer runs out",
        ];
        check(&session, &broken, &root);
    }

    /// Proves: the cost of a question is bounded however long the session is; what is asked of the
    /// end of 100,000 events lies behind one or two checkpoints.
    #[test]
    fn a_question_about_a_long_session_replays_little() {
        let mut session = session("until leader");
        session.seek(100_000);
        session.apply("etcdctl put name john").expect("a line");
        while session.busy() {
            session.step();
        }
        let last = session.feed().last().expect("an answer").seq;
        let replayed = session.events_up_to(last).len() as u64;
        assert!(replayed <= super::super::checkpoints::EVERY, "{replayed}");
        assert_eq!(session.why(last).last().map(|step| step.cause), Some(None));
        for seq in (0..100_000).step_by(5_000) {
            assert!(!session.why(seq).is_empty());
        }
    }

    /// Proves: what happened long ago is still explained, in the words in which it was when it was
    /// new, from the past as from the present; and nothing of the session changes.
    #[test]
    fn what_is_long_ago_is_explained_as_well() {
        let mut session = session("until leader\nadvance 1s\netcdctl put name john");
        let seq = session.feed().iter().rev().find(|item| item.mark == Mark::Commit);
        let seq = seq.expect("a commit").seq;
        let new = session.why(seq);
        assert!(new.len() > 4);
        session.seek(20_000);
        let hash = session.cluster().trace_hash();
        assert_eq!(session.why(seq), new);
        assert_eq!((session.seq(), session.cluster().trace_hash()), (20_000, hash));
        session.seek(10);
        assert_eq!(session.why(seq), new, "it is the future now");
    }
}
