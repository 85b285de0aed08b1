//! The one owner: it holds the session's desk, hears everything, and is the only one that changes
//! anything.

mod sharing;

use js_sys::Function;
use lab::roster::Roster;
use yew::prelude::*;

use crate::bridge::Bridge;
use crate::desk::{Change, Desk};
use crate::el::{el, link, list, telling};
use crate::embed;
use crate::icon::{self, icon};
use crate::lesson::{self, Goals};
use crate::page::{Handover, Scene};
use crate::panels::splitter::{self, Split, Splitter};
use crate::panels::{self, Ask, Panels, Shown, Tab};
use crate::part::part;
use crate::platform::frame::{FrameLoop, real_ms};
use crate::platform::observe::{Listener, SightWatch, SizeWatch};
use crate::platform::{dom, keep, second};
use crate::share::{self, Notice, Share};
use crate::stage::canvas::Painter;
use crate::stage::geometry::{Layout, Size};
use crate::stage::menu::{Target, menu};
use crate::stage::popup::{self, Leave, Popup, Spot};
use crate::stage::{self, Act, Stage, flight};
use crate::tools::{Tool, Tools};
use crate::transport::{Time, Transport};
use crate::{status, tools, transport};

/// From this width on, the lab stands beside the book.
const WIDE: &str = "(min-width: 1100px)";
/// On such a screen a panel stands open below the picture.
const ROOM_BELOW: &str = "(min-width: 700px) and (min-height: 800px)";
/// The size of the stage before it is measured: about as it will be, so that nothing jumps.
const SIZE_AT_FIRST: Size = Size { width: 840.0, height: 420.0 };
const SIZE_ON_A_PHONE: Size = Size { width: 360.0, height: 240.0 };
const PHONE: &str = "(max-width: 699px)";

#[derive(Properties, Clone)]
pub(crate) struct Props {
    pub(crate) scene: Scene,
    pub(crate) opened: Handover,
}

impl PartialEq for Props {
    /// The page is mounted once: what was handed over tells it from any other.
    fn eq(&self, other: &Props) -> bool {
        self.opened == other.opened
    }
}

/// Everything that can happen to the page.
pub(crate) enum Msg {
    /// A frame, so many milliseconds after the last.
    Frame(f64),
    Line(String),
    Time(Time),
    Tool(Tool),
    Act(Act),
    Ask(Ask),
    LeaveMenu(Leave),
    Sized(Size),
    /// The frame stands: now what it holds.
    Fill,
    Widened,
    /// The lab came into sight or left it.
    InSight(bool),
    /// The tab was shown or hidden.
    TabShown(bool),
    Leaving,
    Themed,
    Fold,
    Solution,
    Share(Share),
    /// A widget or a chart asks, and hears the answer.
    Asked(String, Function),
}

/// A menu that is open.
#[derive(Clone, Copy)]
struct Opened {
    target: Target,
    spot: Spot,
}

/// The page.
pub(crate) struct App {
    desk: Result<Desk, String>,
    painter: Painter,
    size: Size,
    /// Whether picture and panels are drawn yet: a task of their own, after the frame round them.
    filled: bool,
    menu: Option<Opened>,
    /// The message that arrow keys have come to.
    chosen: Option<u64>,
    wide: bool,
    open: Option<Tab>,
    /// The node that is looked at from inside.
    inspected: u8,
    folded: bool,
    notice: Option<Notice>,
    in_sight: bool,
    tab_shown: bool,
    frames: FrameLoop,
    card: NodeRef,
    stage_host: NodeRef,
    canvas: NodeRef,
    calls: Calls,
    watches: Watches,
    bridge: Bridge,
}

/// The ways from components to the owner, made once: a new one would draw its component anew.
struct Calls {
    line: Callback<String>,
    time: Callback<Time>,
    tool: Callback<Tool>,
    act: Callback<Act>,
    ask: Callback<Ask>,
    set: Callback<String>,
    leave: Callback<Leave>,
    solution: Callback<()>,
    share: Callback<Share>,
    fold: Callback<MouseEvent>,
}

