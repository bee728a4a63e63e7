//! `/access/passkeys`: both ceremonies of passkeys, as the script of the pages takes part in them; and the passkeys of
//! somebody, for who manages accounts.

use access::{
    Access, Attempt, Entered, Error, Kind, NewPasskey, NoPasskey, Proof, RelyingParty, ShownPasskey,
};
use axum::Extension;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, done, json_of, refused};
use crate::App;
use crate::accounts_json::passkey;
use crate::identity::{Asker, Sender, SessionToken, cookies, nobody_logs_in};
use crate::ngsi_ld::ProblemDetails;
use crate::pages::accounts::{safe, second_step};
use crate::problem::{Answer, Problem, blocking};

/// What begins a login.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    #[serde(default)]
    name: Option<String>,
}

/// What ends it: `AuthenticationResponseJSON` (`WebAuthn` Level 3, 5.1).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shows {
    credential: Credential<Assertion>,
    /// Where the login leads.
    #[serde(default)]
    next: String,
}

/// What begins to add a passkey.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proves {
    form_token: String,
    #[serde(default)]
    password: String,
}

/// What ends it: `RegistrationResponseJSON` (5.1).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adds {
    form_token: String,
    name: String,
    credential: Credential<Attestation>,
}

/// What browsers answer; more members than these are theirs to send.
#[derive(Debug, Deserialize)]
struct Credential<R> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    object: String,
    #[serde(default)]
    transports: Vec<String>,
}

/// A member in base64url.
fn bytes(name: &str, text: &str) -> Answer<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_not_that| {
        let detail = format!("`{name}` has to be bytes in base64url without padding, as browsers give them");
        Problem::api(StatusCode::BAD_REQUEST, detail)
    })
}

impl<R> Credential<R> {
    fn id(&self) -> Answer<Vec<u8>> {
        if self.kind != "public-key" {
            let detail = "the `type` of a passkey is `public-key`";
            return Err(Problem::api(StatusCode::BAD_REQUEST, detail));
        }
        bytes("id", &self.id)
    }
}

/// The site, or why there are no passkeys here.
fn site(sender: &Sender) -> Answer<RelyingParty> {
    sender.site.clone().ok_or_else(|| {
        let detail = "passkeys are bound to a name, and this server is not known by one: set http.public_url to an \
                      https address with a name, or open it on this machine as http://localhost with its port";
        told(StatusCode::CONFLICT, "site", detail)
    })
}

fn told(status: StatusCode, reason: &str, detail: impl Into<String>) -> Problem {
    Problem::named(status, "passkey", "The passkey is not taken", detail).member("reason", reason)
}

/// Why not, with a word by which a page says it in the reader's language.
fn why(error: &Error) -> Problem {
    let reason = match error {
        Error::Passkey(NoPasskey::Late) => "late",
        Error::Passkey(NoPasskey::Origin | NoPasskey::RpId | NoPasskey::CrossOrigin) => "site",
        Error::Passkey(NoPasskey::Known) => "known",
        Error::Passkey(NoPasskey::Copied) => "copied",
        Error::Passkey(NoPasskey::Unverified) => "unverified",
        Error::SecondFirst => "second",
        Error::Many(_) => "many",
        Error::Wait { .. } | Error::Busy | Error::Store(_) => "wait",
        Error::Refused => "refused",
        Error::State(_) => "stale",
        Error::Wrong(_) => "name",
        _ => "other",
    };
    let status = match error {
        // 401 and 403 are for who may not ask at all.
        Error::Refused | Error::Passkey(_) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => return refused(error).member("reason", reason),
    };
    let detail = match error {
        Error::Refused => "the passkey opens nothing here, or the password is wrong".to_owned(),
        other => other.to_string(),
    };
    told(status, reason, detail)
}

fn login_example() -> Value {
    json!({"credential": {"id": "6mq3lYYmGd0", "type": "public-key", "response": {"clientDataJSON": "e30",
        "authenticatorData": "AA", "signature": "AA", "userHandle": "AA"}}, "next": "/"})
}

