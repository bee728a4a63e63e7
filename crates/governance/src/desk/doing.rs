//! The desk itself, and in whose name something is done at it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use query::{Caller, View};
use serde_json::{Value as Json, json};
use twin::{Event, Operation, Reader as _, Twin};

use super::activity::{Activity, Description, Known, id_of};
use super::assessment::{Approval, Assessment, Findings, Level};
use super::breach::{Breach, BreachStep, NewBreach};
use super::error::{Error, Result};
use super::hold::{Book, Hold};
use super::request::{Kind, NewRequest, Request, RequestStep, State, next_id};
use super::retention::{Rule, Run};
use super::shelf::Shelf;
use super::{Settings, subject};

/// What for, in the audit log: the desk's own work.
const SUPERVISION: &str = "supervision";
/// What for, where somebody's data are read or erased on their request.
pub(super) const ON_REQUEST: &str = "data-subject-request";

/// In whose name something is done.
#[derive(Clone, Debug)]
pub struct By {
    view: View,
    /// The account, where it is a person's and not a program's.
    person: Option<Arc<str>>,
}

impl By {
    /// The caller of a view; `is_person`: who logged in, rather than showed a key.
    pub fn new(view: &View, is_person: bool) -> Self {
        let person = match view.caller() {
            Caller::Principal(id) if is_person => Some(Arc::clone(id)),
            _ => None,
        };
        Self {
            view: view.clone(),
            person,
        }
    }

    /// What he sees and may do.
    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// The same caller with everything before his eyes, for the desk's own work.
    pub(super) fn all_seeing(&self, purpose: &str) -> View {
        let view = View::open(self.view.caller().clone(), purpose);
        match self.view.request() {
            Some(request) => view.of_request(request),
            None => view,
        }
    }

    pub(super) fn event(&self, action: &str) -> Event {
        Event::by(&self.all_seeing(SUPERVISION), action)
    }

    /// How records name him.
    pub(super) fn name(&self) -> String {
        match self.view.caller() {
            Caller::Principal(id) => id.to_string(),
            Caller::Anonymous => "anonymous".to_owned(),
            Caller::System(part) => format!("system:{part}"),
        }
    }

