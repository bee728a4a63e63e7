//! Laying file, environment and flags over the defaults, remembering where each value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use super::schema::{Node, known_paths};

/// The prefix of environment variables that set a key: `MAPACHA__HTTP__LISTEN`.
const PREFIX: &str = "MAPACHA__";

/// What is laid over the defaults, in this order.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// Environment variables, by name.
    pub(crate) environment: Vec<(String, String)>,
    /// Flags: the flag, the key it sets, its value.
    pub(crate) flags: Vec<(&'static str, &'static str, Value)>,
}

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Effective {
    /// The values.
    pub(crate) config: Config,
    /// Where each value that is not a default came from.
    pub(crate) origins: BTreeMap<String, Origin>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A configuration that cannot be used: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}: {remedy}")]
pub(crate) struct ConfigError {
    /// File and key, variable, or flag.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Layers {
    /// The environment variables of this process that set keys.
    pub(crate) fn process_environment() -> Vec<(String, String)> {
        std::env::vars()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect()
    }

    /// Lays everything over the defaults.
    pub(crate) fn effective(self) -> Result<Effective, ConfigError> {
        let mut merged = Table::new();
        let mut origins = BTreeMap::new();
        if let Some(path) = self.file {
            for (key, value) in read_file(&path)? {
                let origin = Origin::File(path.clone());
                set(&mut merged, &key, value, &origin)?;
                origins.insert(key, origin);
            }
        }
        for (name, text) in self.environment {
            let key = name[PREFIX.len()..]
                .split("__")
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
                .join(".");
            let origin = Origin::Variable(name);
            known(&key, &origin)?;
            set(&mut merged, &key, scalar(&text), &origin)?;
            origins.insert(key, origin);
        }
        for (flag, key, value) in self.flags {
            let origin = Origin::Flag(flag);
            set(&mut merged, key, value, &origin)?;
            origins.insert(key.to_owned(), origin);
        }
        let config = typed(&merged, &origins)?;
        config.check().map_err(|mut error| {
            let key = error.place.trim_matches('`');
            if let Some(origin) = origins.get(key) {
                error.place = format!("{origin}: {}", error.place);
            }
            error
        })?;
        Ok(Effective { config, origins })
    }
}

impl Effective {
    /// Every value with its key and where it came from (`default` where nobody set it).
    pub(crate) fn rows(&self) -> Vec<(String, String, String)> {
        let values = Table::try_from(&self.config).unwrap_or_default();
        let mut rows = Vec::new();
        for (key, node) in known_paths() {
            let found = key
                .split('.')
                .try_fold(None, |at: Option<&Value>, part| match at {
                    None => values.get(part).map(Some),
                    Some(table) => table.get(part).map(Some),
                });
            let value = found.flatten();
            let origin = self
                .origins
                .get(&key)
                .map_or_else(|| "default".to_owned(), ToString::to_string);
            match (node, value) {
                (Node::Table, _) => {}
                (Node::Map, Some(Value::Table(map))) if !map.is_empty() => {
                    for (name, entry) in map {
                        let whole = format!("{key}.\"{name}\"");
                        let origin = self.origins.get(&whole).or_else(|| self.origins.get(&key));
                        rows.push((
                            whole,
                            entry.to_string(),
                            origin.map_or_else(|| "default".into(), ToString::to_string),
                        ));
                    }
                }
                (_, Some(value)) => rows.push((key, value.to_string(), origin)),
                (_, None) => rows.push((key, "(not set)".into(), origin)),
            }
        }
        rows
    }
}

