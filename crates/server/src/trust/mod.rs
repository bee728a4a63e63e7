//! What can be known of this program's safety: the checklist with the tests that show it, what the program is made of,
//! and whom to tell of a weakness. All of it comes from the files of the repository, as they were when it was built.

mod checklist;
mod islands;
mod parts;
mod security_txt;

pub(crate) use checklist::{Chapter, Item, State, checklist};
pub use parts::sbom;
pub(crate) use parts::{LINKED_C, licences, parts};
pub use security_txt::{NoSecurityTxt, SecurityTxt};

/// How to report a weakness, and what this version promises.
pub(crate) const SECURITY_MD: &str = include_str!("../../../../SECURITY.md");

/// The licence of this program.
pub(crate) const LICENCE: &str = include_str!("../../../../LICENSE");
