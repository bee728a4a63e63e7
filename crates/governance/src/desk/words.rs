//! Texts that people give: bounded, and without what would hide in a page.

use super::error::{Error, Result};

/// The most characters of a name.
pub(super) const NAME: usize = 200;
/// The most characters of a text.
pub(super) const TEXT: usize = 4_000;
/// The most items of a list.
pub(super) const ITEMS: usize = 100;

/// Refuses a text that is too long or holds control characters, or marks that turn the direction of writing.
pub(super) fn text(place: &str, text: &str, longest: usize) -> Result<()> {
    if text.chars().count() > longest {
        return Err(Error::wrong(
            place,
            format!("it is longer than {longest} characters"),
        ));
    }
    let hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(hidden) {
        return Err(Error::wrong(place, "it holds control characters; leave them out"));
    }
    Ok(())
}

/// Refuses a text that is empty, besides.
pub(super) fn some(place: &str, given: &str, longest: usize, why: &str) -> Result<()> {
    if given.trim().is_empty() {
        return Err(Error::wrong(place, format!("it is empty: {why}")));
    }
    text(place, given, longest)
}

/// Refuses a list that is too long, or an item of it.
pub(super) fn list<'a>(place: &str, items: impl ExactSizeIterator<Item = &'a str>) -> Result<()> {
    if items.len() > ITEMS {
        return Err(Error::wrong(place, format!("it has more than {ITEMS} items")));
    }
    for (number, item) in items.enumerate() {
        some(&format!("{place}[{number}]"), item, TEXT, "leave the item out")?;
    }
    Ok(())
}

/// As much of somebody else's text as a message can bear.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_hide_or_be_too_much_is_refused_with_its_place() {
        assert!(text("name", "Fares\nand more", NAME).is_ok());
        for bad in ["\u{0}", "a\u{202e}b", "\u{7f}", "\u{2067}"] {
            let told = text("name", bad, NAME).unwrap_err().to_string();
            assert!(told.starts_with("`name`: it holds control"), "{told}");
        }
        assert!(text("name", &"ü".repeat(NAME), NAME).is_ok());
        assert!(text("name", &"ü".repeat(NAME + 1), NAME).is_err());
        assert!(
            some("name", " \n", NAME, "say it")
                .unwrap_err()
                .to_string()
                .contains("say it")
        );
        assert!(list("of", vec!["a"; ITEMS].into_iter()).is_ok());
        assert!(list("of", vec!["a"; ITEMS + 1].into_iter()).is_err());
        assert!(
            list("of", ["a", ""].into_iter())
                .unwrap_err()
                .to_string()
                .starts_with("`of[1]`")
        );
    }
}
