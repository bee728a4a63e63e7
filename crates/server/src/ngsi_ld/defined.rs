//! Query parameters that an operation does not define are refused (6.3.20), by the list that is also published.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::ROOT;
use super::members::nearest;
use super::parameters::shortened;
use crate::problem::{NgsiError, Problem};

/// Beside the standard's operations: where a filter says what is destroyed.
const NOTIFICATIONS: &str = "/notifications";

/// What `options` and `format` may say where an operation that reads has neither: how an answer is written.
const FORMATS: [&str; 9] = [
    "",
    "normalized",
    "concise",
    "simplified",
    "keyValues",
    "sysAttrs",
    "temporalValues",
    "aggregatedValues",
    "count",
];

/// For every operation of the standard, and of `/notifications`, the names of its query parameters. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defined(Arc<HashMap<(Method, String), BTreeSet<String>>>);

impl Defined {
    /// As the description of the API has them.
    pub(crate) fn by(description: &OpenApi) -> Self {
        let mut defined = HashMap::new();
        for (path, item) in &description.paths.paths {
            if !path.starts_with(ROOT) && !path.starts_with(NOTIFICATIONS) {
                continue;
            }
            for (method, operation) in operations(item) {
                let parameters = operation.parameters.iter().flatten();
                let names = parameters
                    .filter_map(|parameter| match parameter {
                        RefOr::T(one) => (one.parameter_in == ParameterIn::Query).then(|| one.name.clone()),
                        RefOr::Ref(_) => None, // none of ours stands apart
                    })
                    .collect();
                defined.insert((method, path.clone()), names);
            }
        }
        Self(Arc::new(defined))
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// Refuses a request with a parameter that its operation does not define: a misspelt filter must not select
/// everything.
pub(crate) async fn refuse_undefined(
    State(defined): State<Defined>,
    request: Request,
    next: Next,
) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        return next.run(request).await;
    };
    let method = match *request.method() {
        Method::HEAD => Method::GET,
        ref method => method.clone(),
    };
    let (is_ours, reads) = (!path.as_str().starts_with(ROOT), method == Method::GET);
    if let Some(names) = defined.0.get(&(method, path.as_str().to_owned())) {
        let common: &Common = match (is_ours, reads) {
            (true, _) => &|_, _| false,
            // `local` goes with every operation (5.5.13); clients send formats along also where nothing depends on
            // them.
            (false, true) => &|name, value| {
                let known = |one: &str| FORMATS.contains(&one.trim());
                name == "local" || (matches!(name, "options" | "format") && value.split(',').all(known))
            },
            // What is to be done depends on keywords: 6.3.20.
            (false, false) => {
                &|name, value| name == "local" || (matches!(name, "options" | "format") && value.is_empty())
            }
        };
        if let Some(wrong) = undefined(request.uri().query().unwrap_or(""), names, common) {
            let problem = if is_ours {
                Problem::api(StatusCode::BAD_REQUEST, wrong)
            } else {
                Problem::ngsi(NgsiError::InvalidRequest, wrong)
            };
            return problem.into_response();
        }
    }
    next.run(request).await
}

/// Whether a parameter with a value may stand where it is not defined.
type Common = dyn Fn(&str, &str) -> bool + Sync;

fn undefined(query: &str, names: &BTreeSet<String>, common: &Common) -> Option<String> {
    let mut given = BTreeSet::new();
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !name.is_empty())
        .find_map(|(name, value)| {
            if !names.contains(&*name) && !common(&name, &value) {
                Some(not_defined(&name, &value, names))
            } else if given.contains(&name) {
                Some(format!(
                    "`{}` is given more than once; give it once, several values separated by commas",
                    shortened(&name)
                ))
            } else {
                given.insert(name);
                None
            }
        })
}

fn not_defined(name: &str, value: &str, names: &BTreeSet<String>) -> String {
    if matches!(name, "options" | "format") {
        return format!(
            "`{name}` has no keyword `{}` for this operation (6.3.20)",
            shortened(value)
        );
    }
    let defined: Vec<_> = names.iter().map(String::as_str).collect();
    let none = format!("this operation has no parameter `{}`", shortened(name));
    match nearest(name, &defined) {
        _ if defined.is_empty() => none,
        Some(near) => format!("{none}; did you mean `{near}`? It has {}", defined.join(", ")),
        None => format!("{none}; it has {}", defined.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_6_3_20_what_is_not_defined_is_refused() {
        let names = ["type", "q"].map(str::to_owned).into();
        let undefined = |query, names| undefined(query, names, &|name, _| name == "local");
        for good in [
            "",
            "type=A&q=type",
            "type=A",
            "q=a%3D%3D1&type=B&local=true",
            "&&",
        ] {
            assert!(undefined(good, &names).is_none(), "{good}");
        }
        for bad in ["typ=A", "%20type=A", "type=A&Q=x", "invalid", "type=A&q=x&type=B"] {
            assert!(undefined(bad, &names).is_some(), "{bad}");
        }
    }
}
