//! How a device comes to its credentials: claimed by who has it, enrolled with a token, renewed with its own certificate.

use access::{Authority, DeviceInfo, Error, Kind};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use query::Caller;
use serde::Deserialize;
use serde_json::{Value, json};

use super::devices::example;
use super::{body, done, json_of, refused};
use crate::App;
use crate::accounts_json::device;
use crate::identity::{Asker, Sender};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem, blocking};

/// A proof that somebody has a device.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// The claim code, as the device bears it.
    code: String,
}

/// A request for the first certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct First {
    /// The enrolment token.
    token: String,
    /// PKCS #10, PEM.
    request: String,
}

/// A request for the next certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Next {
    /// PKCS #10, PEM.
    request: String,
}

const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n";

fn certified_example() -> Value {
    json!({"info": example(), "certificates": "-----BEGIN CERTIFICATE-----\n…"})
}

/// The certificate authority
///
/// The certificates (PEM) of the built-in root and issuing authority: whom devices may trust, and by whom theirs are signed.
#[utoipa::path(get, path = "/access/authority", tag = "Access", operation_id = "authority",
    responses(
        (status = 200, description = "The certificates", body = ref("#/components/schemas/AccessAuthority"), content_type = "application/json",
            example = json!({"certificates": "-----BEGIN CERTIFICATE-----\n…", "root_sha256": "9f…",
                "root_ends_at": "2046-05-01T12:00:00Z", "issuing_ends_at": "2031-05-01T12:00:00Z"})),
        (status = 404, description = "There is none yet", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn authority(State(app): State<App>) -> Answer {
    let authority = own_authority(&app)?;
    if !authority.exists() {
        let detail = "there is no certificate authority yet: the first device that is enrolled makes it, or `mapacha ca init`";
        return Err(Problem::api(StatusCode::NOT_FOUND, detail));
    }
    let info = blocking(move || authority.info())
        .await
        .map_err(Problem::as_api)?
        .map_err(|error| refused(&error))?;
    Ok(json_of(&json!({
        "certificates": info.pem, "root_sha256": info.root_sha256,
        "root_ends_at": info.root_ends_at.to_string(), "issuing_ends_at": info.issuing_ends_at.to_string(),
    })))
}

/// Claim a device
///
/// Whoever has the device has its code. It is theirs from then on, and gets its first certificate with the token, which is told
/// this once and holds for a week.
#[utoipa::path(post, path = "/access/devices/{device}/claim", tag = "Access", operation_id = "claimDevice",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    request_body(content = ref("#/components/schemas/AccessProof"), content_type = "application/json",
        example = json!({"code": "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ"})),
    responses(
        (status = 200, description = "The device and its token", body = ref("#/components/schemas/AccessDeviceToken"), content_type = "application/json",
            example = json!({"info": example(), "token": "8f…"})),
        (status = 404, description = "There is no such device, it was claimed, or the code is not right", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many codes were wrong; Retry-After says when the next one is looked at", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn claim_device(
    asker: Asker,
    sender: Sender,
    Path(id): Path<String>,
    given: Result<axum::Json<Proof>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let claimed = blocking(move || {
        let owner = &asker.principal.id;
        asker.access.claim_device(&id, &given.code, owner, sender.from)
    });
    let (info, token) = claimed
        .await
        .map_err(Problem::as_api)?
        .map_err(|error| not_proved(&error))?;
    Ok(json_of(&json!({"info": device(&info), "token": token})))
}

/// Enrol a device
///
/// For its token, the key of its request (PKCS #10) is signed, and it is active. Who it is stands in the certificate as it
/// is known here, whatever the request says.
#[utoipa::path(post, path = "/access/devices/{device}/enrol", tag = "Access", operation_id = "enrolDevice",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    request_body(content = ref("#/components/schemas/AccessEnrolment"), content_type = "application/json",
        example = json!({"token": "8f…", "request": REQUEST})),
    responses(
        (status = 200, description = "The device and its certificate", body = ref("#/components/schemas/AccessDeviceCertified"), content_type = "application/json",
            example = certified_example),
        (status = 400, description = "The request cannot be signed", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such device, or the token is not right", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many tokens were wrong; Retry-After says when the next one is looked at", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn enrol_device(
    State(app): State<App>,
    sender: Sender,
    Path(id): Path<String>,
    given: Result<axum::Json<First>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let access = app.config.access().cloned().ok_or_else(nobody_logs_in)?;
    let authority = own_authority(&app)?;
    let enrolled = blocking(move || {
        // The device itself, once its token was right: before that nothing is written.
        let access = access.by(Caller::Principal(id.as_str().into()));
        let by = (&authority, app.config.city.as_str());
        access.enrol_device(&id, &given.token, &given.request, by, sender.from)
    });
    let (info, chain) = enrolled
        .await
        .map_err(Problem::as_api)?
        .map_err(|error| not_proved(&error))?;
    Ok(certified(&info, &chain))
}

/// Renew a certificate
///
/// A device asks for its next certificate with what it has. The one before holds until it ends, so that none is ever without.
#[utoipa::path(post, path = "/access/devices/{device}/renew", tag = "Access", operation_id = "renewCertificate",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    request_body(content = ref("#/components/schemas/AccessRequest"), content_type = "application/json",
        example = json!({"request": REQUEST})),
    responses(
        (status = 200, description = "The device and its certificate", body = ref("#/components/schemas/AccessDeviceCertified"), content_type = "application/json",
            example = certified_example),
        (status = 400, description = "The request cannot be signed", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "Who asks is not this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn renew_certificate(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
    given: Result<axum::Json<Next>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    if asker.principal.kind != Kind::Device || *asker.principal.id != *id {
        let detail = "a device renews its own certificate, and nobody else's";
        return Err(Problem::api(StatusCode::NOT_FOUND, detail));
    }
    let authority = own_authority(&app)?;
    let (info, chain) = done(asker, move |asker| {
        asker
            .access
            .renew_certificate(&asker.principal, &given.request, &authority)
    })
    .await?;
    Ok(certified(&info, &chain))
}

fn certified(info: &DeviceInfo, chain: &str) -> Response {
    let told = axum::Json(json!({"info": device(info), "certificates": chain}));
    ([(header::CACHE_CONTROL, "no-store")], told).into_response()
}

fn own_authority(app: &App) -> Answer<Authority> {
    app.config.authority.clone().ok_or_else(nobody_logs_in)
}

fn nobody_logs_in() -> Problem {
    let detail = "this server asks nobody to log in (access.mode = open), so it knows no devices";
    Problem::api(StatusCode::NOT_FOUND, detail)
}

/// A secret that is not right says nothing of what there is.
fn not_proved(error: &Error) -> Problem {
    match error {
        Error::Refused => Problem::api(
            StatusCode::NOT_FOUND,
            "there is no such device, or what proves it is not right, or was used",
        ),
        other => refused(other),
    }
}
