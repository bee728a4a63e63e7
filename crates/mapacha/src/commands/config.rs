//! `mapacha config`

use std::fmt::Write as _;

use crate::cli;
use crate::config::{Effective, json_schema};
use crate::output::{Failure, Outcome, print};

/// Prints the configuration in force, or its schema.
pub(crate) fn run(arguments: &cli::Config, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    if arguments.schema {
        print(&format!("{}\n", serde_json::to_string_pretty(&json_schema())?))?;
        return Ok(Outcome::Done);
    }
    let rows = effective.rows();
    if json {
        let list: Vec<_> = rows
            .iter()
            .map(|(key, value, origin)| serde_json::json!({ "key": key, "value": value, "origin": origin }))
            .collect();
        print(&format!("{}\n", serde_json::to_string_pretty(&list)?))?;
        return Ok(Outcome::Done);
    }
    let mut text = String::new();
    let width = |pick: fn(&(String, String, String)) -> &String| {
        rows.iter()
            .map(|row| pick(row).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (keys, values) = (width(|row| &row.0), width(|row| &row.1));
    for (key, value, origin) in &rows {
        let _ = writeln!(text, "{key:<keys$}  {value:<values$}  {origin}");
    }
    print(&text)?;
    Ok(Outcome::Done)
}
