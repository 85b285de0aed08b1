//! The panels: one at a time behind tabs; on a wide screen the terminal stands beside them, and a
//! bar between both says how much room each has.

mod charts;
mod clients;
mod dial;
mod event_list;
mod events;
mod grid;
mod key_table;
mod keys;
mod log_table;
mod logs;
mod look;
mod messages;
mod node;
mod settings;
pub(crate) mod splitter;
mod terminal;
mod typing;

use yew::prelude::*;

use self::charts::Charts;
use self::clients::Clients;
use self::events::Events;
use self::keys::Keys;
use self::logs::Logs;
pub(crate) use self::look::Look;
use self::node::NodePanel;
use self::settings::Settings;
use self::splitter::{Split, Splitter};
use self::terminal::Terminal;
use crate::desk::Sheet;
use crate::el::{El, el};
use crate::part::part;
use crate::platform::dom;
use crate::state::{UseStateHandle, use_effect_with};
use crate::tools::{self, Tool, Tools};
use crate::words;

/// What a learner asks of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// Give the session a line.
    Line(String),
    /// Give it what was typed: in its turn, behind what runs.
    Typed(String),
    /// Ctrl-C.
    Interrupt,
    /// Read from the session what only one panel shows.
    Look(Look),
    /// Go to an event.
    Seek(u64),
    /// Show this panel, or none.
    Show(Option<Tab>),
    /// Look at this node from inside.
    Inspect(u8),
    /// Undo, redo, reset.
    Tool(Tool),
    /// Tell what may follow these words.
    Complete(String, Callback<Vec<String>>),
}

/// A panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tab {
    /// The tools, where the screen has no room for them elsewhere.
    Tools,
    Terminal,
    Keys,
    Logs,
    Events,
    Picture,
    Clients,
    /// The session over time.
    Charts,
    /// One node from inside.
    Node,
    Settings,
}

impl Tab {
    /// Its name in links, lessons and the page's HTML.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Tab::Tools => "tools",
            Tab::Terminal => "terminal",
            Tab::Keys => "keys",
            Tab::Logs => "logs",
            Tab::Events => "events",
            Tab::Picture => "messages",
            Tab::Clients => "clients",
            Tab::Charts => "charts",
            Tab::Node => "node",
            Tab::Settings => "settings",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Tab::Tools => "Tools",
            Tab::Terminal => "Terminal",
            Tab::Keys => "Keys",
            Tab::Logs => "Logs",
            Tab::Events => "Events",
            Tab::Picture => "Messages",
            Tab::Clients => "Clients",
            Tab::Charts => "Charts",
            Tab::Node => "Node",
            Tab::Settings => "Settings",
        }
    }

    /// The `id` of its tab.
    #[inline(never)]
    fn tab_id(self) -> String {
        format!("tab-{}", self.id())
    }

    /// The `id` of its panel.
    #[inline(never)]
    fn panel_id(self) -> String {
        format!("panel-{}", self.id())
    }

    /// The panel that a lesson names.
    pub(crate) fn named(name: &str) -> Option<Tab> {
        Tab::all(false).iter().copied().find(|tab| tab.id() == name)
    }

    /// Those behind tabs.
    fn all(wide: bool) -> &'static [Tab] {
        const ALL: [Tab; 10] = [
            Tab::Tools,
            Tab::Terminal,
            Tab::Keys,
            Tab::Logs,
            Tab::Events,
            Tab::Picture,
            Tab::Clients,
            Tab::Charts,
            Tab::Node,
            Tab::Settings,
        ];
        let (_, wide_tabs) = ALL.split_at(2);
        if wide { wide_tabs } else { &ALL }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) sheet: Sheet,
    pub(crate) layout: Shown,
    pub(crate) tools: tools::Look,
    pub(crate) on_ask: Callback<Ask>,
}

/// How the panels are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Whether the terminal stands beside the tabs.
    pub(crate) wide: bool,
    /// Which panel is open.
    pub(crate) open: Option<Tab>,
    /// Whether a command of the terminal runs.
    pub(crate) busy: bool,
    /// Whether it reads what is typed.
    pub(crate) reads: bool,
    /// Which node is looked at from inside.
    pub(crate) inspected: u8,
}

