//! `/users/{user}`: one account, as those see it who manage accounts.

use access::{Error, Person};
use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::passkeys::PasskeyRow;
use super::users::{address, state};
use super::words::{self, Tick};
use super::{Failure, Sent, Visit, Wrong, accounts, encode, failed, read, see, shown};
use crate::App;
use crate::ngsi_ld::own_url;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::{Argument, Language, instant};

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    done: Option<String>,
    /// The link of an invitation, shown this once.
    link: Option<String>,
    address: String,
    name: String,
    state: String,
    class: &'static str,
    disabled: bool,
    second: bool,
    passkeys: Vec<PasskeyRow>,
    made: String,
    last: Option<String>,
    ticks: Vec<Tick>,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    ticked: bool,
}

#[derive(Default)]
struct Shown {
    wrong: Option<(Error, &'static str)>,
    done: Option<String>,
    link: Option<String>,
}

/// `GET /users/{user}`.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let person = accounts(visit)?
            .person(&id)
            .map_err(|error| failed(visit, &error))?;
        let done = (visit.parameter("done") == Some("1")).then(|| visit.language.text("done-changed"));
        user_page(
            visit,
            &person,
            Shown {
                done,
                ..Shown::default()
            },
        )
    })
    .await
}

fn user_page(visit: &Visit, person: &Person, shows: Shown) -> Result<Response, Failure> {
    let l = visit.language;
    let access = accounts(visit)?;
    let by = visit.who.as_ref().map(|who| who.permissions).unwrap_or_default();
    let (state, class) = state(l, person);
    let wrong = shows.wrong.as_ref();
    let groups = access.groups().into_iter();
    let page = UserPage {
        l,
        frame: Frame::new(visit, Place::Users, person.name.clone()),
        errors: wrong
            .map(|(error, field)| Wrong::of(l, error, field))
            .into_iter()
            .collect(),
        done: shows.done,
        link: shows.link,
        address: address(&person.id),
        state,
        class,
        disabled: person.disabled,
        second: person.second_factor,
        passkeys: PasskeyRow::of_all(
            access
                .passkeys(&person.id)
                .map_err(|error| failed(visit, &error))?,
        ),
        made: instant(person.made_at),
        last: person.last_login.map(instant),
        ticks: words::ticks(l, by, &person.roles),
        groups: groups
            .map(|(name, _)| Group {
                ticked: person.groups.contains(&name),
                name,
            })
            .collect(),
        name: person.name.clone(),
    };
    shown(visit, &page, wrong.map(|(error, _)| error))
}

/// The page of an account that was just made or reset, with the link of its invitation.
pub(super) fn made(
    visit: &Visit,
    sent: &Sent,
    person: &Person,
    done: String,
    code: Option<&str>,
) -> Result<Response, Failure> {
    let link = code.map(|code| {
        let path = format!("/invitation?code={}", encode(code));
        own_url(&visit.app, &sent.headers, &path)
    });
    let shows = Shown {
        done: Some(done),
        link,
        ..Shown::default()
    };
    user_page(visit, person, shows)
}

/// `POST /users/{user}`: `then` says what is to be done.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let access = accounts(visit)?;
        let person = access.person(&id).map_err(|error| failed(visit, &error))?;
        let by = visit.who.as_ref().map(|who| who.permissions).unwrap_or_default();
        let id = &*person.id;
        let (field, changed) = match sent.field("then") {
            "roles" => {
                let roles = words::ticked(sent.all("role"));
                let groups: Vec<String> = sent.all("group").map(str::to_owned).collect();
                ("roles", access.set_roles(id, &roles, &groups, by).map(|_| ()))
            }
            "rename" => {
                let name = sent.field("name").trim();
                ("name", access.rename_person(id, name, by).map(|_| ()))
            }
            "passkey" => {
                let removed = access.remove_passkey(id, sent.field("passkey"), by);
                ("passkeys", removed)
            }
            "disable" => ("state", access.disable_person(id, by).map(|_| ())),
            "enable" => ("state", access.enable_person(id, by).map(|_| ())),
            "delete" => match access.remove_person(id, by) {
                Ok(()) => return Ok(see("/users")),
                Err(error) => ("state", Err(error)),
            },
            "reset" => match access.reset_person(id, by) {
                Ok((person, code)) => {
                    let l = visit.language;
                    let done = l.text_with("done-reset", &[("name", Argument::Text(&person.name))]);
                    return made(visit, &sent, &person, done, Some(&code));
                }
                Err(error) => ("state", Err(error)),
            },
            _ => return Ok(see(&address(id))),
        };
        match changed {
            Ok(()) => Ok(see(&format!("{}?done=1", address(id)))),
            Err(error) => user_page(
                visit,
                &person,
                Shown {
                    wrong: Some((error, field)),
                    ..Shown::default()
                },
            ),
        }
    })
    .await
}
