//! Node names and the loopback addresses behind them.
//!
//! In a script and in its transcript nodes are `n1:2379` for clients and `n1:2380` for each other;
//! really they are ports of 127.0.0.1.

use std::net::TcpListener;

use sim::NODES_MAX;
use sim::member::raft_core::NodeId;

/// Ports of all nodes that there could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    /// For each node, the port for clients and the one for the other nodes.
    ports: Vec<(u16, u16)>,
}

/// What a port is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Client,
    Peer,
}

/// Below what systems give to outgoing connections, so that nobody takes a port while its node is
/// down; five digits, so that none is another's beginning.
const FIRST_PORT: u16 = 10_100;
const LAST_PORT: u16 = 32_000;

impl Addresses {
    /// Ports that are free now. `salt` is where the search begins, for runs side by side.
    pub(super) fn free(salt: u32) -> Option<Addresses> {
        let range = u32::from(LAST_PORT - FIRST_PORT);
        let start = u16::try_from(salt.wrapping_mul(14) % range).ok()?;
        let mut held = Vec::new();
        let candidates = (FIRST_PORT + start..LAST_PORT).chain(FIRST_PORT..FIRST_PORT + start);
        for port in candidates {
            if held.len() == 2 * usize::from(NODES_MAX) {
                break;
            }
            held.extend(TcpListener::bind(("127.0.0.1", port)).ok().map(|door| (door, port)));
        }
        let ports: Vec<u16> = held.iter().map(|(_, port)| *port).collect();
        let pairs = ports.chunks_exact(2);
        let ports: Vec<(u16, u16)> =
            pairs.filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
        (ports.len() == usize::from(NODES_MAX)).then_some(Addresses { ports })
    }

    fn port(&self, node: NodeId, door: Door) -> u16 {
        let pair = self.ports.get(usize::from(node.0).wrapping_sub(1)).copied().unwrap_or_default();
        if door == Door::Client { pair.0 } else { pair.1 }
    }

    /// The port for clients.
    pub(super) fn client_port(&self, node: NodeId) -> u16 {
        self.port(node, Door::Client)
    }

    /// How an endpoint is named to etcdctl.
    pub(super) fn endpoint(&self, node: NodeId) -> String {
        format!("127.0.0.1:{}", self.port(node, Door::Client))
    }

    /// Where clients find a node.
    pub(super) fn client_url(&self, node: NodeId) -> String {
        format!("http://{}", self.endpoint(node))
    }

    /// Where other nodes find a node.
    pub(super) fn peer_url(&self, node: NodeId) -> String {
        format!("http://127.0.0.1:{}", self.port(node, Door::Peer))
    }

    /// A list like `n1, http://n2:2379` with the addresses that are meant; what names no node stays.
    pub(super) fn to_real(&self, list: &str, nodes: u8) -> String {
        let items = list.split(',').map(|item| self.item_to_real(item, nodes));
        items.collect::<Vec<_>>().join(",")
    }

    fn item_to_real(&self, item: &str, nodes: u8) -> String {
        let trimmed = item.trim();
        let (scheme, host) = match trimmed.split_once("://") {
            Some((scheme, host)) => (format!("{scheme}://"), host),
            None => (String::new(), trimmed),
        };
        let (name, door) = match host.split_once(':') {
            Some((name, "2379")) => (name, Door::Client),
            Some((name, "2380")) => (name, Door::Peer),
            Some(_) => return item.to_owned(),
            None => (host, Door::Client),
        };
        match node(name, nodes) {
            Some(node) => format!("{scheme}127.0.0.1:{}", self.port(node, door)),
            None => item.to_owned(),
        }
    }

    /// The words of an etcdctl line, with the values of `--endpoints` and `--peer-urls` as they
    /// really are. Keys and values are never touched, whatever they look like.
    pub(super) fn words_to_real(&self, words: Vec<String>, nodes: u8) -> Vec<String> {
        let mut value_of: Option<String> = None;
        let mut is_over = false;
        let mut real = Vec::new();
        for word in words {
            is_over |= word == "--" && value_of.is_none();
            let flag = word.split_once('=').filter(|(flag, _)| !is_over && takes_addresses(flag));
            let next = !is_over && value_of.is_none() && takes_addresses(&word);
            // An address of a peer has a scheme; etcdctl tells those who forget it.
            let to_real = |flag: &str, list: &str| match flag {
                "--peer-urls" if !list.contains("://") => list.to_owned(),
                _ => self.to_real(list, nodes),
            };
            real.push(match (&value_of, flag) {
                (Some(flag), _) => to_real(flag, &word),
                (None, Some((flag, list))) => format!("{flag}={}", to_real(flag, list)),
                (None, None) => word.clone(),
            });
            value_of = next.then_some(word);
        }
        real
    }

