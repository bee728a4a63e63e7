//! `/account`: one's own password, second factor, sessions and keys.

use access::{Assurance, Error, Person, Proof};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use super::own_keys::KeyRow;
use super::passkeys::{Changed, PasskeyRow, Script, to_change};
use super::qr::Qr;
use super::words::{self, Tick};
use super::{Failure, Sent, Visit, Wrong, accounts, failed, person, read, see, shown};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::{Argument, Language, instant};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    l: Language,
    frame: Frame,
    errors: Vec<Wrong>,
    /// What was done, in a sentence.
    done: Option<String>,
    name: String,
    roles: String,
    groups: String,
    /// Whether a second factor is asked for, and how many recovery codes are left.
    second: Option<String>,
    /// A second factor that was begun and is not confirmed.
    enrolment: Option<Enrolled>,
    /// Recovery codes, shown this once.
    codes: Vec<String>,
    sessions: Vec<SessionRow>,
    keys: Vec<KeyRow>,
    /// A key, shown this once.
    key: Option<String>,
    ticks: Vec<Tick>,
    /// The identity provider, where people log in there.
    provider: Option<LinkedTo>,
    /// Whether a password opens the account.
    password: bool,
    passkeys: Vec<PasskeyRow>,
    /// The one that is to be changed.
    passkey: Option<Changed>,
    /// What adds another.
    script: Option<Script>,
}

struct LinkedTo {
    name: String,
    linked: bool,
    /// The way there, once it was asked for.
    go: Option<String>,
}

struct Enrolled {
    secret: String,
    qr: Option<Qr>,
}

struct SessionRow {
    id: String,
    browser: String,
    began: String,
    seen: String,
    two: bool,
    current: bool,
}

/// What a page shows beside what always stands there.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) wrong: Option<(Error, &'static str)>,
    pub(super) done: Option<&'static str>,
    pub(super) codes: Vec<String>,
    pub(super) key: Option<String>,
    pub(super) go: Option<String>,
    /// The passkey that is to be changed, and the name that was typed for it.
    pub(super) passkey: Option<(String, Option<String>)>,
}

/// What was done, by the word in the address.
const DONE: [(&str, &str); 10] = [
    ("passkey", "done-passkey"),
    ("passkey-named", "done-passkey-named"),
    ("passkey-removed", "done-passkey-removed"),
    ("password", "done-password"),
    ("second-factor-off", "done-second-off"),
    ("session", "done-session"),
    ("key-ended", "done-key-ended"),
    ("begun", "done-second-begun"),
    ("linked", "done-linked"),
    ("unlinked", "done-unlinked"),
];

/// `GET /account`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let word = visit.parameter("done").unwrap_or("");
        let done = DONE.iter().find(|(known, _)| *known == word).map(|(_, key)| *key);
        account_page(
            visit,
            Shown {
                done,
                ..Shown::default()
            },
        )
    })
    .await
}

pub(super) fn account_page(visit: &Visit, shows: Shown) -> Result<Response, Failure> {
    let l = visit.language;
    let (access, who) = (accounts(visit)?, person(visit)?);
    let fail = |error: Error| failed(visit, &error);
    let own = access.person(&who.id).map_err(fail)?;
    let enrolment = access
        .enrolment(&who.id)
        .map_err(fail)?
        .map(|enrolment| Enrolled {
            secret: enrolment.secret,
            qr: Qr::of(&enrolment.uri),
        });
    let wrong = shows.wrong.as_ref();
    let mut errors: Vec<Wrong> = wrong
        .map(|(error, field)| Wrong::of(l, error, field))
        .into_iter()
        .collect();
    if wrong.is_none() && visit.parameter("failed") == Some("provider") {
        errors.push(Wrong::text(l, "wrong-provider", "provider"));
    }
    if wrong.is_none() && who.owes_second_factor {
        let has_one = own.second_factor || own.passkeys > 0;
        let (text, place) = if has_one {
            ("second-not-shown", "content")
        } else {
            ("second-needed", "second")
        };
        errors.push(Wrong::text(l, text, place));
    }
    let provider = visit.app.config.provider.as_ref().filter(|it| it.logs_in());
    let passkeys = PasskeyRow::of_all(access.passkeys(&who.id).map_err(fail)?);
    let page = AccountPage {
        l,
        frame: Frame::new(visit, Place::Account, l.text("account-title")),
        errors,
        provider: provider.map(|it| LinkedTo {
            name: it.name().to_owned(),
            linked: own.external,
            go: shows.go,
        }),
        password: own.password,
        passkey: to_change(visit, shows.passkey, &passkeys),
        passkeys,
        script: Script::of(visit, l),
        done: shows.done.map(|key| l.text(key)),
        second: own.second_factor.then(|| left(l, &own)),
        enrolment,
        codes: shows.codes,
        sessions: sessions(visit, &own),
        keys: KeyRow::of_all(l, &access.keys(Some(&own.id))),
        key: shows.key,
        ticks: words::ticks(l, own.permissions, &[]),
        roles: words::roles(l, &who.roles),
        groups: own.groups.join(&l.text("list-comma")),
        name: own.name,
    };
    shown(visit, &page, wrong.map(|(error, _)| error))
}

