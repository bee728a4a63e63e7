//! Invented names, of syllables.

use std::collections::BTreeSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::noise::stream;

const ONSETS: [&str; 22] = [
    "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "kv", "sh", "tr",
    "vl", "zh",
];
const VOWELS: [&str; 9] = ["a", "e", "i", "o", "u", "a", "o", "ei", "ua"];
const CODAS: [&str; 10] = ["", "", "", "", "n", "r", "l", "sk", "m", "th"];

/// Gives each name once.
pub(crate) struct Names {
    rng: ChaCha8Rng,
    given: BTreeSet<String>,
}

impl Names {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: stream(seed, "names"),
            given: BTreeSet::new(),
        }
    }

    /// A name of two or three syllables that was not given before.
    pub(crate) fn place(&mut self) -> String {
        loop {
            let syllables = self.rng.random_range(2..=3);
            let mut name = String::new();
            for syllable in 0..syllables {
                name.push_str(ONSETS[self.rng.random_range(0..ONSETS.len())]);
                name.push_str(VOWELS[self.rng.random_range(0..VOWELS.len())]);
                if syllable + 1 == syllables {
                    name.push_str(CODAS[self.rng.random_range(0..CODAS.len())]);
                }
            }
            let name: String = name[..1].to_uppercase() + &name[1..];
            if name.len() >= 4 && self.given.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_never_twice() {
        let mut names = Names::new(3);
        let all: BTreeSet<_> = (0..3000).map(|_| names.place()).collect();
        assert_eq!(all.len(), 3000);
        assert!(
            all.iter()
                .all(|name| name.chars().all(char::is_alphabetic) && name.starts_with(char::is_uppercase))
        );
    }
}
