//! What is wrong with a plan, or with the flags of its members seen side by side; and what etcd 3.5.1
//! says of it, which is held against recordings of the real one (`tests/deploy_on_etcd/`).

use std::net::IpAddr;

use super::{Plan, State, Unit};
use crate::view::Level;

/// Something that is wrong, or not wise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `Bad`: it will not work. `Warning`: it will, and one will be sorry.
    pub level: Level,
    /// The member whose flags should be changed; none if it is about all of them.
    pub member: Option<String>,
    /// What is wrong and what to do. Backticks hold code.
    pub text: String,
    /// What etcd says, if it says something.
    pub etcd_says: Option<String>,
}

/// Members of different ids: the same is said of a list that differs and of a token that does.
const MISMATCH: &str = "request sent was ignored due to cluster ID mismatch";
/// Nobody of the list answers, though the cluster is said to exist.
const NOBODY_THERE: &str = "cannot fetch cluster info from peer urls: could not retrieve cluster \
                            information from the given URLs";

fn bad(member: &str, text: String, etcd_says: Option<String>) -> Finding {
    Finding { level: Level::Bad, member: Some(member.to_owned()), text, etcd_says }
}

fn of_all(level: Level, text: &str) -> Finding {
    Finding { level, member: None, text: text.to_owned(), etcd_says: None }
}

/// What of a plan cannot be written into files.
pub(super) fn plan(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    for machine in &plan.machines {
        let name = &machine.name;
        if !is_word(name, "-_.") {
            let text = format!("the name `{name}`: letters, digits, `-`, `_` and `.` are safe");
            found.push(bad(name, text, None));
        }
        if machine.host.parse::<IpAddr>().is_err() && !is_word(&machine.host, "-.") {
            let text = format!("`{}` is neither an IP nor the name of a machine", machine.host);
            found.push(bad(name, text, None));
        }
    }
    if !is_word(&plan.token, "-_.") {
        found.push(of_all(Level::Bad, "the token: one word of letters, digits, `-`, `_` and `.`"));
    }
    if !is_word(&plan.version, ".-") || !plan.version.starts_with(|c: char| c.is_ascii_digit()) {
        found.push(of_all(Level::Bad, "the version: numbers and points, as in `3.5.1`"));
    }
    let tls = plan.tls.iter().flat_map(|tls| {
        [&tls.ca, &tls.cert, &tls.key, &tls.peer_ca, &tls.peer_cert, &tls.peer_key]
    });
    for path in [&plan.data_dir, &plan.program].into_iter().chain(tls) {
        if !path.starts_with('/') || !is_word(path, "/-_.") {
            let text = format!("the path `{path}`: from `/` on, without blanks and quotes");
            found.push(of_all(Level::Bad, &text));
        }
    }
    if plan.tls.is_none() {
        found.push(of_all(
            Level::Warning,
            "Without certificates, everybody who reaches a port may read and change everything. Good \
             for trying; for nothing else.",
        ));
    }
    found
}

/// Letters, digits and the others named: nothing that a shell, systemd or YAML would take for more.
fn is_word(text: &str, others: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !text.is_empty() && text.chars().all(is_good)
}

/// What is wrong with the flags of members that are to make a cluster together.
pub fn check(units: &[Unit]) -> Vec<Finding> {
    let mut found = Vec::new();
    size(units.len(), &mut found);
    for (place, unit) in units.iter().enumerate() {
        twins(units.get(..place).unwrap_or_default(), unit, &mut found);
        alone(unit, &mut found);
    }
    if let Some(usual) = usual(units) {
        for unit in units {
            beside(unit, usual, units, &mut found);
        }
    }
    states(units, &mut found);
    found
}

fn size(members: usize, found: &mut Vec<Finding>) {
    let text = match members {
        0 => return found.push(of_all(Level::Bad, "There is no member.")),
        1 => "One member tolerates nothing: while it is down there is no cluster.",
        2 => {
            "Two members tolerate nothing: both are the quorum. Two can fail in twice as many ways \
              as one."
        }
        3 | 5 | 7 => return,
        8.. => "More than seven members make every write wait for more disks, and are no safer.",
        _ => {
            "An even number tolerates no more failures than one member less, and one more member can \
              fail. Three, five or seven."
        }
    };
    found.push(of_all(Level::Warning, text));
}

