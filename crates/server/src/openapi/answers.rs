//! Refusals that operations have in common (of NGSI-LD: 6.3), in the description of each.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr};

/// Where the standard's operations are.
const ROOT: &str = "/ngsi-ld/v1/";

/// Where the other APIs are.
const OTHERS: [&str; 7] = [
    "/access/",
    "/audit/",
    "/governance/",
    "/imports/",
    "/kpi/",
    "/notifications",
    "/scenarios",
];

/// Adds to every operation what it may answer and does not say itself.
pub(super) fn complete(description: &mut OpenApi) {
    for (path, item) in &mut description.paths.paths {
        let standard = path.starts_with(ROOT);
        if !standard && !OTHERS.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for (reads, operation) in operations(item) {
            let common = if standard {
                of_standard(reads, operation)
            } else {
                of_others(operation)
            };
            // Errors of NGSI-LD are plain JSON (6.3.3), those of the other APIs RFC 9457 has named.
            let media_type = if standard {
                "application/json"
            } else {
                "application/problem+json"
            };
            for (status, meaning) in common {
                if !operation.responses.responses.contains_key(status) {
                    operation
                        .responses
                        .responses
                        .insert(status.to_owned(), refusal(status, meaning, media_type));
                }
            }
        }
    }
}

/// A status, and what it means.
type Meaning = (&'static str, &'static str);

fn of_standard(reads: bool, operation: &Operation) -> Vec<Meaning> {
    let mut common = vec![
        (
            "400",
            "The path, a parameter, a header or the body is wrong; `detail` says where and what to do",
        ),
        ("404", "There is no such tenant, or nothing of this id"),
        (
            "429",
            "Too many requests, by who asks or in the tenant; `Retry-After` says when to come back",
        ),
        ("503", "The store takes nothing at the moment"),
    ];
    if reads {
        common.push(("406", "None of the media types in `Accept` can be given"));
    }
    if has_parameter(operation, "limit") {
        common.push(("403", "`limit` is larger than this server gives at once"));
    }
    if operation.request_body.is_some() {
        common.extend([
            ("411", "The body has no length"),
            ("413", "The body is too large"),
            ("415", "The body's media type is not one of this operation"),
            ("504", "The @context cannot be had"),
        ]);
    }
    common
}

fn of_others(operation: &Operation) -> Vec<Meaning> {
    let mut common = vec![
        (
            "400",
            "The path, a parameter or the body is wrong; `detail` says where and what to do",
        ),
        (
            "404",
            "There is no such tenant, nothing of this name, or nothing of this kind as this server is configured",
        ),
        (
            "429",
            "Too many requests, by who asks or in the tenant; `Retry-After` says when to come back",
        ),
        (
            "503",
            "It is too much at the moment; `Retry-After` says when to come back",
        ),
    ];
    if operation.request_body.is_some() {
        common.extend([
            ("413", "The body is too large"),
            ("415", "The body's media type is not one of this operation"),
            ("422", "The body can be read, and does not say what it should"),
        ]);
    }
    common
}

fn refusal(status: &str, meaning: &str, media_type: &str) -> RefOr<utoipa::openapi::Response> {
    let response = ResponseBuilder::new().description(meaning);
    // These two have no body in the standard (6.3.4).
    let response = if media_type == "application/json" && matches!(status, "411" | "415") {
        response
    } else {
        let problem = Ref::from_schema_name("ProblemDetails");
        response.content(media_type, ContentBuilder::new().schema(Some(problem)).build())
    };
    RefOr::T(response.build())
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|one| matches!(one, RefOr::T(one) if one.name == name))
}

/// Each, and whether it only reads.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    [
        (true, item.get.as_mut()),
        (false, item.post.as_mut()),
        (false, item.put.as_mut()),
        (false, item.patch.as_mut()),
        (false, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(reads, operation)| Some((reads, operation?)))
}

#[cfg(test)]
mod tests {
    use super::super::openapi;

    #[test]
    fn refusals_are_described() {
        let json = openapi();
        let answers = |path: &str, method: &str| json["paths"][path][method]["responses"].clone();
        let query = answers("/ngsi-ld/v1/entities", "get");
        for status in ["200", "400", "403", "404", "406", "503"] {
            assert!(query[status].is_object(), "{status}: {query}");
        }
        let create = answers("/ngsi-ld/v1/entities", "post");
        for status in ["201", "409", "411", "413", "415", "504"] {
            assert!(create[status].is_object(), "{status}: {create}");
        }
        assert!(create["415"].get("content").is_none());
        assert_eq!(
            create["413"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/ProblemDetails"
        );
        let user = answers("/access/users", "post");
        for status in ["201", "400", "404", "413", "415", "422"] {
            assert!(user[status].is_object(), "{status}: {user}");
        }
        assert_eq!(
            user["404"]["content"]["application/problem+json"]["schema"]["$ref"],
            "#/components/schemas/ProblemDetails"
        );
    }
}
