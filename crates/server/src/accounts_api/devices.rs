//! `/access/devices`: which devices and services there are, for those who manage them.

use std::time::Duration;

use access::{DeviceInfo, DeviceKind, Lifecycle, NewDevice, Permission, Role};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, done, json_of};
use crate::accounts_json::{claim, device};
use crate::identity::Asker;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

/// How many devices one answer holds at most.
const MOST: usize = 1000;

/// Which devices.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Page {
    /// Those whose ids come after this one.
    after: Option<String>,
    /// At most so many.
    limit: Option<usize>,
}

/// A device to register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    id: String,
    #[serde(default)]
    kind: DeviceKind,
    roles: Vec<Role>,
    #[serde(default)]
    scopes: Vec<Permission>,
}

/// What changes of a device.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Changed {
    state: Option<Lifecycle>,
    roles: Option<Vec<Role>>,
    scopes: Option<Vec<Permission>>,
}

/// How a secret is renewed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Renewed {
    /// How long the secret before holds.
    overlap_hours: u32,
}

pub(super) fn example() -> Value {
    json!({"id": "urn:ngsi-ld:Device:lamp-7", "kind": "device", "state": "active", "roles": ["operator"],
        "scopes": ["twin.write"], "owner": null, "tenants": [], "made_at": "2026-05-01T12:00:00Z",
        "certificates": [{"serial": "5f00112233445566778899aabbccddee", "begins_at": "2026-05-01T12:00:00Z",
            "ends_at": "2026-07-30T12:00:00Z"}],
        "has_secret": false, "earlier_until": null})
}

fn claim_example() -> Value {
    json!({"info": example(), "claim": {"code": "ABCD-EFGH-…", "uri": "mapacha:claim?device=urn:ngsi-ld:Device:lamp-7&code=ABCD-EFGH-…",
        "svg": "<svg …>"}})
}

/// All devices
///
/// In the order of their ids, in parts: the next one begins `after` the last id of this one.
#[utoipa::path(get, path = "/access/devices", tag = "Access", operation_id = "listDevices",
    params(("after" = Option<String>, Query, description = "Those whose ids come after this one"),
        ("limit" = Option<usize>, Query, description = "At most so many, 1000 at the most")),
    responses((status = 200, description = "The devices", body = ref("#/components/schemas/AccessDevices"), content_type = "application/json",
        example = json!([example()]))))]
pub(super) async fn list_devices(asker: Asker, page: Result<Query<Page>, QueryRejection>) -> Answer {
    let Query(page) = page.map_err(|rejection| Problem::api(rejection.status(), rejection.body_text()))?;
    let limit = page.limit.unwrap_or(MOST).min(MOST);
    let devices = asker.access.devices(page.after.as_deref(), limit);
    Ok(json_of(&json!(devices.iter().map(device).collect::<Vec<_>>())))
}

/// Register a device
///
/// Its claim code is told this once: as people type it, and as a QR code for the device to bear.
#[utoipa::path(post, path = "/access/devices", tag = "Access", operation_id = "createDevice",
    request_body(content = ref("#/components/schemas/AccessNewDevice"), content_type = "application/json",
        example = json!({"id": "urn:ngsi-ld:Device:lamp-7", "roles": ["operator"], "scopes": ["twin.write"]})),
    responses(
        (status = 201, description = "The device", body = ref("#/components/schemas/AccessDeviceClaim"), content_type = "application/json",
            example = claim_example),
        (status = 400, description = "The id is none", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "There is one, or was", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_device(asker: Asker, given: Result<axum::Json<Made>, JsonRejection>) -> Answer {
    let given = body(given)?;
    let (info, code) = done(asker, move |asker| {
        let new = NewDevice {
            id: &given.id,
            kind: given.kind,
            roles: &given.roles,
            scopes: &given.scopes,
        };
        asker.access.add_device(&new, asker.principal.permissions)
    })
    .await?;
    let location = format!("/access/devices/{}", info.id);
    let told = axum::Json(claimable(&info, &code));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], told).into_response())
}

