//! Five people as a table and as documents: the same facts twice, and what a change touches in each.
//!
//! A table has the same columns in every row; a document has only what there is to say. So a fact of a
//! new kind about one person changes every row, and one document.

/// A value, which JSON writes with or without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number, or another word of JSON, as it is written.
    Bare(String),
}

impl Value {
    /// What was typed into a cell: whole numbers are numbers.
    fn typed(text: &str) -> Value {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_number = !digits.is_empty()
            && digits.len() < 16
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        let text = text.to_owned();
        if is_number { Value::Bare(text) } else { Value::Text(text) }
    }

    /// As a cell shows it.
    pub fn text(&self) -> &str {
        match self {
            Value::Text(text) | Value::Bare(text) => text,
        }
    }
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    /// The key that the document has in the cluster.
    key: &'static str,
    fields: Vec<(String, Value)>,
}

/// What a change touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Rows of the table that are different now.
    pub rows: usize,
    /// Columns that the table has more.
    pub columns: usize,
    /// Cells that are there now and have nothing in them.
    pub empty_cells: usize,
    /// Documents that are different now.
    pub documents: usize,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    columns: Vec<String>,
    people: Vec<Person>,
}

/// Key, name, age, location, salary, grade: as lesson 1 has them.
const SAMPLE: [(&str, [&str; 5]); 5] = [
    ("/people/john", ["John Doe", "45", "New York", "5000", ""]),
    ("/people/dave", ["Dave Smith", "34", "New York", "4000", ""]),
    ("/people/aryan", ["Aryan Kumar", "10", "New York", "", "A"]),
    ("/people/lauren", ["Lauren Rob", "13", "Bangalore", "", "C"]),
    ("/people/lily", ["Lily Oliver", "15", "Bangalore", "", "B"]),
];
const COLUMNS: [&str; 5] = ["name", "age", "location", "salary", "grade"];

impl Default for People {
    fn default() -> People {
        let person = |(key, cells): (&'static str, [&str; 5])| {
            let filled = COLUMNS.into_iter().zip(cells).filter(|(_, text)| !text.is_empty());
            let fields = filled.map(|(name, text)| (name.to_owned(), Value::typed(text)));
            Person { key, fields: fields.collect() }
        };
        People { columns: COLUMNS.map(str::to_owned).to_vec(), people: SAMPLE.map(person).to_vec() }
    }
}

impl People {
    /// The table's columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many people there are.
    pub fn count(&self) -> usize {
        self.people.len()
    }

    /// Under which key a person's document is kept.
    pub fn key(&self, person: usize) -> &'static str {
        self.people.get(person).map_or("", |person| person.key)
    }

    /// What stands in a cell; nothing if it is empty.
    pub fn cell(&self, person: usize, column: &str) -> &str {
        self.value(person, column).map_or("", Value::text)
    }

    fn value(&self, person: usize, field: &str) -> Option<&Value> {
        let fields = &self.people.get(person)?.fields;
        fields.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }

    /// How many cells have nothing in them.
    pub fn empty_cells(&self) -> usize {
        let filled: usize = self.people.iter().map(|person| person.fields.len()).sum();
        self.columns.len() * self.people.len() - filled
    }

    /// Types something into a cell; nothing empties it. A column that is not there yet is added.
    pub fn set(&mut self, person: usize, field: &str, text: &str) -> Touched {
        let text = text.trim();
        let Some(mut fields) = self.people.get(person).map(|person| person.fields.clone()) else {
            return Touched::default();
        };
        let place = fields.iter().position(|(name, _)| name == field);
        match (place, text) {
            (Some(place), "") => drop(fields.remove(place)),
            (None, "") => {}
            (Some(place), text) => {
                if let Some((_, value)) = fields.get_mut(place)
                    && value.text() != text
                {
                    *value = Value::typed(text);
                }
            }
            (None, text) => fields.push((field.to_owned(), Value::typed(text))),
        }
        self.replace(person, fields)
    }

    /// Writes a whole document anew.
    pub fn replace(&mut self, person: usize, fields: Vec<(String, Value)>) -> Touched {
        let before = self.empty_cells();
        let (count, columns) = (self.people.len(), self.columns.len());
        let Some(one) = self.people.get_mut(person).filter(|one| one.fields != fields) else {
            return Touched::default();
        };
        for (name, _) in &fields {
            if !self.columns.contains(name) {
                self.columns.push(name.clone());
            }
        }
        one.fields = fields;
        let columns = self.columns.len() - columns;
        Touched {
            rows: if columns > 0 { count } else { 1 },
            columns,
            empty_cells: self.empty_cells().saturating_sub(before),
            documents: 1,
        }
    }

    /// A person's document, JSON on one line.
    pub fn document(&self, person: usize) -> String {
        let mut text = String::from("{");
        for (name, value) in
            self.people.get(person).map(|one| one.fields.as_slice()).unwrap_or_default()
        {
            if text.len() > 1 {
                text.push(',');
            }
            quoted(&mut text, name);
            text.push(':');
            match value {
                Value::Text(value) => quoted(&mut text, value),
                Value::Bare(value) => text.push_str(value),
            }
        }
        text.push('}');
        text
    }

    /// The line that puts a person's document into a cluster.
    pub fn put(&self, person: usize) -> String {
        let document = self.document(person).replace('\'', "'\\''");
        format!("etcdctl put {} '{document}'", self.key(person))
    }
}

