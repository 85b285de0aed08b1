//! The common mistakes, each made on purpose, with what etcd says of it, in the reader's own names and
//! addresses (`tests/deploy-mistakes.txt` is a recording of the real 3.5.1).

use super::{Unit, check};

/// A mistake that can be made in a plan of three members or more.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// What it is called in the recording.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Which member it is made with, counted from 0; it is the one that complains.
    pub member: usize,
    /// What the message means, and what to do.
    pub because: &'static str,
    /// What is changed in the flags of all members.
    make: fn(&mut [Unit]),
}

impl Mistake {
    /// Makes the mistake.
    pub fn make(&self, units: &mut [Unit]) {
        (self.make)(units);
    }

    /// What etcd says of these flags, in which the mistake was made. Where it names an id, `…` stands
    /// for that.
    pub fn says(&self, units: &[Unit]) -> String {
        let name = units.get(self.member).map(Unit::name);
        let mut found = check(units).into_iter().filter(|it| it.member.as_deref() == name);
        // Flags that were right once show nothing: only the others remember.
        let says = found.find_map(|it| it.etcd_says);
        says.unwrap_or_else(|| "member … has already been bootstrapped".to_owned())
    }
}

/// All of them.
pub const MISTAKES: [Mistake; 9] = [
    Mistake {
        id: "missing-self",
        title: "The member’s own entry is missing in its list",
        member: 2,
        because: "It stops at once. `--name` and the name in `--initial-cluster` must be the same, \
                  letter by letter.",
        make: |units| leave_out(units, 2, 2),
    },
    Mistake {
        id: "missing-peer",
        title: "Another member’s entry is missing in its list",
        member: 2,
        because: "It starts, and the others will not talk to it: the cluster’s id is made from the \
                  list, and its list is another one. The others may well go on without it, so that \
                  nobody notices.",
        make: |units| leave_out(units, 2, 1),
    },
    Mistake {
        id: "wrong-token",
        title: "Its token differs",
        member: 2,
        because: "The token goes into the cluster’s id, as the list does. Compare both flags with \
                  those of a member that works.",
        make: |units| set(units, 2, "initial-cluster-token", "other-cluster"),
    },
    Mistake {
        id: "existing-too-early",
        title: "State `existing` where there is no cluster yet",
        member: 0,
        because: "It asks the others who belongs to the cluster, and nobody answers. All members of a \
                  new cluster start as `new`.",
        make: |units| set(units, 0, "initial-cluster-state", "existing"),
    },
    Mistake {
        id: "new-again",
        title: "State `new` for a member that has lost its data",
        member: 2,
        because: "Its data are gone, and with them the votes it gave: it may not come back as if \
                  nothing had been. `etcdctl member remove`, `member add`, and then start it with \
                  state `existing` and an empty folder.",
        // Nothing is wrong with the flags: they were right once.
        make: |units| set(units, 2, "initial-cluster-state", "new"),
    },
    Mistake {
        id: "name-twice",
        title: "One name twice in the list",
        member: 0,
        because: "Two entries of one name are one member with two URLs. Give each machine a name of \
                  its own.",
        make: |units| {
            let second = units.get(1).map(|unit| unit.name().to_owned()).unwrap_or_default();
            let first = units.first().map(|unit| unit.name().to_owned()).unwrap_or_default();
            set(units, 1, "name", &first);
            in_all_lists(units, &format!("{second}="), &format!("{first}="));
        },
    },
    Mistake {
        id: "url-twice",
        title: "Two members with the same URL",
        member: 0,
        because: "Copied, and only the name was changed.",
        make: |units| {
            let url = |place: usize| {
                let unit = units.get(place)?;
                unit.get("initial-advertise-peer-urls").map(str::to_owned)
            };
            let (first, second) = (url(0).unwrap_or_default(), url(1).unwrap_or_default());
            set(units, 1, "initial-advertise-peer-urls", &first);
            in_all_lists(units, &second, &first);
        },
    },
    Mistake {
        id: "other-url",
        title: "Its entry in the list is not its advertised URL",
        member: 0,
        because: "A machine was moved, and one of the two places was forgotten.",
        make: |units| move_to(units, "initial-advertise-peer-urls", "10.0.0.9"),
    },
    Mistake {
        id: "listen-at-a-name",
        title: "A name in `--listen-peer-urls`",
        member: 0,
        because: "A process listens at addresses of its machine. Names are for the flags that say \
                  `advertise`.",
        make: |units| {
            let host = units.first().map(|unit| format!("{}.example", unit.name()));
            move_to(units, "listen-peer-urls", &host.unwrap_or_default());
        },
    },
];

fn set(units: &mut [Unit], place: usize, flag: &str, value: &str) {
    if let Some(unit) = units.get_mut(place) {
        unit.set(flag, value);
    }
}

/// The first member's URL of a flag, at another host.
fn move_to(units: &mut [Unit], flag: &str, host: &str) {
    let Some(unit) = units.first_mut() else { return };
    let url = unit.get(flag).unwrap_or_default();
    let Some((scheme, address)) = url.split_once("://") else { return };
    let Some((_, port)) = address.rsplit_once(':') else { return };
    let url = format!("{scheme}://{host}:{port}");
    unit.set(flag, &url);
}

/// One member's list without another's entry.
fn leave_out(units: &mut [Unit], place: usize, missing: usize) {
    let name = units.get(missing).map(|unit| unit.name().to_owned()).unwrap_or_default();
    let Some(unit) = units.get_mut(place) else { return };
    let mut list = unit.initial_cluster();
    list.retain(|(listed, _)| *listed != name);
    let list: Vec<String> = list.iter().map(|(name, url)| format!("{name}={url}")).collect();
    unit.set("initial-cluster", &list.join(","));
}

fn in_all_lists(units: &mut [Unit], from: &str, to: &str) {
    for unit in units {
        let list = unit.get("initial-cluster").unwrap_or_default().replace(from, to);
        unit.set("initial-cluster", &list);
    }
}
