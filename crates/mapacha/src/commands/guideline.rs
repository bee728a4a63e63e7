//! `mapacha guideline`: a guideline that a ministry can adapt.

use std::path::PathBuf;

use clap::Subcommand;
use governance::profiles::{Profile, Unreadable, guideline};

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
}

pub(crate) fn run(command: &Guideline) -> Result<Outcome, Failure> {
    let Guideline::Export {
        profile,
        profile_file,
        output,
    } = command;
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
    match output {
        None => print(&text)?,
        Some(file) => std::fs::write(file, text)
            .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", file.display())))?,
    }
    Ok(Outcome::Done)
}
