//! The members of a query in a body (5.2.23) and of what is in it: what it does not have is refused, for a misspelt
//! filter must not select everything.

use ngsi_ld::Error;
use serde_json::{Map, Value};

use super::parameters::shortened;

/// A Query (Table 5.2.23-1).
const QUERY: [&str; 22] = [
    "type",
    "entities",
    "q",
    "geoQ",
    "scopeQ",
    "temporalQ",
    "attrs",
    "omit",
    "pick",
    "aggrParams",
    "csf",
    "containedBy",
    "datasetId",
    "expandValues",
    "entityMap",
    "entityMapLifetime",
    "jsonKeys",
    "join",
    "joinLevel",
    "lang",
    "ordering",
    "splitEntities",
];
/// The objects in a Query, and their members (5.2.13, 5.2.21, 5.2.43, 5.2.44).
const PARTS: [(&str, &[&str]); 4] = [
    ("geoQ", &["georel", "geometry", "coordinates", "geoproperty"]),
    (
        "temporalQ",
        &[
            "timerel",
            "timeAt",
            "endTimeAt",
            "timeproperty",
            "lastN",
            "aggrMethods",
            "aggrPeriodDuration",
        ],
    ),
    ("aggrParams", &["aggrMethods", "aggrPeriodDuration"]),
    ("ordering", &["collation", "coordinates", "geometry", "orderBy"]),
];
/// An EntitySelector (5.2.33).
const SELECTOR: [&str; 3] = ["type", "id", "idPattern"];
/// How many letters a name may be off.
const NEAR: usize = 2;

/// Refuses what a Query does not have, in it and in its parts; `entities` is for [`only_of_selector`].
pub(super) fn only_of_query(query: &Map<String, Value>) -> Result<(), Error> {
    only(query, "", &QUERY)?;
    PARTS.iter().try_for_each(|(name, known)| match query.get(*name) {
        Some(Value::Object(part)) => only(part, name, known),
        _ => Ok(()), // something else is refused by whoever reads it
    })
}

/// Refuses what an EntitySelector does not have.
pub(super) fn only_of_selector(selector: &Map<String, Value>) -> Result<(), Error> {
    only(selector, "", &SELECTOR)
}

fn only(object: &Map<String, Value>, place: &str, known: &[&str]) -> Result<(), Error> {
    let Some(other) = object.keys().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let slash = if place.is_empty() { "" } else { "/" };
    let shown = format!("`{place}{slash}{}`", shortened(other));
    Err(Error::bad_data(match nearest(other, known) {
        Some(near) => format!("{shown}: there is no such member; did you mean `{near}`?"),
        None => format!("{shown}: there is no such member; there are {}", known.join(", ")),
    }))
}

/// The name that was meant by another, if one is near: a few letters off, or in other cases of letters.
pub(super) fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    if given.len() > 80 {
        return None;
    }
    let letters = given.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &letters);
    // A third of a short name may be off, no more.
    let is_near = |name: &str, distance: usize| distance <= NEAR.min(name.len() / 3);
    known
        .iter()
        .map(|name| (distance(name), *name))
        .filter(|(distance, name)| is_near(name, *distance))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn clause_5_2_23_a_query_has_its_members_and_no_others() {
        let check = |json: &Value| only_of_query(json.as_object().unwrap()).map_err(|error| error.detail);
        let fine = json!({
            "type": "Query", "q": "a>1", "geoQ": {"georel": "near"}, "temporalQ": {"lastN": 2}, "pick": ["id"],
            "ordering": {"orderBy": ["id"]}, "aggrParams": {"aggrMethods": "avg"}, "entities": [],
        });
        assert_eq!(check(&fine), Ok(()));
        for (bad, says) in [
            (
                json!({"Q": "price>2"}),
                "`Q`: there is no such member; did you mean `q`?",
            ),
            (json!({"geoq": {}}), "did you mean `geoQ`?"),
            (json!({"limit": 5}), "there are type, entities"),
            (json!({"count": true}), "there are type, entities"),
            (json!({"orderBy": "id"}), "there are type, entities"),
            (json!({"attr": ["a"]}), "did you mean `attrs`?"),
            (
                json!({"geoQ": {"geoProperty": "here"}}),
                "`geoQ/geoProperty`: there is no such member; did you mean `geoproperty`?",
            ),
            (json!({"temporalQ": {"lastn": 1}}), "did you mean `lastN`?"),
            (json!({"ordering": {"orderby": []}}), "did you mean `orderBy`?"),
        ] {
            let detail = check(&bad).unwrap_err();
            assert!(detail.contains(says), "{detail}");
        }
        let long = json!({"x".repeat(100_000): 1});
        assert!(check(&long).unwrap_err().len() < 500);
    }

    #[test]
    fn what_is_far_is_not_meant() {
        let known = ["id", "type", "subscription"];
        assert_eq!(nearest("subscripton", &known), Some("subscription"));
        assert_eq!(nearest("typ", &known), Some("type"));
        assert_eq!(nearest("ID", &known), Some("id"));
        assert_eq!(nearest("up", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
