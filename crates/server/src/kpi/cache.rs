//! Assessments that were computed and still hold.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicators::{AssessError, AssessOptions, Assessment, PeriodRequest, assess};
use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use query::View;
use twin::Twin;

use crate::App;

/// How many assessments are kept: a few tenants, a few periods, some ways to see the city.
const KEPT: usize = 64;

/// Assessments by tenant, period and what is seen, each with the state of the twin that it was computed from.
#[derive(Default)]
pub struct Assessments(Mutex<Vec<Arc<Slot>>>);

struct Slot {
    tenant: Option<String>,
    period: String,
    /// The rights to read and to the past, of whoever sees it so.
    seen: [u64; 2],
    /// Held while it is computed: who asks for the same meanwhile waits and gets the same.
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    assessment: Arc<Assessment>,
    /// The instant of the twin's last commit that it saw.
    state: Timestamp,
    computed: Instant,
}

impl Assessments {
    fn slot(&self, tenant: Option<&str>, period: &str, view: &View) -> Arc<Slot> {
        let seen = [view.read().fingerprint(), view.history().fingerprint()];
        let mut slots = self.0.lock();
        let found = slots
            .iter()
            .position(|slot| slot.tenant.as_deref() == tenant && slot.period == period && slot.seen == seen);
        let slot = match found {
            Some(index) => slots.remove(index),
            None => Arc::new(Slot {
                tenant: tenant.map(str::to_owned),
                period: period.to_owned(),
                seen,
                kept: Mutex::default(),
            }),
        };
        // The latest used stands last; the first goes when there are too many.
        slots.push(Arc::clone(&slot));
        if slots.len() > KEPT {
            slots.remove(0);
        }
        slot
    }
}

/// The assessment of a tenant's city: one from before when the twin is as it was then, or when it is not older
/// than `max_age`; else computed from a snapshot. May take seconds: call it from a thread that may be held.
///
/// # Errors
/// A period that is not one ([`Refused::Period`]), or a failed assessment.
pub fn assessment(
    app: &App,
    tenant: Option<&str>,
    twin: &Twin,
    view: &View,
    period: Option<&str>,
    max_age: Duration,
) -> Result<Arc<Assessment>, Refused> {
    let request = period
        .map(PeriodRequest::parse)
        .transpose()
        .map_err(|error| Refused::Period(error.to_string()))?;
    let compute = |snapshot: &twin::Snapshot| {
        let city = app.config.city.trim();
        let zone = app.config.time_zone.as_deref();
        let options = AssessOptions {
            period: request.clone(),
            time_zone: zone.and_then(|zone| jiff::tz::TimeZone::get(zone).ok()),
            city: (!city.is_empty()).then(|| city.to_owned()),
            tenant: tenant.map(str::to_owned),
        };
        assess(snapshot, view, &options)
            .map(Arc::new)
            .map_err(Refused::from)
    };
    let slot = app.assessments.slot(tenant, period.unwrap_or(""), view);
    let mut kept = slot.kept.lock();
    let snapshot = twin.snapshot();
    if let Some(kept) = &*kept
        && (kept.state == snapshot.at() || kept.computed.elapsed() <= max_age)
    {
        return Ok(Arc::clone(&kept.assessment));
    }
    let assessment = compute(&snapshot)?;
    *kept = Some(Kept {
        assessment: Arc::clone(&assessment),
        state: snapshot.at(),
        computed: Instant::now(),
    });
    Ok(assessment)
}

/// Why there is no assessment.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was given is not a period.
    #[error("{0}")]
    Period(String),
    /// It failed.
    #[error(transparent)]
    Failed(#[from] AssessError),
}
