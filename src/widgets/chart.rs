//! Charts: a canvas of the right sharpness, drawn by plotters, with its numbers as a table below.
//!
//! Plotters knows nothing of a screen's density: the canvas has as many dots as the screen, and all that
//! is measured in dots is multiplied. Names beside the axes are drawn here, not by plotters, which would
//! measure them with an element whose `style` the page's policy forbids.

mod axis;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

pub(crate) use axis::{Tick, count_ticks, time_ticks};

use crate::dom::{El, document, el, table, window};

/// A chart's room for what is drawn, in its own units.
type Room<'a> = ChartContext<'a, CanvasBackend, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A colour of the page's theme, by the name of its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink(pub(crate) &'static str);

pub(crate) const ACCENT: Ink = Ink("--accent");
pub(crate) const QUIET: Ink = Ink("--line-strong");
pub(crate) const GOOD: Ink = Ink("--good");
pub(crate) const BAD: Ink = Ink("--bad");
pub(crate) const WARN: Ink = Ink("--warn");
/// The six colours of terms, in turn.
pub(crate) const TERMS: [Ink; 6] = [
    Ink("--term-0"),
    Ink("--term-1"),
    Ink("--term-2"),
    Ink("--term-3"),
    Ink("--term-4"),
    Ink("--term-5"),
];

/// Something in a chart, in the units of its axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// A bar from one corner to the other.
    Bar { from: (f64, f64), to: (f64, f64), ink: Ink },
    /// The frame of a bar: it differs from the others in more than colour.
    Framed { from: (f64, f64), to: (f64, f64), ink: Ink },
    /// A bar with stripes, which do so too.
    Striped { from: (f64, f64), to: (f64, f64), ink: Ink },
    /// A full disc.
    Disc((f64, f64), Ink),
    /// A ring.
    Ring((f64, f64), Ink),
    /// A cross.
    Cross((f64, f64), Ink),
    /// In a bar of a term's colour, the first of these words that has room there.
    OnTerm { from: (f64, f64), to: (f64, f64), words: [String; 2] },
    /// Words above a place.
    Above((f64, f64), String),
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawing {
    /// The axes' ends: from and to, to the right and up.
    pub(crate) across: (f64, f64),
    pub(crate) up: (f64, f64),
    pub(crate) ticks_across: Vec<Tick>,
    pub(crate) ticks_up: Vec<Tick>,
    pub(crate) marks: Vec<Mark>,
    /// What stands in the middle while there are no marks: what will be seen.
    pub(crate) empty: &'static str,
}

impl Drawing {
    /// Nothing yet: faint lines, and between them in words what will be seen.
    pub(crate) fn empty(words: &'static str) -> Drawing {
        Drawing {
            across: (0.0, 1.0),
            up: (0.0, 4.0),
            ticks_up: [1.0, 3.0, 4.0].map(|at| Tick::new(at, "")).into(),
            empty: words,
            ..Drawing::default()
        }
    }
}

/// What is drawn, as numbers.
#[derive(Default)]
struct Numbers {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the page has them: a table that nobody opened is not made.
    written: Cell<bool>,
}

/// A chart in the page.
#[derive(Clone)]
pub(crate) struct Chart {
    /// All of it: picture, key and numbers.
    pub(crate) whole: El,
    canvas: El,
    /// The words in the middle while there is nothing to draw.
    empty: El,
    key: El,
    details: El,
    table: El,
    drawing: Rc<RefCell<Drawing>>,
    numbers: Rc<RefCell<Numbers>>,
}

