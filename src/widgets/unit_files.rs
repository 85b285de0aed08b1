//! Each member's `etcd.service`, from a few fields; its flags explained, and mistakes made on purpose.

use std::cell::RefCell;
use std::rc::Rc;

use lab::deploy::{MISTAKES, Machine, Mistake, Plan, State, Tls, Unit, explain};
use lab::lessons::{Inline, inline};
use lab::view::Level;

use crate::dom::{El, button, choice, copier, el, labelled, save};

/// Sizes that one may choose.
const SIZES: [(&str, &str); 4] = [("1", "1"), ("3", "3"), ("5", "5"), ("7", "7")];

/// The widget's parts.
struct Panel {
    size: El,
    token: El,
    state: El,
    secure: El,
    mistake: El,
    /// Name and address of each machine; as many as there may be.
    machines: Vec<(El, El, El)>,
    tabs: El,
    file: El,
    flags: El,
    findings: El,
    shown: RefCell<usize>,
}

/// Makes the widget.
pub(crate) fn make() -> Option<El> {
    let plan = Plan::default();
    let (size_row, size) = labelled("Members", choice(&SIZES, "3"));
    let field = |value: &str| {
        el("input|class=field mono|autocomplete=off|autocapitalize=off|spellcheck=false")
            .set("value", value)
    };
    let (token_row, token) = labelled("Token", field(&plan.token));
    let states = [("new", "new"), ("existing", "existing")];
    let (state_row, state) = labelled("State", choice(&states, "new"));
    let secure = el("input|type=checkbox").set("id", &crate::dom::fresh_id());
    secure.flag("checked", true);
    let secure_label = el("label|class=widget-tick").add(&secure);
    secure_label.push(&el("span").text("Certificates, and https"));
    let mut mistakes = vec![("", "none")];
    mistakes.extend(MISTAKES.iter().map(|mistake| (mistake.id, mistake.title)));
    let mistakes: Vec<(&str, String)> =
        mistakes.iter().map(|(id, title)| (*id, title.replace('`', ""))).collect();
    let options: Vec<(&str, &str)> =
        mistakes.iter().map(|(id, title)| (*id, title.as_str())).collect();
    let (mistake_row, mistake) = labelled("Make a mistake", choice(&options, ""));
    let mut machines = Vec::new();
    for number in 1..=7 {
        let name =
            field(&format!("n{number}")).set("aria-label", &format!("Name of machine {number}"));
        let host = field(&format!("10.0.0.{number}"))
            .set("aria-label", &format!("Address of machine {number}"));
        let row = el("li").all([&name, &host]);
        machines.push((row, name, host));
    }
    let list = el("ol|class=widget-machines").all(machines.iter().map(|(row, ..)| row));
    let panel = Rc::new(Panel {
        size,
        token,
        state,
        secure,
        mistake,
        machines,
        tabs: el("div|class=widget-tabs|role=group|aria-label=Whose file"),
        file: el("pre|tabindex=0|role=region|aria-label=etcd.service"),
        flags: el("dl|class=widget-flags"),
        findings: el("div|class=widget-findings|role=status"),
        shown: RefCell::new(0),
    });
    let form = el("form|class=widget-form").all([&size_row, &state_row, &token_row, &secure_label]);
    let machines = el("fieldset|class=widget-group")
        .add(&el("legend").text("Machines: name and address"))
        .add(&list);
    let explained = el("details|class=widget-lines")
        .add(&el("summary").text("Every flag in it, explained"))
        .add(&panel.flags);
    let parts = [
        &form,
        &machines,
        &mistake_row,
        &panel.findings,
        &panel.tabs,
        &panel.file,
        &panel.actions(),
        &explained,
    ];
    let whole = el("div").all(parts);
    panel.show();
    let mine = panel.clone();
    let whole =
        whole.on("input", move |_| mine.show()).on("submit", |event| event.prevent_default());
    drop(panel.tabs.clone().on("click", move |event| {
        let Some(which) = crate::dom::came_from(event, "data-member") else { return };
        *panel.shown.borrow_mut() = which.parse().unwrap_or(0);
        panel.show();
    }));
    Some(whole)
}

impl Panel {
    fn actions(self: &Rc<Panel>) -> El {
        let (copied, units, compose) = (self.clone(), self.clone(), self.clone());
        el("div|class=widget-actions").all([
            &copier("Copy this file", move || copied.shown_file()),
            &button("Save all unit files").click(move || units.save_units()),
            &button("Save a compose file")
                .click(move || save("compose.yaml", &compose.plan().compose())),
        ])
    }

