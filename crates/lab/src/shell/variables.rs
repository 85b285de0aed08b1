//! The variables of a client's shell.

use crate::few::Few;

/// What a shell knows by name. Programs that it starts are given what was exported, as in POSIX: a
/// variable that is assigned anew stays what it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    exported: Few<String, String>,
    own: Few<String, String>,
}

impl Variables {
    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.exported.get(name).or_else(|| self.own.get(name)).cloned()
    }

    /// What programs are given.
    pub(crate) fn exported(&self) -> &Few<String, String> {
        &self.exported
    }

    /// `NAME=value`, the value as it was expanded.
    pub(crate) fn assign(&mut self, name: &str, value: String) {
        let variables = match self.exported.get(name) {
            Some(_) => &mut self.exported,
            None => &mut self.own,
        };
        variables.insert(name.to_owned(), value);
    }

    /// `export NAME=value`.
    pub(crate) fn export(&mut self, name: &str, value: String) {
        self.own.remove(name);
        self.exported.insert(name.to_owned(), value);
    }

    /// `unset NAME …`.
    pub(crate) fn unset(&mut self, names: &[String]) {
        for name in names {
            self.own.remove(name);
            self.exported.remove(name);
        }
    }
}