/// One device
#[utoipa::path(get, path = "/access/devices/{device}", tag = "Access", operation_id = "retrieveDevice",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    responses(
        (status = 200, description = "The device", body = ref("#/components/schemas/AccessDevice"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is no such device", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_device(asker: Asker, Path(id): Path<String>) -> Answer {
    let info = done(asker, move |asker| asker.access.device(&id)).await?;
    Ok(json_of(&device(&info)))
}

/// Change a device
///
/// Its rights, or its state: `suspended` (nothing that it shows opens anything), `active` again, `manufactured` (given back:
/// it belongs to nobody and has no credentials), `retired` (for ever). It holds from the next request on.
#[utoipa::path(patch, path = "/access/devices/{device}", tag = "Access", operation_id = "updateDevice",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    request_body(content = ref("#/components/schemas/AccessDeviceChange"), content_type = "application/json",
        example = json!({"state": "suspended"})),
    responses(
        (status = 200, description = "The device as it is now", body = ref("#/components/schemas/AccessDevice"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is no such device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It cannot go there from where it is", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn update_device(
    asker: Asker,
    Path(id): Path<String>,
    given: Result<axum::Json<Changed>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let info = done(asker, move |asker| {
        let by = asker.principal.permissions;
        let mut info = asker.access.device(&id)?;
        if given.roles.is_some() || given.scopes.is_some() {
            let roles = given.roles.as_ref().unwrap_or(&info.roles);
            let scopes = given.scopes.as_ref().unwrap_or(&info.scopes);
            info = asker.access.set_device_rights(&id, roles, scopes, by)?;
        }
        match given.state.filter(|state| *state != info.state) {
            Some(state) => asker.access.set_device_state(&id, state, by),
            None => Ok(info),
        }
    })
    .await?;
    Ok(json_of(&device(&info)))
}

/// Revoke a certificate
///
/// It opens nothing from now on; others of the device do.
#[utoipa::path(delete, path = "/access/devices/{device}/certificates/{serial}", tag = "Access", operation_id = "revokeCertificate",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7"),
        ("serial" = String, Path, description = "The certificate's number", example = "5f00112233445566778899aabbccddee")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such device, or certificate", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn revoke_certificate(asker: Asker, Path((id, serial)): Path<(String, String)>) -> Answer {
    done(asker, move |asker| {
        let by = asker.principal.permissions;
        asker.access.revoke_certificate(&id, &serial, by)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Renew a claim code
///
/// For a device that nobody claimed. The code before opens nothing any more.
#[utoipa::path(post, path = "/access/devices/{device}/claim-code", tag = "Access", operation_id = "renewClaimCode",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    responses(
        (status = 200, description = "The device and its code", body = ref("#/components/schemas/AccessDeviceClaim"), content_type = "application/json",
            example = claim_example),
        (status = 404, description = "There is no such device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was claimed", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn renew_claim_code(asker: Asker, Path(id): Path<String>) -> Answer {
    let (info, code) = done(asker, move |asker| {
        asker.access.renew_claim_code(&id, asker.principal.permissions)
    })
    .await?;
    Ok(json_of(&claimable(&info, &code)))
}

/// Renew an enrolment token
///
/// For a device that was claimed and lost what it had, or was never enrolled. It is told this once and holds for a week.
#[utoipa::path(post, path = "/access/devices/{device}/enrolment", tag = "Access", operation_id = "renewEnrolment",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    responses(
        (status = 200, description = "The device and its token", body = ref("#/components/schemas/AccessDeviceToken"), content_type = "application/json",
            example = json!({"info": example(), "token": "8f…"})),
        (status = 404, description = "There is no such device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was not claimed, or is out of use", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn renew_enrolment(asker: Asker, Path(id): Path<String>) -> Answer {
    let (info, token) = done(asker, move |asker| {
        asker.access.renew_enrolment(&id, asker.principal.permissions)
    })
    .await?;
    Ok(json_of(&json!({"info": device(&info), "token": token})))
}

/// Give a device a secret
///
/// For those that cannot have a certificate; sent as `Authorization: Bearer`. It is told this once; the one before holds for
/// `overlap_hours` longer.
#[utoipa::path(post, path = "/access/devices/{device}/secret", tag = "Access", operation_id = "rotateDeviceSecret",
    params(("device" = String, Path, description = "The device's id", example = "urn:ngsi-ld:Device:lamp-7")),
    request_body(content = ref("#/components/schemas/AccessRotation"), content_type = "application/json",
        example = json!({"overlap_hours": 24})),
    responses(
        (status = 200, description = "The device and its secret", body = ref("#/components/schemas/AccessDeviceSecret"), content_type = "application/json",
            example = json!({"info": example(), "secret": "mapachadevice_…"})),
        (status = 404, description = "There is no such device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was not claimed, or is out of use", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn rotate_secret(
    asker: Asker,
    Path(id): Path<String>,
    given: Result<axum::Json<Renewed>, JsonRejection>,
) -> Answer<Response> {
    let given = body(given)?;
    let (info, secret) = done(asker, move |asker| {
        let overlap = Duration::from_hours(u64::from(given.overlap_hours));
        let by = asker.principal.permissions;
        asker.access.rotate_device_secret(&id, overlap, by)
    })
    .await?;
    Ok(json_of(&json!({"info": device(&info), "secret": secret})))
}

fn claimable(info: &DeviceInfo, code: &str) -> Value {
    json!({"info": device(info), "claim": claim(info, code)})
}
