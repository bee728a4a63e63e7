//! What was used last, within a weight.

use hashbrown::HashMap;

/// How much is kept, in bytes of JSON text.
pub(super) const KEPT_BYTES: usize = 32 << 20;
/// How many are kept, however small.
pub(super) const KEPT_ENTRIES: usize = 512;

/// What was used last, within a weight.
pub(super) struct Cache<V> {
    entries: HashMap<String, Entry<V>>,
    bytes: usize,
    uses: u64,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    last_use: u64,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            uses: 0,
        }
    }
}

impl<V> Cache<V> {
    /// The value, which thereby is used.
    pub(super) fn get(&mut self, key: &str) -> Option<&mut V> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.last_use = self.uses;
        Some(&mut entry.value)
    }

    /// The values, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), &entry.value))
    }

    /// Puts a value in, and gives the keys of those that had to go for it.
    pub(super) fn put(&mut self, key: String, value: V, bytes: usize) -> Vec<String> {
        self.uses += 1;
        let entry = Entry {
            value,
            bytes,
            last_use: self.uses,
        };
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, entry) {
            self.bytes -= old.bytes;
        }
        let mut gone = Vec::new();
        while self.entries.len() > 1 && (self.bytes > KEPT_BYTES || self.entries.len() > KEPT_ENTRIES) {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.last_use)
                .map(|(key, _)| key.clone());
            let Some(key) = oldest else { break };
            self.remove(&key);
            gone.push(key);
        }
        gone
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = Cache::default();
        for n in 0..2000 {
            cache.put(n.to_string(), n, 1 << 20);
            cache.get("0");
        }
        assert!(cache.bytes <= KEPT_BYTES && cache.entries.len() <= 32);
        assert!(cache.get("0").is_some(), "what is used stays");
        assert!(cache.get("1").is_none());
        cache.remove("0");
        cache.clear();
        assert_eq!(cache.bytes, 0);
    }
}
