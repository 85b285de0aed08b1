//! Five people as a table and as documents, side by side: change one, and see what it touches in both.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, JSON, Object};
use lab::people::{People, Touched, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlTextAreaElement;

use crate::dom::{El, button, choice, copier, el, fresh_id, labelled};
use crate::live;

/// The widget's parts.
struct Panel {
    people: RefCell<People>,
    table: El,
    /// A field for each document.
    documents: Vec<El>,
    /// What is wrong with a document, below it.
    faults: Vec<El>,
    lines: El,
    status: El,
    counts: El,
    /// Cells of the table as they stand there: a row a person, in the columns' order.
    cells: RefCell<Vec<Vec<El>>>,
}

/// Makes the widget.
pub(crate) fn make() -> Option<El> {
    let people = People::default();
    let mut documents = Vec::new();
    let mut faults = Vec::new();
    for person in 0..people.count() {
        let fault = el("p|class=widget-fault").set("id", &fresh_id());
        let field = el("textarea|class=field mono|rows=3|spellcheck=false|autocapitalize=off");
        documents.push(field.set("aria-label", people.key(person)));
        faults.push(fault);
    }
    let panel = Rc::new(Panel {
        people: RefCell::new(people),
        table: el("div|class=table|tabindex=0|role=region|aria-label=Five people in a table"),
        documents,
        faults,
        lines: el("pre|class=lab|tabindex=0|role=region|aria-label=Lines for etcdctl"),
        status: el("p|class=widget-status|role=status"),
        counts: el("p|class=hint"),
        cells: RefCell::default(),
    });
    panel.build_table();
    panel.listen();
    panel.show(None);
    let list = el("div|class=widget-documents");
    for (person, (field, fault)) in panel.documents.iter().zip(&panel.faults).enumerate() {
        let key = el("p|class=mono|aria-hidden=true").text(panel.people.borrow().key(person));
        list.push(&el("div").all([&key, field, fault]));
    }
    let both = el("div|class=widget-sides").all([
        &el("div").add(&el("h3").text("As a table")).add(&panel.table),
        &el("div").add(&el("h3").text("As documents")).add(&list),
    ]);
    let again = panel.clone();
    let reset = button("Start over").click(move || {
        *again.people.borrow_mut() = People::default();
        again.build_table();
        again.show(None);
    });
    let copied = panel.clone();
    let put = panel.clone();
    let actions = el("div|class=widget-actions").all([
        &copier("Copy the lines", move || copied.all_lines()),
        &button("Put them into the cluster").click(move || {
            for line in put.all_lines().lines() {
                live::act(line);
            }
        }),
        &reset,
    ]);
    let lines = el("details|class=widget-lines").all([
        &el("summary").text("The lines that put these documents into the cluster"),
        &panel.lines,
    ]);
    let parts = [&panel.adder(), &panel.status, &panel.counts, &both, &lines, &actions];
    Some(el("div").all(parts))
}

/// What a change touched, in words.
fn said(touched: Touched, whose: &str) -> String {
    match touched {
        Touched { documents: 0, .. } => "Nothing has changed.".to_owned(),
        Touched { columns: 0, .. } => format!("{whose}: 1 row and 1 document changed."),
        Touched { rows, columns, empty_cells, .. } => {
            let columns =
                if columns == 1 { "1 column".to_owned() } else { format!("{columns} columns") };
            format!(
                "{whose}: the table got {columns} more. All {rows} rows changed, with {empty_cells} new \
                 empty cells; of the documents, 1 changed."
            )
        }
    }
}

impl Panel {
    /// The form that adds a fact about one person.
    fn adder(self: &Rc<Panel>) -> El {
        let people = self.people.borrow();
        let names: Vec<(String, String)> = (0..people.count())
            .map(|person| (person.to_string(), people.cell(person, "name").to_owned()))
            .collect();
        let names: Vec<(&str, &str)> =
            names.iter().map(|(value, name)| (value.as_str(), name.as_str())).collect();
        let (who_row, who) = labelled("Who", choice(&names, "4"));
        let text = |value: &str| {
            el("input|class=field|autocomplete=off|autocapitalize=off").set("value", value)
        };
        let (what_row, what) = labelled("What", text("email"));
        let (value_row, value) = labelled("Value", text("lily@example.org"));
        let add = el("button|type=submit|class=button|data-kind=first").text("Add this fact");
        let mine = self.clone();
        el("form|class=widget-form").all([&who_row, &what_row, &value_row, &add]).on(
            "submit",
            move |event| {
                event.prevent_default();
                let person = who.value().parse().unwrap_or(0);
                let field = what.value().trim().to_owned();
                if field.is_empty() {
                    return mine.status.say("A fact needs a name.");
                }
                mine.change(person, |people| people.set(person, &field, &value.value()));
            },
        )
    }

    fn change(&self, person: usize, change: impl FnOnce(&mut People) -> Touched) {
        let touched = change(&mut self.people.borrow_mut());
        if touched.columns > 0 {
            self.build_table();
        }
        let whose = self.people.borrow().cell(person, "name").to_owned();
        self.status.say(&said(touched, if whose.is_empty() { "Somebody" } else { &whose }));
        self.show((touched.documents > 0).then_some((person, touched.columns > 0)));
    }

    /// Writes the table anew; only where its columns are others.
    fn build_table(self: &Panel) {
        let people = self.people.borrow();
        let head = el("tr");
        for name in people.columns() {
            head.push(&el("th|scope=col").text(name));
        }
        let (body, mut cells) = (el("tbody"), Vec::new());
        for person in 0..people.count() {
            let (row, mut fields) = (el("tr"), Vec::new());
            for column in people.columns() {
                let field = el("input|class=field|autocomplete=off|autocapitalize=off")
                    .set("data-cell", &person.to_string())
                    .set("data-column", column)
                    .set("aria-label", &format!("{column} of {}", people.key(person)));
                row.push(&el("td").add(&field));
                fields.push(field);
            }
            body.push(&row);
            cells.push(fields);
        }
        self.table.only([el("table").add(&el("thead").add(&head)).add(&body)]);
        *self.cells.borrow_mut() = cells;
    }

    /// Cells are heard through the table, which stays; documents each by itself.
    fn listen(self: &Rc<Panel>) {
        let mine = self.clone();
        drop(self.table.clone().on("change", move |event| {
            let cell = crate::dom::came_from(event, "data-cell").and_then(|cell| cell.parse().ok());
            let column = crate::dom::came_from(event, "data-column");
            let (Some(person), Some(column)) = (cell, column) else { return };
            let place = mine.people.borrow().columns().iter().position(|name| *name == column);
            let value = place.and_then(|place| {
                mine.cells.borrow().get::<usize>(person)?.get(place).map(El::value)
            });
            mine.change(person, |people| people.set(person, &column, &value.unwrap_or_default()));
        }));
        for (person, field) in self.documents.iter().enumerate() {
            let mine = self.clone();
            drop(field.clone().on("change", move |_| mine.document_changed(person)));
        }
    }

    fn document_changed(&self, person: usize) {
        let (Some(field), Some(fault)) = (self.documents.get(person), self.faults.get(person))
        else {
            return;
        };
        let text = field
            .raw()
            .and_then(|raw| raw.dyn_ref::<HtmlTextAreaElement>().map(|area| area.value()));
        match fields(&text.unwrap_or_default()) {
            Some(fields) => {
                fault.say("");
                self.change(person, |people| people.replace(person, fields));
            }
            None => fault.say(
                "This is not JSON, or holds more than facts. etcd would keep it all the same; the table \
                 cannot show it.",
            ),
        }
    }

    /// Shows everything as it is now, and marks what was touched: one person, and maybe every row.
    fn show(&self, touched: Option<(usize, bool)>) {
        let people = self.people.borrow();
        for (person, cells) in self.cells.borrow().iter().enumerate() {
            let is_touched = touched.is_some_and(|(who, all)| all || who == person);
            for (cell, column) in cells.iter().zip(people.columns()) {
                let text = people.cell(person, column);
                cell.fill(text);
                cell.flag("data-empty", text.is_empty());
                cell.flag("data-touched", is_touched);
            }
        }
        for (person, field) in self.documents.iter().enumerate() {
            let text = people.document(person);
            if let Some(area) = field.raw().and_then(|raw| raw.dyn_ref::<HtmlTextAreaElement>())
                && area.value() != text
            {
                area.set_value(&text);
            }
            field.flag("data-touched", touched.is_some_and(|(who, _)| who == person));
        }
        let (cells, empty) = (people.count() * people.columns().len(), people.empty_cells());
        self.counts
            .say(&format!("{empty} of {cells} cells are empty. No document has an empty place."));
        drop(people);
        self.lines.say(&self.all_lines());
    }

    fn all_lines(&self) -> String {
        let people = self.people.borrow();
        let lines: Vec<String> = (0..people.count()).map(|person| people.put(person)).collect();
        lines.join("\n")
    }
}

/// The facts of a document: an object of texts and numbers.
fn fields(text: &str) -> Option<Vec<(String, Value)>> {
    let object: Object = JSON::parse(text).ok()?.dyn_into().ok()?;
    if Array::is_array(&object) {
        return None;
    }
    let mut fields = Vec::new();
    for entry in Object::entries(&object).iter() {
        let entry: Array = entry.dyn_into().ok()?;
        let (name, value) = (entry.get(0).as_string()?, entry.get(1));
        let value = match value.as_string() {
            Some(text) => Value::Text(text),
            None if value.is_object() => return None,
            None => Value::Bare(String::from(JSON::stringify(&value as &JsValue).ok()?)),
        };
        fields.push((name, value));
    }
    Some(fields)
}