impl Calls {
    fn new(ctx: &Context<App>) -> Calls {
        let link = ctx.link();
        Calls {
            line: link.callback(Msg::Line),
            time: link.callback(Msg::Time),
            tool: link.callback(Msg::Tool),
            act: link.callback(Msg::Act),
            ask: link.callback(Msg::Ask),
            set: link.callback(|line| Msg::Ask(Ask::Line(line))),
            leave: link.callback(Msg::LeaveMenu),
            solution: link.callback(|()| Msg::Solution),
            share: link.callback(Msg::Share),
            fold: link.callback(|_| Msg::Fold),
        }
    }
}

/// Kept only to be alive.
#[derive(Default)]
struct Watches {
    size: Option<SizeWatch>,
    sight: Option<SightWatch>,
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<App>) -> App {
        let scene = &ctx.props().scene;
        let wide = dom::matches(WIDE);
        let mut came_by = None;
        let desk = ctx.props().opened.take().map(|opened| {
            came_by = opened.link;
            // Who comes back, or asked for less motion, finds time standing still.
            Desk::new(opened.session, !opened.still && !dom::calm())
        });
        let link = ctx.link().clone();
        let panels = scene.lesson().map(|lesson| lesson.panels.as_slice()).unwrap_or_default();
        let mut app = App {
            desk,
            painter: Painter::default(),
            size: if dom::matches(PHONE) { SIZE_ON_A_PHONE } else { SIZE_AT_FIRST },
            filled: false,
            menu: None,
            chosen: None,
            wide,
            open: match scene {
                _ if wide => first_panel(panels),
                // A tablet has room for a panel below the picture.
                Scene::Sandbox if dom::matches(ROOM_BELOW) => Some(Tab::Terminal),
                Scene::Home | Scene::Sandbox | Scene::Lesson(_) | Scene::Embed(_) => None,
            },
            inspected: 1,
            folded: false,
            notice: None,
            in_sight: true,
            tab_shown: true,
            frames: FrameLoop::new(move |elapsed| link.send_message(Msg::Frame(elapsed))),
            card: NodeRef::default(),
            stage_host: NodeRef::default(),
            canvas: NodeRef::default(),
            calls: Calls::new(ctx),
            watches: watches(ctx),
            bridge: Bridge::open(
                &ctx.link().callback(|(what, tell)| Msg::Asked(what, tell)),
                &ctx.link().callback(Msg::Line),
            ),
        };
        if let Some(link) = came_by {
            app.open_shared("a link", link);
        }
        if let Some(asked) = scene.asked() {
            app.begin_as(asked);
        }
        app
    }

    fn update(&mut self, ctx: &Context<App>, msg: Msg) -> bool {
        let mut drawn = self.hear(ctx, msg);
        if let Ok(desk) = &mut self.desk
            && let Some((whence, shared, is_same)) = desk.take_opened()
        {
            let notice = Notice::opened(whence, &shared, is_same);
            // In a frame there is no room for saying that all is as expected.
            let embedded = ctx.props().scene.asked().is_some();
            self.notice = Some(notice).filter(|notice| notice.is_bad || !embedded);
            drawn = true;
        }
        if let Ok(desk) = &mut self.desk
            && let Some(script) = desk.take_script()
        {
            keep::session(ctx.props().scene.id(), &script);
        }
        self.run_frames();
        drawn
    }

    fn view(&self, ctx: &Context<App>) -> Html {
        let desk = match &self.desk {
            Ok(desk) => desk,
            Err(words) => {
                let text = format!("The cluster could not be set up: {words}");
                return el("p|class=lab-wait|role=alert").text(text).html();
            }
        };
        let tools = self.tools(desk);
        let card = self.card(desk, tools.clone());
        let (mut splitter, mut panels) = (Html::default(), Html::default());
        if self.wide {
            splitter = part::<Splitter>(splitter::Props { of: Split::Panels });
        }
        if self.filled {
            panels = part::<Panels>(panels::Props {
                sheet: desk.sheet.clone(),
                layout: Shown {
                    wide: self.wide,
                    open: self.open,
                    busy: desk.busy(),
                    reads: desk.reads(),
                    inspected: self.inspected,
                },
                tools,
                on_ask: self.calls.ask.clone(),
            });
        }
        let dock = el("div|class=lab-dock").add(panels).html();
        list(vec![card, splitter, dock, self.outside(ctx, desk)])
    }

    fn rendered(&mut self, ctx: &Context<App>, first: bool) {
        let link = ctx.link();
        if first {
            let fill = link.callback(|()| Msg::Fill);
            dom::soon(move || fill.emit(()));
        }
        if let (None, Some(host)) = (&self.watches.size, self.stage_host.cast()) {
            let tell = link.callback(Msg::Sized);
            self.watches.size = SizeWatch::new(&host, move |size| tell.emit(size));
        }
        if let (None, Some(card)) = (&self.watches.sight, self.card.cast()) {
            let tell = link.callback(Msg::InSight);
            self.watches.sight = SightWatch::new(&card, move |is| tell.emit(is));
        }
        self.paint();
        if let Ok(desk) = &self.desk {
            self.bridge.tell(desk);
        }
        self.run_frames();
    }
}

