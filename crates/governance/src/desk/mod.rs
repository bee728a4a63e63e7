//! The desk of the data-protection officer: what a city does with personal data, who asked about theirs, and what went
//! wrong.
//!
//! [`Desk`] stands over the rows of the default tenant's twin, for the whole installation. Every change is one commit
//! with its leaf in the audit log. Time is the twin's. Calls that change something wait for the disk.
//!
//! A record says what people decided; what the program does by itself it does through the twin's own operations
//! ([`Desk::erase`]), and what can be checked of a decision is checked ([`profiles`](crate::profiles)).

mod activity;
mod assessment;
mod breach;
mod correction;
mod doing;
mod error;
mod gate;
mod hold;
mod holding;
mod instant;
mod register;
mod request;
mod retaining;
mod retention;
mod shelf;
mod subject;
mod sweep;
mod words;

pub use activity::{Activity, Description, Known, LegalBasis, Party, Processor, Role, Transfer};
pub use assessment::{Approval, Assessment, Findings, Level, Risk};
pub use breach::{Breach, BreachStep, NewBreach, Told};
pub use doing::{By, Desk};
pub use error::Error;
pub use gate::{Gained, Lacking, Refusal, Uncovered, gate};
pub use hold::{Hold, NewHold, Release};
pub(crate) use instant::DAY as DAY_MICROS;
pub use register::{csv, document};
pub use request::{Kind, NewRequest, Request, RequestStep, State, Step};
pub use retaining::Which;
pub use retention::{Counts, Ended, NewRule, Outcome, Rule, Run, RunState, What};
pub use subject::{Found, found};
pub use sweep::Ground;

/// The clocks and names that a city works with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who answers for the processing: the city, with an address.
    pub controller: Option<String>,
    /// How the data-protection officer is reached.
    pub officer: Option<String>,
    /// The number under which the controller is registered with the authority.
    pub registration: Option<String>,
    /// The country in which the data are kept, as ISO 3166-1 alpha-2.
    pub data_location: Option<String>,
    /// The law that sets the clocks: the id of a legal profile.
    pub profile: Option<String>,
    /// Whether nobody newly reads data about people before an impact assessment of it holds: see [`gate`].
    pub impact_gate: bool,
    /// The clocks.
    pub clocks: crate::profiles::Clocks,
}
