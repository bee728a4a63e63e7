//! `mapacha retention`: for how long what is kept.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use governance::desk::{By, Outcome as Did, Run, RunState, Which};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::desk::{Desk, Folder, Where, segment, tell, text};
use crate::config::Effective;
use crate::output::{Failure, Outcome};
use crate::world;

#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// List the rules
    #[command(after_help = "Example:\n  mapacha retention list --data-dir ./nairobi")]
    List(Where),
    /// Say what would go now, and change nothing
    #[command(after_help = "Example:\n  mapacha retention preview --data-dir ./nairobi")]
    Preview(Asked),
    /// Have the rules run now; what has had its time is destroyed
    ///
    /// A server runs them by itself once a day. Exit code 3: something that had to go is left.
    #[command(
        after_help = "Example:\n  mapacha retention run meter-readings --url https://twin.city.example"
    )]
    Run(Asked),
}

/// Which rules, and where.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The id of a rule; without it, all
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    place: Where,
}

impl Retention {
    /// Where the rules are.
    pub(crate) fn place(&self) -> &Where {
        match self {
            Self::List(place) => place,
            Self::Preview(asked) | Self::Run(asked) => &asked.place,
        }
    }
}

fn refused(error: &governance::desk::Error) -> Failure {
    Failure::new(error.to_string())
}

/// Shows rules, looks at what they would do, or runs them.
pub(crate) fn run(command: &Retention, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let desk = Desk::of_what_is_there(command.place(), effective)?;
    match command {
        Retention::List(_) => {
            let rules = desk.ask(Method::GET, "/governance/retention", None, |folder| {
                let desk = world::desk(&effective.config, folder.tenants())?;
                Ok(serde_json::to_value(desk.rules())?)
            })?;
            tell(&rules, json, |rules| {
                let lines: String = rules.as_array().into_iter().flatten().map(line).collect();
                if lines.is_empty() {
                    "there is no rule\n".to_owned()
                } else {
                    lines
                }
            })?;
            Ok(Outcome::Done)
        }
        Retention::Preview(asked) => {
            let outcomes = preview(&desk, asked, effective)?;
            tell(&outcomes, json, |outcomes| {
                let lines: String = outcomes.as_array().into_iter().flatten().map(would).collect();
                if lines.is_empty() {
                    "there is no rule\n".to_owned()
                } else {
                    lines
                }
            })?;
            Ok(Outcome::Done)
        }
        Retention::Run(asked) => {
            let body = asked
                .rule
                .as_ref()
                .map_or_else(|| json!({}), |rule| json!({ "rule": rule }));
            let run = desk.ask(
                Method::POST,
                "/governance/retention-runs",
                Some(&body),
                |folder| {
                    let by = By::new(&world::own_view("supervision"), false);
                    let run = in_folder(folder, effective, |desk, ground| {
                        desk.retain(&by, which(asked), ground)
                    })?;
                    Ok(serde_json::to_value(&*run)?)
                },
            )?;
            tell(&run, json, did)?;
            let run: Run = serde_json::from_value(run)?;
            if run.state == RunState::Failed {
                return Err(Failure::new(run.why));
            }
            Ok(if run.rules.iter().any(|rule| rule.left > 0) {
                Outcome::Findings
            } else {
                Outcome::Done
            })
        }
    }
}

fn which(asked: &Asked) -> Which<'_> {
    asked.rule.as_deref().map_or(Which::All, Which::One)
}

fn preview(desk: &Desk, asked: &Asked, effective: &Effective) -> Result<Json, Failure> {
    match desk {
        Desk::Folder(folder) => {
            let outcomes: Vec<Did> = in_folder(folder, effective, |desk, ground| {
                desk.preview(which(asked), ground)
            })?;
            Ok(serde_json::to_value(outcomes)?)
        }
        Desk::Server(remote) => {
            let ids: Vec<String> = if let Some(rule) = &asked.rule {
                vec![rule.clone()]
            } else {
                let rules = remote.json(Method::GET, "/governance/retention", None)?;
                let running = rules
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|rule| rule["ended"].is_null());
                running.map(|rule| text(rule, "id").to_owned()).collect()
            };
            let one = |id: &String| {
                remote.json(
                    Method::GET,
                    &format!("/governance/retention/{}/preview", segment(id)),
                    None,
                )
            };
            ids.iter().map(one).collect()
        }
    }
}

/// Does something at the desk of a folder, with the holds that stand there.
fn in_folder<T>(
    folder: &Folder,
    effective: &Effective,
    work: impl FnOnce(
        &governance::desk::Desk,
        &governance::desk::Ground<'_>,
    ) -> Result<T, governance::desk::Error>,
) -> Result<T, Failure> {
    let config = &effective.config;
    let desk = world::desk(config, folder.tenants())?;
    folder.tenants().ask_holds(&desk.keeper());
    let (views, _) = folder.views(effective)?;
    server::on_ground(folder.tenants(), Some(&views), &|| false, |ground| {
        work(&desk, ground)
    })
    .map_err(|error| refused(&error))
}

fn line(rule: &Json) -> String {
    let ended = if rule["ended"].is_null() { "" } else { "  (ended)" };
    format!(
        "{}  {}  {}  {}{ended}\n",
        text(rule, "id"),
        text(rule, "what"),
        text(rule, "keep"),
        super::desk::joined(rule, "types")
    )
}

fn would(outcome: &Json) -> String {
    format!(
        "{}: of before {}: {} values of the past, {} values of now, {} entities; {} entities are held; the oldest is of {}\n",
        text(outcome, "rule"),
        text(outcome, "before"),
        outcome["instances"],
        outcome["values"],
        outcome["entities"],
        outcome["held"],
        outcome["oldest"].as_str().unwrap_or("no time: there is nothing")
    )
}

fn did(run: &Json) -> String {
    let mut told = format!("run {}: {}\n", text(run, "id"), text(run, "state"));
    for rule in run["rules"].as_array().into_iter().flatten() {
        let _ = writeln!(told, "{}: {}", text(rule, "rule"), text(rule, "proof"));
    }
    told
}
