//! Leases, watches and upkeep in a cluster: at which virtual time things happen, and what becomes of
//! them when servers die.

mod common;

use common::{agree, begin, call, cluster, elect, get, put, run_for, until, values};
use sim::member::kv_core::{EventKind, WatchRequest};
use sim::member::kv_core::{LeaseGrantRequest, LeaseId, PutRequest, RangeRequest, Revision};
use sim::member::raft_core::NodeId;
use sim::member::{
    LeaseRequest, LeaseResponse, MaintenanceRequest, MaintenanceResponse, MemberId, Micros,
    Request, Response, ServerError,
};
use sim::{Action, CallError, CallId, Cluster, FOREVER, HistoryRecord, Outcome, Setting, Settings};

const LEASE: LeaseId = LeaseId(7);

fn grant(ttl: i64) -> Request {
    Request::Lease(LeaseRequest::Grant(LeaseGrantRequest { id: LEASE, ttl }))
}

fn leased(key: &str) -> Request {
    Request::Put(PutRequest { lease: LEASE, ..PutRequest::new(key, "v") })
}

fn keep_alive() -> Request {
    Request::Lease(LeaseRequest::KeepAlive(LEASE))
}

fn upkeep(request: MaintenanceRequest) -> Request {
    Request::Maintenance(request)
}

/// A cluster of three that leads, with a lease of so many seconds and a key `k` on it.
fn with_lease(ttl: i64) -> Cluster {
    let mut cluster = cluster(3, 1);
    elect(&mut cluster);
    for request in [grant(ttl), leased("k")] {
        let outcome = call(&mut cluster, request, &[1, 2, 3]);
        assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    }
    cluster
}

fn is_there(cluster: &Cluster) -> bool {
    let of = |member: &sim::member::Member| member.store().range(&RangeRequest::key("k"));
    let members = cluster.nodes().filter_map(sim::Node::member);
    members.filter_map(|member| of(member).ok()).map(|found| found.count).max() == Some(1)
}

/// How long from now on the key is there, in milliseconds.
fn lives_millis(cluster: &mut Cluster) -> u64 {
    let from = cluster.now().0;
    assert!(until(cluster, Micros::from_secs(60), |cluster| !is_there(cluster)));
    (cluster.now().0 - from) / 1000
}

fn watch(cluster: &mut Cluster, start: i64, to: &[u8], needs_leader: bool) -> CallId {
    let RangeRequest { key, range_end, .. } = RangeRequest::all();
    let start_revision = Revision(start);
    let watch = WatchRequest { key, range_end, start_revision, ..WatchRequest::default() };
    begin(cluster, Request::Watch { watch, needs_leader }, to, FOREVER)
}

/// The keys that a watcher was told of, in order, with a `-` before those that were deleted.
fn told(cluster: &Cluster, watch: CallId) -> Vec<String> {
    let mut told = Vec::new();
    for record in cluster.history().iter() {
        let HistoryRecord::Told { call, response, .. } = record else { continue };
        for event in response.events.iter().filter(|_| *call == watch) {
            let key = String::from_utf8_lossy(event.kv.key.as_slice());
            let sign = if event.kind == EventKind::Delete { "-" } else { "" };
            told.push(format!("{sign}{key}"));
        }
    }
    told
}

/// Proves: a lease ends when its time is over, at a beat of the leader's look every 500 ms.
#[test]
fn a_lease_runs_out_in_time() {
    let mut cluster = with_lease(3);
    let lived = lives_millis(&mut cluster);
    assert!((2_900..3_700).contains(&lived), "{lived} ms");
    let left = call(&mut cluster, keep_alive(), &[1]);
    let Outcome::Ok { response: Response::Lease(LeaseResponse::KeptAlive { ttl, .. }), .. } = left
    else {
        panic!("{left:?}")
    };
    assert_eq!(ttl, 0, "there is no such lease any more");
}

/// Proves: each renewal gives it its whole time again, through whichever server.
#[test]
fn a_lease_is_kept_alive() {
    let mut cluster = with_lease(3);
    for server in [1, 2, 3, 1, 2, 3] {
        run_for(&mut cluster, Micros::from_secs(2));
        let outcome = call(&mut cluster, keep_alive(), &[server]);
        assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
        assert!(is_there(&cluster));
    }
    let lived = lives_millis(&mut cluster);
    assert!((2_900..3_700).contains(&lived), "{lived} ms");
}

/// Proves: a new leader gives a lease its whole time, and an election timeout more.
#[test]
fn a_new_leader_extends_leases() {
    let mut cluster = with_lease(5);
    run_for(&mut cluster, Micros::from_secs(4));
    let leader = cluster.leader().expect("leads");
    cluster.act(Action::Crash(leader)).expect("it runs");
    elect(&mut cluster);
    let lived = lives_millis(&mut cluster);
    assert!((5_900..6_800).contains(&lived), "{lived} ms");
}

