use super::*;
use crate::session::{Opening, Progress};

fn session(nodes: u8, setup: &str) -> Session {
    let setup = setup.to_owned();
    Session::new(Opening { nodes, setup, ..Opening::default() }).expect("a good script")
}

fn play(session: &mut Session, lines: &str) {
    session.apply(lines).expect("good lines");
    while session.advance_while_busy(1_000) == Progress::Pending {}
}

fn taken(session: &Session) -> Series {
    let mut series = Series::new();
    series.take(session);
    series
}

#[track_caller]
fn assert_same(one: &Series, two: &Series) {
    assert_eq!(one.writes(), two.writes());
    assert_eq!(one.reigns(), two.reigns());
    assert_eq!((one.now(), one.under_way()), (two.now(), two.under_way()));
    assert_eq!(one.nodes(), two.nodes());
}

/// Proves: each write is there once, with the time its client waited and how it ended; reads are not.
#[test]
fn writes_and_how_they_ended() {
    let mut session = session(3, "until leader\netcdctl put a 1\netcdctl get a\n");
    play(
        &mut session,
        "isolate leader\nclient b etcdctl --endpoints=n1,n2,n3 put b 1 --command-timeout=1s",
    );
    play(
        &mut session,
        "heal\nuntil leader\ncrash follower\ncrash follower\netcdctl del a --command-timeout=2s",
    );
    let series = taken(&session);
    let ends: Vec<Ended> = series.writes().iter().map(|write| write.ended).collect();
    assert_eq!(ends.len(), 3, "{:?}", series.writes());
    assert_eq!((ends[0], ends[2]), (Ended::Acknowledged, Ended::Unknown));
    // A client's way there and back, a follower's, and two disks.
    let first = series.writes()[0];
    assert!((20_000..80_000).contains(&first.took), "{first:?}");
    assert_eq!(series.writes()[2].took, 2_000_000);
    let intervals = series.intervals(20);
    assert!(intervals.len() <= 20 && intervals.len() > 4, "{}", intervals.len());
    let sum = |of: fn(&Interval) -> u32| intervals.iter().map(of).sum::<u32>();
    let sums = [sum(|it| it.acknowledged), sum(|it| it.failed), sum(|it| it.unknown)];
    let count = |ended| ends.iter().filter(|end| **end == ended).count() as u32;
    assert_eq!(sums, [Ended::Acknowledged, Ended::Failed, Ended::Unknown].map(count));
    assert_eq!(series.write_rows(2).len(), 2);
    assert_eq!(series.write_rows(1)[0][1..], ["unknown".to_owned(), "2 s".to_owned()]);
    assert_eq!(series.interval_rows(20).len(), intervals.len());
}

/// Proves: terms have their leaders from when to when: until a crash, until it steps down, and beside
/// the next where it was cut off and did not know.
#[test]
fn who_led_when() {
    let mut session = session(5, "until leader\n");
    play(
        &mut session,
        "crash leader\nuntil leader\nrestart\nisolate leader\nuntil leader\nadvance 5s",
    );
    let series = taken(&session);
    let [first, second, third] = series.reigns() else { panic!("{:?}", series.reigns()) };
    assert!(first.term < second.term && second.term < third.term);
    assert!(first.to.unwrap() < second.from, "nobody leads after a crash until the next does");
    assert!(second.to.unwrap() > second.from && second.to.unwrap() < session.now_micros());
    assert_eq!(third.to, None);
    let rows = series.reign_rows();
    assert_eq!((rows.len(), rows[2][3].as_str()), (3, "now"));
    assert_eq!(rows[2][1], session.cluster().leader().unwrap().to_string());
}

/// Proves: what is taken bit by bit, after every event and over time travel, is what is taken at once.
#[test]
fn bit_by_bit_is_as_at_once() {
    let mut session = session(3, "until leader\n");
    let mut series = Series::new();
    let mut changes = 0;
    session.apply("etcdctl put a 1\ncrash leader\nuntil leader\netcdctl put a 2").unwrap();
    while session.busy() {
        session.step();
        changes += u32::from(series.take(&session));
        assert_same(&series, &taken(&session));
    }
    assert!(changes > 5 && u64::from(changes) < session.seq() / 4, "{changes}");
    assert!(!series.take(&session), "nothing is new");
    assert_eq!(series.writes().len(), 2);
    let end = session.seq();
    for event in [end / 2, 0, end, end / 3] {
        session.seek(event);
        series.take(&session);
        assert_same(&series, &taken(&session));
    }
    // Another future of the same length, more or less; then the first again, and undone.
    play(&mut session, "etcdctl put a 3\nadvance 20s");
    series.take(&session);
    assert_same(&series, &taken(&session));
    session.return_to_other();
    series.take(&session);
    assert_same(&series, &taken(&session));
    while session.undo() {
        series.take(&session);
        assert_same(&series, &taken(&session));
    }
    session.reset();
    play(&mut session, "advance 60s\netcdctl put a 4");
    series.take(&session);
    assert_same(&series, &taken(&session));
    assert_eq!(series.nodes(), 3);
    play(&mut session, "nodes 5\nuntil leader\nadvance 100s");
    series.take(&session);
    assert_same(&series, &taken(&session));
    assert_eq!(series.nodes(), 5);
    play(&mut session, "etcdctl member add n6 --peer-urls=http://n6:2380");
    series.take(&session);
    assert_eq!(series.nodes(), 6, "one that was never started has its place too");
}
