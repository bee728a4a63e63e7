//! What is known of an installation, as far as a law asks about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ngsi_ld::{Name, Timestamp};

use crate::desk::{Activity, Breach, Request, Rule, Run};

/// Everything that checks look at.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Now.
    pub now: Timestamp,
    /// How the installation is set up.
    pub setup: Setup,
    /// Who sees which data.
    pub sight: Sight,
    /// The purposes that are registered; `None`: no policies hold.
    pub purposes: Option<BTreeSet<String>>,
    /// The people who keep it.
    pub people: People,
    /// The data about people that are there.
    pub held: Vec<Held>,
    /// The register.
    pub activities: Vec<Arc<Activity>>,
    /// The requests.
    pub requests: Vec<Arc<Request>>,
    /// The breaches.
    pub breaches: Vec<Arc<Breach>>,
    /// The rules of retention.
    pub rules: Vec<Arc<Rule>>,
    /// What they did.
    pub runs: Vec<Arc<Run>>,
}

/// How an installation is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether everybody has to say who they are (`access.mode`).
    pub login_required: bool,
    /// Whether what is done is recorded (`audit.enabled`).
    pub audit_recorded: bool,
    /// How data and passwords travel.
    pub transport: Transport,
    /// How long a session can last, in hours (`access.session_hours`); `None`: nobody logs in.
    pub session_hours: Option<u32>,
    /// `governance.impact_gate`.
    pub impact_gate: bool,
    /// `governance.controller`.
    pub controller: Option<String>,
    /// `governance.officer`.
    pub officer: Option<String>,
    /// `governance.registration`.
    pub registration: Option<String>,
    /// `governance.data_location`.
    pub data_location: Option<String>,
    /// `governance.profile`.
    pub profile: Option<String>,
}

/// How data and passwords travel to and from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Nobody else reaches it.
    #[default]
    Here,
    /// A proxy with TLS stands before it (`http.public_url` begins with `https`).
    Encrypted,
    /// Others reach it, and nothing says that what they send is encrypted.
    Plain,
}

/// Who sees data about people without having been given them: in words, nobody where it is empty.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Who sees attributes that are classified as personal.
    pub personal: Vec<String>,
    /// Who sees attributes that are classified as special.
    pub special: Vec<String>,
    /// Who sees what nobody has classified.
    pub unclassified: Vec<String>,
}

/// The people who keep it.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// How many can log in as data-protection officer.
    pub officers: usize,
    /// The names of those who manage accounts or policies and have no second factor.
    pub without_second_factor: Vec<String>,
}

/// Data about people that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The type of the entities.
    pub of: Name,
    /// How many there are.
    pub entities: usize,
    /// The class of their most restricted attribute: `personal` or `special`.
    pub class: String,
}