/// Begin a login with a passkey
///
/// Answers with what `navigator.credentials.get` wants (`PublicKeyCredentialRequestOptionsJSON`), and keeps the challenge
/// for five minutes, for the browser that asked. Nobody's passkeys are listed, and every name is answered alike.
#[utoipa::path(post, path = "/access/passkeys/login/options", tag = "Access", operation_id = "beginPasskeyLogin",
    request_body(content = ref("#/components/schemas/AccessPasskeyNames"), content_type = "application/json",
        example = json!({"name": "ada"})),
    responses(
        (status = 200, description = "What the browser is to be asked", body = ref("#/components/schemas/AccessPasskeyRequest"), content_type = "application/json",
            example = json!({"challenge": "bY7XqP0mKk2Vw1nqQ8a3m0u5c7e9g1i3k5m7o9q1s3U", "rpId": "twin.city.example", "timeout": 300_000,
                "userVerification": "required", "allowCredentials": []})),
        (status = 409, description = "The server is known by no name that passkeys could be bound to", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn begin_passkey_login(
    State(app): State<App>,
    sender: Sender,
    given: Result<axum::Json<Names>, JsonRejection>,
) -> Answer {
    let access = app.config.access().ok_or_else(nobody_logs_in)?;
    let given = body(given)?;
    let site = site(&sender)?;
    let name = given
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let begun = access
        .begin_passkey_login(name, &site, sender.from)
        .map_err(|error| why(&error))?;
    let mut response = json_of(&json!({
        "challenge": begun.challenge, "rpId": site.id(), "timeout": access::passkeys::CHALLENGE_MS,
        "userVerification": "required", "allowCredentials": [],
    }));
    cookies::began_passkey(response.headers_mut(), &begun.token);
    Ok(response)
}

/// Log in with a passkey
///
/// With what the browser answered, for the challenge that it was given last. Opens a session (cookies), or says where the
/// second factor is asked for: where the authenticator did not verify who is there.
#[utoipa::path(post, path = "/access/passkeys/login", tag = "Access", operation_id = "logInByPasskey",
    request_body(content = ref("#/components/schemas/AccessPasskeyLogin"), content_type = "application/json",
        example = login_example),
    responses(
        (status = 200, description = "Where to go", body = ref("#/components/schemas/AccessPasskeyLed"), content_type = "application/json",
            example = json!({"next": "/", "second_factor": false})),
        (status = 409, description = "The server is known by no name that passkeys could be bound to", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "It opens nothing; `reason` says why", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts failed", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn log_in_by_passkey(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    given: Result<axum::Json<Shows>, JsonRejection>,
) -> Answer {
    let access = app.config.access().cloned().ok_or_else(nobody_logs_in)?;
    let given = body(given)?;
    site(&sender)?;
    let (id, answer) = (given.credential.id()?, &given.credential.response);
    let client_data = bytes("clientDataJSON", &answer.client_data)?;
    let authenticator_data = bytes("authenticatorData", &answer.authenticator_data)?;
    let signature = bytes("signature", &answer.signature)?;
    let user = answer
        .user_handle
        .as_deref()
        .map(|text| bytes("userHandle", text));
    let user = user.transpose()?;
    let next = safe(&given.next).to_owned();
    blocking(move || {
        let token = cookies::cookie(&headers, cookies::PASSKEY).unwrap_or("");
        let shown = ShownPasskey {
            id: &id,
            client_data: &client_data,
            authenticator_data: &authenticator_data,
            signature: &signature,
            user: user.as_deref(),
        };
        let browser = headers.get(header::USER_AGENT);
        let attempt = Attempt {
            from: sender.from,
            known_browser: cookies::cookie(&headers, cookies::BROWSER),
            browser: browser.and_then(|value| value.to_str().ok()).unwrap_or(""),
        };
        let entered = access.log_in_by_passkey(token, &shown, &attempt);
        entered.map(|entered| led(&access, &headers, &next, &entered))
    })
    .await
    .map_err(Problem::as_api)?
    .map_err(|error| why(&error))
}

/// Where a login leads, with its cookies. Whoever logs in anew leaves the session before.
fn led(access: &Access, headers: &HeaderMap, next: &str, entered: &Entered) -> Response {
    let mut response = match entered {
        Entered::In(opened) => {
            if let Some(token) = cookies::cookie(headers, cookies::SESSION)
                && let Err(error) = access.end_session(token)
            {
                tracing::warn!(%error, "the session before a login could not be ended; it ends by itself");
            }
            let mut response = json_of(&json!({"next": next, "second_factor": false}));
            cookies::opened(response.headers_mut(), opened);
            response
        }
        Entered::SecondFactor(token) => {
            let mut response = json_of(&json!({"next": second_step(next), "second_factor": true}));
            cookies::begun(response.headers_mut(), token);
            response
        }
    };
    cookies::ended_passkey(response.headers_mut());
    response
}

/// The session of a person who shows that a page of this session sends this.
fn own_session(asker: &Asker, session: Option<Extension<SessionToken>>, given: &str) -> Answer<SessionToken> {
    let session = session.filter(|_| asker.principal.kind == Kind::Person);
    let Some(Extension(session)) = session else {
        let detail = "passkeys are of people who logged in, not of keys";
        return Err(told(StatusCode::FORBIDDEN, "other", detail));
    };
    if !asker.access.is_form_token(&session.0, given) {
        let detail = "the form is not of this session: load the page again, and send it once more";
        return Err(told(StatusCode::FORBIDDEN, "late", detail));
    }
    Ok(session)
}

/// Begin to add a passkey
///
/// To one's own account, in a session. Asks for the password anew, or for a session that a passkey (or, without a password,
/// the identity provider) opened in the last ten minutes. Answers with what `navigator.credentials.create` wants
/// (`PublicKeyCredentialCreationOptionsJSON`), and keeps the challenge for five minutes, for this session.
#[utoipa::path(post, path = "/access/passkeys/options", tag = "Access", operation_id = "beginPasskey",
    request_body(content = ref("#/components/schemas/AccessPasskeyProof"), content_type = "application/json",
        example = json!({"form_token": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "password": "kikuyu matatu jua wimbo"})),
    responses(
        (status = 200, description = "What the browser is to be asked", body = ref("#/components/schemas/AccessPasskeyCreation"), content_type = "application/json",
            example = json!({"rp": {"id": "twin.city.example", "name": "Mapacha"}, "user": {"id": "c2l4dHk", "name": "ada", "displayName": "ada"},
                "challenge": "bY7XqP0mKk2Vw1nqQ8a3m0u5c7e9g1i3k5m7o9q1s3U", "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
                "timeout": 300_000, "excludeCredentials": [], "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true,
                "userVerification": "required"}, "attestation": "none"})),
        (status = 403, description = "Who asks has no session, or the form is not of it", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "There are twenty already, or the session has not shown the second factor", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The password is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn begin_passkey(
    asker: Asker,
    sender: Sender,
    session: Option<Extension<SessionToken>>,
    given: Result<axum::Json<Proves>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let session = own_session(&asker, session, &given.form_token)?;
    let site = site(&sender)?;
    let rp = site.clone();
    let asked = blocking(move || {
        let proof = match given.password.as_str() {
            "" => Proof::Session(&session.0),
            password => Proof::Password(password),
        };
        asker
            .access
            .begin_passkey(&asker.principal.id, &session.0, proof, &rp, sender.from)
    })
    .await
    .map_err(Problem::as_api)?
    .map_err(|error| why(&error))?;
    let offered = access::passkeys::ALGORITHMS.map(|alg| json!({"type": "public-key", "alg": alg}));
    let known: Vec<Value> = asked
        .known
        .iter()
        .map(|(id, transports)| json!({"type": "public-key", "id": id, "transports": transports}))
        .collect();
    Ok(json_of(&json!({
        "rp": {"id": site.id(), "name": asked.issuer},
        "user": {"id": asked.user, "name": asked.name, "displayName": asked.name},
        "challenge": asked.challenge, "pubKeyCredParams": offered,
        "timeout": access::passkeys::CHALLENGE_MS, "excludeCredentials": known,
        "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
        "attestation": "none",
    })))
}

fn example() -> Value {
    json!({"id": "5f0c1a9be2d34476", "name": "phone", "made_at": "2026-05-01T12:00:00Z", "used_at": null, "backed_up": false, "copied_at": null})
}

/// Add a passkey
///
/// With what the browser answered, for the challenge of this session.
#[utoipa::path(post, path = "/access/passkeys", tag = "Access", operation_id = "addPasskey",
    request_body(content = ref("#/components/schemas/AccessPasskeyNew"), content_type = "application/json",
        example = json!({"form_token": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "name": "phone", "credential": {"id": "6mq3lYYmGd0", "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "oA", "transports": ["internal"]}}})),
    responses(
        (status = 201, description = "The passkey", body = ref("#/components/schemas/AccessPasskey"), content_type = "application/json",
            example = example),
        (status = 403, description = "Who asks has no session, or the form is not of it", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "There are twenty already, or the session has not shown the second factor", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "It is not taken; `reason` says why", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn add_passkey(
    asker: Asker,
    session: Option<Extension<SessionToken>>,
    given: Result<axum::Json<Adds>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let session = own_session(&asker, session, &given.form_token)?;
    let (id, answer) = (given.credential.id()?, given.credential.response);
    let client_data = bytes("clientDataJSON", &answer.client_data)?;
    let attestation = bytes("attestationObject", &answer.object)?;
    let added = blocking(move || {
        let new = NewPasskey {
            name: &given.name,
            id: &id,
            client_data: &client_data,
            attestation: &attestation,
            transports: &answer.transports,
        };
        asker.access.add_passkey(&asker.principal.id, &session.0, &new)
    })
    .await
    .map_err(Problem::as_api)?
    .map_err(|error| why(&error))?;
    Ok((StatusCode::CREATED, axum::Json(passkey(&added))).into_response())
}

/// Somebody's passkeys
///
/// In the order in which they were added.
#[utoipa::path(get, path = "/access/users/{user}/passkeys", tag = "Access", operation_id = "listPasskeys",
    params(("user" = String, Path, description = "The id or the name", example = "ada")),
    responses(
        (status = 200, description = "The passkeys", body = ref("#/components/schemas/AccessPasskeys"), content_type = "application/json",
            example = json!([example()])),
        (status = 404, description = "There is no such account", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn list_passkeys(asker: Asker, Path(known): Path<String>) -> Answer {
    let passkeys = done(asker, move |asker| {
        let person = asker.access.person(&known)?;
        asker.access.passkeys(&person.id)
    })
    .await?;
    let all: Vec<Value> = passkeys.iter().map(passkey).collect();
    Ok(json_of(&json!(all)))
}

/// Remove somebody's passkey
///
/// One that was lost; the sessions that it opened end. Where nothing else opens the account, reset it instead.
#[utoipa::path(delete, path = "/access/users/{user}/passkeys/{passkey}", tag = "Access", operation_id = "removePasskey",
    params(("user" = String, Path, description = "The id or the name", example = "ada"),
        ("passkey" = String, Path, description = "The id that the list gives", example = "5f0c1a9be2d34476")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such account, or no such passkey of it", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Nobody could manage accounts then", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Nothing else opens the account", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove_passkey(asker: Asker, Path((known, passkey)): Path<(String, String)>) -> Answer {
    done(asker, move |asker| {
        let person = asker.access.person(&known)?;
        let by = asker.principal.permissions;
        asker.access.remove_passkey(&person.id, &passkey, by)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