fn first_panel(names: &[String]) -> Option<Tab> {
    let mut named = names.iter().filter_map(|name| Tab::named(name));
    named.rfind(|tab| !matches!(tab, Tab::Terminal | Tab::Tools))
}

fn watches(ctx: &Context<App>) -> Watches {
    let link = ctx.link();
    let (shown, leaving) = (link.callback(Msg::TabShown), link.callback(|()| Msg::Leaving));
    let (widened, themed) = (link.callback(|()| Msg::Widened), link.callback(|()| Msg::Themed));
    let chosen = themed.clone();
    let listeners = [
        Listener::themed(move || chosen.emit(())),
        Listener::tab_shown(move |is| shown.emit(is)),
        Listener::leaving(move || leaving.emit(())),
        Listener::media(WIDE, move || widened.emit(())),
        Listener::media("(prefers-color-scheme: dark)", move || themed.emit(())),
    ];
    Watches { size: None, sight: None, _listeners: listeners.into_iter().flatten().collect() }
}

impl App {
    /// Does what is asked; says whether components are to be drawn anew.
    fn hear(&mut self, ctx: &Context<App>, msg: Msg) -> bool {
        let Ok(desk) = &mut self.desk else { return false };
        match msg {
            Msg::Frame(elapsed) => {
                let change = desk.frame(elapsed, real_ms);
                if change == Change::Moved {
                    self.paint();
                }
                return change == Change::Drawn;
            }
            Msg::Line(line) => {
                self.close_menu();
                self.line(&line);
            }
            Msg::Time(time) => self.time(time),
            Msg::Tool(tool) => self.tool(tool),
            Msg::Act(act) => self.act(act),
            Msg::Ask(Ask::Line(line)) => self.line(&line),
            Msg::Ask(Ask::Typed(text)) => desk.typed(&text),
            Msg::Ask(Ask::Interrupt) => desk.interrupt(),
            Msg::Ask(Ask::Look(look)) => {
                desk.show(&look);
                return false;
            }
            Msg::Ask(Ask::Seek(event)) => self.time(Time::Seek(event)),
            Msg::Ask(Ask::Show(tab)) => self.open = tab,
            Msg::Ask(Ask::Inspect(node)) => self.inspected = node,
            Msg::Ask(Ask::Tool(tool)) => self.tool(tool),
            Msg::Ask(Ask::Complete(line, reply)) => reply.emit(desk.complete(&line)),
            Msg::LeaveMenu(Leave::Back) => self.close_menu(),
            Msg::LeaveMenu(Leave::Inspect(node)) => {
                self.menu = None;
                self.inspected = node;
                self.open = Some(Tab::Node);
                dom::focus("tab-node");
            }
            Msg::LeaveMenu(Leave::Away) => {
                self.menu = None;
                self.chosen = None;
            }
            Msg::Sized(size) => return self.sized(size),
            Msg::Fill => self.filled = true,
            Msg::Widened => self.wide = dom::matches(WIDE),
            Msg::InSight(is) => self.in_sight = is,
            Msg::TabShown(is) => {
                self.tab_shown = is;
                if !is {
                    keep::session(ctx.props().scene.id(), &desk.saved());
                }
            }
            Msg::Leaving => keep::session(ctx.props().scene.id(), &desk.saved()),
            Msg::Themed => self.painter.repaint(),
            Msg::Fold => self.folded = !self.folded,
            Msg::Solution => {
                if let Some(lesson) = ctx.props().scene.lesson() {
                    desk.play_solution(&lesson.solution);
                    self.painter.forget();
                }
            }
            Msg::Share(share) => self.share(ctx, share),
            Msg::Asked(what, tell) => {
                self.bridge.answer(desk, &what, &tell);
                return false;
            }
        }
        true
    }

