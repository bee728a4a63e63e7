//! `/governance`: what is due, and what was answered.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use governance::desk::{Breach, Error, Kind, Level, Request, State as Stands};
use ngsi_ld::Timestamp;

use super::fields::{Field, word};
use super::{Failure, Sent, Visit, answered, at, read};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Argument::Count;
use crate::pages::language::{Language, instant};

/// How many of those that were answered are shown.
const ANSWERED: usize = 50;

#[derive(Template)]
#[template(path = "desk.html")]
struct Overview {
    l: Language,
    frame: Frame,
    error: Option<String>,
    activities: String,
    open: Vec<Row>,
    answered: Vec<Row>,
    request: Vec<Field>,
    breach: Vec<Field>,
}

pub(super) struct Row {
    at: Timestamp,
    address: String,
    id: String,
    kind: String,
    whose: String,
    due: String,
    due_iso: String,
    late: bool,
    state: String,
}

/// A form of this page that was refused: what was typed, and why.
pub(super) enum Typed<'a> {
    Request(&'a Sent, &'a Error),
    Breach(&'a Sent, &'a Error),
}

impl Typed<'_> {
    fn error(&self) -> &Error {
        let (Self::Request(_, error) | Self::Breach(_, error)) = self;
        error
    }
}

/// `GET /governance`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| shown(visit, None)).await
}

/// The page, with what was typed where it was refused.
pub(super) fn shown(visit: &Visit, typed: Option<&Typed<'_>>) -> Result<Response, Failure> {
    let l = visit.language;
    let desk = at(visit)?.desk;
    let now = desk.now();
    let requests = desk.requests();
    let breaches = desk.breaches();
    let all = (requests.iter().map(|request| of_request(l, request, now)))
        .chain(breaches.iter().map(|breach| of_breach(l, breach, now)));
    let (mut open, mut answers): (Vec<_>, Vec<_>) = all.partition(|(is_open, _)| *is_open);
    open.sort_by_key(|(_, row)| row.at);
    answers.sort_by_key(|(_, row)| std::cmp::Reverse(row.at));
    let rows = |list: Vec<(bool, Row)>| list.into_iter().map(|(_, row)| row);
    let (request, breach) = match typed {
        None => (None, None),
        Some(Typed::Request(sent, _)) => (Some(*sent), None),
        Some(Typed::Breach(sent, _)) => (None, Some(*sent)),
    };
    let error = typed.map(Typed::error);
    let page = Overview {
        l,
        frame: Frame::new(visit, Place::None, l.text("desk-title")),
        error: error.map(ToString::to_string),
        activities: l.text_with(
            "desk-activities",
            &[("activities", Count(desk.activities().len()))],
        ),
        open: rows(open).collect(),
        answered: rows(answers).take(ANSWERED).collect(),
        request: fields_of_request(l, request),
        breach: fields_of_breach(l, breach),
    };
    answered(visit, &page, error)
}

fn fields_of_request(l: Language, sent: Option<&Sent>) -> Vec<Field> {
    let fields = vec![
        Field::choice(l, "kind", Kind::Access.name(), &Kind::ALL.map(Kind::name)),
        Field::new(l, "text", "subject", "").required(),
        Field::new(l, "area", "entities", ""),
        Field::new(l, "area", "details", ""),
        Field::new(l, "date", "received", ""),
    ];
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

fn fields_of_breach(l: Language, sent: Option<&Sent>) -> Vec<Field> {
    let fields = vec![
        Field::new(l, "text", "title", "").required(),
        Field::new(l, "area", "nature", "").required(),
        Field::new(l, "datetime-local", "known", ""),
        Field::choice(l, "risk", Level::Medium.name(), &Level::ALL.map(Level::name)),
        Field::new(l, "number", "people", ""),
        Field::new(l, "area", "data", ""),
        Field::new(l, "area", "consequences", ""),
        Field::new(l, "area", "measures", ""),
    ];
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

/// How a request stands, in a word.
pub(super) fn state_of(state: Stands) -> &'static str {
    match state {
        Stands::Received => "received",
        Stands::Identified => "identified",
        Stands::Done => "done",
        Stands::Refused => "refused",
    }
}

fn of_request(l: Language, request: &Request, now: Timestamp) -> (bool, Row) {
    let row = Row {
        at: request.closed_at.unwrap_or(request.due_at),
        address: format!("/governance/requests/{}", request.id),
        id: request.id.clone(),
        kind: word(l, request.kind.name()),
        whose: request.subject.clone(),
        due: instant(request.due_at),
        due_iso: request.due_at.to_string(),
        late: request.closed_at.unwrap_or(now) > request.due_at,
        state: word(l, state_of(request.state)),
    };
    (request.is_open(), row)
}

fn of_breach(l: Language, breach: &Breach, now: Timestamp) -> (bool, Row) {
    let told = breach.authority.as_ref().map(|told| told.at);
    let state = match (breach.closed_at, told) {
        (Some(_), _) => "close",
        (None, Some(_)) => "authority",
        (None, None) => "open",
    };
    let row = Row {
        at: breach.closed_at.unwrap_or(breach.due_at),
        address: format!("/governance/breaches/{}", breach.id),
        id: breach.id.clone(),
        kind: l.text("desk-breach"),
        whose: breach.title.clone(),
        due: instant(breach.due_at),
        due_iso: breach.due_at.to_string(),
        late: breach.risk != Level::Low && told.or(breach.closed_at).unwrap_or(now) > breach.due_at,
        state: word(l, state),
    };
    (breach.closed_at.is_none(), row)
}
