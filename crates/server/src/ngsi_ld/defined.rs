//! Query parameters that an operation does not define are refused (6.3.20), by the list that is also published.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::parameters::shortened;
use crate::problem::{NgsiError, Problem};

/// Where the standard's operations are.
const ROOT: &str = "/ngsi-ld/v1/";

/// What `options` and `format` may say somewhere.
const KEYWORDS: [&str; 12] = [
    "",
    "normalized",
    "concise",
    "simplified",
    "keyValues",
    "sysAttrs",
    "temporalValues",
    "aggregatedValues",
    "noOverwrite",
    "replace",
    "update",
    "count",
];

/// For every operation of the standard the names of its query parameters. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defined(Arc<HashMap<(Method, String), BTreeSet<String>>>);

impl Defined {
    /// As the description of the API has them.
    pub(crate) fn by(description: &OpenApi) -> Self {
        let mut defined = HashMap::new();
        for (path, item) in &description.paths.paths {
            if !path.starts_with(ROOT) {
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
    if let Some(names) = defined.0.get(&(method, path.as_str().to_owned()))
        && let Some(problem) = undefined(request.uri().query().unwrap_or(""), names)
    {
        return problem.into_response();
    }
    next.run(request).await
}

fn undefined(query: &str, names: &BTreeSet<String>) -> Option<Problem> {
    // `local` goes with every operation (5.5.13); clients send keywords along also where nothing depends on them.
    let common = |name: &str, value: &str| match name {
        "local" => true,
        "options" | "format" => value.split(',').all(|one| KEYWORDS.contains(&one.trim())),
        _ => false,
    };
    let mut given = BTreeSet::new();
    let wrong = form_urlencoded::parse(query.as_bytes())
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
        })?;
    Some(Problem::ngsi(NgsiError::InvalidRequest, wrong))
}

fn not_defined(name: &str, value: &str, names: &BTreeSet<String>) -> String {
    if matches!(name, "options" | "format") {
        return format!("`{name}` has no keyword `{}` here (6.3.20)", shortened(value));
    }
    let defined: Vec<_> = names.iter().map(String::as_str).collect();
    if defined.is_empty() {
        format!("this operation has no parameter `{}`", shortened(name))
    } else {
        format!(
            "this operation has no parameter `{}`; it has {}",
            shortened(name),
            defined.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_6_3_20_what_is_not_defined_is_refused() {
        let names = ["type", "q"].map(str::to_owned).into();
        for good in [
            "",
            "type=A&q=type",
            "type=A",
            "q=a%3D%3D1&type=B&local=true",
            "&&",
        ] {
            assert!(undefined(good, &names).is_none(), "{good}");
        }
        assert!(undefined("options=keyValues,sysAttrs&format=simplified", &names).is_none());
        for bad in ["options=upsert", "format=nonsense", "options=keyValues,nonsense"] {
            assert!(undefined(bad, &names).is_some(), "{bad}");
        }
        for bad in ["typ=A", "%20type=A", "type=A&Q=x", "invalid", "type=A&q=x&type=B"] {
            assert!(undefined(bad, &names).is_some(), "{bad}");
        }
    }
}
