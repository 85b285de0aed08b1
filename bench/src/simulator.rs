//! How many events a second the simulator makes, with trace and all checkers, and a session on top
//! of it: `Session::advance` is what the page calls in each frame.

use lab::session::Progress;
use lab::sim::member::Micros;

use crate::Host;
use crate::load::{self, Writer};

/// Events of one measurement.
const EVENTS: u64 = 200_000;

/// 3, 5 and 7 nodes, idle and with clients.
pub(crate) fn measure(host: &dyn Host) {
    for nodes in [3, 5, 7] {
        let cluster = format!("simulator/{nodes}");
        host.say(&format!("{cluster}/cluster/idle"), cluster_speed(host, nodes, None));
        let writer = Writer::new(Micros::from_millis(10));
        host.say(&format!("{cluster}/cluster/busy"), cluster_speed(host, nodes, Some(writer)));
        host.say(&format!("{cluster}/session/idle"), session_speed(host, nodes, None));
        host.say(&format!("{cluster}/session/busy"), session_speed(host, nodes, Some(100_000)));
    }
}

/// Events a second of `Cluster::step`.
fn cluster_speed(host: &dyn Host, nodes: u8, mut writer: Option<Writer>) -> f64 {
    let mut cluster = load::cluster(nodes);
    let mut sent = 0;
    let start = host.seconds();
    for _ in 0..EVENTS {
        if let Some(writer) = &mut writer {
            writer.act(&mut cluster);
        }
        // Somebody has to look at the event, else the compiler need not make all of it.
        sent += cluster.step().map_or(0, |event| event.sent.len());
    }
    let seconds = host.seconds() - start;
    assert!(sent > 0 && cluster.violation().is_none(), "it was a good run");
    EVENTS as f64 / seconds
}

/// Events a second of `Session::advance`, with a line every so many microseconds of virtual time.
fn session_speed(host: &dyn Host, nodes: u8, line_every: Option<u64>) -> f64 {
    let mut session = load::session(nodes);
    let first = session.seq();
    let mut lines = 0;
    let start = host.seconds();
    while session.seq() < first + EVENTS {
        let until = line_every.map_or(u64::MAX, |every| session.now_micros() + every);
        while session.seq() < first + EVENTS {
            match session.advance(until, 2_000) {
                Progress::Pending => {}
                Progress::Reached => break,
                Progress::Stopped => panic!("a violation: {:?}", session.cluster().violation()),
            }
        }
        if line_every.is_some() {
            lines += 1;
            let line = format!("etcdctl put key-{} {lines} &", lines % 100);
            session.act(&line).expect("a good line");
        }
    }
    let events = session.seq() - first;
    events as f64 / (host.seconds() - start)
}