fn left(l: Language, own: &Person) -> String {
    l.text_with("second-on", &[("codes", Argument::Count(own.recovery_codes))])
}

fn sessions(visit: &Visit, own: &Person) -> Vec<SessionRow> {
    let Some(access) = visit.app.config.access() else {
        return Vec::new();
    };
    let sessions = access.sessions(&own.id, visit.session.as_deref());
    sessions
        .into_iter()
        .map(|session| SessionRow {
            id: session.id,
            browser: crate::pages::describe::plain(&session.browser),
            began: instant(session.began_at),
            seen: instant(session.seen_at),
            two: session.assurance == Assurance::Two,
            current: session.current,
        })
        .collect()
}

fn wrong(visit: &Visit, error: Error, field: &'static str) -> Result<Response, Failure> {
    account_page(
        visit,
        Shown {
            wrong: Some((error, field)),
            ..Shown::default()
        },
    )
}

/// `POST /account/password`.
pub(super) async fn password(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let id = &person(visit)?.id;
        let changed = accounts(visit)?.change_password(
            id,
            sent.field("old"),
            sent.field("new"),
            visit.session.as_deref(),
            sent.from,
        );
        match changed {
            Ok(()) => Ok(see("/account?done=password")),
            Err(error @ Error::Weak(_)) => wrong(visit, error, "new"),
            Err(error) => wrong(visit, error, "old"),
        }
    })
    .await
}

/// `POST /account/second-factor`: `then` says what is to be done with it.
pub(super) async fn second_factor(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let (access, id) = (accounts(visit)?, &person(visit)?.id);
        let session = visit.session.as_deref();
        let has_password = access.person(id).is_ok_and(|own| own.password);
        let proof = match (sent.field("password"), session) {
            ("", Some(session)) if !has_password => Proof::Session(session),
            (password, _) => Proof::Password(password),
        };
        let with_codes = |codes: Vec<String>| {
            account_page(
                visit,
                Shown {
                    done: Some("done-codes"),
                    codes,
                    ..Shown::default()
                },
            )
        };
        match sent.field("then") {
            "begin" => match access.begin_second_factor(id, proof, sent.from) {
                Ok(_) => Ok(see("/account?done=begun")),
                Err(error) => wrong(visit, error, "second-password"),
            },
            "confirm" => match access.confirm_second_factor(id, sent.field("code"), session) {
                Ok(codes) => with_codes(codes),
                Err(error) => wrong(visit, error, "code"),
            },
            "codes" => match access.renew_recovery_codes(id, proof, sent.from) {
                Ok(codes) => with_codes(codes),
                Err(error) => wrong(visit, error, "second-password"),
            },
            "end" => match access.end_second_factor(id, proof, sent.from) {
                Ok(()) => Ok(see("/account?done=second-factor-off")),
                Err(error) => wrong(visit, error, "second-password"),
            },
            _ => Ok(see("/account")),
        }
    })
    .await
}

/// `POST /account/sessions`: ends one.
pub(super) async fn end_session(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let id = &person(visit)?.id;
        match accounts(visit)?.end_session_of(id, sent.field("session")) {
            // Gone is gone.
            Ok(()) | Err(Error::NotFound { .. }) => Ok(see("/account?done=session")),
            Err(error) => Err(failed(visit, &error)),
        }
    })
    .await
}
