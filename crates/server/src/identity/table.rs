//! What each route asks for: one table, and what is not in it is refused.

use access::Permission::{
    self, AssessmentRead, AssessmentWrite, AuditRead, BreakGlass, ContextsManage, DevicesManage,
    GovernanceManage, ImportsRun, MetricsRead, NotificationsManage, PoliciesManage, ScenariosRead,
    ScenariosRun, SnapshotsManage, SourcesManage, SubscriptionsManage, TwinRead, TwinWrite, UsersManage,
};
use serde_json::{Map, Value, json};

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Anybody,
    /// To know who asks.
    LoggedIn,
    /// A permission.
    May(Permission),
}

use Need::{Anybody, LoggedIn, May};

type Methods = &'static [(&'static str, Need)];

const READ: Methods = &[("GET", May(TwinRead))];
const WRITE_BY_POST: Methods = &[("POST", May(TwinWrite))];
const READ_BY_POST: Methods = &[("POST", May(TwinRead))];
const MAPS: Methods = &[("GET", May(TwinRead)), ("POST", May(TwinRead))];
const SUBSCRIPTIONS: Methods = &[
    ("GET", May(SubscriptionsManage)),
    ("POST", May(SubscriptionsManage)),
];
const SUBSCRIPTION: Methods = &[
    ("GET", May(SubscriptionsManage)),
    ("PATCH", May(SubscriptionsManage)),
    ("DELETE", May(SubscriptionsManage)),
];
const ASSESSMENT: Methods = &[("GET", May(AssessmentRead))];
const SCENARIOS: Methods = &[("GET", May(ScenariosRead))];
const AUDIT: Methods = &[("GET", May(AuditRead))];
const RUN: Methods = &[("POST", May(ScenariosRun))];
const DESK: Methods = &[("GET", May(GovernanceManage))];
const AT_DESK: Methods = &[("POST", May(GovernanceManage))];
const DESKS: Methods = &[("GET", May(GovernanceManage)), ("POST", May(GovernanceManage))];
const RECORD: Methods = &[
    ("GET", May(GovernanceManage)),
    ("PUT", May(GovernanceManage)),
    ("DELETE", May(GovernanceManage)),
];
const EVERYBODY: Methods = &[("GET", Anybody)];
const FORM_OF_ANYBODY: Methods = &[("GET", Anybody), ("POST", Anybody)];
const BY_ANYBODY: Methods = &[("POST", Anybody)];
const OWN: Methods = &[("POST", LoggedIn)];
const POLICIES: Methods = &[("GET", May(PoliciesManage)), ("POST", May(PoliciesManage))];
const DEVICE: Methods = &[("POST", May(DevicesManage))];
const PASSKEY: Methods = &[("DELETE", May(UsersManage))];
const USERS: Methods = &[("POST", May(UsersManage))];

