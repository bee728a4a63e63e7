//! `/audit`: what was done last, and how anybody can check that nothing of it was changed.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use governance::audit::{Filter, Found, Leaf, Log};
use ngsi_ld::Timestamp;

use super::describe::plain;
use super::frame::{Frame, Place};
use super::language::Argument::{Count, Text};
use super::language::Language;
use super::respond::{self, Failure};
use super::visit::Visit;
use super::{App, read};
use crate::audit::{problem, readable};
use crate::kpi::Visitor;

const ROWS: usize = 50;

/// What can be asked for: the beginnings of actions.
const ACTIONS: [&str; 10] = [
    "session.",
    "key.",
    "device.",
    "break-glass.",
    "entity.",
    "attribute.",
    "history.",
    "personal.",
    "subscription.",
    "registration",
];

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    l: Language,
    frame: Frame,
    /// `None`: nothing is recorded.
    log: Option<Shown>,
}

struct Shown {
    summary: String,
    actor: String,
    entity: String,
    day: String,
    actions: Vec<Choice>,
    rows: Vec<Row>,
    /// Whether the search ended before the beginning of the log, with nothing found so far.
    unfinished: bool,
    latest: Option<String>,
    older: Option<String>,
    signed: Option<String>,
    note: Option<String>,
    key: String,
    server: String,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

struct Row {
    seq: String,
    time: String,
    time_iso: String,
    actor: Actor,
    on_behalf_of: Option<String>,
    purpose: String,
    action: String,
    words: Option<String>,
    refused: bool,
    target_type: String,
    target: String,
}

struct Actor {
    words: Option<String>,
    name: String,
}

/// `GET /audit?actor=…&action=…&entity=…&day=…&below=…`.
pub(crate) async fn page(State(app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let l = visit.language;
        let visitor = Visitor {
            twin: visit.twin.clone(),
            view: visit.view.clone(),
            tenant: None,
        };
        let log = if app.config.audit.is_some() {
            let log = readable(&app, &visitor).map_err(|refused| Failure::refused(visit, &refused))?;
            Some(shown(&log, visit)?)
        } else {
            None
        };
        let page = AuditPage {
            l,
            frame: Frame::new(visit, Place::None, l.text("audit-title")),
            log,
        };
        respond::page(visit, &page)
    })
    .await
}

fn shown(log: &Log, visit: &Visit) -> Result<Shown, Failure> {
    let l = visit.language;
    let parameter = |name: &str| visit.parameter(name).unwrap_or_default().to_owned();
    let (actor, entity, day) = (parameter("actor"), parameter("entity"), parameter("day"));
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let action = visit
        .parameter("action")
        .and_then(|asked| ACTIONS.into_iter().find(|action| *action == asked));
    let from = Timestamp::parse(&format!("{day}T00:00:00Z")).ok();
    let filter = Filter {
        actor: given(&actor),
        action: action.map(str::to_owned),
        target: given(&entity),
        from,
        before: from.map(|from| from.plus_micros(24 * 3_600_000_000)),
    };
    let below = visit.parameter("below").and_then(|number| number.parse().ok());
    let Found { leaves, older } = log
        .latest(&filter, below, ROWS)
        .map_err(|error| Failure::refused(visit, &problem(error)))?;
    let signed = log.checkpoint();
    let count = |number: u64| Count(usize::try_from(number).unwrap_or(usize::MAX));
    Ok(Shown {
        summary: l.text_with("audit-summary", &[("entries", count(log.size()))]),
        actions: ACTIONS
            .into_iter()
            .map(|value| Choice {
                value,
                label: l.text(&format!("audit-actions-{}", value.trim_end_matches('.'))),
                chosen: action == Some(value),
            })
            .collect(),
        unfinished: leaves.is_empty() && older.is_some(),
        rows: leaves.iter().map(|leaf| row(leaf, l)).collect(),
        latest: below.is_some().then(|| visit.address("/audit", &[("below", "")])),
        older: older.map(|number| visit.address("/audit", &[("below", &number.to_string())])),
        signed: signed
            .as_ref()
            .map(|signed| l.text_with("audit-signed", &[("entries", count(signed.size))])),
        note: signed.map(|signed| signed.note.clone()),
        key: log.verifier().to_string(),
        server: visit.app.config.url(),
        actor,
        entity,
        day: if from.is_some() { day } else { String::new() },
    })
}

fn row(leaf: &Leaf<'_>, l: Language) -> Row {
    Row {
        seq: leaf.seq.to_string(),
        time: leaf.time.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        time_iso: leaf.time.to_string(),
        actor: Actor {
            words: match leaf.actor.split_once(':') {
                Some(("system", part)) => {
                    Some(l.text_with("audit-actor-system", &[("part", Text(&plain(part)))]))
                }
                _ if leaf.actor == "anonymous" => Some(l.text("audit-actor-anonymous")),
                _ => None,
            },
            name: plain(&leaf.actor),
        },
        on_behalf_of: leaf.on_behalf_of.as_deref().map(plain),
        purpose: plain(&leaf.purpose),
        words: l.known(&format!("audit-action-{}", leaf.action.replace('.', "-"))),
        action: plain(&leaf.action),
        refused: !leaf.allowed,
        target_type: leaf.target_type.as_deref().map(plain).unwrap_or_default(),
        target: leaf.target.as_deref().map(plain).unwrap_or_default(),
    }
}