impl Chart {
    /// An empty chart: what is counted upwards, what to the right.
    pub(crate) fn new(up: &str, across: &str) -> Chart {
        let canvas = el("canvas|class=chart-canvas|role=img");
        // The picture says the same to those who hear it.
        let empty = el("p|class=chart-empty|aria-hidden=true");
        let key = el("p|class=chart-key");
        let table = el("div|class=table|tabindex=0|role=group");
        let details =
            el("details|class=chart-numbers").add(&el("summary").text("Numbers")).add(&table);
        let whole = el("div|class=chart").all([
            &el("p|class=chart-up").text(up),
            &el("div|class=chart-picture").add(&canvas).add(&empty),
            &el("p|class=chart-across").text(across),
            &key,
            &details,
        ]);
        let (drawing, numbers) = Default::default();
        let chart = Chart { whole, canvas, empty, key, details, table, drawing, numbers };
        chart.watch();
        chart
    }

    /// Draws it anew whenever its size, the screen's density or the theme changes, and writes its
    /// numbers when they are opened.
    fn watch(&self) -> Option<()> {
        let redraw = || {
            let mine = self.clone();
            move || {
                let _ = mine.draw();
            }
        };
        let stay = self.canvas.stay(redraw())?;
        let dark = window()?.match_media("(prefers-color-scheme: dark)").ok()??;
        stay.listen(&dark, "change", redraw());
        stay.listen(&document()?.into(), "raft-lab:theme", redraw());
        stay.listen(&window()?.into(), "resize", redraw());
        let mine = self.clone();
        stay.listen(self.details.raw()?, "toggle", move || mine.write());
        Some(())
    }

    /// What its signs mean: a sign, and words.
    pub(crate) fn explain(&self, signs: &[(&str, &str)]) {
        for (class, words) in signs {
            self.key.push(&el("span|class=chart-sign").set("data-sign", class).text(words));
        }
    }

    /// Shows a drawing, says in `words` what is to be seen, and has `rows` below it.
    pub(crate) fn show<R: AsRef<[String]>>(
        &self,
        drawing: Drawing,
        words: &str,
        columns: &[&str],
        rows: &[R],
    ) {
        let is_empty = drawing.marks.is_empty();
        self.canvas.put("aria-label", if is_empty { drawing.empty } else { words });
        self.empty.say(if is_empty { drawing.empty } else { "" });
        *self.drawing.borrow_mut() = drawing;
        self.draw();
        let rows = rows.iter().map(|row| row.as_ref().to_vec()).collect();
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let numbers = Numbers { columns, rows, written: Cell::new(false) };
        let before = self.numbers.replace(numbers);
        let now = self.numbers.borrow();
        // Who reads them keeps the place while nothing changes.
        now.written.set(before.written.get() && now.rows == before.rows);
        drop(now);
        self.write();
    }

    /// Writes the numbers, if they are to be seen and do not stand there.
    fn write(&self) {
        let numbers = self.numbers.borrow();
        let is_open = self.details.raw().is_some_and(|details| details.has_attribute("open"));
        if !is_open || numbers.written.replace(true) {
            return;
        }
        let Numbers { columns, rows, .. } = &*numbers;
        self.table.put("aria-label", &format!("Numbers: {}", columns.join(", ")));
        self.table.only([match rows.is_empty() {
            true => el("p").text(self.drawing.borrow().empty),
            false => table(columns, rows, true),
        }]);
    }

    /// Draws; nothing is drawn that has no size, or where a canvas cannot be had.
    fn draw(&self) -> Option<()> {
        let canvas: &HtmlCanvasElement = self.canvas.raw()?.dyn_ref()?;
        let ratio = window()?.device_pixel_ratio();
        let (width, height) = (canvas.client_width(), canvas.client_height());
        if width == 0 || height == 0 {
            return None;
        }
        // Setting a size empties it too.
        canvas.set_width((f64::from(width) * ratio).round() as u32);
        canvas.set_height((f64::from(height) * ratio).round() as u32);
        let backend = CanvasBackend::with_canvas_object(canvas.clone())?;
        let pen = Pen::new(canvas, ratio)?;
        pen.draw(&backend.into_drawing_area(), &self.drawing.borrow())
    }
}

