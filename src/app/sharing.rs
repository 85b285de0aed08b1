//! What the owner does with links, files and the address of an embedded lab.

use lab::link::{LinkError, Shared};
use lab::session::Session;
use yew::prelude::*;

use super::App;
use crate::clock;
use crate::embed::Asked;
use crate::panels::Tab;
use crate::platform;
use crate::share::{Notice, Share};

impl App {
    pub(super) fn share(&mut self, ctx: &Context<App>, share: Share) {
        let Ok(desk) = &mut self.desk else { return };
        let place = ctx.props().scene.id();
        let view = || {
            let panel = self.open.map_or("none", Tab::id);
            format!("panel={panel} speed={}", desk.clock.speed_name())
        };
        self.notice = match share {
            Share::Copy | Share::Leave => {
                let tell =
                    self.calls.share.reform(|(outcome, detail)| Share::Copied(outcome, detail));
                let text = desk.shared(place, &view()).text;
                return if share == Share::Copy {
                    platform::share::copy_link(&text, place, tell);
                } else {
                    platform::share::leave(&text, tell);
                };
            }
            Share::Copied(outcome, detail) => {
                Some(Notice::copied(&outcome, detail, desk.stage.seq))
            }
            Share::Save => {
                let name = format!("raft-lab-{place}-{}.lab", desk.stage.seq);
                platform::share::save(&name, &desk.shared(place, &view()).text);
                Some(Notice::good(format!("Saved as {name}.")))
            }
            Share::Choose => {
                let tell = self.calls.share.reform(|(name, text)| Share::Chosen(name, text));
                return platform::share::open(tell);
            }
            Share::Chosen(name, text) => {
                return self.open_text(&name, "a file", text.ok_or(LinkError::TooLarge));
            }
            Share::Dismiss => None,
        };
    }

    /// Opens what a file or a link holds; a script that no session wrote is typed in.
    fn open_text(&mut self, name: &str, whence: &'static str, text: Result<String, LinkError>) {
        let Ok(desk) = &mut self.desk else { return };
        match text {
            Ok(text) if !Session::is_saved(&text) => {
                self.notice =
                    Some(Notice::good(format!("The lines of {name} are given to the cluster.")));
                desk.line(&text);
            }
            text => self.open_shared(whence, text.and_then(Shared::parse)),
        }
    }

    /// Opens a session in the place of this one.
    pub(super) fn open_shared(&mut self, whence: &'static str, shared: Result<Shared, LinkError>) {
        let Ok(desk) = &mut self.desk else { return };
        let opened = shared.and_then(|shared| {
            let panel = shared.shows("panel").map(Tab::named);
            let speed = shared.shows("speed").and_then(clock::speed_named);
            desk.load(whence, shared).map(|()| (panel, speed))
        });
        match opened {
            Ok((panel, speed)) => {
                self.open = panel.unwrap_or(self.open);
                desk.clock.speed = speed.unwrap_or(desk.clock.speed);
            }
            Err(error) => self.notice = Some(Notice::refused(whence, &error)),
        }
        self.painter.forget();
    }

    /// An embedded lab begins as its address asks.
    pub(super) fn begin_as(&mut self, asked: &Asked) {
        if let Some(panel) = &asked.panel {
            self.open = Tab::named(panel);
        }
        if let (Ok(desk), Some(speed)) = (&mut self.desk, &asked.speed) {
            desk.clock.speed = clock::speed_named(speed).unwrap_or(desk.clock.speed);
        }
    }
}