/// The same name or the same place as one before.
fn twins(before: &[Unit], unit: &Unit, found: &mut Vec<Finding>) {
    let name = unit.name();
    if before.iter().any(|other| other.name() == name) {
        found.push(bad(name, format!("Two members are called `{name}`."), None));
    }
    let own = unit.list("initial-advertise-peer-urls");
    let shares = |other: &&Unit| {
        other.list("initial-advertise-peer-urls").iter().any(|url| own.contains(url))
    };
    if let Some(other) = before.iter().find(shares) {
        let text = format!("It has the same peer URL as `{}`: {}.", other.name(), own.join(", "));
        found.push(bad(name, text, None));
    }
}

/// What etcd itself sees before it talks to anybody, in the order in which it looks: it stops at the
/// first.
fn alone(unit: &Unit, found: &mut Vec<Finding>) {
    let first = binding(unit)
        .or_else(|| unlisted(unit))
        .or_else(|| elsewhere(unit))
        .or_else(|| url_twice(unit));
    found.extend(first);
}

fn binding(unit: &Unit) -> Option<Finding> {
    let mut urls = unit.list("listen-peer-urls");
    urls.extend(unit.list("listen-client-urls"));
    let is_name = |url: &&str| {
        let host = host_of(url);
        host != "localhost" && host.parse::<IpAddr>().is_err()
    };
    let url = urls.into_iter().find(is_name)?;
    let says = format!("expected IP in URL for binding ({url})");
    let text = format!("It cannot listen at `{url}`: a name is not an address of this machine.");
    Some(bad(unit.name(), text, Some(says)))
}

/// `10.0.0.1` of `http://10.0.0.1:2380`.
fn host_of(url: &str) -> &str {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_matches(['[', ']'])
}

fn unlisted(unit: &Unit) -> Option<Finding> {
    let name = unit.name();
    if unit.initial_cluster().iter().any(|(listed, _)| *listed == name) {
        return None;
    }
    let says = format!("couldn't find local name \"{name}\" in the initial cluster configuration");
    let text = format!("Its own name, `{name}`, is not in its `--initial-cluster`.");
    Some(bad(name, text, Some(says)))
}

/// What the list says of this member is not what it says of itself. (Of one that joins, etcd does not
/// look.)
fn elsewhere(unit: &Unit) -> Option<Finding> {
    if unit.get("initial-cluster-state") == Some(State::Existing.name()) {
        return None;
    }
    let name = unit.name();
    let list = unit.initial_cluster();
    let mut listed: Vec<&str> =
        list.iter().filter(|(other, _)| *other == name).map(|(_, url)| *url).collect();
    let mut own = unit.list("initial-advertise-peer-urls");
    listed.sort_unstable();
    own.sort_unstable();
    if listed == own {
        return None;
    }
    let differ = if listed.len() == own.len() {
        let (one, two) = own.iter().zip(&listed).find(|(one, two)| one != two)?;
        format!("{} != {}", resolved(one), resolved(two))
    } else {
        format!("len({}) != len({})", quoted(&own), quoted(&listed))
    };
    let absent = |from: &[&str], urls: &[&str]| {
        let absent = urls.iter().filter(|url| !from.contains(url));
        absent.map(|url| format!("{name}={url}")).collect::<Vec<_>>().join(",")
    };
    let missing = absent(&own, &listed);
    let says = if missing.is_empty() {
        let extra = absent(&listed, &own);
        format!(
            "--initial-advertise-peer-urls has {extra} but missing from --initial-cluster={}",
            sorted(&list)
        )
    } else {
        let own = own.join(",");
        format!(
            "--initial-cluster has {missing} but missing from --initial-advertise-peer-urls={own} \
             ({differ})"
        )
    };
    let text = if listed.len() > own.len() {
        format!("The name `{name}` stands more than once in its `--initial-cluster`.")
    } else {
        "Its entry in `--initial-cluster` is not its `--initial-advertise-peer-urls`.".to_owned()
    };
    Some(bad(name, text, Some(says)))
}