    /// The account of a person.
    pub(super) fn person(&self, what: &str) -> Result<&Arc<str>> {
        self.person.as_ref().ok_or_else(|| {
            Error::Forbidden(format!(
                "{what} is for a person who logged in, not for a key and not where nobody logs in: somebody has to answer for it"
            ))
        })
    }
}

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Desk(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) twin: Twin,
    pub(super) settings: Settings,
    pub(super) activities: Shelf<Activity>,
    pub(super) requests: Shelf<Request>,
    breaches: Shelf<Breach>,
    pub(super) holds: Shelf<Hold>,
    /// The holds that stand, ready to be asked.
    pub(super) book: Arc<Book>,
    pub(super) rules: Shelf<Rule>,
    pub(super) runs: Shelf<Run>,
    /// Held while retention runs: one at a time.
    pub(super) running: Mutex<()>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// Over the rows of the default tenant's twin. Reads the store: for a thread that may wait.
    ///
    /// # Errors
    /// When the store cannot be read. A record that cannot be read is no error: it is told to the log.
    pub fn open(twin: &Twin, settings: Settings) -> Result<Self> {
        let holds: Shelf<Hold> = Shelf::open(twin.clone())?;
        let book = Arc::new(Book::default());
        book.write(|| holds.all());
        Ok(Self(Arc::new(Inner {
            holds,
            book,
            rules: Shelf::open(twin.clone())?,
            runs: Shelf::open(twin.clone())?,
            running: Mutex::default(),
            activities: Shelf::open(twin.clone())?,
            requests: Shelf::open(twin.clone())?,
            breaches: Shelf::open(twin.clone())?,
            twin: twin.clone(),
            settings,
        })))
    }

    /// What it works with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.twin.now()
    }

    /// Every processing activity, by id.
    pub fn activities(&self) -> Vec<Arc<Activity>> {
        self.0.activities.all()
    }

    /// One of them.
    pub fn activity(&self, id: &str) -> Result<Arc<Activity>> {
        self.0.activities.get(id)
    }

    /// Enters an activity into the register.
    pub fn enter(&self, by: &By, description: Description, known: &Known) -> Result<Arc<Activity>> {
        description.check(known)?;
        let now = self.now();
        self.0.activities.add(by.event("processing.create"), |others| {
            Ok(Activity {
                id: id_of(&description.name, |id| others.contains_key(id)),
                description,
                assessment: None,
                made_at: now,
                changed_at: now,
                changed_by: by.name(),
            })
        })
    }

    /// Writes another description of an activity. What was assessed is no longer what is done, so the approval of its
    /// impact assessment goes, unless nothing changed.
    pub fn describe(
        &self,
        by: &By,
        id: &str,
        description: Description,
        known: &Known,
    ) -> Result<Arc<Activity>> {
        description.check(known)?;
        let now = self.now();
        self.0
            .activities
            .change(id, by.event("processing.update"), |before| {
                let mut activity = before.clone();
                if before.description != description
                    && let Some(assessment) = &mut activity.assessment
                {
                    assessment.approval = None;
                }
                activity.description = description;
                (activity.changed_at, activity.changed_by) = (now, by.name());
                Ok(activity)
            })
    }

    /// Takes an activity out of the register.
    pub fn withdraw(&self, by: &By, id: &str) -> Result<()> {
        self.0.activities.remove(id, by.event("processing.delete"))
    }

    /// Writes the impact assessment of an activity. It holds when somebody else approved it.
    pub fn assess(&self, by: &By, id: &str, findings: Findings) -> Result<Arc<Activity>> {
        let author = by.person("an impact assessment")?.to_string();
        let now = self.now();
        findings.check(now)?;
        self.0
            .activities
            .change(id, by.event("processing.assess"), |before| {
                let mut activity = before.clone();
                activity.assessment = Some(Assessment {
                    findings,
                    author,
                    written_at: now,
                    approval: None,
                });
                Ok(activity)
            })
    }

    /// Approves the impact assessment of an activity: by a person who neither wrote it nor described the activity last.
    pub fn approve(&self, by: &By, id: &str) -> Result<Arc<Activity>> {
        let who = by.person("the approval of an impact assessment")?.to_string();
        let now = self.now();
        self.0.activities.change(id, by.event("processing.approve"), |before| {
            let mut activity = before.clone();
            let Some(assessment) = &mut activity.assessment else {
                return Err(Error::Conflict(format!(
                    "`{id}` has no impact assessment: write one first"
                )));
            };
            if assessment.author == who || before.changed_by == who {
                return Err(Error::Forbidden(
                    "an impact assessment is approved by another person than those who wrote it and described the activity"
                        .to_owned(),
                ));
            }
            if assessment.findings.review_at <= now {
                return Err(Error::Conflict(format!(
                    "the impact assessment of `{id}` was to be looked at again by {}: write it anew",
                    assessment.findings.review_at
                )));
            }
            if assessment.findings.residual == Level::High && assessment.findings.consultation.trim().is_empty() {
                return Err(Error::Conflict(format!(
                    "much risk remains of `{id}`, so the authority has to be asked before: write in `consultation` when it was, \
                     and what it said"
                )));
            }
            assessment.approval = Some(Approval { by: who, at: now });
            Ok(activity)
        })
    }

    /// Every request, by id.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.0.requests.all()
    }

    /// One of them.
    pub fn request(&self, id: &str) -> Result<Arc<Request>> {
        self.0.requests.get(id)
    }

    /// Takes a request in; its clock runs from when it came.
    pub fn receive(&self, by: &By, new: NewRequest) -> Result<Arc<Request>> {
        let now = self.now();
        self.0.requests.add(by.event("request.receive"), |others| {
            let id = next_id('r', now, others.keys());
            Request::new(id, new, &self.0.settings.clocks, now)
        })
    }

    /// Takes a step with a request; `twin`: the one of the request's tenant.
    pub fn step(&self, by: &By, id: &str, twin: &Twin, step: &RequestStep) -> Result<Arc<Request>> {
        let now = self.now();
        let (name, note) = step.named();
        // The erasure itself comes first: a crash between leaves it done and unsaid, and it can be said again.
        let note = match step {
            RequestStep::Erase { note } => self.erase(by, id, twin, note)?,
            RequestStep::Correct { .. } => self.correct(by, id, twin, step)?,
            _ => note.to_owned(),
        };
        self.0
            .requests
            .change(id, by.event(&format!("request.{name}")), |before| {
                if !before.is_open() {
                    return Err(before.is_closed());
                }
                let mut request = before.clone().and(name, &note, &by.name(), now)?;
                match step {
                    RequestStep::Entities { entities, .. } => {
                        if before.has("erase") || before.has("export") {
                            return Err(Error::Conflict(format!(
                                "`{id}` was worked on with the entities that it names; enter a new request"
                            )));
                        }
                        request.entities = super::request::entities(entities)?;
                    }
                    RequestStep::Identity { .. } => request.state = State::Identified,
                    RequestStep::Extend { days, .. } => {
                        let most = self.0.settings.clocks.extension_days;
                        if before.extended_days > 0 {
                            return Err(Error::Conflict(format!(
                                "`{id}` was put off already, by {} days, and can be once: answer it by {}",
                                before.extended_days, before.due_at
                            )));
                        }
                        if most == 0 {
                            return Err(Error::Conflict(format!(
                                "the law that holds here (governance.profile) lets no request be put off: answer `{id}` by {}",
                                before.due_at
                            )));
                        }
                        if *days == 0 || *days > most {
                            return Err(Error::Conflict(format!(
                                "a request can be put off once, by 1 to {most} days"
                            )));
                        }
                        request.extended_days = *days;
                        request.due_at = before.due_at.plus_micros(i64::from(*days) * super::instant::DAY);
                    }
                    RequestStep::Erase { .. } | RequestStep::Correct { .. } => before.must_be_identified()?,
                    RequestStep::Done { .. } => {
                        before.must_be_identified()?;
                        evidence(before, twin, &by.all_seeing(ON_REQUEST))?;
                        (request.state, request.closed_at) = (State::Done, Some(now));
                    }
                    RequestStep::Refuse { .. } => {
                        (request.state, request.closed_at) = (State::Refused, Some(now));
                    }
                }
                Ok(request)
            })
    }

    /// Erases the entities of a request and their past. What others say of them stays, and is named.
    fn erase(&self, by: &By, id: &str, twin: &Twin, note: &str) -> Result<String> {
        let request = self.request(id)?;
        if request.kind != Kind::Erasure {
            return Err(Error::Conflict(format!(
                "`{id}` is no request for erasure; enter one"
            )));
        }
        request.must_be_identified()?;
        let ids = request.ids();
        if ids.is_empty() {
            return Err(Error::Conflict(format!(
                "`{id}` names no entities: take the step `entities` first"
            )));
        }
        let view = by.all_seeing(ON_REQUEST);
        self.none_is_held(request.tenant.as_deref(), twin, &view, &ids)?;
        let (mut erased, mut nothing) = (0, 0);
        for id in &ids {
            let operations = vec![
                Operation::Delete(id.clone()),
                Operation::DeleteHistory(id.clone()),
            ];
            let mut there = false;
            for result in twin.execute_blocking(&view, operations) {
                match result {
                    Ok(_) => there = true,
                    Err(twin::Error::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            *(if there { &mut erased } else { &mut nothing }) += 1;
        }
        let pointers = subject::pointers(twin, &view, &ids)?;
        let mut told = format!("{erased} erased with their past, {nothing} not there");
        if !pointers.is_empty() {
            let first: Vec<String> = (pointers.iter().take(10))
                .map(|one| format!("{} of {}", text(one, "attribute"), text(one, "entity")))
                .collect();
            let _ = write!(
                told,
                "; {} attributes still point to them: {}",
                pointers.len(),
                first.join(", ")
            );
        }
        if !note.is_empty() {
            let _ = write!(told, " — {note}");
        }
        Ok(told.chars().take(super::words::TEXT).collect())
    }

    /// Everything that is known under the entities of a request, for whoever asked for it; that it was given out is a
    /// step of the request.
    pub fn export(&self, by: &By, id: &str, twin: &Twin) -> Result<Json> {
        let request = self.request(id)?;
        if !matches!(request.kind, Kind::Access | Kind::Export) {
            return Err(Error::Conflict(format!(
                "`{id}` asks neither for access nor for an export; enter such a request"
            )));
        }
        request.must_be_identified()?;
        let now = self.now();
        let view = by.all_seeing(ON_REQUEST);
        let found = subject::found(twin, &view, &request.ids())?;
        let note = format!(
            "{} entities, {} pointers",
            found.entities.len(),
            found.pointers.len()
        );
        self.0.requests.change(id, by.event("request.export"), |before| {
            before.must_be_identified()?;
            if before.has("export") {
                return Ok(before.clone());
            }
            before.clone().and("export", &note, &by.name(), now)
        })?;
        Ok(json!({
            "request": request.id,
            "at": now.to_string(),
            "controller": self.0.settings.controller,
            "officer": self.0.settings.officer,
            "activities": self.activities_of(&found),
            "entities": found.entities,
            "pointers": found.pointers,
        }))
    }

    /// What the register says of the types that were found.
    fn activities_of(&self, found: &subject::Found) -> Vec<Json> {
        let core = ngsi_ld::context::Context::core();
        let types: Vec<ngsi_ld::Name> = (found.entities.iter())
            .flat_map(|one| [&one["entity"]["type"], &one["history"]["type"]])
            .flat_map(|named| match named {
                Json::String(name) => vec![core.expand(name)],
                Json::Array(names) => names
                    .iter()
                    .filter_map(Json::as_str)
                    .map(|name| core.expand(name))
                    .collect(),
                _ => Vec::new(),
            })
            .collect();
        let concerned = |activity: &Arc<Activity>| types.iter().any(|of| activity.description.names_type(of));
        (self.activities().iter().filter(|activity| concerned(activity)))
            .map(|activity| {
                let it = &activity.description;
                json!({
                    "name": it.name, "purposes": it.purposes, "legal_basis": it.legal_basis, "recipients": it.recipients,
                    "transfers": it.transfers, "retention_days": it.retention_days, "notice": it.notice,
                })
            })
            .collect()
    }

    /// Every breach, by id.
    pub fn breaches(&self) -> Vec<Arc<Breach>> {
        self.0.breaches.all()
    }

    /// One of them.
    pub fn breach(&self, id: &str) -> Result<Arc<Breach>> {
        self.0.breaches.get(id)
    }

    /// Records a breach; its clock runs from when it became known.
    pub fn record(&self, by: &By, new: NewBreach) -> Result<Arc<Breach>> {
        let now = self.now();
        self.0.breaches.add(
            by.event("breach.record"),
            |others: &BTreeMap<String, Arc<Breach>>| {
                let id = next_id('b', now, others.keys());
                Breach::new(id, new, &self.0.settings.clocks, now)
            },
        )
    }

    /// Takes a step with a breach.
    pub fn breach_step(&self, by: &By, id: &str, step: &BreachStep) -> Result<Arc<Breach>> {
        let (now, name) = (self.now(), step.named().0);
        self.0
            .breaches
            .change(id, by.event(&format!("breach.{name}")), |before| {
                before.after(step, &by.name(), now)
            })
    }
}

/// Refuses to call done what the twin shows not to be.
fn evidence(request: &Request, twin: &Twin, view: &View) -> Result<()> {
    let ids = request.ids();
    let missing = match request.kind {
        Kind::Access | Kind::Export if !request.has("export") => {
            Some("what is known was not given out: get its export first".to_owned())
        }
        Kind::Erasure if !request.has("erase") => {
            Some("nothing was erased: take the step `erase` first".to_owned())
        }
        Kind::Erasure => (ids.iter().find(|id| twin.evolution_of(view, id).is_some()))
            .map(|id| format!("`{id}` is there again: take the step `erase` once more")),
        Kind::Correction if !ids.is_empty() => {
            let changed = |id: &&ngsi_ld::Uri| {
                twin.get(view, id)
                    .is_none_or(|entity| entity.modified_at >= request.received_at)
            };
            let still = !ids.iter().any(|id| changed(&id));
            still.then(|| {
                "none of its entities was changed since it came: correct them first, or refuse it".to_owned()
            })
        }
        _ => None,
    };
    match missing {
        None => Ok(()),
        Some(why) => Err(Error::Conflict(format!("`{}` is not done: {why}", request.id))),
    }
}

fn text<'a>(json: &'a Json, member: &str) -> &'a str {
    json[member].as_str().unwrap_or("")
}
