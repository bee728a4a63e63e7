//! `mapacha guideline`: a guideline that a ministry can adapt.

use std::path::PathBuf;

use clap::Subcommand;
use governance::profiles::{Profile, Unreadable, guideline, json_schema};
use serde_json::json;

use super::law;
use crate::output::{Failure, Outcome, print};

#[derive(Debug, Subcommand)]
pub(crate) enum Guideline {
    /// Write the guideline under a law, as Markdown
    ///
    /// It holds the law's articles, the settings that the program checks, the clocks, and a list of what people have to see
    /// to.
    #[command(after_help = "Example:\n  mapacha guideline export --profile kenya-dpa -o guideline.md")]
    Export {
        /// The law: gdpr, kenya-dpa, malabo, nigeria-ndpa, popia
        #[arg(long, value_name = "ID", required_unless_present = "profile_file")]
        profile: Option<String>,
        /// A profile of your own, in the form of those that come with the program (TOML)
        #[arg(long, value_name = "FILE", conflicts_with = "profile")]
        profile_file: Option<PathBuf>,
        /// Write to this file instead of stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print the JSON Schema of a profile's file
    #[command(after_help = "Example:\n  mapacha guideline schema > profile.schema.json")]
    Schema,
}

pub(crate) fn run(command: &Guideline, json: bool) -> Result<Outcome, Failure> {
    let (profile, profile_file, output) = match command {
        Guideline::Export {
            profile,
            profile_file,
            output,
        } => (profile, profile_file, output),
        Guideline::Schema => {
            print(&format!("{}\n", serde_json::to_string_pretty(&json_schema())?))?;
            return Ok(Outcome::Done);
        }
    };
    let own;
    let profile = match (profile_file, profile) {
        (Some(file), _) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
            own = Profile::parse(&text)
                .map_err(|Unreadable(why)| Failure::new(format!("{}: {why}", file.display())))?;
            &own
        }
        (None, id) => law::named(id.as_deref().unwrap_or_default())?,
    };
    let text = guideline(profile, None, env!("CARGO_PKG_VERSION"));
    if let Some(file) = output {
        std::fs::write(file, &text)
            .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", file.display())))?;
    }
    match output {
        _ if json => {
            let file = output.as_ref().map(|file| file.display().to_string());
            let document = json!({"profile": profile.id, "file": file, "guideline": text});
            print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?;
        }
        Some(file) => print(&format!(
            "{}: the guideline under {}\n",
            file.display(),
            profile.name
        ))?,
        None => print(&text)?,
    }
    Ok(Outcome::Done)
}