/// The panels.
#[component(Panels)]
pub(crate) fn panels(props: &Props) -> Html {
    let Props { sheet, layout, tools, on_ask } = props;
    let tabs = Tab::all(layout.wide);
    let open = layout.open.filter(|tab| tabs.contains(tab));
    let open = open.or_else(|| layout.wide.then(|| tabs.first().copied()).flatten());
    let on_line = on_ask.reform(Ask::Line);
    let terminal = || {
        part::<Terminal>(terminal::Props {
            entries: sheet.terminal.clone(),
            waiting: sheet.waiting.clone(),
            busy: layout.busy,
            reads: layout.reads,
            on_ask: on_ask.clone(),
        })
    };
    let body = |tab: Tab| match tab {
        Tab::Tools => part::<Tools>(tools::Props {
            look: tools.clone(),
            on_line: on_line.clone(),
            on_tool: on_ask.reform(Ask::Tool),
        }),
        Tab::Terminal => terminal(),
        Tab::Keys => {
            part::<Keys>(keys::Props { stage: sheet.stage.clone(), on_ask: on_ask.clone() })
        }
        Tab::Logs => {
            part::<Logs>(logs::Props { stage: sheet.stage.clone(), on_ask: on_ask.clone() })
        }
        Tab::Events => part::<Events>(events::Props {
            feed: sheet.feed.clone(),
            seq: sheet.stage.seq,
            now_micros: sheet.stage.now_micros,
            on_ask: on_ask.clone(),
        }),
        Tab::Picture => messages::messages(&sheet.stage, &on_line),
        Tab::Node => part::<NodePanel>(node::Props {
            stage: sheet.stage.clone(),
            inspected: layout.inspected,
            on_ask: on_ask.clone(),
        }),
        Tab::Settings => {
            part::<Settings>(settings::Props { stage: sheet.stage.clone(), on_ask: on_ask.clone() })
        }
        Tab::Clients => {
            part::<Clients>(clients::Props { stage: sheet.stage.clone(), on_ask: on_ask.clone() })
        }
        Tab::Charts => part::<Charts>(()),
    };
    // A tab that is opened from elsewhere may be out of sight.
    use_effect_with(open, |open| {
        if let Some(open) = open {
            dom::reveal(&open.tab_id());
        }
    });
    let mut panels = el("div|class=panels").flag("data-open", open.is_some());
    if layout.wide {
        panels = panels
            .with(el("section|class=panel-side|aria-label=Terminal").add(terminal()))
            .add(part::<Splitter>(splitter::Props { of: Split::Terminal }));
    }
    let panel = open.map(|tab| {
        el("div|class=panel|role=tabpanel")
            .key(tab.id().to_owned())
            .set("id", tab.panel_id())
            .word("data-panel", tab.id())
            .set("aria-labelledby", tab.tab_id())
            .add(body(tab))
    });
    let tab_list = tab_list(tabs, open, layout.wide, sheet, on_ask);
    panels.with(el("div|class=panel-tabbed").with(tab_list).maybe(panel)).html()
}

/// The tab that a key goes to.
fn step(tabs: &'static [Tab], here: usize, key: &str) -> Option<Tab> {
    let at = match key {
        "ArrowRight" => (here + 1) % tabs.len(),
        "ArrowLeft" => (here + tabs.len() - 1) % tabs.len(),
        "Home" => 0,
        "End" => tabs.len() - 1,
        _ => return None,
    };
    tabs.get(at).copied()
}

fn tab_list(
    tabs: &'static [Tab],
    open: Option<Tab>,
    wide: bool,
    sheet: &Sheet,
    on_ask: &Callback<Ask>,
) -> El {
    let first = open.or(tabs.first().copied());
    // Not a stop for Tab of its own: Firefox has one for whatever scrolls.
    let mut list = el("div|class=tabs|role=tablist|aria-label=Panels|tabindex=-1");
    for (place, tab) in tabs.iter().copied().enumerate() {
        let is_open = open == Some(tab);
        // On a narrow screen the panel is a sheet over the text: its tab puts it away again.
        let show = if is_open && !wide { None } else { Some(tab) };
        let click = on_ask.reform(move |_: MouseEvent| Ask::Show(show));
        let on_ask = on_ask.clone();
        let keydown = Callback::from(move |event: KeyboardEvent| {
            if let Some(next) = step(tabs, place, &event.key()) {
                event.prevent_default();
                on_ask.emit(Ask::Show(Some(next)));
                dom::focus(&next.tab_id());
            }
        });
        let count = match tab {
            Tab::Events => Some(sheet.feed.len()),
            Tab::Clients => Some(sheet.stage.clients.len()).filter(|count| *count > 0),
            _ => None,
        };
        let mut button = el("button|type=button|role=tab|class=tab")
            .key(tab.id().to_owned())
            .set("id", tab.tab_id())
            .aria("aria-selected", is_open)
            .word("tabindex", if first == Some(tab) { "0" } else { "-1" })
            .click(click)
            .keydown(keydown)
            .say(tab.name());
        if is_open {
            button = button.set("aria-controls", tab.panel_id());
        }
        if let Some(count) = count {
            button = button.with(el("span|class=tab-count").text(words::count(count as u64)));
        }
        list = list.with(button);
    }
    list
}

/// One of a few, as a row of buttons.
fn choices<T: Copy + PartialEq + 'static>(
    label: &'static str,
    all: &[(T, &'static str)],
    chosen: T,
    on_choose: &UseStateHandle<T>,
) -> Html {
    let mut row = el("div|class=choices-row|role=group").word("aria-label", label);
    for &(choice, name) in all {
        let on_choose = on_choose.clone();
        let choose = Callback::from(move |_: MouseEvent| on_choose.set(choice));
        let button = el("button|type=button|class=button|data-kind=quiet").click(choose).say(name);
        row = row.with(button.aria("aria-pressed", choice == chosen));
    }
    row.html()
}