/// Proves: a watcher whose server dies goes on at the next, and is told everything once.
#[test]
fn a_watcher_goes_on_elsewhere() {
    let mut cluster = with_lease(60);
    let watching = watch(&mut cluster, 1, &[1, 2, 3], false);
    call(&mut cluster, put("a", "1"), &[2, 3]);
    let server = cluster.live_call(watching).and_then(sim::LiveCall::node).expect("is served");
    cluster.act(Action::Crash(server)).expect("it runs");
    elect(&mut cluster);
    let others: Vec<u8> = (1..=3).filter(|node| *node != server.0).collect();
    call(&mut cluster, put("b", "1"), &others);
    run_for(&mut cluster, Micros::from_secs(1));
    assert_eq!(told(&cluster, watching), ["k", "a", "b"]);
    let next = cluster.live_call(watching).and_then(sim::LiveCall::node).expect("is served");
    assert_ne!(next, server);
}

/// Proves: a watch from a compacted revision ends, with the revision from which one can begin again.
#[test]
fn a_watch_from_the_compacted_past_ends() {
    let mut cluster = with_lease(60);
    call(&mut cluster, put("k", "2"), &[1]);
    call(&mut cluster, Request::Compact(Revision(3)), &[1]);
    let watching = watch(&mut cluster, 1, &[1], false);
    run_for(&mut cluster, Micros::from_secs(1));
    let Some(Outcome::Ok { response: Response::Watch(last), .. }) = cluster.outcome(watching)
    else {
        panic!("it goes on: {:?}", cluster.outcome(watching))
    };
    assert!(last.canceled && last.compact_revision == Revision(3), "{last:?}");
}

/// Proves: who needs a leader is sent away when there is none for three election timeouts; who does
/// not stays.
#[test]
fn a_watch_that_needs_a_leader_is_sent_away() {
    let mut cluster = with_lease(60);
    let leader = cluster.leader().expect("leads");
    let alone = NodeId(if leader.0 == 1 { 2 } else { 1 });
    let needs = watch(&mut cluster, 0, &[alone.0], true);
    let stays = watch(&mut cluster, 0, &[alone.0], false);
    run_for(&mut cluster, Micros::from_secs(1));
    cluster.act(Action::Isolate(alone)).expect("it runs");
    let from = cluster.now().0;
    assert!(until(&mut cluster, Micros::from_secs(20), |it| it.outcome(needs).is_some()));
    let after = (cluster.now().0 - from) / 1000;
    assert!((4_000..6_000).contains(&after), "1 to 2 s to notice, 3 s of patience: {after} ms");
    let outcome = cluster.outcome(needs);
    let Some(Outcome::Failed(CallError::Server(ServerError::NoLeader))) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(cluster.outcome(stays), None);
}

/// Proves: a full file raises an alarm, which refuses all that needs room on every server, until it is
/// disarmed; compaction and a new file make room.
#[test]
fn a_full_file_raises_an_alarm() {
    let mut cluster = Cluster::new(Settings { quota_bytes: 64 * 1024, ..Settings::default() });
    elect(&mut cluster);
    let full = |outcome: &Outcome| {
        let no_space = ServerError::Store(sim::member::kv_core::Error::NoSpace);
        *outcome == Outcome::Failed(CallError::Server(no_space))
    };
    let large = put("k", &"x".repeat(10_000));
    let refused = (0..10).any(|_| full(&call(&mut cluster, large.clone(), &[1])));
    assert!(refused, "ten times 10 kB are too much");
    assert!(full(&call(&mut cluster, put("small", "1"), &[2])), "on every server");
    let alarms = call(&mut cluster, upkeep(MaintenanceRequest::Alarms), &[3]);
    let Outcome::Ok { response: Response::Maintenance(response), revision, .. } = alarms else {
        panic!("{alarms:?}")
    };
    let MaintenanceResponse::Alarms { raised_by, .. } = response else { panic!("{response:?}") };
    assert_eq!(raised_by, [NodeId(1)]);
    call(&mut cluster, Request::Compact(revision), &[1]);
    for node in 1..=3 {
        call(&mut cluster, upkeep(MaintenanceRequest::Defragment), &[node]);
    }
    assert!(full(&call(&mut cluster, put("small", "1"), &[2])), "room alone does not help");
    call(&mut cluster, upkeep(MaintenanceRequest::Disarm(MemberId::of(NodeId(1)))), &[2]);
    let written = call(&mut cluster, put("small", "1"), &[2]);
    assert!(matches!(written, Outcome::Ok { .. }), "{written:?}");
    assert_eq!(values(&call(&mut cluster, get("small"), &[3])), ["1"]);
    cluster.act(Action::Set(Setting::Quota(1))).expect("a setting");
    assert!(full(&call(&mut cluster, put("small", "2"), &[2])), "a quota that is changed counts");
}

/// Proves: leadership is handed over by its leader, and by nobody else.
#[test]
fn leadership_is_handed_over() {
    let mut cluster = with_lease(60);
    let leader = cluster.leader().expect("leads");
    let heir = NodeId(1 + leader.0 % 3);
    let hand = upkeep(MaintenanceRequest::MoveLeader(MemberId::of(heir)));
    let refused = call(&mut cluster, hand.clone(), &[heir.0]);
    assert_eq!(refused, Outcome::Failed(CallError::Server(ServerError::NotLeader)));
    let outcome = call(&mut cluster, hand, &[leader.0]);
    assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    assert_eq!(cluster.leader(), Some(heir));
    run_for(&mut cluster, Micros::from_secs(1));
    assert!(agree(&cluster));
}
