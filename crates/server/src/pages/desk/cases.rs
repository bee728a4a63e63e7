//! One request, one breach: what is known, what was done, and what to do next.

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use governance::desk::{BreachStep, Error, Kind, Level, NewBreach, NewRequest, RequestStep, Step};

use super::fields::{Field, label, word};
use super::overview::Typed;
use super::{Failure, Sent, Visit, answered, at, failed, overview, read, see, wrong};
use crate::App;
use crate::desk::facts::names;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::{Language, instant};

#[derive(Template)]
#[template(path = "desk_case.html")]
struct Case {
    l: Language,
    frame: Frame,
    id: String,
    title: String,
    error: Option<String>,
    facts: Vec<(String, String)>,
    steps: Vec<Taken>,
    /// Where its form leads; none where it is closed.
    action: Option<String>,
    fields: Vec<Field>,
    export: Option<String>,
}

struct Taken {
    step: String,
    at: String,
    by: String,
    note: String,
}

fn taken(visit: &Visit, steps: &[Step]) -> Vec<Taken> {
    let people = names(visit.app.config.access());
    (steps.iter())
        .map(|step| Taken {
            step: word(visit.language, &step.step),
            at: instant(step.at),
            by: people
                .get(step.by.as_str())
                .cloned()
                .unwrap_or_else(|| step.by.clone()),
            note: step.note.clone(),
        })
        .collect()
}

/// `POST /governance/requests` from a page.
pub(super) async fn receive(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let new = || {
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == sent.field("kind"));
            Ok(NewRequest {
                kind: kind.ok_or_else(|| wrong("kind", "choose what is asked for"))?,
                subject: sent.field("subject").to_owned(),
                entities: sent.lines("entities"),
                tenant: None,
                details: sent.field("details").to_owned(),
                received_at: sent.day("received")?,
            })
        };
        match new().and_then(|new| at.desk.receive(&at.by, new)) {
            Ok(request) => Ok(see(&format!("/governance/requests/{}", request.id))),
            Err(error) => overview::shown(visit, Some(&Typed::Request(&sent, &error))),
        }
    })
    .await
}

/// `GET /governance/requests/{request}`.
pub(super) async fn request(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| shown_request(visit, &id, None)).await
}

/// `POST /governance/requests/{request}/steps` from a page.
pub(super) async fn step(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let note = sent.field("note").to_owned();
        let step = match sent.field("step") {
            "entities" => Ok(RequestStep::Entities {
                entities: sent.lines("entities"),
                note,
            }),
            "identity" => Ok(RequestStep::Identity { note }),
            "extend" => sent.number("days").map(|days| RequestStep::Extend {
                days: days.unwrap_or(0),
                note,
            }),
            "correct" => Ok(correction(&sent, note)),
            "erase" => Ok(RequestStep::Erase { note }),
            "done" => Ok(RequestStep::Done { note }),
            "refuse" => Ok(RequestStep::Refuse { note }),
            _ => Err(wrong("step", "choose a step")),
        };
        match step.and_then(|step| at.step_request(&id, &step)) {
            Ok(request) => Ok(see(&format!("/governance/requests/{}", request.id))),
            Err(error) => shown_request(visit, &id, Some((&sent, &error))),
        }
    })
    .await
}

/// What a form puts right. A value is read as JSON where it is some, and as a text where it is none.
fn correction(sent: &Sent, note: String) -> RequestStep {
    let json = |text: &str| {
        serde_json::from_str(text).unwrap_or_else(|_no_json| serde_json::Value::from(text.to_owned()))
    };
    let was = sent.field("was");
    RequestStep::Correct {
        entity: sent.field("entity").to_owned(),
        attribute: sent.field("attribute").to_owned(),
        value: json(sent.field("value")),
        was: (!was.is_empty()).then(|| json(was)),
        note,
    }
}

/// `POST /governance/breaches` from a page.
pub(super) async fn record(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let typed = |name: &str| sent.field(name).to_owned();
        let new = || {
            Ok(NewBreach {
                title: typed("title"),
                nature: typed("nature"),
                known_at: sent.minute("known")?,
                risk: Level::parse(sent.field("risk")).ok_or_else(|| wrong("risk", "choose how much"))?,
                people: sent.number("people")?,
                data: typed("data"),
                consequences: typed("consequences"),
                measures: typed("measures"),
            })
        };
        match new().and_then(|new| at.desk.record(&at.by, new)) {
            Ok(breach) => Ok(see(&format!("/governance/breaches/{}", breach.id))),
            Err(error) => overview::shown(visit, Some(&Typed::Breach(&sent, &error))),
        }
    })
    .await
}

/// `GET /governance/breaches/{breach}`.
pub(super) async fn breach(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| shown_breach(visit, &id, None)).await
}

