//! What half of the seeds draw besides: transactions, leases, compaction, watchers that come and go,
//! and looks at servers.

use sim::Cluster;
use sim::member::raft_core::NodeId;

use super::mix::Dice;

/// Which of all random numbers are this part's own: a new draw here shifts nothing elsewhere.
const STREAM: u64 = 0x7769_6465;

/// A seed's clients that ask for more than keys.
pub(super) struct Wide {
    dice: Dice,
    leases: u32,
}

impl Wide {
    /// Those of a seed, if it has any.
    pub(super) fn of(seed: u64) -> Option<Wide> {
        let mut dice = Dice::new(seed ^ STREAM);
        dice.one_in(2).then_some(Wide { dice, leases: 0 })
    }

    /// A line, now and then. `puts` counts the values, none of which is written twice.
    pub(super) fn line(
        &mut self,
        node: NodeId,
        puts: &mut u64,
        cluster: &Cluster,
    ) -> Option<String> {
        if self.dice.one_in(2) {
            return None;
        }
        let key = self.dice.pick(&["x", "x", "y", "z"]);
        let members = cluster.nodes().filter_map(sim::Node::member);
        let newest = members.map(|member| member.store().revision().0).max().unwrap_or(1);
        let back = i64::try_from(self.dice.up_to(20)).unwrap_or(0);
        let old = (newest - back).max(1);
        let what = match self.dice.below(24) {
            0..=5 => self.txn(key, old, puts),
            6..=7 => {
                self.leases += 1;
                format!("lease grant {}", self.dice.pick(&[1, 3, 5, 20]))
            }
            8..=9 => {
                *puts += 1;
                format!("put {key} {puts} --lease={}", self.lease())
            }
            10 => format!("lease revoke {}", self.lease()),
            // These wait for their server for as long as that takes, as etcd's do.
            11..=12 => return Some(self.waits("keep-alive --once", node)),
            13 => return Some(self.waits("timetolive --keys", node)),
            14 if self.dice.one_in(3) => {
                return Some(format!("client k etcdctl --endpoints={node} lease list &"));
            }
            14 => self.dice.pick(&["endpoint hashkv", "alarm list"]).to_owned(),
            15 => format!("compaction {old}"),
            16 => "del x zz --prev-kv".to_owned(),
            17 => format!("get \"\" --prefix --rev={old}"),
            18 => return Some(format!("client w kill %{}", 1 + self.dice.below(6))),
            _ => return Some(self.watch(key, old, node)),
        };
        let client = self.dice.pick(&["e", "f"]);
        let patience = self.dice.pick(&["", "--command-timeout=2s "]);
        Some(format!("client {client} etcdctl --endpoints={node} {patience}{what}"))
    }

    fn lease(&mut self) -> String {
        let back = self.dice.below(self.leases.clamp(1, 3));
        format!("$lease{}", self.leases.max(1) - back)
    }

    fn waits(&mut self, what: &str, node: NodeId) -> String {
        format!("client k etcdctl --endpoints={node} lease {what} {} &", self.lease())
    }

    fn watch(&mut self, key: &str, old: i64, node: NodeId) -> String {
        let keys = if self.dice.one_in(2) { "\"\" --prefix" } else { key };
        let start = match self.dice.below(3) {
            0 => String::new(),
            1 => " --rev=1".to_owned(),
            _ => format!(" --rev={old}"),
        };
        let before = self.dice.pick(&["", " --prev-kv"]);
        // One that may go on elsewhere.
        let more = if self.dice.one_in(2) { ",n1,n2,n3" } else { "" };
        format!("client w etcdctl --endpoints={node}{more} watch {keys}{start}{before} &")
    }

    fn txn(&mut self, key: &str, old: i64, puts: &mut u64) -> String {
        let other = self.dice.pick(&["x", "y", "z"]);
        let compare = match self.dice.below(4) {
            0 => format!("ver(\"{key}\") = \"0\""),
            1 => format!("ver(\"{key}\") > \"0\""),
            2 => format!("mod(\"{key}\") < \"{old}\""),
            _ => format!("val(\"{key}\") = \"{}\"", *puts),
        };
        *puts += 2;
        let (one, two) = (*puts - 1, *puts);
        let second = match other == key {
            true => "get \"\" --prefix".to_owned(),
            false => format!("put {other} {two}"),
        };
        let failure = self.dice.pick(&["get \"\" --prefix", "del x zz", "del y --prev-kv"]);
        format!(
            "txn <<'EOF'\n{compare}\n\nget {key}\nput {key} {one}\n{second}\n\n{failure}\nget x\n\nEOF"
        )
    }
}
