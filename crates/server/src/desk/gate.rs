//! The one way to a change of the policies, for the API and the pages: behind the gate of impact assessments.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::policies::{ChangeError, Finding, StoreError};
use access::{Changes, PolicyViews, Principal};
use axum::http::StatusCode;
use governance::desk::{Desk, Gained, Lacking, Refusal, gate};
use query::Caller;
use serde_json::{Value, json};
use twin::Event;

use crate::App;
use crate::problem::Problem;

/// Why the policies were not changed.
#[derive(Debug)]
pub(crate) enum NotChanged {
    /// They would not hold together, or could not be stored.
    Policies(ChangeError),
    /// No impact assessment covers what somebody would newly read.
    Gate(Refusal),
}

impl From<ChangeError> for NotChanged {
    fn from(error: ChangeError) -> Self {
        Self::Policies(error)
    }
}

impl App {
    /// Puts a document of the policies, or takes it away, where the gate lets it; returns what is odd. What the gate
    /// decided, and on which activities it rests, stands in the audit log. Reads all twins and waits for the disk.
    pub(crate) fn change_policies(
        &self,
        views: &PolicyViews,
        by: &Principal,
        name: &str,
        text: Option<&str>,
    ) -> Result<Vec<Finding>, NotChanged> {
        // From the question to the change nothing else may change: two halves of a gain are no gain each.
        let _one = self.gating.lock();
        let changes: Changes = [(name.to_owned(), text.map(str::to_owned))].into();
        let told = |action: &str, sort: &str, name: &str| {
            Event::of(Caller::Principal(Arc::clone(&by.id)), "access", action).to(sort, name)
        };
        match self.would_pass(views, &changes) {
            Ok(rests_on) => {
                let events = rests_on
                    .iter()
                    .map(|id| told("policy.gate", "ProcessingActivity", id));
                self.note(events.collect())?;
            }
            Err(NotChanged::Gate(refusal)) => {
                let mut event = told("policy.gate", "PolicyDocument", name);
                event.allowed = false;
                event.after = Some(refusal.to_string().into_bytes());
                self.note(vec![event])?;
                return Err(NotChanged::Gate(refusal));
            }
            Err(error) => return Err(error),
        }
        Ok(views.change_policies(by, name, text)?)
    }

    /// Whether the gate lets a change pass: the activities that it rests on. Nothing is changed.
    pub(crate) fn would_pass(
        &self,
        views: &PolicyViews,
        changes: &Changes,
    ) -> Result<BTreeSet<String>, NotChanged> {
        let Some(desk) = self.gating_desk() else {
            return Ok(BTreeSet::new());
        };
        let gained: Vec<Gained> = (views.gained(&self.tenants, changes)?.into_iter())
            .map(|gain| Gained {
                of: gain.of,
                class: gain.class,
            })
            .collect();
        gate(&gained, &desk.activities(), desk.now()).map_err(NotChanged::Gate)
    }

    /// What the gate would say to a change that holds together, for those who only compare.
    pub(crate) fn gate_of(
        &self,
        views: &PolicyViews,
        changes: &Changes,
    ) -> Result<Option<Refusal>, ChangeError> {
        match self.would_pass(views, changes) {
            Ok(_) => Ok(None),
            Err(NotChanged::Gate(refusal)) => Ok(Some(refusal)),
            Err(NotChanged::Policies(error)) => Err(error),
        }
    }

    /// The desk, where its gate is on.
    fn gating_desk(&self) -> Option<&Desk> {
        let desk = self.config.desk.as_ref()?;
        desk.settings().impact_gate.then_some(desk)
    }

    fn note(&self, events: Vec<Event>) -> Result<(), ChangeError> {
        let Some(home) = self.twin(None).filter(|_| !events.is_empty()) else {
            return Ok(());
        };
        home.store_rows_as_blocking(Vec::new(), events)
            .map_err(|error| StoreError::Failed(error.to_string()).into())
    }
}

/// What the gate misses, for programs: each type and class, why, and where to make the assessment.
pub(crate) fn missing(refusal: &Refusal) -> Value {
    let each = refusal.0.iter().map(|one| {
        let (activity, lacks) = match one.lacking.first() {
            None => (None, "activity"),
            Some((id, Lacking::Assessment)) => (Some(id), "assessment"),
            Some((id, Lacking::Approval)) => (Some(id), "approval"),
            Some((id, Lacking::Review(_))) => (Some(id), "review"),
        };
        json!({
            "type": one.gained.of.as_str(), "class": one.gained.class, "activity": activity, "lacks": lacks,
            "where": one.address(), "detail": one.to_string(),
        })
    });
    Value::Array(each.collect())
}

/// What the gate refuses, as a client reads it.
pub(crate) fn refused(refusal: &Refusal) -> Problem {
    Problem::named(
        StatusCode::CONFLICT,
        "impact-gate",
        "An impact assessment is missing",
        refusal.to_string(),
    )
    .member("missing", missing(refusal))
}