/// `POST /governance/breaches/{breach}/steps` from a page.
pub(super) async fn breach_step(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let note = sent.field("note").to_owned();
        let step = match (sent.field("step"), Level::parse(sent.field("risk"))) {
            ("authority", _) => Ok(BreachStep::Authority { note }),
            ("people", _) => Ok(BreachStep::People { note }),
            ("risk", Some(risk)) => Ok(BreachStep::Risk { risk, note }),
            ("close", _) => Ok(BreachStep::Close { note }),
            _ => Err(wrong("step", "choose a step")),
        };
        match step.and_then(|step| at.desk.breach_step(&at.by, &id, &step)) {
            Ok(breach) => Ok(see(&format!("/governance/breaches/{}", breach.id))),
            Err(error) => shown_breach(visit, &id, Some((&sent, &error))),
        }
    })
    .await
}

/// A form that was refused: what was typed, and why.
type Refused<'a> = (&'a Sent, &'a Error);

/// Fields with what was typed.
fn typed(sent: Option<&Sent>, fields: Vec<Field>) -> Vec<Field> {
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

fn shown_request(visit: &Visit, id: &str, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let (sent, error) = refused.unzip();
    let l = visit.language;
    let request = at(visit)?.desk.request(id).map_err(failed(visit))?;
    let facts = [
        ("kind", word(l, request.kind.name())),
        ("subject", request.subject.clone()),
        ("entities", request.entities.join("\n")),
        ("details", request.details.clone()),
        ("received", instant(request.received_at)),
        ("due", instant(request.due_at)),
        ("state", word(l, overview::state_of(request.state))),
    ];
    let address = format!("/governance/requests/{}", request.id);
    let corrects = request.kind == Kind::Correction;
    let mut steps = vec!["identity", "entities", "extend"];
    steps.extend(corrects.then_some("correct"));
    steps.extend((request.kind == Kind::Erasure).then_some("erase"));
    steps.extend(["done", "refuse"]);
    let mut fields = vec![
        Field::choice(l, "step", "identity", &steps),
        Field::new(l, "area", "note", ""),
        Field::new(l, "area", "entities", request.entities.join("\n")),
        Field::new(l, "number", "days", ""),
    ];
    if corrects {
        let first = request.entities.first().cloned().unwrap_or_default();
        fields.extend([
            Field::new(l, "text", "entity", first),
            Field::new(l, "text", "attribute", ""),
            Field::new(l, "text", "was", ""),
            Field::new(l, "text", "value", ""),
        ]);
    }
    let exports = request.is_open() && matches!(request.kind, Kind::Access | Kind::Export);
    let page = Case {
        l,
        frame: Frame::new(visit, Place::None, request.id.clone()),
        id: request.id.clone(),
        title: l.text("desk-request"),
        error: error.map(ToString::to_string),
        facts: facts.map(|(name, value)| (label(l, name), value)).to_vec(),
        steps: taken(visit, &request.steps),
        // Also where somebody else closed it meanwhile: what was typed is there to be copied.
        action: (request.is_open() || sent.is_some()).then(|| format!("{address}/steps")),
        fields: typed(sent, fields),
        export: exports.then(|| format!("{address}/export?format=json")),
    };
    answered(visit, &page, error)
}

fn shown_breach(visit: &Visit, id: &str, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let (sent, error) = refused.unzip();
    let l = visit.language;
    let breach = at(visit)?.desk.breach(id).map_err(failed(visit))?;
    let facts = [
        ("title", breach.title.clone()),
        ("nature", breach.nature.clone()),
        ("risk", word(l, breach.risk.name())),
        (
            "people",
            breach.people.map(|people| people.to_string()).unwrap_or_default(),
        ),
        ("data", breach.data.clone()),
        ("consequences", breach.consequences.clone()),
        ("measures", breach.measures.clone()),
        ("known", instant(breach.known_at)),
        ("due", instant(breach.due_at)),
    ];
    let page = Case {
        l,
        frame: Frame::new(visit, Place::None, breach.id.clone()),
        id: breach.id.clone(),
        title: l.text("desk-breach"),
        error: error.map(ToString::to_string),
        facts: facts.map(|(name, value)| (label(l, name), value)).to_vec(),
        steps: taken(visit, &breach.steps),
        action: (breach.closed_at.is_none() || sent.is_some())
            .then(|| format!("/governance/breaches/{}/steps", breach.id)),
        fields: typed(
            sent,
            vec![
                Field::choice(l, "step", "authority", &["authority", "people", "risk", "close"]),
                Field::new(l, "area", "note", "").required(),
                Field::choice(l, "risk", breach.risk.name(), &Level::ALL.map(Level::name)),
            ],
        ),
        export: None,
    };
    answered(visit, &page, error)
}