/// A URL after etcd has looked its host up: only there is known what a name leads to.
fn resolved(url: &str) -> String {
    let host = host_of(url);
    let is_known = host == "localhost" || host.parse::<IpAddr>().is_ok();
    let leads_to = if is_known { url } else { "…" };
    format!("\"{leads_to}\"(resolved from \"{url}\")")
}

/// `["a" "b"]`, as Go prints a list of strings.
fn quoted(urls: &[&str]) -> String {
    let quoted: Vec<String> = urls.iter().map(|url| format!("\"{url}\"")).collect();
    format!("[{}]", quoted.join(" "))
}

/// A list in the order in which etcd prints it.
fn sorted(list: &[(&str, &str)]) -> String {
    let mut entries: Vec<String> = list.iter().map(|(name, url)| format!("{name}={url}")).collect();
    entries.sort_unstable();
    entries.join(",")
}

fn url_twice(unit: &Unit) -> Option<Finding> {
    let list = unit.initial_cluster();
    let again = |(place, (_, url)): (usize, &(&str, &str))| {
        list.iter().take(place).any(|(_, other)| other == url).then(|| (*url).to_owned())
    };
    let url = list.iter().enumerate().find_map(again)?;
    let says = format!("initial cluster {} has duplicate url", sorted(&list));
    let text = format!("Two members of its `--initial-cluster` have the URL `{url}`.");
    Some(bad(unit.name(), text, Some(says)))
}

/// The list and the token that most members have; of several that are as common, the first.
fn usual(units: &[Unit]) -> Option<&Unit> {
    let alike = |unit: &Unit| units.iter().filter(|other| id(other) == id(unit)).count();
    units.iter().rev().max_by_key(|unit| alike(unit))
}

/// What the cluster's id is made from.
fn id(unit: &Unit) -> (String, &str) {
    (sorted(&unit.initial_cluster()), unit.get("initial-cluster-token").unwrap_or("etcd-cluster"))
}

/// What only shows beside the other members.
fn beside(unit: &Unit, usual: &Unit, units: &[Unit], found: &mut Vec<Finding>) {
    let name = unit.name();
    let says = || Some(MISMATCH.to_owned());
    let (list, token) = id(unit);
    let (usual_list, usual_token) = id(usual);
    if token != usual_token {
        let text = format!("Its token is `{token}`, that of the others `{usual_token}`.");
        found.push(bad(name, text, says()));
    }
    let listed = unit.initial_cluster();
    let is_missing = |other: &&Unit| !listed.iter().any(|(listed, _)| *listed == other.name());
    let missing: Vec<String> = units
        .iter()
        .filter(|other| other.name() != name)
        .filter(is_missing)
        .map(|other| format!("`{}`", other.name()))
        .collect();
    if !missing.is_empty() {
        let text = format!("{} is missing in its `--initial-cluster`.", missing.join(", "));
        found.push(bad(name, text, says()));
    } else if list != usual_list {
        let text = "Its `--initial-cluster` is not that of the others.".to_owned();
        found.push(bad(name, text, says()));
    }
}

fn states(units: &[Unit], found: &mut Vec<Finding>) {
    let joins = |unit: &&Unit| unit.get("initial-cluster-state") == Some(State::Existing.name());
    let joining = units.iter().filter(joins).count();
    // One that joins all the others is as it should be.
    if joining == 0 || (joining == 1 && units.len() == 1) {
        return;
    }
    for unit in units.iter().filter(joins) {
        let text = "Its state is `existing`: it looks for a cluster that runs, to which it was added \
                    by `etcdctl member add`. Members that start for the first time together are \
                    `new`, all of them.";
        found.push(bad(unit.name(), text.to_owned(), Some(NOBODY_THERE.to_owned())));
    }
}