    fn line(&mut self, line: &str) {
        second::wanted();
        if let Ok(desk) = &mut self.desk {
            desk.settle();
            desk.line(line);
        }
    }

    fn time(&mut self, time: Time) {
        let Ok(desk) = &mut self.desk else { return };
        desk.settle();
        match time {
            Time::Play(playing) => desk.play(playing),
            Time::Step => desk.step(),
            Time::Next => desk.step_interesting(),
            Time::Speed(speed) => desk.clock.speed = speed,
            Time::Seek(event) => desk.seek(event),
            Time::Back => desk.back(),
            Time::Previous => desk.back_interesting(),
            Time::Other => desk.return_to_other(),
        }
        if !matches!(time, Time::Play(_) | Time::Step | Time::Speed(_)) {
            self.painter.forget();
        }
    }

    fn tool(&mut self, tool: Tool) {
        let Ok(desk) = &mut self.desk else { return };
        self.painter.forget();
        desk.settle();
        match tool {
            Tool::Undo => desk.undo(),
            Tool::Redo => desk.redo(),
            Tool::Reset => desk.reset(),
        }
    }

    fn act(&mut self, act: Act) {
        let Ok(desk) = &self.desk else { return };
        let layout = self.layout(desk);
        let (target, at) = match act {
            Act::Open(target @ Target::Node(id)) => (target, layout.node(id)),
            Act::Open(target @ Target::Link(a, b)) => (target, layout.arc(a, b).at(0.5)),
            Act::Open(target @ Target::Flight(id)) => {
                let found = desk.stage.flights.iter().find(|flight| flight.id == id);
                let at = found.and_then(|found| flight::at(&layout, found, desk.clock.now));
                (target, at.unwrap_or(layout.centre()))
            }
            Act::Flight(step) => {
                self.chosen = flight::along(&desk.stage.flights, self.chosen, step);
                return;
            }
            Act::Point(at) => {
                match flight::under(&layout, &desk.stage.flights, desk.clock.now, at) {
                    Some(id) => {
                        self.chosen = Some(id);
                        (Target::Flight(id), at)
                    }
                    None => {
                        self.chosen = None;
                        return self.menu = None;
                    }
                }
            }
        };
        let reach = if matches!(target, Target::Node(_)) { layout.radius * 1.4 } else { 12.0 };
        self.menu = Some(Opened { target, spot: Spot { at, reach } });
    }

    fn close_menu(&mut self) {
        if let Some(opened) = self.menu.take() {
            dom::focus(&opened.target.element_id());
        }
    }

    fn sized(&mut self, size: Size) -> bool {
        let changed = self.size != size && size.width > 0.0 && size.height > 0.0;
        if changed {
            self.painter.forget();
            self.size = size;
        }
        changed
    }

    /// Frames run while time does and somebody can see it.
    fn run_frames(&self) {
        let wanted = self.desk.as_ref().is_ok_and(Desk::runs);
        self.frames.run(wanted && self.filled && self.in_sight && self.tab_shown);
    }

    fn layout(&self, desk: &Desk) -> Layout {
        let nodes = u8::try_from(desk.stage.nodes.len()).unwrap_or(u8::MAX);
        Layout::new(self.size, nodes)
    }