    /// What a program wrote, with the nodes' names for their addresses.
    pub(super) fn to_lab(&self, text: &str) -> String {
        let mut named = text.to_owned();
        for (number, (client, peer)) in (1..).zip(&self.ports) {
            for (port, door) in [(client, 2379), (peer, 2380)] {
                named = named.replace(&format!("127.0.0.1:{port}"), &format!("n{number}:{door}"));
            }
        }
        named
    }
}

fn takes_addresses(flag: &str) -> bool {
    matches!(flag, "--endpoints" | "--peer-urls")
}

/// The node of this name, if there are so many.
pub(super) fn node(name: &str, nodes: u8) -> Option<NodeId> {
    let number = name.strip_prefix('n')?;
    let number = number.parse::<u8>().ok().filter(|_| !number.starts_with(['+', '0']))?;
    (1..=nodes).contains(&number).then_some(NodeId(number))
}

/// Standard error of etcdctl without the log lines that its client library writes into it.
pub(super) fn without_log_lines(text: &str) -> String {
    // One that ends the program says why, and stays.
    let is_log = |line: &str| {
        ["debug", "info", "warn"].iter().any(|level| {
            line.starts_with(&format!("{{\"level\":\"{level}\"")) && line.trim_end().ends_with('}')
        })
    };
    text.split_inclusive('\n').filter(|line| !is_log(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses { ports: (0..7).map(|node| (20_000 + 2 * node, 20_001 + 2 * node)).collect() }
    }

    /// Proves: endpoints in any form become addresses, and what names no node stays.
    #[test]
    fn endpoints_become_addresses() {
        let real = |list: &str| addresses().to_real(list, 3);
        assert_eq!(real("n1"), "127.0.0.1:20000");
        assert_eq!(real("n1,n2:2379"), "127.0.0.1:20000,127.0.0.1:20002");
        assert_eq!(real("n1, http://n3:2379"), "127.0.0.1:20000,http://127.0.0.1:20004");
        assert_eq!(real("http://n2:2380"), "http://127.0.0.1:20003");
        assert_eq!(real("n4,n0,n01,localhost:2379,n1:80,"), "n4,n0,n01,localhost:2379,n1:80,");
    }

    /// Proves: only the values of the two flags that take addresses are looked at.
    #[test]
    fn keys_and_values_stay() {
        let real = |line: &str| {
            let words = line.split(' ').map(str::to_owned).collect();
            addresses().words_to_real(words, 4).join(" ")
        };
        assert_eq!(
            real("--endpoints=n1 put n1 n2:2379"),
            "--endpoints=127.0.0.1:20000 put n1 n2:2379"
        );
        assert_eq!(real("--endpoints n2 get n2"), "--endpoints 127.0.0.1:20002 get n2");
        assert_eq!(real("member add n4 --peer-urls=n4:2380"), "member add n4 --peer-urls=n4:2380");
        assert_eq!(real("put -- --endpoints n2"), "put -- --endpoints n2");
        assert_eq!(
            real("member add n4 --peer-urls=http://n4:2380"),
            "member add n4 --peer-urls=http://127.0.0.1:20007"
        );
    }

    /// Proves: addresses in what etcdctl writes come back as names.
    #[test]
    fn addresses_become_names() {
        let lab = |text: &str| addresses().to_lab(text);
        assert_eq!(lab("127.0.0.1:20002 is healthy"), "n2:2379 is healthy");
        assert_eq!(lab("n1=http://127.0.0.1:20001,"), "n1=http://n1:2380,");
        assert_eq!(lab("127.0.0.1:9 20002"), "127.0.0.1:9 20002");
    }

    /// Proves: the ports of a run are all different and can be had.
    #[test]
    fn ports_are_free() {
        let Addresses { ports } = Addresses::free(std::process::id()).expect("there are some");
        let mut all: Vec<u16> = ports.iter().flat_map(|(client, peer)| [*client, *peer]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 14);
        assert!(all.iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()));
    }

    /// Proves: the client library's warnings go, and what etcdctl itself writes stays.
    #[test]
    fn log_lines_are_left_out() {
        let text =
            "{\"level\":\"warn\",\"ts\":\"2021\",\"msg\":\"retrying\"}\nError: {\"level\":1}\n";
        assert_eq!(without_log_lines(text), "Error: {\"level\":1}\n");
        let fatal = "{\"level\":\"fatal\",\"msg\":\"conflicting\"}\n";
        assert_eq!(without_log_lines(fatal), fatal);
    }
}
