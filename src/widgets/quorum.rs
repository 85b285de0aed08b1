//! The table of quorums, and the cluster beside the prose in it: configured, not reachable.

use std::rc::Rc;

use crate::dom::{El, button, came_from, el};
use crate::live;

/// What is told of the live cluster: `src/bridge.rs` writes it.
struct Cluster {
    voters: usize,
    quorum: usize,
    leader: Option<u8>,
    /// Every node: its number, and whether it runs.
    nodes: Vec<(u8, bool)>,
    /// How many of the voters hear each other, in the largest group.
    reachable: usize,
}

impl Cluster {
    /// Reads `voters quorum reachable leader` and for each node `number:up` or `number:down`.
    fn parse(text: &str) -> Option<Cluster> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse::<usize>().ok();
        let (voters, quorum, reachable, leader) = (number()?, number()?, number()?, number()?);
        let node = |word: &str| {
            let (id, state) = word.split_once(':')?;
            Some((id.parse().ok()?, state == "up"))
        };
        let leader = u8::try_from(leader).ok().filter(|leader| *leader > 0);
        Some(Cluster { voters, quorum, leader, nodes: words.filter_map(node).collect(), reachable })
    }
}

/// The widget's parts.
struct Panel {
    rows: Vec<El>,
    nodes: El,
    status: El,
}

/// Makes the widget.
pub(crate) fn make() -> Option<El> {
    let head = el("tr");
    for name in ["Instances", "Quorum", "May fail", "Reachable here"] {
        head.push(&el("th|scope=col").text(name));
    }
    let (body, mut rows) = (el("tbody"), Vec::new());
    for nodes in 1..=7_u8 {
        let quorum = nodes / 2 + 1;
        let begin = el("button|type=button|class=button")
            .set("data-line", &format!("nodes {nodes}"))
            .set("aria-label", &format!("Begin a cluster of {nodes}"))
            .text(&nodes.to_string());
        let row = el("tr").all([
            &el("th|scope=row").add(&begin),
            &el("td").text(&quorum.to_string()),
            &el("td").text(&(nodes - quorum).to_string()),
            &el("td|class=widget-reach").text(""),
        ]);
        body.push(&row);
        rows.push(row);
    }
    let table = el("table|class=widget-quorum").add(&el("thead").add(&head)).add(&body);
    let panel = Rc::new(Panel {
        rows,
        nodes: el("div|class=widget-nodes|role=group|aria-label=Crash and restart nodes"),
        status: el("p|class=widget-status|role=status").text("The cluster is starting."),
    });
    let hint =
        el("p|class=hint").text("Choose a size: that begins a new cluster beside this text.");
    let whole = el("div").all([
        &hint,
        &el("div|class=table|tabindex=0|role=region|aria-label=Quorums").add(&table),
        &panel.nodes,
        &panel.status,
    ]);
    let whole = whole.on("click", |event| {
        if let Some(line) = came_from(event, "data-line") {
            live::act(&line);
            if line.starts_with("nodes ") {
                live::act("until leader");
            }
        }
    });
    live::follow(&whole, "cluster", move |text| {
        if let Some(cluster) = Cluster::parse(text) {
            panel.show(&cluster);
        }
    });
    Some(whole)
}

impl Panel {
    fn show(&self, cluster: &Cluster) {
        let reached = cluster.reachable;
        let works = reached >= cluster.quorum;
        for (at, row) in self.rows.iter().enumerate() {
            let is_here = at + 1 == cluster.voters;
            row.flag("data-here", is_here);
            let cell = row.raw().and_then(|row| row.last_element_child());
            if let Some(cell) = cell {
                let text = if is_here { format!("{reached} of {}", at + 1) } else { String::new() };
                cell.set_text_content(Some(&text));
            }
        }
        self.show_nodes(cluster);
        let verdict = match (works, cluster.leader) {
            (true, Some(leader)) => format!("n{leader} leads, and writes are done"),
            (true, None) => "enough for a leader: one will be elected".to_owned(),
            (false, _) => "too few: no write is done".to_owned(),
        };
        self.status.say(&format!(
            "{} configured, {reached} reachable, {} needed: {verdict}.",
            cluster.voters, cluster.quorum
        ));
        self.status.put("data-level", if works { "good" } else { "bad" });
    }

    /// A button a node. They are made anew only if there are others now: who is at one stays there.
    fn show_nodes(&self, cluster: &Cluster) {
        let Some(host) = self.nodes.raw() else { return };
        let count = host.child_element_count() as usize;
        if count != cluster.nodes.len() {
            self.nodes.only(cluster.nodes.iter().map(|_| button("")));
        }
        let mut next = host.first_element_child();
        for (id, up) in &cluster.nodes {
            let Some(element) = next else { return };
            let verb = if *up { "crash" } else { "restart" };
            let text = if *up { format!("Crash n{id}") } else { format!("Restart n{id}") };
            let _ = element.set_attribute("data-line", &format!("{verb} n{id}"));
            let _ = element.toggle_attribute_with_force("data-down", !up);
            if element.text_content().as_deref() != Some(&text) {
                element.set_text_content(Some(&text));
            }
            next = element.next_element_sibling();
        }
    }
}