/// The paths as the router has them.
const ROUTES: &[(&str, Methods)] = &[
    // NGSI-LD
    (
        "/ngsi-ld/v1/entities",
        &[
            ("GET", May(TwinRead)),
            ("POST", May(TwinWrite)),
            ("DELETE", May(TwinWrite)),
        ],
    ),
    (
        "/ngsi-ld/v1/entities/{entityId}",
        &[
            ("GET", May(TwinRead)),
            ("PUT", May(TwinWrite)),
            ("PATCH", May(TwinWrite)),
            ("DELETE", May(TwinWrite)),
        ],
    ),
    (
        "/ngsi-ld/v1/entities/{entityId}/attrs",
        &[("POST", May(TwinWrite)), ("PATCH", May(TwinWrite))],
    ),
    (
        "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}",
        &[
            ("PATCH", May(TwinWrite)),
            ("PUT", May(TwinWrite)),
            ("DELETE", May(TwinWrite)),
        ],
    ),
    ("/ngsi-ld/v1/entityOperations/create", WRITE_BY_POST),
    ("/ngsi-ld/v1/entityOperations/upsert", WRITE_BY_POST),
    ("/ngsi-ld/v1/entityOperations/update", WRITE_BY_POST),
    ("/ngsi-ld/v1/entityOperations/merge", WRITE_BY_POST),
    ("/ngsi-ld/v1/entityOperations/delete", WRITE_BY_POST),
    ("/ngsi-ld/v1/entityOperations/query", READ_BY_POST),
    ("/ngsi-ld/v1/types", READ),
    ("/ngsi-ld/v1/types/{type}", READ),
    ("/ngsi-ld/v1/attributes", READ),
    ("/ngsi-ld/v1/attributes/{attrId}", READ),
    (
        "/ngsi-ld/v1/temporal/entities",
        &[("GET", May(TwinRead)), ("POST", May(TwinWrite))],
    ),
    (
        "/ngsi-ld/v1/temporal/entities/{entityId}",
        &[("GET", May(TwinRead)), ("DELETE", May(TwinWrite))],
    ),
    ("/ngsi-ld/v1/temporal/entities/{entityId}/attrs", WRITE_BY_POST),
    (
        "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}",
        &[("DELETE", May(TwinWrite))],
    ),
    (
        "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        &[("PATCH", May(TwinWrite)), ("DELETE", May(TwinWrite))],
    ),
    ("/ngsi-ld/v1/temporal/entityOperations/query", READ_BY_POST),
    ("/ngsi-ld/v1/subscriptions", SUBSCRIPTIONS),
    ("/ngsi-ld/v1/subscriptions/{subscriptionId}", SUBSCRIPTION),
    (
        "/ngsi-ld/v1/csourceRegistrations",
        &[("GET", May(TwinRead)), ("POST", May(SourcesManage))],
    ),
    (
        "/ngsi-ld/v1/csourceRegistrations/{registrationId}",
        &[
            ("GET", May(TwinRead)),
            ("PATCH", May(SourcesManage)),
            ("DELETE", May(SourcesManage)),
        ],
    ),
    ("/ngsi-ld/v1/csourceSubscriptions", SUBSCRIPTIONS),
    ("/ngsi-ld/v1/csourceSubscriptions/{subscriptionId}", SUBSCRIPTION),
    ("/ngsi-ld/v1/info/sourceIdentity", READ),
    // What a query found, to page through: part of reading.
    ("/ngsi-ld/v1/entityMaps", MAPS),
    (
        "/ngsi-ld/v1/entityMaps/{entityMapId}",
        &[
            ("GET", May(TwinRead)),
            ("PATCH", May(TwinRead)),
            ("DELETE", May(TwinRead)),
        ],
    ),
    ("/ngsi-ld/v1/temporal/entityMaps", MAPS),
    (
        "/ngsi-ld/v1/snapshots",
        &[("POST", May(SnapshotsManage)), ("DELETE", May(SnapshotsManage))],
    ),
    (
        "/ngsi-ld/v1/snapshots/{snapshotId}",
        &[
            ("GET", May(TwinRead)),
            ("PATCH", May(SnapshotsManage)),
            ("DELETE", May(SnapshotsManage)),
        ],
    ),
    (
        "/ngsi-ld/v1/snapshots/{snapshotId}/clone",
        &[("POST", May(SnapshotsManage))],
    ),
    (
        "/ngsi-ld/v1/jsonldContexts",
        &[("GET", May(TwinRead)), ("POST", May(ContextsManage))],
    ),
    // Who is notified reads the @context that the notification names, and has no account.
    (
        "/ngsi-ld/v1/jsonldContexts/{contextId}",
        &[("GET", Anybody), ("DELETE", May(ContextsManage))],
    ),
    ("/notifications", &[("GET", May(NotificationsManage))]),
    ("/notifications/endpoints", &[("GET", May(NotificationsManage))]),
    (
        "/notifications/endpoints/wake",
        &[("POST", May(NotificationsManage))],
    ),
    (
        "/notifications/dead-letters",
        &[
            ("GET", May(NotificationsManage)),
            ("DELETE", May(NotificationsManage)),
        ],
    ),
    (
        "/notifications/dead-letters/replay",
        &[("POST", May(NotificationsManage))],
    ),
    (
        "/notifications/dead-letters/{number}",
        &[
            ("GET", May(NotificationsManage)),
            ("DELETE", May(NotificationsManage)),
        ],
    ),
    // Indicators, scenarios, imports
    ("/kpi/catalogue", ASSESSMENT),
    (
        "/kpi/assessment",
        &[("GET", May(AssessmentRead)), ("POST", May(AssessmentWrite))],
    ),
    (
        "/scenarios",
        &[("GET", May(ScenariosRead)), ("POST", May(ScenariosRun))],
    ),
    ("/scenarios/schema", SCENARIOS),
    ("/scenarios/kinds", SCENARIOS),
    ("/scenarios/indicators", SCENARIOS),
    (
        "/scenarios/{id}",
        &[
            ("GET", May(ScenariosRead)),
            ("PUT", May(ScenariosRun)),
            ("DELETE", May(ScenariosRun)),
        ],
    ),
    ("/scenarios/{id}/runs", RUN),
    (
        "/scenarios/runs",
        &[("GET", May(ScenariosRead)), ("POST", May(ScenariosRun))],
    ),
    (
        "/scenarios/runs/{id}",
        &[("GET", May(ScenariosRead)), ("DELETE", May(ScenariosRun))],
    ),
    ("/scenarios/runs/{id}/cancel", RUN),
    ("/scenarios/runs/{id}/result", SCENARIOS),
    ("/scenarios/runs/{id}/map", SCENARIOS),
    ("/scenarios/runs/{id}/entities", SCENARIOS),
    ("/imports/{kind}", &[("POST", May(ImportsRun))]),
    // The running program
    ("/healthz", EVERYBODY),
    ("/readyz", EVERYBODY),
    ("/version", EVERYBODY),
    ("/openapi.json", EVERYBODY),
    ("/metrics", &[("GET", May(MetricsRead))]),
    // Accounts and keys
    (
        "/access/break-glass",
        &[("GET", May(AuditRead)), ("POST", May(BreakGlass))],
    ),
    ("/access/break-glass/{breakGlass}/end", OWN),
    (
        "/access/break-glass/{breakGlass}/review",
        &[("POST", May(PoliciesManage))],
    ),
    ("/access/authority", EVERYBODY),
    (
        "/access/devices",
        &[("GET", May(DevicesManage)), ("POST", May(DevicesManage))],
    ),
    (
        "/access/devices/{device}",
        &[("GET", May(DevicesManage)), ("PATCH", May(DevicesManage))],
    ),
    (
        "/access/devices/{device}/certificates/{serial}",
        &[("DELETE", May(DevicesManage))],
    ),
    // Whoever has its code has the device.
    ("/access/devices/{device}/claim", OWN),
    ("/access/devices/{device}/claim-code", DEVICE),
    // With its token; it has nothing else yet.
    ("/access/devices/{device}/enrol", &[("POST", Anybody)]),
    ("/access/devices/{device}/enrolment", DEVICE),
    ("/access/devices/{device}/renew", OWN),
    ("/access/devices/{device}/secret", DEVICE),
    ("/access/me", &[("GET", LoggedIn)]),
    ("/access/purposes", &[("GET", LoggedIn)]),
    ("/access/roles", &[("GET", LoggedIn)]),
    (
        "/access/users",
        &[("GET", May(UsersManage)), ("POST", May(UsersManage))],
    ),
    (
        "/access/users/{user}",
        &[
            ("GET", May(UsersManage)),
            ("PATCH", May(UsersManage)),
            ("DELETE", May(UsersManage)),
        ],
    ),
    ("/access/users/{user}/reset", USERS),
    ("/access/users/{user}/passkeys", &[("GET", May(UsersManage))]),
    ("/access/users/{user}/passkeys/{passkey}", PASSKEY),
    ("/access/passkeys", OWN),
    ("/access/passkeys/options", OWN),
    ("/access/passkeys/login", BY_ANYBODY),
    ("/access/passkeys/login/options", BY_ANYBODY),
    ("/access/groups", &[("GET", May(UsersManage))]),
    (
        "/access/groups/{group}",
        &[("PUT", May(UsersManage)), ("DELETE", May(UsersManage))],
    ),
    (
        "/access/keys",
        &[("GET", May(UsersManage)), ("POST", May(UsersManage))],
    ),
    ("/access/keys/{key}", &[("DELETE", May(UsersManage))]),
    ("/access/keys/{key}/rotate", USERS),
    ("/access/policies", &[("GET", May(PoliciesManage))]),
    ("/access/policies/compare", &[("POST", May(PoliciesManage))]),
    (
        "/access/policies/{document}",
        &[
            ("GET", May(PoliciesManage)),
            ("PUT", May(PoliciesManage)),
            ("DELETE", May(PoliciesManage)),
        ],
    ),
    ("/access/why", &[("GET", May(PoliciesManage))]),
    // The desk of the data-protection officer
    ("/governance", DESK),
    ("/governance/processing/{activity}/edit", AT_DESK),
    ("/governance/processing/{activity}/delete", AT_DESK),
    ("/governance/processing", DESKS),
    ("/governance/processing/{activity}", RECORD),
    ("/governance/processing/{activity}/assessment", AT_DESK),
    ("/governance/processing/{activity}/approval", AT_DESK),
    ("/governance/requests", DESKS),
    ("/governance/requests/{request}", DESK),
    ("/governance/requests/{request}/steps", AT_DESK),
    ("/governance/requests/{request}/export", DESK),
    ("/governance/breaches", DESKS),
    ("/governance/breaches/{breach}", DESK),
    ("/governance/breaches/{breach}/steps", AT_DESK),
    ("/governance/retention", DESKS),
    ("/governance/retention/{rule}", RECORD),
    ("/governance/retention/{rule}/preview", DESK),
    ("/governance/retention/{rule}/edit", AT_DESK),
    ("/governance/retention/{rule}/end", AT_DESK),
    ("/governance/retention-runs", DESKS),
    ("/governance/retention-runs/{run}", DESK),
    ("/governance/holds", DESKS),
    ("/governance/holds/{hold}", DESK),
    ("/governance/holds/{hold}/release", AT_DESK),
    ("/governance/profiles", DESK),
    ("/governance/profiles/{profile}", DESK),
    // The audit log
    ("/audit", AUDIT),
    ("/audit/checkpoint", AUDIT),
    ("/audit/key", AUDIT),
    ("/audit/tile/{level}/{number}", AUDIT),
    ("/audit/tile/{level}/{number}/{width}", AUDIT),
    ("/audit/entries", AUDIT),
    ("/audit/proof/inclusion", AUDIT),
    ("/audit/proof/consistency", AUDIT),
    // Pages
    ("/", READ),
    ("/kpi", ASSESSMENT),
    ("/kpi/{id}", ASSESSMENT),
    ("/map", READ),
    ("/map/features.geojson", READ),
    ("/map/features.csv", READ),
    ("/entities", READ),
    ("/entities/{id}", READ),
    ("/reach", READ),
    ("/assets/{name}", EVERYBODY),
    ("/trust", EVERYBODY),
    ("/trust/{document}", EVERYBODY),
    ("/.well-known/security.txt", EVERYBODY),
    ("/scenarios/new", &[("GET", May(ScenariosRun))]),
    (
        "/scenarios/{id}/edit",
        &[("GET", May(ScenariosRun)), ("POST", May(ScenariosRun))],
    ),
    ("/scenarios/{id}/delete", RUN),
    ("/scenarios/runs/{id}/delete", RUN),
    ("/setup", FORM_OF_ANYBODY),
    ("/login", FORM_OF_ANYBODY),
    ("/login/code", FORM_OF_ANYBODY),
    ("/login/provider", EVERYBODY),
    ("/login/provider/return", EVERYBODY),
    ("/invitation", FORM_OF_ANYBODY),
    ("/logout", OWN),
    ("/account", &[("GET", LoggedIn)]),
    ("/break-glass", &[("GET", LoggedIn), ("POST", LoggedIn)]),
    ("/account/password", OWN),
    ("/account/provider", OWN),
    ("/account/passkeys", OWN),
    ("/account/second-factor", OWN),
    ("/account/sessions", OWN),
    ("/account/keys", OWN),
    ("/users", &[("GET", May(UsersManage)), ("POST", May(UsersManage))]),
    (
        "/users/{user}",
        &[("GET", May(UsersManage)), ("POST", May(UsersManage))],
    ),
    ("/policies", POLICIES),
    ("/policies/documents/{document}", POLICIES),
    ("/policies/classes", POLICIES),
    ("/policies/why", &[("GET", May(PoliciesManage))]),
];

