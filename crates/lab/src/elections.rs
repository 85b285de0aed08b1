//! Why nobody wins an election, or nobody leads for long: what of logs, votes, links and settings stands
//! in the way.

use sim::member::raft_core::{NodeId, Raft, RoleKind};
use sim::{Cluster, Condition};

use crate::diagnose::{join, reaches};
use crate::script::{Micros, Ppm, duration_text, percentage_text};

/// From such a share of lost messages on, losing is what stands in the way.
const LOSS_MUCH_PPM: u32 = 200_000;

/// The running voter that asks for votes: of several, the one with the highest term.
pub(crate) fn standing(cluster: &Cluster) -> Option<NodeId> {
    let stands = |id: &NodeId| {
        let role = raft(cluster, *id).map(Raft::role_kind);
        matches!(role, Some(RoleKind::Candidate | RoleKind::PreCandidate))
    };
    let term = |id: &NodeId| raft(cluster, *id).map(Raft::term);
    // The first of those in the highest term: `max_by_key` would take the last.
    running_voters(cluster)
        .into_iter()
        .filter(stands)
        .reduce(|best, other| if term(&other) > term(&best) { other } else { best })
}

/// Why `candidate` cannot win, whatever it does: its log, who still hears a leader, links that are too
/// slow.
pub(crate) fn obstacle(cluster: &Cluster, candidate: NodeId) -> Option<String> {
    behind(cluster, candidate)
        .or_else(|| still_led(cluster, candidate))
        .or_else(|| too_slow(cluster, candidate))
}

/// Why nobody has won of late, though somebody could: split votes, loss.
pub(crate) fn bad_luck(cluster: &Cluster) -> Option<String> {
    lossy(cluster).or_else(|| split(cluster))
}

/// Why no leader lasts.
pub(crate) fn unrest(cluster: &Cluster, leader: NodeId) -> Option<String> {
    too_slow_to_lead(cluster, leader)
        .or_else(|| unheard(cluster, leader))
        .or_else(|| lossy(cluster))
}

/// Voters that it reaches have newer logs and refuse it, and too few are left (Raft §5.4.1).
fn behind(cluster: &Cluster, candidate: NodeId) -> Option<String> {
    let log = |id: NodeId| raft(cluster, id).map(|raft| (raft.last_term(), raft.last_index()));
    let newer = |id: NodeId| log(id) > log(candidate);
    let refusing = refusing(cluster, candidate, &newer)?;
    let (has, refuse) = has_and_refuse(&refusing);
    Some(format!("{} {has} a newer log and {refuse} it", join(&refusing)))
}

/// Those that `refuse` among the voters that it reaches, if they are so many that too few are left.
fn refusing(
    cluster: &Cluster,
    candidate: NodeId,
    refuses: &dyn Fn(NodeId) -> bool,
) -> Option<Vec<NodeId>> {
    let mut refusing = reaches(cluster, candidate);
    let reached = refusing.len();
    refusing.retain(|id| refuses(*id));
    let is_stopped = !refusing.is_empty() && reached - refusing.len() < needed(cluster);
    is_stopped.then_some(refusing)
}

/// Voters that it reaches hear from a leader still, and refuse it (thesis §4.2.3).
fn still_led(cluster: &Cluster, candidate: NodeId) -> Option<String> {
    let settings = cluster.settings();
    if !settings.check_quorum && !settings.pre_vote {
        return None;
    }
    let led_by = |id: NodeId| raft(cluster, id).and_then(Raft::leader);
    let leads = |id: NodeId| {
        raft(cluster, id).is_some_and(|raft| raft.role_kind() == RoleKind::Leader)
            && cluster.node(id).condition() == Condition::Running
    };
    let hears = |id: NodeId| led_by(id).filter(|leader| leads(*leader) && *leader != candidate);
    let refusing = refusing(cluster, candidate, &|id| hears(id).is_some())?;
    let leader = hears(*refusing.first()?)?;
    let (hear, refuse) =
        if refusing.len() == 1 { ("still hears", "refuses") } else { ("still hear", "refuse") };
    Some(format!("{} {hear} {leader} and {refuse} it", join(&refusing)))
}

/// An answer takes longer than anybody waits.
fn too_slow(cluster: &Cluster, candidate: NodeId) -> Option<String> {
    let (trip, patience) = long_trip(cluster, candidate)?;
    Some(format!(
        "votes take {} there and back, and after {} to {} without a leader somebody else stands",
        span(trip),
        span(patience),
        span(2 * patience)
    ))
}

