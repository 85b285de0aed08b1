//! What each flag of a member means.

/// A flag of etcd, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name, without the hyphens: also the anchor of its paragraph in the lesson, where a heading
    /// `--name` has it.
    pub name: &'static str,
    /// What it is for, in a sentence or three. Backticks hold code.
    pub text: &'static str,
}

/// Every flag that a generated unit may have, in its order.
const FLAGS: [Flag; 17] = [
    Flag {
        name: "name",
        text: "What this member is called. It has to be the name that it has in \
               `--initial-cluster`, and no other member may have it.",
    },
    Flag {
        name: "data-dir",
        text: "The folder for the log and the store. It belongs to one member alone and has to \
               outlive the process. Once there are data in it, the `--initial-…` flags are not looked \
               at any more.",
    },
    Flag {
        name: "listen-peer-urls",
        text: "Where this process listens for the other members. An IP of this machine, or `0.0.0.0` \
               for all of them; a name is refused.",
    },
    Flag {
        name: "listen-client-urls",
        text: "Where this process listens for clients. `127.0.0.1` beside the machine's own address \
               lets `etcdctl` on the machine itself in without further words.",
    },
    Flag {
        name: "initial-advertise-peer-urls",
        text: "What the other members are told: here you reach me. It may be a name. It has to be \
               equal to this member's entry in `--initial-cluster`.",
    },
    Flag {
        name: "advertise-client-urls",
        text: "What clients are told: here you reach me. `etcdctl member list` shows it, and clients \
               that look for members by themselves go there; so it must be reachable from where they \
               are, never `0.0.0.0` or `localhost`.",
    },
    Flag {
        name: "initial-cluster",
        text: "All members at the start, as `name=peer URL`. Every member has to be given the same \
               list: the cluster's id is made from it, and members of different ids do not talk.",
    },
    Flag {
        name: "initial-cluster-token",
        text: "A word that goes into the cluster's id and into those of its members. Two clusters with \
               words of their own cannot be mixed up, even at the same addresses.",
    },
    Flag {
        name: "initial-cluster-state",
        text: "`new`: we all start for the first time and make a cluster. `existing`: I was added by \
               `etcdctl member add` to a cluster that runs, and join it.",
    },
    Flag {
        name: "cert-file",
        text: "The certificate that this member shows to clients. The addresses and names under which \
               they reach it have to stand in it.",
    },
    Flag {
        name: "key-file",
        text: "The private key of `--cert-file`. Only etcd’s user may read it.",
    },
    Flag {
        name: "trusted-ca-file",
        text: "Who must have signed a client’s certificate for it to be let in.",
    },
    Flag {
        name: "client-cert-auth",
        text: "Clients have to show a certificate. Without this, https hides what is said, and lets \
               everybody in.",
    },
    Flag {
        name: "peer-cert-file",
        text: "The certificate for talk between members. Each is server and client there, so it has \
               to be good for both.",
    },
    Flag {
        name: "peer-key-file",
        text: "The private key of `--peer-cert-file`. Only etcd’s user may read it.",
    },
    Flag {
        name: "peer-trusted-ca-file",
        text: "Who must have signed another member’s certificate. An authority of its own for members \
               keeps clients from posing as one.",
    },
    Flag {
        name: "peer-client-cert-auth",
        text: "Members have to show a certificate to each other. Without this, whoever reaches the port \
               may take part.",
    },
];

/// What a flag means; none if the generator does not use it.
pub fn explain(name: &str) -> Option<Flag> {
    FLAGS.into_iter().find(|flag| flag.name == name)
}

/// All flags and what they mean, for a table.
pub fn flag_rows() -> Vec<[String; 2]> {
    FLAGS.iter().map(|flag| [format!("--{}", flag.name), flag.text.to_owned()]).collect()
}
