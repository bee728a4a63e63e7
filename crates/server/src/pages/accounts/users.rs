//! `/users`: everybody, and a form for one more.

use access::{Error, NewPerson, Person};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use super::words::{self, Tick};
use super::{Failure, Sent, Visit, Wrong, accounts, read, shown, user};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::{Argument, Language, instant};
use crate::pages::pager::Pager;
use crate::pages::visit::encode;

const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    rows: Vec<Row>,
    pager: Pager,
    name: String,
    ticks: Vec<Tick>,
}

struct Row {
    address: String,
    name: String,
    roles: String,
    state: String,
    class: &'static str,
    second: bool,
    last: Option<String>,
}

/// Where the page of an account is.
pub(super) fn address(id: &str) -> String {
    format!("/users/{}", encode(id))
}

/// How an account stands: in a word, and as a class of the style.
pub(super) fn state(l: Language, person: &Person) -> (String, &'static str) {
    if person.disabled {
        (l.text("user-disabled"), "worse")
    } else if person.invited {
        (l.text("user-invited"), "unknown")
    } else {
        (l.text("user-active"), "better")
    }
}

/// `GET /users`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| users_page(visit, String::new(), &[], None)).await
}

fn users_page(
    visit: &Visit,
    name: String,
    ticked: &[access::Role],
    wrong: Option<&Error>,
) -> Result<Response, Failure> {
    let l = visit.language;
    let all = accounts(visit)?.people();
    let pager = Pager::of(visit, all.len(), ROWS);
    let rows = all
        .iter()
        .skip(pager.first)
        .take(ROWS)
        .map(|person| {
            let (state, class) = state(l, person);
            Row {
                address: address(&person.id),
                name: person.name.clone(),
                roles: words::roles(l, &person.roles),
                state,
                class,
                second: person.second_factor,
                last: person.last_login.map(instant),
            }
        })
        .collect();
    let by = visit.who.as_ref().map(|who| who.permissions).unwrap_or_default();
    let page = UsersPage {
        l,
        frame: Frame::new(visit, Place::Users, l.text("users-title")),
        errors: wrong
            .map(|error| Wrong::of(l, error, "name"))
            .into_iter()
            .collect(),
        rows,
        pager,
        name,
        ticks: words::ticks(l, by, ticked),
    };
    shown(visit, &page, wrong)
}

/// `POST /users`: one more, who gets a link to set the password.
pub(super) async fn make(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let name = sent.field("name").trim();
        let roles = words::ticked(sent.all("role"));
        let new = NewPerson {
            name,
            roles: &roles,
            ..NewPerson::default()
        };
        let by = visit.who.as_ref().map(|who| who.permissions).unwrap_or_default();
        match accounts(visit)?.add_person(&new, by) {
            Ok((person, code)) => {
                let l = visit.language;
                let done = l.text_with("done-user", &[("name", Argument::Text(&person.name))]);
                user::made(visit, &sent, &person, done, code.as_deref())
            }
            Err(error) => users_page(visit, name.to_owned(), &roles, Some(&error)),
        }
    })
    .await
}
