//! `mapacha policy`: policies of access in files, checked and tried before they are put to use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use access::policies::{Documents, Finding, Limits, RuleBook, Trial};
use clap::{Args, Subcommand};
use serde_json::json;

use super::desk::Where;
use super::policy_city::{self, Compare, Why};
use crate::config::Effective;
use crate::output::{Failure, Outcome, print};

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Read policies, and say what is wrong with them
    ///
    /// They are read together with the built-in ones, the roles, the classification and the purposes, as a city
    /// would have them. Exit code 3: they are refused.
    #[command(
        after_help = "Example:\n  mapacha policy check north.cedar south.cedar --classification classification.toml"
    )]
    Check {
        /// Documents of policies in Cedar
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        beside: Beside,
    },
    /// Try cases: who asks what of which entity, and whether it should be allowed
    ///
    /// Exit code 3: a case is not as it should be.
    #[command(after_help = "Example:\n  mapacha policy test cases.toml --policies north.cedar")]
    Test {
        /// Files of cases (TOML or JSON)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Documents of policies in Cedar
        #[arg(long, value_name = "FILE", num_args = 1..)]
        policies: Vec<PathBuf>,
        #[command(flatten)]
        beside: Beside,
    },
    /// Say why somebody can see something of an entity, or cannot
    ///
    /// Which policies permit it and which forbid it, for each class of its attributes. Exit code 3: they cannot.
    #[command(
        after_help = "Example:\n  mapacha policy why ada urn:ngsi-ld:Streetlight:1 --data-dir ./nairobi"
    )]
    Why(Why),
    /// Say who would gain and who would lose what by a change of a city's policies
    ///
    /// Of the people, keys and entities that there are now; nothing is changed. Exit code 3: somebody loses something.
    #[command(after_help = "Example:\n  mapacha policy compare north.cedar --url https://twin.city.example")]
    Compare(Compare),
}

impl Policy {
    /// Where the city is, if it takes one.
    pub(crate) fn place(&self) -> Option<&Where> {
        match self {
            Self::Check { .. } | Self::Test { .. } => None,
            Self::Why(why) => Some(&why.place),
            Self::Compare(compare) => Some(&compare.place),
        }
    }
}

/// What policies are read with, where a city has its own.
#[derive(Debug, Args)]
pub(crate) struct Beside {
    /// What the roles may do (Cedar), instead of what a city starts with
    #[arg(long, value_name = "FILE")]
    roles: Option<PathBuf>,
    /// The classes of attributes (TOML or JSON), instead of those a city starts with
    #[arg(long, value_name = "FILE")]
    classification: Option<PathBuf>,
    /// The purposes (TOML or JSON), instead of those a city starts with
    #[arg(long, value_name = "FILE")]
    purposes: Option<PathBuf>,
}

pub(crate) fn run(policy: &Policy, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    match policy {
        Policy::Check { files, beside } => check(files, beside, json),
        Policy::Test {
            files,
            policies,
            beside,
        } => test(files, policies, beside, json),
        Policy::Why(asked) => policy_city::why(asked, effective, json),
        Policy::Compare(asked) => policy_city::compare(asked, effective, json),
    }
}

fn check(files: &[PathBuf], beside: &Beside, json: bool) -> Result<Outcome, Failure> {
    let read = RuleBook::read(&documents(files, beside)?, Limits::default());
    let (policies, refused, odd) = match &read {
        Ok(rules) => (rules.policies().count(), &[][..], rules.odd()),
        Err(refused) => (0, &refused.0[..], &[][..]),
    };
    if json {
        let listed = |findings: &[Finding]| {
            findings
                .iter()
                .map(server::policies_json::finding)
                .collect::<Vec<_>>()
        };
        let document = json!({ "policies": policies, "refused": listed(refused), "odd": listed(odd) });
        print(&format!("{document}\n"))?;
    } else {
        let mut lines: Vec<String> = refused.iter().map(|finding| format!("{finding}\n")).collect();
        lines.extend(odd.iter().map(|finding| format!("odd: {finding}\n")));
        if refused.is_empty() {
            lines.push(format!(
                "{policies} policies hold together, the built-in ones and those of the roles among them\n"
            ));
        }
        print(&lines.concat())?;
    }
    Ok(if refused.is_empty() {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn test(files: &[PathBuf], policies: &[PathBuf], beside: &Beside, json: bool) -> Result<Outcome, Failure> {
    let refused = |refused: access::policies::Refused| Failure::new(refused.to_string());
    let rules = RuleBook::read(&documents(policies, beside)?, Limits::default()).map_err(refused)?;
    let mut outcomes = Vec::new();
    for file in files {
        let trial = Trial::parse(&file.display().to_string(), &text(file)?).map_err(refused)?;
        outcomes.extend(trial.run(&rules));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    if json {
        let cases = outcomes.iter().map(|of| {
            json!({
                "name": of.name, "expected": of.expected, "allowed": of.allowed, "passed": of.passed(), "reason": of.reason,
            })
        });
        let document = json!({ "failed": failed, "cases": cases.collect::<Vec<_>>() });
        print(&format!("{document}\n"))?;
    } else {
        let word = |allowed| if allowed { "allowed" } else { "denied" };
        let mut lines: Vec<String> = (outcomes.iter().filter(|outcome| !outcome.passed()))
            .map(|of| {
                format!(
                    "{}: {}, and should be {}; {}\n",
                    of.name,
                    word(of.allowed),
                    word(of.expected),
                    of.reason
                )
            })
            .collect();
        lines.push(format!(
            "{} of {} cases are as they should be\n",
            outcomes.len() - failed,
            outcomes.len()
        ));
        print(&lines.concat())?;
    }
    Ok(if failed == 0 {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn documents(files: &[PathBuf], beside: &Beside) -> Result<Documents, Failure> {
    let mut documents = Documents::default();
    for (name, text) in documents_of(files, beside)? {
        documents = documents
            .with(&name, Some(text))
            .map_err(|error| Failure::usage(error.to_string()))?;
    }
    Ok(documents)
}

/// The texts of documents, by their names.
pub(crate) fn documents_of(files: &[PathBuf], beside: &Beside) -> Result<Vec<(String, String)>, Failure> {
    let mut documents = Vec::new();
    let mut put = |name: &str, file: &Path| -> Result<(), Failure> {
        documents.push((name.to_owned(), text(file)?));
        Ok(())
    };
    for (name, file) in [
        ("roles", &beside.roles),
        ("classification", &beside.classification),
        ("purposes", &beside.purposes),
    ] {
        if let Some(file) = file {
            put(name, file)?;
        }
    }
    let mut names = BTreeSet::new();
    for file in files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        // A bare word may mean one of the documents beside the policies.
        let name = if name.contains('.') {
            name.to_owned()
        } else {
            format!("{name}.cedar")
        };
        if !names.insert(name.clone()) {
            return Err(
                Failure::usage(format!("{}: another file has this name", file.display()))
                    .remedy("rename one of them: documents of policies are known by their names"),
            );
        }
        put(&name, file)?;
    }
    Ok(documents)
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("{}: {error}", file.display())).remedy("name a file that is there, in UTF-8")
    })
}