/// What the table says of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It asks for this.
    Needs(Need),
    /// The route has other methods: these.
    Otherwise(String),
    /// The table does not have it.
    Nothing,
}

/// What a route asks for. HEAD is GET.
pub(crate) fn said_of(method: &str, path: &str) -> Said {
    let method = if method == "HEAD" { "GET" } else { method };
    let Some((_, methods)) = ROUTES.iter().find(|(known, _)| *known == path) else {
        return Said::Nothing;
    };
    match methods.iter().find(|(known, _)| *known == method) {
        Some((_, need)) => Said::Needs(*need),
        None => Said::Otherwise(allow(methods)),
    }
}

fn allow(methods: Methods) -> String {
    let mut names: Vec<&str> = methods.iter().map(|(name, _)| *name).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(",")
}

/// Says in the OpenAPI document how to prove who one is, and for each operation what it asks for.
pub(crate) fn described(document: &mut Value) {
    let schemes = json!({
        "key": {"type": "http", "scheme": "bearer", "description": "A key of a service (`mapacha key create`, or the page /account), or an access token of the city's identity provider (access.oidc)"},
        "session": {"type": "apiKey", "in": "cookie", "name": super::cookies::SESSION, "description": "The cookie of somebody who logged in at /login"},
    });
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".into(), schemes);
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else {
                continue;
            };
            match said_of(&method.to_uppercase(), path) {
                Said::Needs(Anybody) => {
                    operation.insert("security".into(), json!([]));
                }
                Said::Needs(need) => {
                    operation.insert("security".into(), json!([{"key": []}, {"session": []}]));
                    if let May(permission) = need {
                        operation.insert("x-permission".into(), permission.name().into());
                        says_what_for(operation);
                    }
                    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
                        for (status, meaning) in [
                            ("401", "Who asks is not known, where access.mode is `required`"),
                            ("403", "Who asks may not do this"),
                        ] {
                            responses
                                .entry(status)
                                .or_insert_with(|| json!({"description": meaning}));
                        }
                    }
                }
                Said::Otherwise(_) | Said::Nothing => {}
            }
        }
    }
}

/// Describes the header that says what a request is for.
fn says_what_for(operation: &mut Map<String, Value>) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(json!({
            "name": "Mapacha-Purpose", "in": "header", "required": false,
            "description": "What the data are for: one of /access/purposes; without it, what the key was made for, else \
                `service-operation`. It has no meaning where nobody logs in",
            "schema": {"type": "string"}, "example": super::UNSAID,
        }));
    }
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        responses.entry("400").or_insert_with(
            || json!({"description": "There is no such purpose; `purposes` lists those that there are"}),
        );
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
pub(crate) mod tests;
