//! What widgets and charts, a program of their own (`src/widgets/`), learn of the session and give to it.
//! They are told when there is something new, and ask.
//!
//! There are two questions. `cluster`: voters, quorum, how many voters of the largest group hear each other,
//! the leader's number or 0; then each node's number, `:up` or `:down`. `series`: see `Series::told`.

use std::fmt::Write as _;
use std::rc::Rc;

use js_sys::Function;
use lab::series::Series;
use lab::view::{Condition, Seat, StageView};
use yew::Callback;

use crate::desk::Desk;
use crate::platform::bridge;

/// What was learned before, so that only what is new is looked at.
pub(crate) struct Bridge {
    series: Series,
    /// Of what it was told last that it is new.
    told: Option<Rc<StageView>>,
}

impl Bridge {
    /// Offers it: `ask` gets questions and who hears the answer, `act` gets lines.
    pub(crate) fn open(ask: &Callback<(String, Function)>, act: &Callback<String>) -> Bridge {
        bridge::offer(ask.clone(), act.clone());
        Bridge { series: Series::new(), told: None }
    }

    /// Says that there is something new, if there is: as often as panels follow.
    pub(crate) fn tell(&mut self, desk: &Desk) {
        let stage = &desk.sheet.stage;
        if !self.told.as_ref().is_some_and(|told| Rc::ptr_eq(told, stage)) {
            self.told = Some(stage.clone());
            bridge::news();
        }
    }

    /// Answers a question.
    pub(crate) fn answer(&mut self, desk: &Desk, what: &str, tell: &Function) {
        let answer = if what == "series" {
            self.series.take(desk.session());
            self.series.told()
        } else {
            cluster(&desk.stage)
        };
        bridge::tell(tell, &answer);
    }
}

fn cluster(stage: &StageView) -> String {
    let votes = |id: u8| {
        let mut nodes = stage.nodes.iter();
        nodes.any(|node| {
            node.id == id && node.seat == Seat::Voter && node.condition == Condition::Running
        })
    };
    // Where all hear each other, there are no groups.
    let mut reachable = if stage.groups.is_empty() { stage.quorum.running as usize } else { 0 };
    for group in &stage.groups {
        reachable = reachable.max(group.iter().filter(|id| votes(**id)).count());
    }
    let quorum = stage.quorum;
    let leader = stage.leader.unwrap_or(0);
    let mut text = format!("{} {} {reachable} {leader}", quorum.voters, quorum.quorum);
    for node in &stage.nodes {
        let up = if node.condition == Condition::Running { "up" } else { "down" };
        let _ = write!(text, " {}:{up}", node.id);
    }
    text
}
