//! `/break-glass`: wider rights for a while, in an emergency; who took them, and what others found.

use std::sync::Arc;
use std::time::Duration;

use access::{Access, BreakGlass, Error, Permission, Principal};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use ngsi_ld::Timestamp;
use query::Caller;

use super::{Failure, Sent, Visit, Wrong, accounts, failed, person, read, see, shown};
use crate::App;
use crate::accounts_api::break_glass::must_be_recorded;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Argument::Text;
use crate::pages::language::{Language, instant};

/// For how long, to choose from.
const MINUTES: [u64; 5] = [15, 30, 60, 120, 240];
/// How long unless somebody chooses.
const USUAL: u64 = 60;
/// The most rows.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "break_glass.html")]
struct BreakGlassPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    done: Option<String>,
    /// Whether there is a form to begin.
    may: bool,
    /// Whether nothing is recorded here, so that nobody can.
    unrecorded: bool,
    reason: String,
    minutes: Vec<Minutes>,
    /// Whether the list is of everybody.
    everybody: bool,
    rows: Vec<Row>,
}

struct Minutes {
    value: u64,
    label: String,
    chosen: bool,
}

struct Row {
    id: String,
    name: String,
    reason: String,
    begun: String,
    until: String,
    open: bool,
    /// Whether whoever looks may end it, and review it.
    may_end: bool,
    may_review: bool,
    review: Option<String>,
    justified: bool,
    note: String,
}

/// What stands on every page of those whom it concerns, while somebody has wider rights.
pub(in crate::pages) fn alarms(l: Language, access: &Access, who: &Principal) -> Vec<String> {
    let all = sees_all(who);
    let open = access.open_break_glasses().into_iter();
    open.filter(|one| all || one.person == who.id)
        .map(|one| {
            let until = instant(one.until);
            if one.person == who.id {
                l.text_with("break-glass-own", &[("until", Text(&until))])
            } else {
                let words = [("name", Text(&one.name)), ("until", Text(&until))];
                l.text_with("break-glass-banner", &words)
            }
        })
        .collect()
}

fn sees_all(who: &Principal) -> bool {
    who.may(Permission::AuditRead) || who.may(Permission::PoliciesManage)
}

/// `GET /break-glass`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let done = match visit.parameter("done") {
            Some("begun") => Some("break-glass-begun"),
            Some("ended") => Some("break-glass-ended"),
            Some("reviewed") => Some("break-glass-reviewed"),
            _ => None,
        };
        list(visit, String::new(), USUAL, done, None)
    })
    .await
}

fn list(
    visit: &Visit,
    reason: String,
    minutes: u64,
    done: Option<&'static str>,
    wrong: Option<(&Error, &'static str)>,
) -> Result<Response, Failure> {
    let l = visit.language;
    let (access, who) = (accounts(visit)?, person(visit)?);
    let everybody = sees_all(who);
    let now = visit.app.clock.now();
    let all = access.break_glasses();
    let own_is_open = all.iter().any(|one| one.person == who.id && one.is_open(now));
    let rows = all
        .iter()
        .filter(|one| everybody || one.person == who.id)
        .take(ROWS)
        .map(|one| Row::of(l, one, who, now));
    let page = BreakGlassPage {
        l,
        frame: Frame::new(visit, Place::Emergency, l.text("break-glass-title")),
        errors: wrong
            .map(|(error, field)| Wrong::of(l, error, field))
            .into_iter()
            .collect(),
        done: done.map(|key| l.text(key)),
        may: who.may(Permission::BreakGlass) && !own_is_open,
        unrecorded: must_be_recorded(&visit.app).is_err(),
        reason,
        minutes: MINUTES
            .into_iter()
            .map(|value| Minutes {
                value,
                label: l.text_with(
                    "break-glass-minutes",
                    &[("minutes", Text(&l.count(usize::try_from(value).unwrap_or(0))))],
                ),
                chosen: value == minutes,
            })
            .collect(),
        everybody,
        rows: rows.collect(),
    };
    shown(visit, &page, wrong.map(|(error, _)| error))
}

impl Row {
    fn of(l: Language, one: &BreakGlass, who: &Principal, now: Timestamp) -> Self {
        let (open, own) = (one.is_open(now), one.person == who.id);
        let answers = who.may(Permission::PoliciesManage);
        let review = one.review.as_ref();
        Self {
            id: one.id.to_string(),
            name: one.name.clone(),
            reason: one.reason.clone(),
            begun: instant(one.begun_at),
            until: instant(one.ended_at.unwrap_or(one.until)),
            open,
            may_end: open && (own || answers),
            may_review: !open && !own && answers && review.is_none(),
            review: review.map(|review| {
                let at = instant(review.at);
                l.text_with(
                    "break-glass-review-by",
                    &[("name", Text(&review.name)), ("at", Text(&at))],
                )
            }),
            justified: review.is_some_and(|review| review.justified),
            note: review.map(|review| review.note.clone()).unwrap_or_default(),
        }
    }
}

/// `POST /break-glass`: `then` says what is to be done.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let who = person(visit)?;
        let access = accounts(visit)?.by(Caller::Principal(Arc::clone(&who.id)));
        let id = sent.field("break-glass");
        match sent.field("then") {
            "begin" => {
                must_be_recorded(&visit.app).map_err(|problem| Failure::refused(visit, &problem))?;
                let minutes = sent.field("minutes").parse().unwrap_or(USUAL);
                let time = Duration::from_secs(minutes.saturating_mul(60));
                match access.break_glass(who, sent.field("reason"), time) {
                    Ok(_) => Ok(see("/break-glass?done=begun")),
                    Err(error) => {
                        let typed = sent.field("reason").to_owned();
                        list(visit, typed, minutes, None, Some((&error, "reason")))
                    }
                }
            }
            "end" => match access.end_break_glass(id, who) {
                Ok(_) | Err(Error::State(_)) => Ok(see("/break-glass?done=ended")),
                Err(error) => Err(failed(visit, &error)),
            },
            "justified" | "unjustified" => {
                let justified = sent.field("then") == "justified";
                match access.review_break_glass(id, who, justified, sent.field("note")) {
                    Ok(_) => Ok(see("/break-glass?done=reviewed")),
                    Err(error) => Err(failed(visit, &error)),
                }
            }
            _ => Ok(see("/break-glass")),
        }
    })
    .await
}
