//! Examples and shapes for the OpenAPI document.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What an error says (ETSI GS CIM 009, 5.5.3; RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct ProblemDetails {
    /// The kind of error, a URI.
    #[schema(example = "https://uri.etsi.org/ngsi-ld/errors/BadRequestData")]
    r#type: String,
    /// The kind of error, for people.
    title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong here, and what to do.
    detail: String,
}

/// What a batch operation did (5.2.16).
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchOperationResult {
    /// Ids of the entities for which it was done.
    success: Vec<String>,
    /// The others.
    errors: Vec<BatchEntityError>,
}

/// Why it could not be done for one entity (5.2.17).
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchEntityError {
    /// The entity's id.
    #[serde(rename = "entityId")]
    entity_id: String,
    /// Why.
    error: ProblemDetails,
}

/// One entity.
pub(crate) fn stop() -> Value {
    json!({
        "id": "urn:ngsi-ld:GtfsStop:0001RLW",
        "type": "GtfsStop",
        "name": {"type": "Property", "value": "Railways"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [36.828, -1.2906]}}
    })
}

/// Several entities.
pub(crate) fn stops() -> Value {
    json!([stop()])
}

/// A part of an entity.
pub(crate) fn fragment() -> Value {
    json!({"name": {"type": "Property", "value": "Railways Station"}})
}

/// A part of an attribute.
pub(crate) fn attribute() -> Value {
    json!({"type": "Property", "value": "Railways Station", "observedAt": "2026-05-01T12:00:00Z"})
}

/// Several ids.
pub(crate) fn ids() -> Value {
    json!(["urn:ngsi-ld:GtfsStop:0001RLW"])
}

/// A query.
pub(crate) fn query() -> Value {
    json!({
        "type": "Query",
        "entities": [{"type": "GtfsStop"}],
        "geoQ": {
            "georel": "near;maxDistance==500",
            "geometry": "Point",
            "coordinates": [36.8219, -1.2921]
        }
    })
}

/// A subscription.
pub(crate) fn subscription() -> Value {
    json!({
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "AirQualityObserved"}],
        "q": "pm25>35",
        "notification": {"endpoint": {"uri": "https://example.org/notify", "accept": "application/json"}}
    })
}

/// The same as it is kept.
pub(crate) fn kept_subscription() -> Value {
    kept(subscription())
}

/// Several subscriptions.
pub(crate) fn subscriptions() -> Value {
    json!([kept_subscription()])
}

fn kept(mut subscription: Value) -> Value {
    subscription["status"] = json!("active");
    subscription
}

/// A query of the past.
pub(crate) fn temporal_query() -> Value {
    json!({
        "type": "Query",
        "entities": [{"type": "AirQualityObserved"}],
        "temporalQ": {"timerel": "after", "timeAt": "2025-01-01T00:00:00Z", "lastN": 10}
    })
}

/// The evolution of an entity.
pub(crate) fn evolution() -> Value {
    json!({
        "id": "urn:ngsi-ld:AirQualityObserved:4853",
        "type": "AirQualityObserved",
        "pm25": [
            {"type": "Property", "value": 12.5, "unitCode": "GQ", "observedAt": "2025-01-01T00:00:00Z"},
            {"type": "Property", "value": 14.1, "unitCode": "GQ", "observedAt": "2025-01-01T01:00:00Z"}
        ]
    })
}

/// Several evolutions.
pub(crate) fn evolutions() -> Value {
    json!([evolution()])
}

/// Instances of the past.
pub(crate) fn instances() -> Value {
    json!({"pm25": [{"type": "Property", "value": 13.0, "unitCode": "GQ", "observedAt": "2025-01-01T02:00:00Z"}]})
}

/// A snapshot, ready.
pub(super) fn snapshot() -> Value {
    json!({
        "id": "urn:ngsi-ld:Snapshot:5d41402abc4b2a76b9719d911017c592",
        "type": "Snapshot",
        "snapshotQueries": [{"type": "Query", "entities": [{"type": "GtfsStop"}]}],
        "snapshotPriority": 5,
        "snapshotStatus": "success",
        "snapshotQueriesDetails": [{"resultStatus": "success"}],
        "createdAt": "2026-05-01T12:00:00Z",
        "modifiedAt": "2026-05-01T12:00:01Z",
        "expiresAt": "2026-05-02T12:00:00Z",
        "lastUsedAt": "2026-05-01T12:00:00Z",
    })
}

/// An entity map.
pub(super) fn entity_map() -> Value {
    json!({
        "id": "urn:ngsi-ld:EntityMap:5d41402abc4b2a76b9719d911017c592",
        "type": "EntityMap",
        "expiresAt": "2026-05-01T13:00:00Z",
        "entityMap": {"urn:ngsi-ld:GtfsStop:0001RLW": ["@none"]},
        "linkedMaps": {},
    })
}

/// A context source registration.
pub(crate) fn registration() -> Value {
    json!({
        "id": "urn:ngsi-ld:ContextSourceRegistration:1",
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "GtfsStop"}], "propertyNames": ["name"]}],
        "endpoint": "http://source.example/ngsi-ld"
    })
}

/// Several registrations.
pub(crate) fn registrations() -> Value {
    json!([registration()])
}

/// A subscription to registrations.
pub(crate) fn source_subscription() -> Value {
    json!({
        "id": "urn:ngsi-ld:Subscription:2",
        "type": "Subscription",
        "entities": [{"type": "GtfsStop"}],
        "notification": {"endpoint": {"uri": "https://example.org/sources", "accept": "application/json"}}
    })
}

/// The same as it is kept.
pub(crate) fn kept_source_subscription() -> Value {
    kept(source_subscription())
}

/// Several subscriptions to registrations.
pub(crate) fn source_subscriptions() -> Value {
    json!([kept_source_subscription()])
}