/// A text as JSON has it.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // What else may not stand there as it is, a person does not type into a field.
            c if c < ' ' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lesson's numbers: five of 25 cells are empty, and nine of 30 with Lily's address.
    #[test]
    fn one_fact_more_is_a_column_and_one_document() {
        let mut people = People::default();
        assert_eq!((people.count() * people.columns().len(), people.empty_cells()), (25, 5));
        let touched = people.set(4, "email", "lily@example.org");
        assert_eq!(touched, Touched { rows: 5, columns: 1, empty_cells: 4, documents: 1 });
        assert_eq!((people.count() * people.columns().len(), people.empty_cells()), (30, 9));
        assert_eq!(
            people.document(4),
            "{\"name\":\"Lily Oliver\",\"age\":15,\"location\":\"Bangalore\",\"grade\":\"B\",\
             \"email\":\"lily@example.org\"}"
        );
        // The second one of its kind has its cell already.
        let touched = people.set(0, "email", "john@example.org");
        assert_eq!(touched, Touched { rows: 1, columns: 0, empty_cells: 0, documents: 1 });
        // Emptied, the cell stays and the document has it no more.
        let touched = people.set(0, "email", " ");
        assert_eq!(touched, Touched { rows: 1, columns: 0, empty_cells: 1, documents: 1 });
        assert!(!people.document(0).contains("email"));
    }

    /// What does not change touches nothing.
    #[test]
    fn no_change_touches_nothing() {
        let mut people = People::default();
        for (person, field, text) in
            [(0, "age", "45"), (0, "grade", ""), (9, "age", "1"), (0, "x", " ")]
        {
            assert_eq!(people.set(person, field, text), Touched::default(), "{field}");
        }
        assert_eq!(people, People::default());
    }

    /// A document written anew may have other fields; numbers stay numbers, and a line of the shell holds
    /// whatever is in it.
    #[test]
    fn documents_are_json_in_a_line_of_the_shell() {
        let mut people = People::default();
        let text = |text: &str| Value::Text(text.to_owned());
        let fields =
            vec![("name".to_owned(), text("O'Neil \"Jo\" \\")), ("age".to_owned(), text("45"))];
        assert_eq!(people.replace(0, fields).rows, 1);
        assert_eq!(people.cell(0, "salary"), "");
        assert_eq!(
            people.put(0),
            "etcdctl put /people/john '{\"name\":\"O'\\''Neil \\\"Jo\\\" \\\\\",\"age\":\"45\"}'"
        );
        people.set(1, "age", "035");
        people.set(2, "age", "-3");
        assert!(people.document(1).contains("\"age\":\"035\""), "{}", people.document(1));
        assert!(people.document(2).contains("\"age\":-3"), "{}", people.document(2));
    }
}
