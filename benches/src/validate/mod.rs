//! `benches validate access`: computes what the validation page says, and writes it into the page.

mod grid;
mod oracle;
mod page;
mod peer;

use std::path::PathBuf;

/// Numbers that look like chance (Steele, Lea, Flood 2014), the same every time.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

fn page_path() -> PathBuf {
    black_box::root().join("docs/src/explanation/validation-access.md")
}

/// The parts of the page that need neither data nor a peer.
fn cheap_parts() -> Vec<(&'static str, String)> {
    vec![("grid", grid::table()), ("oracle", oracle::table())]
}

/// Writes the page anew: the parts that need nothing always, the peer's where its libraries and the extract are here.
pub(crate) fn access() {
    let path = page_path();
    let mut text = std::fs::read_to_string(&path).expect("the page");
    let mut parts = cheap_parts();
    match peer::table() {
        Ok(table) => parts.push(("peer", table)),
        Err(why) => println!("The peer's part stays as it is: {why}"),
    }
    for (name, part) in parts {
        text = page::replace(&text, name, &part).unwrap_or_else(|| panic!("the page has no part `{name}`"));
    }
    std::fs::write(&path, text).expect("the page is written");
    println!("written: {}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_current() {
        let text = std::fs::read_to_string(page_path()).expect("the page");
        for (name, part) in cheap_parts() {
            let written = page::part(&text, name).unwrap_or_else(|| panic!("the page has no part `{name}`"));
            assert_eq!(
                written.trim(),
                part.trim(),
                "the part `{name}` is not what the program computes: run `make validate-access`"
            );
        }
        assert!(page::part(&text, "peer").is_some_and(|part| part.contains("pandana")));
    }

    #[test]
    fn every_hand_count_is_right() {
        for case in grid::cases() {
            assert!(
                case.agrees(),
                "{}: counted {}, answered {}",
                case.question,
                case.counted,
                case.answered
            );
        }
        assert!(grid::cases().len() >= 12);
    }

    #[test]
    fn the_oracles_agree() {
        let streets = oracle::streets(50);
        assert_eq!((streets.worst_mm, streets.wrong), (0, 0));
        assert!(streets.pairs > 1_000);
        let timetables = oracle::timetables(50);
        assert_eq!((timetables.worst_s, timetables.wrong), (0, 0));
    }
}
