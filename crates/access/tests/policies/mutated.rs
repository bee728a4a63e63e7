//! Policies as nobody should write them: each is read or refused, and what is taken decides as Cedar does.

use access::policies::{Action, Asked, Documents, Kind, Limits, RuleBook, Subject};
use query::view::Class;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::random;

/// What stands in the grammar, to be put where it does not belong.
const WORDS: [&str; 28] = [
    "permit",
    "forbid",
    "principal",
    "action",
    "resource",
    "context",
    "when",
    "unless",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    "\"",
    "&&",
    "||",
    "!",
    "==",
    "in",
    "is",
    "has",
    "like",
    ".highest",
    "if true then",
    "decimal(\"1.0\")",
    "// ",
];

fn mutated(rng: &mut impl Rng, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=letters.len());
        let to = (at + rng.random_range(0..12)).min(letters.len());
        match rng.random_range(0..4) {
            0 => drop(letters.drain(at..to)),
            1 => {
                let copied = letters[at..to].to_vec();
                letters.splice(at..at, copied);
            }
            2 => {
                let other = ['\u{202e}', 'é', '\0', '"', '\\', '?', '@', '\n'][rng.random_range(0..8)];
                letters.insert(at, other);
            }
            _ => {
                let word = WORDS[rng.random_range(0..WORDS.len())];
                letters.splice(at..at, word.chars());
            }
        }
    }
    letters.into_iter().collect()
}

/// 300 of them, or 20 000 with `MAPACHA_TORTURE`.
#[test]
fn whatever_is_written_is_read_or_refused() {
    let wanted = if std::env::var_os("MAPACHA_TORTURE").is_some() {
        20_000
    } else {
        300
    };
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..wanted {
        let whole = random::document(&mut rng);
        let text = mutated(&mut rng, &whole);
        let documents = Documents::default()
            .with("classification", Some(random::CLASSIFICATION.to_owned()))
            .and_then(|documents| documents.with("roles", Some(String::new())))
            .and_then(|documents| documents.with("some.cedar", Some(text.clone())))
            .unwrap();
        match RuleBook::read(&documents, Limits::default()) {
            Ok(rules) => {
                taken += 1;
                let asked = Asked::new(Subject::new(Kind::User, "ada", "t", ["editor"]), Action::Read);
                let entity = random::entity(&mut rng);
                let rights = rules.rights(&asked);
                let mut rights = rights.of(&entity);
                for (class, verdict) in rules.explain(&asked, &entity, None).verdicts.iter().enumerate() {
                    let class = Class(u8::try_from(class).unwrap());
                    assert_eq!(rights.to(class), verdict.allowed, "{text}\n{entity:#?}");
                }
            }
            Err(reason) => {
                refused += 1;
                let reason = reason.to_string();
                assert!(
                    !reason.is_empty() && !reason.contains("broke off"),
                    "{text}\n{reason}"
                );
            }
        }
    }
    assert!(
        taken > wanted / 50 && refused > wanted / 2,
        "{taken} taken, {refused} refused"
    );
}
