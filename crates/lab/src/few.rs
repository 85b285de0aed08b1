//! A map for a few entries, and not much code.
//!
//! A `BTreeMap` is about 3 kB of the page for each kind of key and value, and pays off from
//! thousands of entries on. The application's own maps have a handful: variables of a shell, flags
//! of a command, checkpoints of a session.

use std::borrow::Borrow;

/// A map as a list in the order of its keys: what is looked up is found by halving, what is new is
/// moved into its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Few<K, V> {
        Few(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    /// An empty map.
    pub fn new() -> Few<K, V> {
        Few::default()
    }

    /// Where `key` is, or where it belongs.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(known, _)| known.borrow().cmp(key))
    }

    /// The value of `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Gives `key` a value, in place of one that it may have.
    pub fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (key, value)),
        }
    }

    /// The value of `key`; if it has none, the one that `make` makes.
    pub fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.0.insert(place, (key, make()));
            place
        });
        &mut self.0[place].1
    }

    /// Takes the value of `key` out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }

    /// The last entry whose key is at most `key`.
    pub fn at_or_before(&self, key: &K) -> Option<&(K, V)> {
        let after = self.place(key).map_or_else(|place| place, |place| place + 1);
        self.0[..after].last()
    }

    /// Forgets every entry whose key is greater than `key`.
    pub fn forget_after(&mut self, key: &K) {
        let after = self.place(key).map_or_else(|place| place, |place| place + 1);
        self.0.truncate(after);
    }

    /// Forgets every entry.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }
}

impl<K, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// It answers as a `BTreeMap` does, whatever is done to it.
    #[test]
    fn it_is_a_map() {
        let (mut few, mut model) = (Few::new(), BTreeMap::new());
        // Steps of 7 go through all of 0..11 in no order.
        for step in 0..200u32 {
            let key = step * 7 % 11;
            match step * step % 5 {
                0 => assert_eq!(few.remove(&key), model.remove(&key)),
                1 => {
                    few.insert(key, step);
                    model.insert(key, step);
                }
                _ => {
                    assert_eq!(
                        few.or_insert_with(key, || step),
                        model.entry(key).or_insert_with(|| step)
                    );
                }
            }
            if step % 40 == 39 {
                few.forget_after(&key);
                model.split_off(&(key + 1));
            }
            assert_eq!(few.get(&3), model.get(&3));
            let before = model.range(..=key).next_back();
            assert_eq!(few.at_or_before(&key).map(|(k, v)| (k, v)), before);
            assert!(few.iter().map(|(k, v)| (k, v)).eq(&model), "at step {step}");
        }
    }
}
