//! Refusals that operations of NGSI-LD have in common (6.3), in the description of each.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr};

/// Where the standard's operations are.
const ROOT: &str = "/ngsi-ld/v1/";

/// Adds to every operation of the standard what it may answer and does not say itself.
pub(super) fn complete(description: &mut OpenApi) {
    for (path, item) in &mut description.paths.paths {
        if !path.starts_with(ROOT) {
            continue;
        }
        for (reads, operation) in operations(item) {
            let mut common = vec![
                (
                    "400",
                    "The path, a parameter, a header or the body is wrong; `detail` says where and what to do",
                ),
                ("404", "There is no such tenant, or nothing of this id"),
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
            for (status, meaning) in common {
                if !operation.responses.responses.contains_key(status) {
                    operation
                        .responses
                        .responses
                        .insert(status.to_owned(), refusal(status, meaning));
                }
            }
        }
    }
}

fn refusal(status: &str, meaning: &str) -> RefOr<utoipa::openapi::Response> {
    let response = ResponseBuilder::new().description(meaning);
    // These two have no body (6.3.4).
    let response = if matches!(status, "411" | "415") {
        response
    } else {
        let problem = Ref::from_schema_name("ProblemDetails");
        response.content(
            "application/json",
            ContentBuilder::new().schema(Some(problem)).build(),
        )
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
    }
}
