//! Who belongs to the cluster, and what a group of them could do if it were alone: for the tool that
//! divides them.

use crate::view::{Condition, Seat, StageView};

/// The members, and who of them votes, runs and leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// All members, in the order of their names.
    pub ids: Vec<u8>,
    voters: Vec<u8>,
    running: Vec<u8>,
    leader: Option<u8>,
}

/// What a group could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Voters in the group that run.
    pub voters: u8,
    /// Voters of the cluster.
    pub of: u8,
    /// Whether those are a quorum, which can elect a leader and commit.
    pub quorum: bool,
}

/// A division to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// What it does, where it is not a matter of groups.
    pub says: &'static str,
    /// The groups, where it is.
    pub groups: Vec<Vec<u8>>,
    /// The lines that make it.
    pub lines: String,
}

impl Roster {
    /// Who belongs to the cluster now.
    pub fn of(stage: &StageView) -> Roster {
        let ids = |fits: &dyn Fn(Seat, Condition) -> bool| {
            let nodes = stage.nodes.iter().filter(|node| fits(node.seat, node.condition));
            nodes.map(|node| node.id).collect()
        };
        Roster {
            ids: ids(&|seat, _| seat != Seat::None),
            voters: ids(&|seat, _| seat == Seat::Voter),
            running: ids(&|_, condition| condition == Condition::Running),
            leader: stage.leader,
        }
    }

    /// What a group could do if it were alone.
    pub fn outlook(&self, group: &[u8]) -> Outlook {
        let count = |voters: usize| u8::try_from(voters).unwrap_or(u8::MAX);
        let here = |id: &&u8| group.contains(*id) && self.running.contains(*id);
        let voters = count(self.voters.iter().filter(here).count());
        let of = count(self.voters.len());
        Outlook { voters, of, quorum: voters > of / 2 }
    }

    /// Divisions worth trying.
    pub fn presets(&self) -> Vec<Preset> {
        let ids = &self.ids;
        let halves: Vec<Vec<u8>> =
            ids.chunks(ids.len().div_ceil(2).max(1)).map(Vec::from).collect();
        // The smaller half comes first: the leader of a fresh cluster often has a low number.
        let mut presets = vec![
            grouped("Halves", halves.into_iter().rev().collect()),
            grouped("Each alone", ids.iter().map(|id| vec![*id]).collect()),
        ];
        if let Some(leader) = self.leader {
            let others: Vec<u8> = ids.iter().copied().filter(|id| *id != leader).collect();
            let one_way = |name, says, line: &dyn Fn(u8) -> String| Preset {
                name,
                says,
                groups: Vec::new(),
                lines: others.iter().map(|id| line(*id)).collect::<Vec<_>>().join("\n"),
            };
            presets.extend([
                grouped("Leader alone", vec![vec![leader], others.clone()]),
                one_way("Leader unheard", "Nobody hears the leader; it hears everybody.", &|id| {
                    format!("cut n{leader} -> n{id}")
                }),
                one_way("Leader deaf", "The leader hears nobody; everybody hears it.", &|id| {
                    format!("cut n{id} -> n{leader}")
                }),
            ]);
        }
        presets.extend(bridge(ids));
        presets.retain(|preset| !preset.lines.is_empty());
        presets
    }
}

/// The line that cuts groups from each other; empty with fewer than two.
pub fn partition_line(groups: &[Vec<u8>]) -> String {
    let names = |group: &Vec<u8>| {
        let names: Vec<String> = group.iter().map(|id| format!("n{id}")).collect();
        names.join(" ")
    };
    let named: Vec<String> = groups.iter().filter(|group| !group.is_empty()).map(names).collect();
    if named.len() < 2 { String::new() } else { format!("partition {}", named.join(" | ")) }
}

fn grouped(name: &'static str, groups: Vec<Vec<u8>>) -> Preset {
    let lines = partition_line(&groups);
    Preset { name, says: "", groups, lines }
}

/// The member in the middle hears both sides, which do not hear each other.
fn bridge(ids: &[u8]) -> Option<Preset> {
    let (before, rest) = ids.split_at_checked(ids.len().checked_sub(1)? / 2)?;
    let (_, after) = rest.split_first()?;
    let pairs = before.iter().flat_map(|one| after.iter().map(move |other| (one, other)));
    let cuts: Vec<String> = pairs.map(|(one, other)| format!("cut n{one} n{other}")).collect();
    Some(Preset {
        name: "One in between",
        says: "Two sides do not hear each other; one node hears both.",
        groups: Vec::new(),
        lines: cuts.join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Opening, Session};

    fn roster(nodes: u8, script: &str) -> Roster {
        let setup = script.to_owned();
        let session = Session::new(Opening { nodes, seed: 1, setup, ..Opening::default() })
            .expect("a good script");
        Roster::of(&session.stage())
    }

    /// Proves: a quorum is counted over configured voters; learners, and nodes that are down or were
    /// removed, add nothing.
    #[test]
    fn a_group_counts_its_running_voters() {
        let five = roster(5, "");
        assert_eq!(five.outlook(&[1, 2]), Outlook { voters: 2, of: 5, quorum: false });
        assert_eq!(five.outlook(&[3, 4, 5]), Outlook { voters: 3, of: 5, quorum: true });
        assert!(!roster(5, "crash n3").outlook(&[3, 4, 5]).quorum);
        assert!(!roster(4, "").outlook(&[1, 2]).quorum);
        let led = "until leader\nadvance 1s\n";
        let learner = format!(
            "{led}etcdctl member add n4 --peer-urls=http://n4:2380 --learner\nstart n4\nadvance 1s"
        );
        let learner = roster(3, &learner);
        assert_eq!(learner.ids, [1, 2, 3, 4]);
        assert_eq!(learner.outlook(&[3, 4]), Outlook { voters: 1, of: 3, quorum: false });
        let removed = roster(3, &format!("{led}etcdctl member remove $n3\nadvance 1s"));
        assert_eq!(removed.ids, [1, 2]);
    }

    /// Proves: each preset is lines that the language understands, and does what its name says.
    #[test]
    fn presets_do_what_they_say() {
        let led = "until leader\ntransfer n2\nuntil leader is n2";
        let find = |nodes: u8, name: &str| {
            let presets = roster(nodes, led).presets();
            presets.into_iter().find(|preset| preset.name == name).map(|preset| preset.lines)
        };
        assert_eq!(find(5, "Halves").as_deref(), Some("partition n4 n5 | n1 n2 n3"));
        assert_eq!(find(5, "Leader alone").as_deref(), Some("partition n2 | n1 n3 n4 n5"));
        assert_eq!(find(3, "One in between").as_deref(), Some("cut n1 n3"));
        assert_eq!(find(3, "Leader unheard").as_deref(), Some("cut n2 -> n1\ncut n2 -> n3"));
        for nodes in 1..=7 {
            for preset in roster(nodes, led.split('\n').next().unwrap_or_default()).presets() {
                assert!(crate::script::parse_script(&preset.lines).is_ok(), "{preset:?}");
            }
        }
        assert_eq!(roster(1, "until leader").presets(), []);
    }
}
