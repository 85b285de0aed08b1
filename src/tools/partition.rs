//! The partition tool: every node is put into a group, by picking or by dragging across the table, or a
//! division is taken as it is; then the groups are cut from each other.

use lab::roster::{Outlook, Preset, Roster, partition_line};
use yew::prelude::*;

use crate::el::{button, el, list, telling};
use crate::icon::{self, icon};
use crate::part::part_of_many;
use crate::platform::dom;
use crate::state::{use_effect_with, use_node_ref, use_state};
use crate::words;

/// As many groups as can be chosen.
const GROUPS: [&str; 7] = ["A", "B", "C", "D", "E", "F", "G"];

/// What is about to be done.
#[derive(Clone, Debug, PartialEq)]
struct Plan {
    /// The group of each member, as a place in [`GROUPS`].
    groups: Vec<usize>,
    /// A division that is not one into groups: what it does, and its lines.
    lines: Option<(&'static str, String)>,
}

impl Plan {
    /// A first proposal: a minority on one side.
    fn minority(roster: &Roster) -> Plan {
        let count = roster.ids.len();
        let small = (count.saturating_sub(1) / 2).max(1);
        Plan { groups: (0..count).map(|place| usize::from(place >= small)).collect(), lines: None }
    }

    fn of(preset: &Preset, roster: &Roster) -> Plan {
        let group_of = |id: &u8| preset.groups.iter().position(|group| group.contains(id));
        let groups = roster.ids.iter().map(|id| group_of(id).unwrap_or(0)).collect();
        Plan {
            groups,
            lines: preset.groups.is_empty().then(|| (preset.says, preset.lines.clone())),
        }
    }

    /// The members by group.
    fn members(&self, roster: &Roster) -> Vec<Vec<u8>> {
        let of = |group: usize| {
            let placed = roster.ids.iter().zip(&self.groups);
            placed.filter(|(_, place)| **place == group).map(|(id, _)| *id).collect()
        };
        (0..GROUPS.len()).map(of).collect()
    }

    /// Another with the member at `row` in `group`.
    fn with(&self, row: usize, group: usize) -> Plan {
        let mut groups = self.groups.clone();
        if let Some(slot) = groups.get_mut(row) {
            *slot = group;
        }
        Plan { groups, lines: None }
    }

    fn lines(&self, roster: &Roster) -> String {
        match &self.lines {
            Some((_, lines)) => lines.clone(),
            None => partition_line(&self.members(roster)),
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) roster: Roster,
    pub(crate) on_line: Callback<String>,
}

/// A button, and the groups it opens.
#[component(Partition)]
pub(crate) fn partition(props: &Props) -> Html {
    let Props { roster, on_line } = props;
    let open = use_state(|| false);
    let panel = use_node_ref();
    {
        let panel = panel.clone();
        use_effect_with(*open, move |open| {
            if *open {
                dom::focus_first(&panel);
            }
        });
    }
    let on_close = {
        let open = open.clone();
        Callback::from(move |()| {
            open.set(false);
            dom::focus("partition-tool");
        })
    };
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let onkeydown = {
        let on_close = on_close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                on_close.emit(());
            }
        })
    };
    let tool = el("div|class=partition").with(
        button(toggle)
            .word("id", "partition-tool")
            .aria("aria-expanded", *open)
            .word("aria-haspopup", "dialog")
            .flag("disabled", roster.ids.len() < 2)
            .add(icon(icon::SPLIT))
            .say("Partition…"),
    );
    // The button keeps its place, and with it the focus, whether the dialog is there or not.
    let dialog = open.then(|| {
        let (key, roster, on_line) = (roster.ids.len(), roster.clone(), on_line.clone());
        let groups = part_of_many::<Groups>(key, GroupsProps { roster, on_line, on_close });
        let dialog = "div|class=partition-panel|role=dialog|aria-label=Partition into groups";
        el(dialog).host(&panel).keydown(onkeydown).add(groups)
    });
    tool.maybe(dialog).html()
}

#[derive(Properties, PartialEq)]
struct GroupsProps {
    roster: Roster,
    on_line: Callback<String>,
    on_close: Callback<()>,
}