/// A quorum's round trip and the election timeout, in microseconds, if the first is no shorter.
fn long_trip(cluster: &Cluster, node: NodeId) -> Option<(u64, u64)> {
    let trip = round_trip(cluster, node)?;
    let patience = cluster.settings().election_timeout.0;
    (trip >= patience).then_some((trip, patience))
}

/// A leader's followers answer too late for CheckQuorum.
fn too_slow_to_lead(cluster: &Cluster, leader: NodeId) -> Option<String> {
    let (trip, patience) = long_trip(cluster, leader)?;
    Some(format!(
        "answers take {} there and back, as long as an election timeout ({})",
        span(trip),
        span(patience)
    ))
}

/// Somebody does not hear the leader, but others hear it: it stands again and again. With PreVote it
/// would ask first and be refused (thesis §9.6).
fn unheard(cluster: &Cluster, leader: NodeId) -> Option<String> {
    if cluster.settings().pre_vote {
        return None;
    }
    let reached = reaches(cluster, leader);
    let mut rebels = running_voters(cluster);
    rebels.retain(|id| {
        *id != leader
            && !cluster.link(leader, *id).is_open()
            && reached.iter().any(|other| other != id && cluster.link(*id, *other).is_open())
    });
    let (does, stands) = if rebels.len() == 1 { ("does", "stands") } else { ("do", "stand") };
    (!rebels.is_empty())
        .then(|| format!("{} {does} not hear the leader and {stands} against it", join(&rebels)))
}

/// The votes of the highest term went to several, and nobody got enough.
fn split(cluster: &Cluster) -> Option<String> {
    let voters = running_voters(cluster);
    let rafts: Vec<&Raft> = voters.iter().filter_map(|id| raft(cluster, *id)).collect();
    let term = rafts.iter().map(|raft| raft.term()).max()?;
    let needed = needed(cluster);
    let (mut shares, mut parted) = (String::new(), 0);
    for candidate in voters {
        let gave = |raft: &&&Raft| raft.term() == term && raft.vote() == Some(candidate);
        let votes = rafts.iter().filter(gave).count();
        if votes >= needed {
            return None;
        }
        if votes > 0 {
            shares.push_str(&format!("{candidate} has {votes}, "));
            parted += 1;
        }
    }
    (parted > 1).then(|| format!("the votes of term {term} are split: {shares}{needed} are needed"))
}

/// Very many messages get lost between those that run.
fn lossy(cluster: &Cluster) -> Option<String> {
    let running = running_voters(cluster);
    let runs = |id: NodeId| running.contains(&id);
    let (mut sum, mut count) = (0, 0);
    for link in cluster.links() {
        if link.is_open() && runs(link.from) && runs(link.to) {
            sum += link.loss_ppm;
            count += 1;
        }
    }
    let mean = sum.checked_div(count)?;
    (mean >= LOSS_MUCH_PPM).then(|| {
        format!("{} of the messages get lost", percentage_text(Ppm(mean / 10_000 * 10_000)))
    })
}

/// How long `node` waits at least until, with itself, a quorum has answered; none if none can, or if
/// it is alone.
fn round_trip(cluster: &Cluster, node: NodeId) -> Option<u64> {
    let there_and_back =
        |other: NodeId| cluster.link(node, other).latency.0 + cluster.link(other, node).latency.0;
    let mut trips: Vec<u64> = Vec::new();
    for other in reaches(cluster, node).into_iter().filter(|other| *other != node) {
        let trip = there_and_back(other);
        // Inserting keeps a sort out of the page.
        trips.insert(trips.partition_point(|known| *known < trip), trip);
    }
    trips.get(needed(cluster).checked_sub(2)?).copied()
}

/// How many voters are a quorum.
fn needed(cluster: &Cluster) -> usize {
    cluster.configuration().voters.len() / 2 + 1
}

fn raft(cluster: &Cluster, id: NodeId) -> Option<&Raft> {
    Some(cluster.node(id).member()?.raft())
}

/// A list, since there are many ways to go through it, each of which would be a copy of what makes it.
pub(crate) fn running_voters(cluster: &Cluster) -> Vec<NodeId> {
    let mut voters = Vec::new();
    for node in cluster.nodes() {
        if node.condition() == Condition::Running && cluster.configuration().is_voter(node.id()) {
            voters.push(node.id());
        }
    }
    voters
}

fn has_and_refuse(nodes: &[NodeId]) -> (&'static str, &'static str) {
    if nodes.len() == 1 { ("has", "refuses") } else { ("have", "refuse") }
}

fn span(micros: u64) -> String {
    duration_text(Micros(micros))
}