fn read_file(path: &Path) -> Result<Vec<(String, Value)>, ConfigError> {
    let at = |place: String, what: String, remedy: &str| ConfigError {
        place,
        what,
        remedy: remedy.into(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        at(
            path.display().to_string(),
            format!("cannot be read ({error})"),
            "give the path of a TOML file to --config",
        )
    })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        at(
            format!("{}, line {line}", path.display()),
            error.message().to_owned(),
            "write it as TOML: key = value, texts in quotes",
        )
    })?;
    let mut leaves = Vec::new();
    flatten("", table, &mut leaves);
    for (key, _) in &leaves {
        known(key, &Origin::File(path.to_owned()))?;
    }
    Ok(leaves)
}

fn flatten(prefix: &str, table: Table, leaves: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key
        } else {
            format!("{prefix}.{key}")
        };
        let open = known_paths()
            .iter()
            .any(|(known, node)| *known == path && *node == Node::Map);
        match value {
            Value::Table(inner) if !open => flatten(&path, inner, leaves),
            other => leaves.push((path, other)),
        }
    }
}

/// A TOML scalar, or, where it is not one, the text itself.
fn scalar(text: &str) -> Value {
    let parsed = format!("x = {text}")
        .parse::<Table>()
        .ok()
        .filter(|table| table.len() == 1);
    parsed
        .and_then(|mut table| table.remove("x"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn known(key: &str, origin: &Origin) -> Result<(), ConfigError> {
    let paths = known_paths();
    if paths
        .iter()
        .any(|(path, node)| path == key && *node != Node::Table)
    {
        return Ok(());
    }
    let nearest = paths
        .iter()
        .filter(|(_, node)| *node != Node::Table)
        .map(|(path, _)| (distance(key, path), path))
        .min()
        .filter(|(edits, path)| *edits <= 3.max(path.len() / 3));
    // A key of the user's own, which belongs one table deeper.
    let table = paths.iter().find(|(path, node)| {
        let section = path.rsplit_once('.').map_or("", |(section, _)| section);
        *node == Node::Map && key.split_once('.').is_some_and(|(of, _)| of == section)
    });
    Err(ConfigError {
        place: origin.to_string(),
        what: format!("there is no key `{key}`"),
        remedy: match (nearest, table) {
            (Some((_, path)), _) => format!("did you mean `{path}`? (`mapacha config` lists all keys)"),
            (None, Some((path, _))) => {
                format!("did you mean it for the table `[{path}]`? (`mapacha config` lists all keys)")
            }
            (None, None) => "`mapacha config` lists all keys".to_owned(),
        },
    })
}

fn set(table: &mut Table, key: &str, value: Value, origin: &Origin) -> Result<(), ConfigError> {
    let (parents, last) = key
        .rsplit_once('.')
        .map_or(("", key), |(parents, last)| (parents, last));
    let mut at = table;
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        let entry = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = entry.as_table_mut().ok_or_else(|| ConfigError {
            place: origin.to_string(),
            what: format!("`{part}` is a section, not a value"),
            remedy: format!("set its keys, as in `{key}`"),
        })?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

/// Reads the merged table into the structs; an error names the key and where its value came from.
fn typed(merged: &Table, origins: &BTreeMap<String, Origin>) -> Result<Config, ConfigError> {
    let whole = Value::Table(merged.clone()).try_into::<Config>();
    whole.map_err(|error| {
        // Which key is it? The one without which the rest can be read.
        let culprit = origins.iter().find(|(key, _)| {
            let mut one = Table::new();
            let value = key
                .split('.')
                .try_fold(None, |at: Option<&Value>, part| match at {
                    None => merged.get(part).map(Some),
                    Some(table) => table.get(part).map(Some),
                });
            let Some(Some(value)) = value else { return false };
            set(&mut one, key, value.clone(), &Origin::Flag("")).is_ok()
                && Value::Table(one).try_into::<Config>().is_err()
        });
        let what = error.message().trim().to_owned();
        match culprit {
            Some((key, origin)) => ConfigError {
                place: format!("{origin}: `{key}`"),
                what,
                remedy: "`mapacha config --schema` says what each key takes".into(),
            },
            None => ConfigError {
                place: "configuration".into(),
                what,
                remedy: "`mapacha config --schema` says what each key takes".into(),
            },
        }
    })
}

/// Edits between two keys (Levenshtein), for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(file: Option<&str>, environment: &[(&str, &str)]) -> (tempfile::TempDir, Layers) {
        let folder = tempfile::tempdir().unwrap();
        let path = file.map(|text| {
            let path = folder.path().join("mapacha.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        (
            folder,
            Layers {
                file: path,
                environment,
                flags: Vec::new(),
            },
        )
    }

    #[test]
    fn the_later_layer_wins_and_is_named() {
        let (_folder, mut layers) = layers(
            Some(
                "[http]\nlisten = \"127.0.0.1:1\"\n[city]\nname = \"A\"\n[contexts.static]\n\"http://c.example/x.jsonld\" = \"x.jsonld\"",
            ),
            &[
                ("MAPACHA__HTTP__LISTEN", "127.0.0.1:2"),
                ("MAPACHA__NOTIFICATIONS__ALLOW_PRIVATE", "true"),
            ],
        );
        layers
            .flags
            .push(("--listen", "http.listen", Value::String("127.0.0.1:3".into())));
        let effective = layers.effective().unwrap();
        assert_eq!(effective.config.http.listen.port(), 3);
        assert!(effective.config.notifications.allow_private);
        assert_eq!(effective.config.city.name.as_deref(), Some("A"));
        assert_eq!(
            effective.config.contexts.files["http://c.example/x.jsonld"],
            Path::new("x.jsonld")
        );
        assert_eq!(effective.origins["http.listen"], Origin::Flag("--listen"));
        let rows = effective.rows();
        assert!(
            rows.contains(&("http.listen".into(), "\"127.0.0.1:3\"".into(), "--listen".into())),
            "{rows:?}"
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_with_a_remedy() {
        for (file, environment, expected) in [
            (
                "[http]\nlissen = \"x\"",
                vec![],
                "there is no key `http.lissen`: did you mean `http.listen`?",
            ),
            (
                "[http]\nlisten = \"nowhere\"",
                vec![],
                "`http.listen`: invalid socket address syntax",
            ),
            ("[http\n", vec![], "mapacha.toml, line 1"),
            (
                "",
                vec![("MAPACHA__HTTP__PORT", "1")],
                "$MAPACHA__HTTP__PORT: there is no key `http.port`",
            ),
            (
                "",
                vec![("MAPACHA__HTTP__LISTEN", "0.0.0.0:80")],
                "can be reached from other machines",
            ),
            (
                "[mqtt]\nlisten = \"127.0.0.1:1883\"",
                vec![],
                "this version has no MQTT door",
            ),
            (
                "[city]\ntime_zone = \"Mars/Olympus\"",
                vec![],
                "there is no time zone `Mars/Olympus`",
            ),
            ("http = 3", vec![], "there is no key `http`"),
            (
                "[contexts]\n\"https://a.example/x.jsonld\" = \"x.jsonld\"",
                vec![],
                "did you mean it for the table `[contexts.static]`?",
            ),
            (
                "[http]\nallowed_origins = [\"https://a.example/map\"]",
                vec![],
                "`https://a.example/map` is no origin",
            ),
        ] {
            let (_folder, layers) = layers(Some(file), &environment);
            let error = layers.effective().unwrap_err().to_string();
            assert!(error.contains(expected), "{file:?} {environment:?}: {error}");
        }
    }

    #[test]
    fn a_value_that_is_no_toml_scalar_is_a_text() {
        assert_eq!(scalar("true"), Value::Boolean(true));
        assert_eq!(scalar("127.0.0.1:0"), Value::String("127.0.0.1:0".into()));
        assert_eq!(scalar("\"quoted\""), Value::String("quoted".into()));
        assert_eq!(scalar("7\ny = 8"), Value::String("7\ny = 8".into()));
    }
}
