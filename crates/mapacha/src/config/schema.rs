//! The JSON Schema of the configuration, and the keys it knows.

use serde_json::Value as Json;

use super::Config;

/// The schema, as `mapacha config --schema` prints it.
pub(crate) fn json_schema() -> Json {
    schemars::schema_for!(Config).to_value()
}

/// What stands at a path of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A table with known keys.
    Table,
    /// A value.
    Value,
    /// A table whose keys are the user's.
    Map,
}

/// Every path that the structs know, in their order, with what stands there.
pub(crate) fn known_paths() -> Vec<(String, Node)> {
    let schema = json_schema();
    let mut paths = Vec::new();
    walk(&schema, &schema, "", &mut paths);
    paths
}

fn walk(root: &Json, node: &Json, prefix: &str, paths: &mut Vec<(String, Node)>) {
    let Some(properties) = resolve(root, node).get("properties").and_then(Json::as_object) else {
        return;
    };
    for (key, child) in properties {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        let child = resolve(root, child);
        if child.get("properties").is_some() {
            paths.push((path.clone(), Node::Table));
            walk(root, child, &path, paths);
        } else if child.get("additionalProperties").is_some_and(Json::is_object) {
            paths.push((path, Node::Map));
        } else {
            paths.push((path, Node::Value));
        }
    }
}

fn resolve<'a>(root: &'a Json, node: &'a Json) -> &'a Json {
    let reference = node
        .get("$ref")
        .or_else(|| node.pointer("/allOf/0/$ref"))
        .and_then(Json::as_str);
    reference
        .and_then(|path| root.pointer(path.trim_start_matches('#')))
        .unwrap_or(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_contract_are_known() {
        let known = known_paths();
        for (path, node) in [
            ("http", Node::Table),
            ("http.listen", Node::Value),
            ("http.admin_listen", Node::Value),
            ("storage.data_dir", Node::Value),
            ("storage.postgres_url", Node::Value),
            ("contexts.static", Node::Map),
            ("notifications.allow_private", Node::Value),
            ("access.mode", Node::Value),
            ("http.plain_text", Node::Value),
            ("access.session_hours", Node::Value),
            ("mqtt.listen", Node::Value),
            ("coap.listen", Node::Value),
            ("coaps.listen", Node::Value),
        ] {
            assert!(known.contains(&(path.to_owned(), node)), "{path}: {known:?}");
        }
    }
}
