//! What moves each frame: messages and election timers, drawn on a canvas above the SVG.
//!
//! This is the one place that bypasses Yew (a fast path: see the measurements in ARCHITECTURE.md).
//! Every position is a function of virtual time, so pausing and scrubbing show exactly what was.

use std::f64::consts::{PI, TAU};

use lab::view::{FlightKind, FlightView, StageView};
use web_sys::CanvasRenderingContext2d;
use yew::NodeRef;

use super::flight::{Place, place};
use super::geometry::{Arc, Layout, Point, share};
use crate::platform::paint;
use crate::words::px;

/// How long a cross stays where a message died, in virtual microseconds.
const CROSS_MICROS: f64 = 150_000.0;

/// How far on its way a message is shown to die that a cut link swallows.
const LOST_AT: f64 = 0.06;

/// The theme's colours, read once a theme.
#[derive(Clone, Debug, Default)]
struct Palette {
    terms: Vec<String>,
    none: String,
    paper: String,
    on_term: String,
    line: String,
    bad: String,
    accent: String,
}

impl Palette {
    fn read() -> Palette {
        Palette {
            terms: (0..6).map(|hue| paint::property(&format!("--term-{hue}"))).collect(),
            none: paint::property("--term-none"),
            paper: paint::property("--paper"),
            on_term: paint::property("--on-term"),
            line: paint::property("--line"),
            bad: paint::property("--bad"),
            accent: paint::property("--accent"),
        }
    }

    fn term(&self, term: u64) -> &str {
        let hue = usize::try_from(term % 6).unwrap_or(0);
        match term {
            0 => &self.none,
            _ => self.terms.get(hue).unwrap_or(&self.none),
        }
    }
}

/// A cross that stays for a while.
struct Cross {
    at: Point,
    since: f64,
}

/// Draws what moves.
#[derive(Default)]
pub(crate) struct Painter {
    palette: Option<Palette>,
    /// What flew in the frame before: what is gone too early has died.
    before: Vec<FlightView>,
    crosses: Vec<Cross>,
    /// The event that was drawn last.
    seq: u64,
}

impl Painter {
    /// Reads the colours anew at the next frame.
    pub(crate) fn repaint(&mut self) {
        self.palette = None;
    }

    /// Forgets what died: after a jump in time or a change of the picture.
    pub(crate) fn forget(&mut self) {
        self.before.clear();
        self.crosses.clear();
    }

    /// Draws one frame at `now` (virtual microseconds).
    ///
    /// A ring marks the message that arrow keys have `chosen`.
    pub(crate) fn draw(
        &mut self,
        canvas: &NodeRef,
        layout: &Layout,
        view: &StageView,
        now: f64,
        chosen: Option<u64>,
    ) {
        if view.seq < self.seq {
            // Time went back, or this is another cluster.
            self.forget();
        }
        self.seq = view.seq;
        self.bury(layout, &view.flights, now);
        let Some(context) = paint::begin(canvas, layout.size()) else { return };
        let palette = self.palette.get_or_insert_with(Palette::read);
        let pen = Pen { context: &context, palette, unit: (layout.radius * 0.15).clamp(3.5, 11.0) };
        for node in &view.nodes {
            if let Some(timer) = node.timer {
                let left = 1.0 - share(timer.start_micros, timer.end_micros, now);
                pen.timer(layout.node(node.id), layout.radius, left, palette.term(node.term));
            }
        }
        // The way that a message has come stands out, all ways below all messages.
        for flight in &view.flights {
            if let Place::Flying(_) = place(layout, flight, now) {
                let way = layout.arc(flight.from, flight.to);
                let share = share(flight.sent_micros, flight.arrives_micros, now);
                pen.trail(way.part(0.0, share), palette.term(flight.term));
            }
        }
        for flight in &view.flights {
            if let Place::Flying(point) = place(layout, flight, now) {
                pen.flight(flight, point);
                if chosen == Some(flight.id) {
                    pen.mark(point);
                }
            }
        }
        for cross in &self.crosses {
            pen.cross(cross.at);
        }
        for lost in &view.lost {
            let age = now - lost.at_micros as f64;
            if (0.0..CROSS_MICROS).contains(&age) {
                pen.cross(layout.arc(lost.from, lost.to).at(LOST_AT));
            }
        }
    }

    /// Puts a cross where something flew in the frame before and neither flies nor has arrived.
    fn bury(&mut self, layout: &Layout, flights: &[FlightView], now: f64) {
        let flies = |id: u64| flights.iter().any(|flight| flight.id == id);
        for gone in self.before.iter().filter(|gone| !flies(gone.id)) {
            match place(layout, gone, now) {
                Place::Died(at) => {
                    let since = gone.dies_micros.map_or(now, |micros| micros as f64);
                    self.crosses.push(Cross { at, since });
                }
                Place::Flying(at) => self.crosses.push(Cross { at, since: now }),
                Place::Away => {}
            }
        }
        self.crosses.retain(|cross| now >= cross.since && now < cross.since + CROSS_MICROS);
        if !self.before.iter().map(|flight| flight.id).eq(flights.iter().map(|flight| flight.id)) {
            self.before = flights.to_vec();
        }
    }
}

struct Pen<'a> {
    context: &'a CanvasRenderingContext2d,
    palette: &'a Palette,
    /// Half the size of a small message.
    unit: f64,
}

