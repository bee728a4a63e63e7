//! `/governance/holds`: what may not be destroyed, why, and until when.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use governance::desk::{Error, Hold, NewHold};

use super::fields::{Field, label, word};
use super::sheet::{Form, Refused, Row, Sheet, Table, typed};
use super::{Failure, Sent, Visit, at, failed, read, see};
use crate::App;
use crate::desk::facts::names;
use crate::pages::language::{Language, instant};
use crate::pages::visit::encode;

const HOLDS: &str = "/governance/holds";

fn address(id: &str) -> String {
    format!("{HOLDS}/{}", encode(id))
}

/// `GET /governance/holds`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| shown(visit, None)).await
}

/// `POST /governance/holds` from a page.
pub(super) async fn place(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        match new(&sent).and_then(|new| at.place(new)) {
            Ok(hold) => Ok(see(&address(&hold.id))),
            Err(error) => shown(visit, Some((&sent, &error))),
        }
    })
    .await
}

/// `GET /governance/holds/{hold}`.
pub(super) async fn hold(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| shown_hold(visit, &id, None)).await
}

/// `POST /governance/holds/{hold}/release` from a page.
pub(super) async fn release(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        match at.desk.release(&at.by, &id, sent.field("note")) {
            Ok(hold) => Ok(see(&address(&hold.id))),
            Err(error) => shown_hold(visit, &id, Some((&sent, &error))),
        }
    })
    .await
}

fn new(sent: &Sent) -> Result<NewHold, Error> {
    Ok(NewHold {
        reason: sent.field("reason").to_owned(),
        tenant: Some(sent.field("tenant").to_owned()).filter(|name| !name.is_empty()),
        entities: sent.lines("entities"),
        types: sent.lines("types"),
        scope: sent.field("scope").to_owned(),
        q: sent.field("q").to_owned(),
        from: sent.day("from")?,
        until: sent.day("until")?,
    })
}

/// How a hold stands, in a word.
fn state(hold: &Hold, now: ngsi_ld::Timestamp) -> &'static str {
    if hold.released.is_some() {
        "released"
    } else if hold.stands(now) {
        "stands"
    } else if hold.is_open(now) {
        "later"
    } else {
        "over"
    }
}

fn covers(hold: &Hold) -> String {
    let mut parts = Vec::new();
    parts.extend(hold.entities.iter().cloned());
    parts.extend(hold.types.iter().cloned());
    parts.extend(
        [&hold.scope, &hold.q]
            .into_iter()
            .filter(|part| !part.is_empty())
            .cloned(),
    );
    parts.join(", ")
}

fn shown(visit: &Visit, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let l = visit.language;
    let desk = at(visit)?.desk;
    let now = desk.now();
    let (sent, error) = refused.unzip();
    let row = |hold: &std::sync::Arc<Hold>| Row {
        address: Some(address(&hold.id)),
        first: hold.id.clone(),
        cells: vec![
            hold.reason.clone(),
            covers(hold),
            instant(hold.from),
            hold.until.map_or_else(|| "–".to_owned(), instant),
            word(l, state(hold, now)),
        ],
    };
    let heads = ["id", "reason", "covers", "from", "until", "state"];
    let sheet = Sheet {
        up: ("/governance", l.text("desk-title")),
        title: l.text("desk-holds"),
        id: String::new(),
        lede: l.text("desk-holds-lede"),
        facts: Vec::new(),
        tables: vec![Table {
            id: "holds",
            caption: l.text("desk-holds-caption"),
            heads: heads.iter().map(|name| label(l, name)).collect(),
            rows: desk.holds().iter().rev().map(row).collect(),
            none: l.text("desk-holds-none"),
        }],
        forms: vec![Form {
            id: "new-hold",
            title: l.text("desk-new-hold"),
            hint: l.text("desk-new-hold-hint"),
            action: HOLDS.to_owned(),
            hidden: None,
            fields: fields(l, sent),
            submit: l.text("desk-enter"),
        }],
    };
    sheet.answer(visit, error)
}

fn fields(l: Language, sent: Option<&Sent>) -> Vec<Field> {
    typed(
        sent,
        vec![
            Field::new(l, "area", "reason", "").required(),
            Field::new(l, "area", "entities", ""),
            Field::new(l, "area", "types", ""),
            Field::new(l, "text", "scope", ""),
            Field::new(l, "text", "q", ""),
            Field::new(l, "date", "from", ""),
            Field::new(l, "date", "until", ""),
            Field::new(l, "text", "tenant", ""),
        ],
    )
}

fn shown_hold(visit: &Visit, id: &str, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let l = visit.language;
    let desk = at(visit)?.desk;
    let (sent, error) = refused.unzip();
    let hold = desk.hold(id).map_err(failed(visit))?;
    let people = names(visit.app.config.access());
    let name = |by: &str| people.get(by).cloned().unwrap_or_else(|| by.to_owned());
    let mut facts = vec![
        (label(l, "reason"), hold.reason.clone()),
        (label(l, "covers"), covers(&hold)),
        (label(l, "tenant"), hold.tenant.clone().unwrap_or_default()),
        (label(l, "from"), instant(hold.from)),
        (label(l, "until"), hold.until.map(instant).unwrap_or_default()),
        (label(l, "by"), name(&hold.placed_by)),
        (label(l, "at"), instant(hold.placed_at)),
        (label(l, "state"), word(l, state(&hold, desk.now()))),
    ];
    if let Some(released) = &hold.released {
        facts.push((
            word(l, "released"),
            format!(
                "{}, {}: {}",
                instant(released.at),
                name(&released.by),
                released.note
            ),
        ));
    }
    let form = (hold.released.is_none() || sent.is_some()).then(|| Form {
        id: "release",
        title: l.text("desk-release"),
        hint: l.text("desk-release-hint"),
        action: format!("{}/release", address(id)),
        hidden: None,
        fields: typed(sent, vec![Field::new(l, "area", "note", "").required()]),
        submit: l.text("desk-release"),
    });
    let sheet = Sheet {
        up: (HOLDS, l.text("desk-holds")),
        title: l.text("desk-hold"),
        id: hold.id.clone(),
        lede: String::new(),
        facts,
        tables: Vec::new(),
        forms: form.into_iter().collect(),
    };
    sheet.answer(visit, error)
}