/// What is needed to draw: colours of the theme, faces and measures of the page.
struct Pen {
    style: web_sys::CssStyleDeclaration,
    face: String,
    ratio: f64,
}

type Area = DrawingArea<CanvasBackend, plotters::coord::Shift>;

impl Pen {
    fn new(canvas: &HtmlCanvasElement, ratio: f64) -> Option<Pen> {
        let style = window()?.get_computed_style(canvas).ok()??;
        let face = style.get_property_value("font-family").ok()?;
        Some(Pen { style, face, ratio })
    }

    /// So many CSS pixels in dots.
    fn dots(&self, pixels: f64) -> i32 {
        (pixels * self.ratio).round() as i32
    }

    fn colour(&self, Ink(name): Ink) -> RGBColor {
        let text = self.style.get_property_value(name).unwrap_or_default();
        parse_colour(&text).unwrap_or(RGBColor(128, 128, 128))
    }

    fn words(&self, ink: Ink, h_pos: HPos, v_pos: VPos) -> TextStyle<'_> {
        let font = FontDesc::from((self.face.as_str(), 11.5 * self.ratio));
        let color = self.colour(ink).to_backend_color();
        TextStyle { font, color, pos: Pos::new(h_pos, v_pos) }
    }

    fn draw(&self, area: &Area, drawing: &Drawing) -> Option<()> {
        let (left, bottom) = (self.dots(margin(&drawing.ticks_up)), self.dots(20.0));
        let (across, up) = (drawing.across, drawing.up);
        let mut room: Room<'_> = ChartBuilder::on(area)
            .margin_left(left)
            .margin_bottom(bottom)
            .margin_top(self.dots(16.0))
            .margin_right(self.dots(beyond(&drawing.ticks_across)))
            .build_cartesian_2d(across.0..across.1, up.0..up.1)
            .ok()?;
        self.axes(area, &room, drawing)?;
        for mark in &drawing.marks {
            self.mark(area, &mut room, mark)?;
        }
        Some(())
    }

    /// Lines at the ticks of the upward axis, and words beside both.
    fn axes(&self, area: &Area, room: &Room<'_>, drawing: &Drawing) -> Option<()> {
        let (across, up) = (drawing.across, drawing.up);
        let line = self.colour(Ink("--line")).stroke_width(self.dots(1.0) as u32);
        for Tick { at, words } in &drawing.ticks_up {
            let from = room.backend_coord(&(across.0, *at));
            let to = room.backend_coord(&(across.1, *at));
            if !words.starts_with('n') {
                area.draw(&PathElement::new(vec![from, to], line)).ok()?;
            }
            let style = self.words(Ink("--ink-2"), HPos::Right, VPos::Center);
            let beside = (from.0 - self.dots(8.0), from.1);
            area.draw(&Text::new(words.as_str(), beside, style)).ok()?;
        }
        let edge = self.colour(Ink("--edge")).stroke_width(self.dots(1.0) as u32);
        let base = [across.0, across.1].map(|at| room.backend_coord(&(at, up.0)));
        area.draw(&PathElement::new(base.to_vec(), edge)).ok()?;
        for Tick { at, words } in &drawing.ticks_across {
            let (x, y) = room.backend_coord(&(*at, up.0));
            let style = self.words(Ink("--ink-2"), HPos::Center, VPos::Top);
            area.draw(&Text::new(words.as_str(), (x, y + self.dots(6.0)), style)).ok()?;
        }
        Some(())
    }

    fn mark(&self, area: &Area, room: &mut Room<'_>, mark: &Mark) -> Option<()> {
        let (width, size) = (self.dots(2.0) as u32, self.dots(4.0));
        match mark {
            Mark::Bar { from, to, ink } => {
                let bar = Rectangle::new([*from, *to], self.colour(*ink).filled());
                room.draw_series([bar]).ok()?;
            }
            Mark::Framed { from, to, ink } => {
                let frame = self.colour(*ink).stroke_width(width);
                room.draw_series([Rectangle::new([*from, *to], frame)]).ok()?;
            }
            Mark::Striped { from, to, ink } => self.striped(area, room, (*from, *to), *ink)?,
            Mark::Disc(at, ink) => {
                room.draw_series([Circle::new(*at, size, self.colour(*ink).filled())]).ok()?;
            }
            Mark::Ring(at, ink) => {
                let style = self.colour(*ink).stroke_width(width);
                room.draw_series([Circle::new(*at, size, style)]).ok()?;
            }
            Mark::Cross(at, ink) => {
                let style = self.colour(*ink).stroke_width(width);
                room.draw_series([plotters::element::Cross::new(*at, size, style)]).ok()?;
            }
            Mark::OnTerm { from, to, words } => self.on_term(area, room, (*from, *to), words)?,
            Mark::Above(at, words) => {
                let (x, y) = room.backend_coord(at);
                let style = self.words(Ink("--ink"), HPos::Center, VPos::Bottom);
                area.draw(&Text::new(words.as_str(), (x, y - self.dots(3.0)), style)).ok()?;
            }
        }
        Some(())
    }

    /// Words in a bar. What has no room is in the numbers.
    fn on_term(
        &self,
        area: &Area,
        room: &Room<'_>,
        (from, to): ((f64, f64), (f64, f64)),
        words: &[String],
    ) -> Option<()> {
        let (left, bottom) = room.backend_coord(&from);
        let (right, top) = room.backend_coord(&to);
        let has_room = |words: &&String| right - left > self.dots(12.0 + width(words));
        let Some(words) = words.iter().find(has_room) else { return Some(()) };
        if bottom - top < self.dots(10.0) {
            return Some(());
        }
        let style = self.words(Ink("--on-term"), HPos::Left, VPos::Center);
        let at = (left + self.dots(6.0), (bottom + top) / 2);
        area.draw(&Text::new(words.as_str(), at, style)).ok()
    }

    /// A bar's frame, and lines through it.
    fn striped(
        &self,
        area: &Area,
        room: &Room<'_>,
        (from, to): ((f64, f64), (f64, f64)),
        ink: Ink,
    ) -> Option<()> {
        let style = self.colour(ink).stroke_width(self.dots(1.5) as u32);
        let (left, bottom) = room.backend_coord(&from);
        let (right, top) = room.backend_coord(&to);
        area.draw(&Rectangle::new([(left, top), (right, bottom)], style)).ok()?;
        let mut sum = left + top;
        while sum < right + bottom {
            // Where the line of this sum comes in and goes out.
            let x = [left.max(sum - bottom), right.min(sum - top)];
            area.draw(&PathElement::new(x.map(|x| (x, sum - x)).to_vec(), style)).ok()?;
            sum += self.dots(5.0).max(1);
        }
        Some(())
    }
}

/// Room for the longest words beside the upward axis, in pixels.
fn margin(ticks: &[Tick]) -> f64 {
    14.0 + ticks.iter().map(|tick| width(&tick.words)).fold(0.0, f64::max)
}

/// Room for half of the last words below the other axis, in pixels.
fn beyond(ticks: &[Tick]) -> f64 {
    ticks.last().map_or(0.0, |tick| width(&tick.words) / 2.0).max(14.0)
}

/// How wide words are, about, in pixels.
fn width(words: &str) -> f64 {
    6.6 * words.chars().count() as f64
}

/// A colour as the page's properties have it, `#fff` or `#2f5bd0`.
fn parse_colour(text: &str) -> Option<RGBColor> {
    let digits = text.trim().strip_prefix('#')?;
    let part = |at: usize| match digits.len() {
        3 => u8::from_str_radix(digits.get(at..=at)?, 16).ok().map(|digit| digit * 17),
        _ => u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok(),
    };
    Some(RGBColor(part(0)?, part(1)?, part(2)?))
}