impl Pen<'_> {
    fn timer(&self, at: Point, radius: f64, left: f64, colour: &str) {
        self.context.set_line_width((radius * 0.085).max(2.0));
        self.context.set_line_cap("round");
        self.ring(at, radius, 1.0, &self.palette.line);
        if left > 0.0 {
            self.ring(at, radius, left, colour);
        }
    }

    fn ring(&self, at: Point, radius: f64, left: f64, colour: &str) {
        self.context.begin_path();
        self.context.set_stroke_style_str(colour);
        // A refused arc (a negative radius) cannot happen: radii are clamped.
        let _ = self.context.arc(at.x, at.y, radius * 1.17, -PI / 2.0, -PI / 2.0 + TAU * left);
        self.context.stroke();
    }

    fn mark(&self, at: Point) {
        self.context.begin_path();
        self.context.set_stroke_style_str(&self.palette.accent);
        self.context.set_line_width(2.0);
        let _ = self.context.arc(at.x, at.y, self.unit * 2.4, 0.0, TAU);
        self.context.stroke();
    }

    fn trail(&self, way: Arc, colour: &str) {
        self.context.begin_path();
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(1.5);
        self.context.set_global_alpha(0.5);
        self.context.move_to(way.start.x, way.start.y);
        self.context.quadratic_curve_to(way.bend.x, way.bend.y, way.end.x, way.end.y);
        self.context.stroke();
        self.context.set_global_alpha(1.0);
    }

    fn flight(&self, flight: &FlightView, at: Point) {
        let colour = self.palette.term(flight.term);
        self.context.set_fill_style_str(colour);
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(2.0);
        match flight.kind {
            FlightKind::Heartbeat => self.disc(at, self.unit * 0.85, true),
            FlightKind::Append if flight.label.is_empty() => self.block(at, self.unit * 1.3, ""),
            FlightKind::Append => self.block(at, self.unit * 2.4, &flight.label),
            FlightKind::Reply => self.disc(at, self.unit * 0.8, false),
            FlightKind::VoteRequest if flight.name.starts_with("Pre") => {
                self.diamond(at, 1.0, false)
            }
            FlightKind::VoteRequest => self.diamond(at, 1.4, false),
            FlightKind::Vote => self.diamond(at, 1.3, true),
            FlightKind::VoteRefused => {
                self.diamond(at, 1.3, false);
                self.line(at, self.unit * 0.9, -1.0);
            }
            FlightKind::Snapshot => self.stack(at, &flight.label),
            FlightKind::Other => self.triangle(at),
        }
    }

    fn disc(&self, at: Point, radius: f64, full: bool) {
        self.context.begin_path();
        let _ = self.context.arc(at.x, at.y, radius, 0.0, TAU);
        self.finish(full);
    }

    fn diamond(&self, at: Point, scale: f64, full: bool) {
        let reach = self.unit * scale;
        self.context.begin_path();
        self.context.move_to(at.x, at.y - reach);
        self.context.line_to(at.x + reach, at.y);
        self.context.line_to(at.x, at.y + reach);
        self.context.line_to(at.x - reach, at.y);
        self.context.close_path();
        self.finish(full);
    }

    fn triangle(&self, at: Point) {
        let reach = self.unit * 1.1;
        self.context.begin_path();
        self.context.move_to(at.x, at.y - reach);
        self.context.line_to(at.x + reach, at.y + reach * 0.8);
        self.context.line_to(at.x - reach, at.y + reach * 0.8);
        self.context.close_path();
        self.finish(false);
    }

    /// Fills what is on the path, or outlines it over paper so that links do not shine through.
    fn finish(&self, full: bool) {
        if full {
            self.context.fill();
        } else {
            self.context.set_fill_style_str(&self.palette.paper);
            self.context.fill();
            self.context.stroke();
        }
    }

    fn block(&self, at: Point, half_width: f64, label: &str) {
        let half_height = self.unit * 1.35;
        self.context.begin_path();
        let drawn = self.context.round_rect_with_f64(
            at.x - half_width,
            at.y - half_height,
            half_width * 2.0,
            half_height * 2.0,
            self.unit * 0.6,
        );
        if drawn.is_err() {
            self.context.rect(
                at.x - half_width,
                at.y - half_height,
                half_width * 2.0,
                half_height * 2.0,
            );
        }
        self.context.fill();
        self.label(at, label);
    }

    fn stack(&self, at: Point, label: &str) {
        let (reach, shift) = (self.unit * 1.5, self.unit * 0.55);
        self.context.stroke_rect(
            at.x - reach + shift,
            at.y - reach - shift,
            reach * 2.0,
            reach * 2.0,
        );
        self.context.fill_rect(at.x - reach, at.y - reach, reach * 2.0, reach * 2.0);
        self.label(at, label);
    }

    fn label(&self, at: Point, label: &str) {
        if label.is_empty() {
            return;
        }
        self.context.set_fill_style_str(&self.palette.on_term);
        self.context
            .set_font(&format!("600 {}px \"JetBrains Mono\", monospace", px(self.unit * 1.75)));
        self.context.set_text_align("center");
        self.context.set_text_baseline("middle");
        let _ = self.context.fill_text(label, at.x, at.y + self.unit * 0.1);
    }

    fn cross(&self, at: Point) {
        self.context.set_stroke_style_str(&self.palette.bad);
        self.context.set_line_width(2.0);
        self.context.set_line_cap("round");
        self.line(at, self.unit, 1.0);
        self.line(at, self.unit, -1.0);
    }

    fn line(&self, at: Point, reach: f64, slope: f64) {
        self.context.begin_path();
        self.context.move_to(at.x - reach, at.y - reach * slope);
        self.context.line_to(at.x + reach, at.y + reach * slope);
        self.context.stroke();
    }
}