/// The table of groups, what each can do, and what is to be done about it.
#[component(Groups)]
fn groups(props: &GroupsProps) -> Html {
    let GroupsProps { roster, on_line, on_close } = props;
    let plan = use_state(|| Plan::minority(roster));
    let columns = roster.ids.len();
    // With a button held down, whatever cell the pointer comes to is chosen.
    let onpointermove = {
        let plan = plan.clone();
        Callback::from(move |event: PointerEvent| {
            let cell = (event.buttons() & 1 == 1).then(|| dom::data_under(&event, "data-cell"));
            let Some((row, group)) = cell.flatten().as_deref().and_then(cell_of) else { return };
            if plan.groups.get(row).is_some_and(|now| *now != group) {
                plan.set(plan.with(row, group));
            }
        })
    };
    let choose = |row: usize, group: usize| {
        let plan = plan.clone();
        Callback::from(move |_: Event| plan.set(plan.with(row, group)))
    };
    let lines = plan.lines(roster);
    let apply = {
        let (lines, on_line, on_close) = (lines.clone(), on_line.clone(), on_close.clone());
        Callback::from(move |_: MouseEvent| {
            on_close.emit(());
            on_line.emit(lines.clone());
        })
    };
    let mut rows = el("div|class=partition-rows").pointermove(onpointermove);
    for (place, id) in roster.ids.iter().enumerate() {
        let name = words::node(*id);
        let chosen = plan.groups.get(place).copied();
        let mut row = el("fieldset|class=partition-row")
            .key(name.clone())
            .with(el("legend").text(name.clone()));
        for (group, letter) in GROUPS.iter().take(columns).enumerate() {
            let radio = el("input|type=radio")
                .set("name", format!("group-{name}"))
                .checked(chosen == Some(group))
                .change(choose(place, group));
            row = row.with(
                el("label")
                    .set("data-cell", format!("{place} {group}"))
                    .with(radio)
                    .with(el("span").say(letter)),
            );
        }
        rows = rows.with(row);
    }
    let mut presets =
        el("div|class=partition-presets|role=group|aria-label=Divisions to start from");
    for preset in &roster.presets() {
        let (plan, next) = (plan.clone(), Plan::of(preset, roster));
        let onclick = Callback::from(move |_: MouseEvent| plan.set(next.clone()));
        presets = presets.with(button(onclick).key(preset.name.to_owned()).say(preset.name));
    }
    let foot = el("div|class=partition-foot")
        .with(
            button(apply)
                .word("data-kind", "first")
                .flag("disabled", lines.is_empty())
                .say("Partition"),
        )
        .with(button(telling(on_close, ())).say("Cancel"));
    let told = if lines.is_empty() { "Choose two groups or more.".to_owned() } else { lines };
    list(vec![
        rows.html(),
        outlooks(&plan, roster),
        presets.html(),
        el("code|class=partition-line").text(told).html(),
        foot.html(),
    ])
}

/// What each group could do.
fn outlooks(plan: &Plan, roster: &Roster) -> Html {
    if let Some((says, _)) = plan.lines {
        return el("p|class=outlooks|role=status").say(says).html();
    }
    let mut outlooks = el("ul|class=outlooks");
    for (group, letter) in plan.members(roster).iter().zip(GROUPS) {
        if group.is_empty() {
            continue;
        }
        let Outlook { voters, of, quorum } = roster.outlook(group);
        let says = if quorum { "quorum" } else { "no quorum" };
        outlooks = outlooks.with(
            el("li")
                .key(letter.to_owned())
                .aria("data-quorum", quorum)
                .add(icon(if quorum { icon::GOOD } else { icon::BAD }))
                .text(format!("{letter}: {voters} of {of}: {says}")),
        );
    }
    el("div|role=status").with(outlooks).html()
}

/// The place of a cell in the table, from what it is marked with.
fn cell_of(text: &str) -> Option<(usize, usize)> {
    let (row, group) = text.split_once(' ')?;
    Some((row.parse().ok()?, group.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(count: u8) -> Roster {
        Roster { ids: (1..=count).collect(), ..Roster::default() }
    }

    #[test]
    fn groups_become_a_line() {
        let line = |groups: &[usize]| {
            let plan = Plan { groups: groups.to_vec(), lines: None };
            plan.lines(&roster(groups.len() as u8))
        };
        assert_eq!(line(&[0, 0, 1, 1, 1]), "partition n1 n2 | n3 n4 n5");
        assert_eq!(line(&[2, 0, 1]), "partition n2 | n3 | n1");
        assert_eq!(line(&[1, 1]), "");
    }

    #[test]
    fn the_first_proposal_cuts_a_minority_off() {
        let first = |count: u8| Plan::minority(&roster(count)).groups;
        assert_eq!(first(5), [0, 0, 1, 1, 1]);
        assert_eq!(first(2), [0, 1]);
        assert_eq!(first(4), [0, 1, 1, 1]);
    }
}
