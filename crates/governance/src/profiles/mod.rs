//! Laws as data: each article, and the checks that can find it violated.
//!
//! A profile is a TOML file (`profiles/*.toml`, described by `profiles/profile.schema.json`): a law's clocks and its
//! articles in our own words. An article names checks ([`CHECKS`]): functions of the [`Facts`] of an installation, which
//! find it to hold or violated and say what to do. What no program can check is written beside as organisational, and is
//! never counted as fulfilled. A profile helps to see what is missing; it is no legal advice, and says so.

mod checks;
mod facts;
mod guideline;
mod profile;
mod report;

pub use checks::{CHECKS, Check, Verdict};
pub use facts::{Facts, Held, People, Setup, Sight, Transport};
pub use guideline::guideline;
pub use profile::{Article, Clocks, Profile, Unreadable, json_schema};
pub use report::{Finding, Report, Standing, Stood};