    fn plan(&self) -> Plan {
        let size = self.size.value().parse().unwrap_or(3);
        let machine =
            |(_, name, host): &(El, El, El)| Machine::new(name.value().trim(), host.value().trim());
        Plan {
            machines: self.machines.iter().take(size).map(machine).collect(),
            token: self.token.value().trim().to_owned(),
            state: if self.state.value() == "existing" { State::Existing } else { State::New },
            tls: self.secure.ticked().then(Tls::default),
            ..Plan::default()
        }
    }

    /// The mistake that is made, if the cluster is large enough for it.
    fn made(&self) -> Option<&'static Mistake> {
        let id = self.mistake.value();
        MISTAKES.iter().find(|mistake| mistake.id == id && self.size.value() != "1")
    }

    fn units(&self) -> Vec<Unit> {
        let mut units = self.plan().units();
        if let Some(mistake) = self.made() {
            mistake.make(&mut units);
        }
        units
    }

    fn shown_file(&self) -> String {
        let units = self.units();
        let unit = units.get(*self.shown.borrow()).or(units.first());
        unit.map(|unit| self.plan().service(unit)).unwrap_or_default()
    }

    /// All units in one file, to be cut at its comments: a browser saves one at a time.
    fn save_units(&self) {
        let (plan, units) = (self.plan(), self.units());
        for unit in &units {
            save(&format!("etcd-{}.service", unit.name()), &plan.service(unit));
        }
    }

    fn show(&self) {
        let (plan, units) = (self.plan(), self.units());
        for (at, (row, ..)) in self.machines.iter().enumerate() {
            row.flag("hidden", at >= units.len());
        }
        let shown = (*self.shown.borrow()).min(units.len().saturating_sub(1));
        self.show_tabs(&units, shown);
        if let Some(unit) = units.get(shown) {
            self.file.say(&plan.service(unit));
            self.explain_flags(unit);
        }
        self.show_findings(&plan, &units);
    }

    fn show_tabs(&self, units: &[Unit], shown: usize) {
        let Some(host) = self.tabs.raw() else { return };
        if host.child_element_count() as usize != units.len() {
            let tab = |at: usize| button("").set("data-member", &at.to_string());
            self.tabs.only((0..units.len()).map(tab));
        }
        let mut next = host.first_element_child();
        for (at, unit) in units.iter().enumerate() {
            let Some(element) = next else { return };
            element.set_text_content(Some(unit.name()));
            let _ =
                element.set_attribute("aria-pressed", if at == shown { "true" } else { "false" });
            next = element.next_element_sibling();
        }
    }

    fn explain_flags(&self, unit: &Unit) {
        let mut parts = Vec::new();
        for (name, value) in unit.flags() {
            let Some(flag) = explain(name) else { continue };
            let term = el("dt").add(&el("code").text(&format!("--{name}={value}")));
            parts.push(term);
            parts.push(with_code(el("dd"), flag.text));
        }
        self.flags.only(parts);
    }

    fn show_findings(&self, plan: &Plan, units: &[Unit]) {
        let mut parts = Vec::new();
        if let Some(mistake) = self.made() {
            let member = units.get(mistake.member).map_or("etcd", |unit| unit.name());
            let part = el("div|class=widget-finding|data-level=bad").all([
                &el("p").text(&format!("What etcd 3.5.1 says, in the log of {member}:")),
                &el("pre").text(&mistake.says(units)),
            ]);
            parts.push(part.add(&with_code(el("p"), mistake.because)));
        } else {
            for finding in plan.findings() {
                let level = if finding.level == Level::Bad { "bad" } else { "warning" };
                let part = el("div|class=widget-finding").set("data-level", level);
                let whose = finding.member.map(|member| format!("{member}: ")).unwrap_or_default();
                let part = part.add(&with_code(el("p").text(&whose), &finding.text));
                if let Some(says) = finding.etcd_says {
                    part.push(&el("p").text("What etcd says:"));
                    part.push(&el("pre").text(&says));
                }
                parts.push(part);
            }
        }
        self.findings.only(parts);
    }
}

/// Text in which backticks hold code.
fn with_code(host: El, text: &str) -> El {
    for piece in inline(text) {
        match piece {
            Inline::Text(words) => host.push(&el("span").text(words)),
            Inline::Code(code) => host.push(&el("code").text(code)),
        }
    }
    host
}
