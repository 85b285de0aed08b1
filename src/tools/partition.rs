//! The partition tool: every node is put into a group, then the groups are cut from each other.

use yew::prelude::*;

use crate::icon::{self, icon};
use crate::platform::dom;

/// As many groups as can be chosen.
const GROUPS: [&str; 3] = ["A", "B", "C"];

/// The line that makes these groups, a place in [`GROUPS`] for each node; none with fewer than two.
fn line(groups: &[usize]) -> Option<String> {
    let members = |group: usize| {
        let names: Vec<String> = groups
            .iter()
            .enumerate()
            .filter(|(_, of)| **of == group)
            .map(|(place, _)| format!("n{}", place + 1))
            .collect();
        names.join(" ")
    };
    let named: Vec<String> =
        (0..GROUPS.len()).map(members).filter(|names| !names.is_empty()).collect();
    (named.len() > 1).then(|| format!("partition {}", named.join(" | ")))
}

/// A first proposal: a minority on one side.
fn minority(nodes: u8) -> Vec<usize> {
    let small = usize::from(nodes.saturating_sub(1)) / 2;
    (0..usize::from(nodes)).map(|place| usize::from(place >= small.max(1))).collect()
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) nodes: u8,
    pub(crate) on_line: Callback<String>,
}

/// A button, and the groups it opens.
#[component(Partition)]
pub(crate) fn partition(props: &Props) -> Html {
    let Props { nodes, on_line } = props;
    let open = use_state(|| false);
    let groups = use_state(|| minority(*nodes));
    let panel = use_node_ref();
    {
        let panel = panel.clone();
        use_effect_with(*open, move |open| {
            if *open {
                dom::focus_first(&panel);
            }
        });
    }
    let close = {
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
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                close.emit(());
            }
        })
    };
    let line = line(&groups);
    let apply = {
        let (line, on_line, close) = (line.clone(), on_line.clone(), close.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(line) = &line {
                on_line.emit(line.clone());
                close.emit(());
            }
        })
    };
    html! {
        <div class="partition">
            <button id="partition-tool" type="button" class="button" aria-expanded={open.to_string()} aria-haspopup="dialog"
                disabled={*nodes < 2} onclick={toggle}>{ icon(icon::SPLIT) }{ "Partition…" }</button>
            if *open {
                <div class="partition-panel" role="dialog" aria-label="Partition into groups" ref={panel} {onkeydown}>
                    <p>{ "Nodes hear only their own group." }</p>
                    { for (0..usize::from(*nodes)).map(|place| row(place, &groups)) }
                    <code class="partition-line">{ line.clone().unwrap_or_else(|| "Choose two groups or more.".to_owned()) }</code>
                    <div class="partition-foot">
                        <button type="button" class="button" data-kind="first" disabled={line.is_none()} onclick={apply}>{ "Partition" }</button>
                        <button type="button" class="button" onclick={close.reform(|_: MouseEvent| ())}>{ "Cancel" }</button>
                    </div>
                </div>
            }
        </div>
    }
}

fn row(place: usize, groups: &UseStateHandle<Vec<usize>>) -> Html {
    let name = format!("n{}", place + 1);
    let chosen = groups.get(place).copied().unwrap_or(0);
    let choose = |group: usize| {
        let groups = groups.clone();
        Callback::from(move |_: Event| {
            let mut next = (*groups).clone();
            if let Some(slot) = next.get_mut(place) {
                *slot = group;
            }
            groups.set(next);
        })
    };
    html! {
        <fieldset key={place} class="partition-row">
            <legend>{ &name }</legend>
            { for GROUPS.iter().enumerate().map(|(group, letter)| html! {
                <label key={group} data-group={*letter}>
                    <input type="radio" name={format!("group-{name}")} checked={group == chosen} onchange={choose(group)} />
                    <span>{ *letter }</span>
                </label>
            }) }
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_a_line() {
        assert_eq!(line(&[0, 0, 1, 1, 1]).as_deref(), Some("partition n1 n2 | n3 n4 n5"));
        assert_eq!(line(&[2, 0, 1]).as_deref(), Some("partition n2 | n3 | n1"));
        assert_eq!(line(&[1, 1]), None);
    }

    #[test]
    fn the_first_proposal_cuts_a_minority_off() {
        assert_eq!(minority(5), [0, 0, 1, 1, 1]);
        assert_eq!(minority(2), [0, 1]);
        assert_eq!(minority(4), [0, 1, 1, 1]);
    }
}
