//! `docs/lesson.schema.json`, which editors complete and check `lesson.toml` by, says what the loader
//! says.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::manifest::Manifest;
use super::tests::MANIFEST;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/lesson.schema.json")).expect("JSON")
}

/// What is wrong with a value by the schema: as much of JSON Schema as ours uses, and no more.
fn wrong(root: &Value, rules: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(format!("{place}: {what}"));
    let mut deeper = Vec::new();
    for (keyword, rule) in rules.as_object().expect("rules") {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let name = rule.as_str().expect("a name").strip_prefix('#').expect("of this file");
                deeper.extend(wrong(root, root.pointer(name).expect("a definition"), value, place));
                true
            }
            "type" => match rule.as_str().expect("one type") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                other => panic!("a type that this test does not know: {other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().expect("values").contains(value),
            "minimum" => value.as_i64() >= rule.as_i64(),
            "maximum" => value.as_i64() <= rule.as_i64(),
            "minLength" => {
                value.as_str().map(str::len) >= rule.as_u64().map(|least| least as usize)
            }
            "minItems" => {
                value.as_array().map(Vec::len) >= rule.as_u64().map(|least| least as usize)
            }
            "pattern" => {
                assert_eq!(rule, "^[a-z0-9-]+$", "a pattern that this test does not know");
                let is_slug = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
                value.as_str().is_some_and(|text| !text.is_empty() && text.bytes().all(is_slug))
            }
            "required" => rule
                .as_array()
                .expect("names")
                .iter()
                .all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "additionalProperties" => {
                assert_eq!(rule, false);
                let known = rules["properties"].as_object().expect("properties");
                value
                    .as_object()
                    .is_none_or(|table| table.keys().all(|key| known.contains_key(key)))
            }
            "properties" => {
                for (name, rules) in rule.as_object().expect("properties") {
                    if let Some(value) = value.get(name) {
                        deeper.extend(wrong(root, rules, value, &format!("{place}/{name}")));
                    }
                }
                true
            }
            "items" => {
                for (at, value) in value.as_array().into_iter().flatten().enumerate() {
                    deeper.extend(wrong(root, rule, value, &format!("{place}/{at}")));
                }
                true
            }
            other => panic!("a keyword that this test does not know: {other}"),
        };
        if !holds {
            say(format!("{keyword} {rule} does not hold"));
        }
    }
    found.append(&mut deeper);
    found
}

fn judge(manifest: &str) -> Vec<String> {
    let value: Value = toml::from_str(manifest).expect("TOML");
    let schema = schema();
    wrong(&schema, &schema, &value, "")
}

/// Proves: the manifests of all lessons, and of a new one, are valid by the schema.
#[test]
fn every_manifest_is_valid() {
    assert_eq!(judge(MANIFEST), [""; 0]);
    let template = include_str!("template/lesson.toml").replace("SLUG", "a-lesson");
    assert_eq!(judge(&template), [""; 0]);
    assert!(template.starts_with("#:schema ../../docs/lesson.schema.json\n"));
    let lessons = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
    let mut judged = 0;
    for entry in fs::read_dir(lessons).expect("lessons") {
        let path = entry.expect("an entry").path().join("lesson.toml");
        if let Ok(text) = fs::read_to_string(&path) {
            assert_eq!(judge(&text), [""; 0], "{}", path.display());
            judged += 1;
        }
    }
    assert!(judged >= 4, "{judged}");
}

/// Proves: the schema finds fault with what the loader refuses.
#[test]
fn the_schema_can_say_no() {
    for (from, to, expected) in [
        ("minutes = 3", "minuets = 3", ": required"),
        ("minutes = 3", "minutes = 61", "/minutes: maximum"),
        ("minutes = 3", "minutes = \"5\"", "/minutes: type"),
        ("seed = 1", "seed = 1\nsize = 3", "/cluster: additionalProperties"),
        ("format = 1", "format = 2", "/format: const"),
        ("id = \"first\"", "id = \"First\"", "/id: pattern"),
        ("[\"terminal\"]", "[\"sound\"]", "/panels/0: enum"),
        ("[\"Click it.\", \"`crash n1`\"]", "[]", "/goals/1/hints: minItems"),
        ("[\"None\", \"One\"]", "[\"None\"]", "/predictions/0/options: minItems"),
        ("[\"One\", \"Two\"]", "[\"One\", \"\"]", "/questions/0/options/1: minLength"),
        ("kind = \"keep\"", "kind = \"kept\"", "/goals/2/kind: enum"),
    ] {
        let found = judge(&MANIFEST.replacen(from, to, 1));
        assert!(found.iter().any(|one| one.starts_with(expected)), "{to}: {found:?}");
    }
}

/// The fields that the loader knows in a table, as it lists them where it meets one that it does not.
fn fields_of(table: &str) -> Vec<String> {
    let text = match table {
        "" => "no-such-field = 1".to_owned(),
        "cluster" => "cluster = { no-such-field = 1 }".to_owned(),
        other => format!("{other} = [{{ no-such-field = 1 }}]"),
    };
    let message = toml::from_str::<Manifest>(&text).err().expect("an unknown field").to_string();
    let line = message.lines().find(|line| line.contains("unknown field")).expect("says so");
    let mut fields: Vec<String> = line.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    fields.sort();
    fields
}

fn loads(manifest: &Map<String, Value>) -> bool {
    let lines = manifest.iter().map(|(name, value)| format!("{name} = {}\n", inline(value)));
    toml::from_str::<Manifest>(&lines.collect::<String>()).is_ok()
}

/// A value as TOML on one line. Strings are written alike in both.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let fields = table.iter().map(|(name, value)| format!("{name} = {}", inline(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Proves: loader and schema know the same fields of every table, and agree on which of them a lesson
/// can be read without. (What has to be in a list at least is said when the lesson is judged.)
#[test]
fn loader_and_schema_know_the_same_fields() {
    let schema = schema();
    let whole: Map<String, Value> = toml::from_str(MANIFEST).expect("TOML");
    assert!(loads(&whole));
    for (table, rules) in [
        ("", &schema),
        ("cluster", &schema["properties"]["cluster"]),
        ("goals", &schema["$defs"]["goal"]),
        ("predictions", &schema["$defs"]["choice"]),
        ("questions", &schema["$defs"]["choice"]),
        ("solutions", &schema["properties"]["solutions"]["items"]),
    ] {
        let known = rules["properties"].as_object().expect("properties");
        let mut names: Vec<String> = known.keys().cloned().collect();
        names.sort();
        assert_eq!(fields_of(table), names, "the fields of [{table}]");
        let required = rules["required"].as_array().expect("names");
        for name in names {
            let mut less = whole.clone();
            match table {
                "" => less.remove(&name),
                "cluster" => less["cluster"].as_object_mut().expect("a table").remove(&name),
                list => less[list][0].as_object_mut().expect("a table").remove(&name),
            };
            // The loader takes a goal without hints, so as to say which goal it is.
            let needed = required.contains(&Value::from(name.as_str())) && name != "hints";
            assert_eq!(loads(&less), !needed, "without {name} in [{table}]");
        }
    }
}