    fn paint(&mut self) {
        if let Ok(desk) = &self.desk {
            let layout = self.layout(desk);
            self.painter.draw(&self.canvas, &layout, &desk.stage, desk.clock.now, self.chosen);
        }
    }

    fn tools(&self, desk: &Desk) -> tools::Look {
        tools::Look {
            nodes: u8::try_from(desk.stage.nodes.len()).unwrap_or(u8::MAX),
            roster: Roster::of(&desk.stage),
            any_cut: desk.stage.links.iter().any(|link| link.cut || link.clogged),
            undoes: desk.undoes().map(str::to_owned),
            redoes: desk.redoes().map(str::to_owned),
        }
    }

    fn card(&self, desk: &Desk, tools: tools::Look) -> Html {
        let calls = &self.calls;
        let look = transport::Look {
            playing: desk.runs(),
            hurries: desk.runs() && desk.clock.hurries(),
            stopped: desk.stage.violation.is_some(),
            speed: desk.clock.speed,
            reached: desk.clock.reached(),
            now_micros: desk.clock.now as u64,
            seq: desk.stage.seq,
            end: desk.end(),
            other: desk.other_future(),
        };
        let past = transport::Past {
            feed: desk.sheet.feed.clone(),
            end: desk.sheet.end,
            other: look.other,
        };
        let (mut top, mut stage) = (Html::default(), Html::default());
        if self.wide {
            top = part::<Tools>(tools::Props {
                look: tools,
                on_line: calls.line.clone(),
                on_tool: calls.tool.clone(),
            });
        }
        if self.filled {
            stage = part::<Stage>(stage::Props {
                view: desk.stage.clone(),
                layout: self.layout(desk),
                chosen: self.chosen,
                hosts: (self.stage_host.clone(), self.canvas.clone()),
                on_act: calls.act.clone(),
            });
        }
        el("div|class=lab-card")
            .host(&self.card)
            .flag("data-folded", self.folded)
            .add(top)
            .with(
                el("div|class=lab-head")
                    .add(status::diagnosis(&desk.stage.diagnosis, &desk.spoken, desk.stage.quorum))
                    .add(self.fold_button()),
            )
            .add(share::notice(self.notice.as_ref(), &calls.share))
            .add(status::banner(&desk.stage, &calls.line, &calls.tool))
            .with(el("div|class=stage-wrap").add(stage).add(self.popup(desk)))
            .add(part::<Transport>(transport::Props { look, past, on_time: calls.time.clone() }))
            .html()
    }

    fn fold_button(&self) -> Html {
        let name = if self.folded { "Unfold the picture" } else { "Fold the picture" };
        el("button|type=button|class=button fold|data-kind=icon")
            .aria("aria-expanded", !self.folded)
            .word("aria-label", name)
            .click(self.calls.fold.clone())
            .add(icon(icon::FOLD))
            .html()
    }

    fn popup(&self, desk: &Desk) -> Html {
        let Some(opened) = self.menu else { return Html::default() };
        let Some(menu) = menu(opened.target, &desk.stage) else { return Html::default() };
        part::<Popup>(popup::Props {
            menu,
            spot: opened.spot,
            on_line: self.calls.line.clone(),
            on_set: self.calls.set.clone(),
            on_close: self.calls.leave.clone(),
        })
    }

    /// What stands outside the lab: the ways to share, and in the prose of a lesson how its goals stand.
    fn outside(&self, ctx: &Context<App>, desk: &Desk) -> Html {
        let (mut goals, mut solution) = (Html::default(), Html::default());
        if let Some(lesson) = ctx.props().scene.lesson() {
            goals = part::<Goals>(lesson::Props { goals: desk.goals.clone() });
            if !lesson.solution.is_empty() {
                solution = link("Play the solution", telling(&self.calls.solution, ()));
            }
        }
        let on_share = &self.calls.share;
        list(vec![
            lesson::into(&dom::by_id("share-host"), share::buttons(on_share)),
            lesson::into(&dom::by_id("way-out"), embed::way_out(on_share)),
            lesson::into(&dom::by_id("solution-host"), solution),
            goals,
        ])
    }
}
