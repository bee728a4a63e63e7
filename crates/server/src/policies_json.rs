//! What the policies decide and why, and what a change of them would change, as JSON: as the API and the command line
//! write them.

use access::policies::{Finding, PolicyInfo};
use access::{Kind, Preview, PreviewShift, Principal, Why, WhyAsked};
use ngsi_ld::Name;
use serde_json::{Value, json};

/// The most names that are listed of those who gain or lose the same.
const MOST_NAMES: usize = 20;

/// Something that is wrong with a document, or odd.
pub fn finding(finding: &Finding) -> Value {
    json!({
        "document": finding.document, "policy": finding.policy, "line": finding.line, "column": finding.column,
        "message": finding.message, "help": finding.help,
    })
}

/// Why somebody can do something with an entity, or cannot.
pub fn why(asked: &WhyAsked<'_>, why: &Why) -> Value {
    let policies = |policies: &[PolicyInfo]| policies.iter().map(policy).collect::<Vec<_>>();
    let classes: Vec<Value> = why
        .verdicts
        .iter()
        .map(|verdict| {
            json!({
                "class": verdict.class, "attributes": short(&verdict.attributes), "allowed": verdict.allowed,
                "reason": verdict.reason(), "permits": policies(&verdict.permits), "forbids": policies(&verdict.forbids),
            })
        })
        .collect();
    let permission = why.permission;
    json!({
        "principal": why.who.as_ref().map_or_else(|| json!({"kind": "anonymous", "roles": [], "groups": []}), principal),
        "action": asked.action.name(), "purpose": asked.purpose.0, "entity": asked.entity.as_str(),
        "types": short(&why.types),
        "permission": permission.map(|(needed, given)| json!({"name": needed.name(), "given": given})),
        "allowed": why.allowed(), "classes": classes,
    })
}

fn principal(who: &Principal) -> Value {
    let kind = match who.kind {
        Kind::Person => "person",
        Kind::Service => "service",
        Kind::Device => "device",
    };
    json!({"id": who.id, "kind": kind, "name": who.name, "roles": who.roles, "groups": who.groups})
}

fn policy(info: &PolicyInfo) -> Value {
    json!({"id": info.id, "title": info.title, "document": info.document, "line": info.line})
}

/// What a change of the policies would change.
pub fn preview(preview: &Preview) -> Value {
    let shifts: Vec<Value> = preview.shifts.iter().map(shift).collect();
    let odd: Vec<Value> = preview.odd.iter().map(finding).collect();
    json!({
        "findings": odd, "shifts": shifts, "unlisted": preview.unlisted,
        "principals": {"asked": preview.asked.0, "all": preview.asked.1},
        "entities": {"looked_at": preview.entities.0, "all": preview.entities.1},
    })
}

fn shift(of: &PreviewShift) -> Value {
    let shift = &of.shift;
    let names: Vec<_> = of.who.iter().take(MOST_NAMES).map(|whom| &*whom.name).collect();
    let mut groups: Vec<_> = of.who.iter().flat_map(|whom| &whom.groups).collect();
    groups.sort_unstable();
    groups.dedup();
    json!({
        "change": if shift.gained { "gain" } else { "loss" },
        "who": {"count": of.who.len(), "names": names, "groups": groups},
        "action": of.action.name(), "type": shift.entity_type.as_ref().map(Name::short), "class": shift.class,
        "attributes": short(&shift.attributes), "entities": shift.entities,
        "example": shift.example.id.as_str(), "because": shift.because,
    })
}

/// Names as a request without @context writes them.
fn short<'a>(names: impl IntoIterator<Item = &'a Name>) -> Vec<&'a str> {
    names.into_iter().map(Name::short).collect()
}
