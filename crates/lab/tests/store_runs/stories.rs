//! Short runs of exact steps, for what chance would take too long to bring about.

use sim::member::kv_core::{
    LeaseGrantRequest, LeaseId, PutRequest, RangeRequest, Revision, WatchRequest,
};
use sim::member::{Consistency, LeaseRequest, LeaseResponse, Micros, Request, Response};
use sim::{Action, CallId, Cluster, Outcome, Settings};

use crate::drawn::{call, judge, run_for};

fn three(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(Settings { seed, ..Settings::default() });
    run_for(&mut cluster, Micros::from_secs(2));
    cluster
}

/// What a call came to, which it must within 5 s.
fn ask(cluster: &mut Cluster, to: &[u8], request: Request) -> Option<Response> {
    let id: CallId = call(cluster, "a", to, request);
    while cluster.live_call(id).is_some() && cluster.step().is_some() {}
    match cluster.outcome(id) {
        Some(Outcome::Ok { response, .. }) => Some(response.clone()),
        _ => None,
    }
}

fn put(key: &str, lease: i64) -> Request {
    Request::Put(PutRequest { lease: LeaseId(lease), ..PutRequest::new(key, "v") })
}

fn is_there(cluster: &mut Cluster, key: &str) -> bool {
    let range = RangeRequest::key(key);
    let get = Request::Range { range, consistency: Consistency::Linearizable };
    match ask(cluster, &[1, 2, 3], get) {
        Some(Response::Range(found)) => found.count == 1,
        _ => false,
    }
}

fn granted(cluster: &mut Cluster, ttl: i64) -> bool {
    let grant = LeaseRequest::Grant(LeaseGrantRequest { id: LeaseId(7), ttl });
    ask(cluster, &[1, 2, 3], Request::Lease(grant)).is_some()
        && ask(cluster, &[1, 2, 3], put("leased", 7)).is_some()
}

/// A lease that is kept alive through each server in turn lives on; then it runs out.
pub(crate) fn kept_alive(seed: u64) -> Result<(), String> {
    let mut cluster = three(seed);
    if !granted(&mut cluster, 3) {
        return Err("no lease".to_owned());
    }
    for second in 0..12 {
        let keep = Request::Lease(LeaseRequest::KeepAlive(LeaseId(7)));
        let kept = ask(&mut cluster, &[1 + second % 3], keep);
        match kept {
            Some(Response::Lease(LeaseResponse::KeptAlive { ttl: 3, .. })) => {}
            other => return Err(format!("second {second}: {other:?}")),
        }
        run_for(&mut cluster, Micros::from_secs(1));
    }
    if !is_there(&mut cluster, "leased") {
        return Err("its key is gone, although it was kept alive".to_owned());
    }
    run_for(&mut cluster, Micros::from_secs(5));
    if is_there(&mut cluster, "leased") {
        return Err("its key is there, although it has run out".to_owned());
    }
    judge(&cluster)
}

/// A leader dies shortly before a lease runs out; the next one gives it its whole time again.
pub(crate) fn inherited(seed: u64) -> Result<(), String> {
    let mut cluster = three(seed);
    if !granted(&mut cluster, 6) {
        return Err("no lease".to_owned());
    }
    run_for(&mut cluster, Micros::from_secs(3));
    let leader = cluster.leader().ok_or("no leader")?;
    cluster.act(Action::Crash(leader)).map_err(|error| error.to_string())?;
    run_for(&mut cluster, Micros::from_secs(6));
    let early = is_there(&mut cluster, "leased");
    cluster.act(Action::Restart(leader)).map_err(|error| error.to_string())?;
    run_for(&mut cluster, Micros::from_secs(8));
    if !early {
        return Err("the new leader did not give the lease its time".to_owned());
    }
    if is_there(&mut cluster, "leased") {
        return Err("its key is there, although it has run out".to_owned());
    }
    judge(&cluster)
}

/// After ten minutes of silence a watcher is told how far it is; then something happens.
pub(crate) fn silence(seed: u64) -> Result<(), String> {
    let mut cluster = three(seed);
    let RangeRequest { key, range_end, .. } = RangeRequest::all();
    let start_revision = Revision(1);
    let watch = WatchRequest {
        key,
        range_end,
        start_revision,
        progress_notify: true,
        ..Default::default()
    };
    call(&mut cluster, "w", &[1], Request::Watch { watch, needs_leader: false });
    ask(&mut cluster, &[1], put("a", 0)).ok_or("no answer")?;
    run_for(&mut cluster, Micros::from_secs(602));
    let told = cluster.live_calls().filter_map(|call| call.told.as_ref()).next();
    if !told.is_some_and(|told| told.events.is_empty() && !told.created) {
        return Err("no progress was told".to_owned());
    }
    ask(&mut cluster, &[1], put("a", 0)).ok_or("no answer")?;
    run_for(&mut cluster, Micros::from_secs(1));
    judge(&cluster)
}
