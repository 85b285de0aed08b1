//! A lesson's goals, judged event by event.

use sim::{Cluster, Event};

use crate::lessons::{GoalData, GoalKind};
use crate::predicate::{self, Judge, Predicate};
use crate::script::ScriptError;

/// A goal whose predicate has been understood.
#[derive(Clone, Debug)]
pub(super) struct ParsedGoal {
    id: String,
    kind: GoalKind,
    predicate: Predicate,
}

/// Understands the predicates of goals.
///
/// # Errors
/// The first that is not understood; the line is the goal's place in the list, from 1.
pub(super) fn parse(goals: &[GoalData]) -> Result<Vec<ParsedGoal>, ScriptError> {
    let mut parsed = Vec::new();
    for (place, goal) in (1..).zip(goals) {
        let predicate = predicate::parse(&goal.predicate)
            .map_err(|error| ScriptError { line: place, ..error })?;
        parsed.push(ParsedGoal { id: goal.id.clone(), kind: goal.kind, predicate });
    }
    Ok(parsed)
}

/// How one goal stands in this run.
#[derive(Clone, Debug)]
pub(super) struct GoalState {
    pub(super) id: String,
    kind: GoalKind,
    judge: Judge,
    /// For goals to be reached: when that was. For goals to be kept: when it was broken.
    turned: Option<u64>,
}

impl GoalState {
    /// Judged from the present state on.
    pub(super) fn begin(goal: &ParsedGoal, cluster: &Cluster) -> GoalState {
        let judge = Judge::new(&goal.predicate);
        let mut state = GoalState { id: goal.id.clone(), kind: goal.kind, judge, turned: None };
        state.judge_now(cluster);
        state
    }

    pub(super) fn observe(&mut self, cluster: &Cluster, event: &Event) {
        self.judge.observe(cluster, event);
        self.judge_now(cluster);
    }

    fn judge_now(&mut self, cluster: &Cluster) {
        if self.turned.is_some() {
            return;
        }
        let turns = match self.kind {
            GoalKind::Reach => self.judge.holds(cluster),
            GoalKind::Keep => !self.judge.holds(cluster),
        };
        if turns {
            self.turned = Some(cluster.seq().0);
        }
    }

    /// When a goal to be reached was reached.
    pub(super) fn reached(&self) -> Option<u64> {
        match self.kind {
            GoalKind::Reach => self.turned,
            GoalKind::Keep => None,
        }
    }

    /// Whether it is a goal to be kept that holds still.
    pub(super) fn is_kept(&self) -> bool {
        self.kind == GoalKind::Keep && self.turned.is_none()
    }
}
