//! JSON that stands in the page, read by the browser's own parser.
//!
//! A deserialiser derived for each struct, with all its errors, weighed 6 kB of the page; what stands
//! here was written by this program's own build, and what it lacks is simply not there.

use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

/// A value.
pub(crate) struct Json(JsValue);

impl Json {
    /// Reads it from text; `None` if that is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        js_sys::JSON::parse(text).ok().map(Json)
    }

    /// What a script of the page has set as `name`.
    pub(crate) fn global(name: &str) -> Option<Json> {
        Json(js_sys::global().into()).field(name)
    }

    /// The field `name` of an object; `None` if it is missing or null.
    pub(crate) fn field(&self, name: &str) -> Option<Json> {
        let value = Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
        let is_there = !value.is_undefined() && !value.is_null();
        is_there.then_some(Json(value))
    }

    /// The text in field `name`.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.field(name)?.0.as_string()
    }

    /// The whole number in field `name`. JSON of a browser has 53 bits of it.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.0.as_f64().map(|number| number as u64)
    }

    /// The elements of the list in field `name`; none if it is missing.
    pub(crate) fn list(&self, name: &str) -> Vec<Json> {
        let list = self.field(name).map(|list| Array::from(&list.0));
        list.map_or_else(Vec::new, |list| list.iter().map(Json).collect())
    }

    /// The texts in the list in field `name`.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(|element| element.0.as_string()).collect()
    }
}
