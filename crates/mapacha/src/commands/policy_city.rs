//! `mapacha policy why` and `compare`: the policies of a city, in its data folder or at its running server.

use std::path::PathBuf;

use access::policies::{Action, UNSAID};
use access::{Changes, WhyAsked};
use clap::Args;
use ngsi_ld::Uri;
use query::Purpose;
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::policies_json;

use super::desk::{Desk, Where, joined, segment, tell, text};
use super::policy::{Beside, documents_of};
use crate::config::Effective;
use crate::output::{Failure, Outcome};
use crate::world;

/// Who, what, and with which entity.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The name of an account, the id of a key or a device, or `anonymous`
    #[arg(value_name = "WHO")]
    who: String,
    /// The entity
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// An attribute of it; without it, all are looked at
    #[arg(long, value_name = "ATTRIBUTE")]
    attribute: Option<String>,
    /// Read, History, Subscribe, Aggregate, Export, Write, Delete, Actuate or Admin
    #[arg(long, value_name = "ACTION", default_value = "Read", value_parser = action)]
    action: Action,
    /// What for
    #[arg(long, value_name = "PURPOSE", default_value = UNSAID)]
    purpose: String,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// What would be put.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Documents of policies in Cedar that would be put
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    beside: Beside,
    /// A document that would be taken away; may be repeated
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

fn action(name: &str) -> Result<Action, String> {
    Action::parse(name).ok_or_else(|| {
        let all = Action::ALL.map(Action::name).join(", ");
        format!("there is no such action; there are {all}")
    })
}

/// Explains; exit code 3 where it may not be done.
pub(crate) fn why(asked: &Why, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let entity = Uri::parse(&asked.entity).map_err(|error| Failure::usage(format!("ENTITY: {error}")))?;
    let desk = Desk::of_what_is_there(&asked.place, effective)?;
    let mut path = format!(
        "/access/why?principal={}&entity={}&action={}&purpose={}",
        segment(&asked.who),
        segment(&asked.entity),
        asked.action.name(),
        segment(&asked.purpose)
    );
    if let Some(attribute) = &asked.attribute {
        path = format!("{path}&attribute={}", segment(attribute));
    }
    let found = desk.ask(Method::GET, &path, None, |folder| {
        let (views, twin) = folder.views(effective)?;
        let purpose = Purpose(asked.purpose.as_str().into());
        let known = views.purpose(None, Some(&asked.purpose));
        known.map_err(|refused| Failure::new(refused.to_string()))?;
        let question = WhyAsked {
            who: &asked.who,
            action: asked.action,
            purpose: &purpose,
            tenant: None,
            assurance: None,
            entity: &entity,
            attribute: asked.attribute.as_deref(),
        };
        let why = views.why(&twin, &world::own_view("access"), &question)?;
        Ok(policies_json::why(&question, &why))
    })?;
    tell(&found, json, explained)?;
    Ok(if found["allowed"] == true {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn explained(found: &Json) -> String {
    let mut lines = vec![format!(
        "{} {}\n",
        if found["allowed"] == true { "yes:" } else { "no:" },
        text(found, "entity")
    )];
    if let Some(permission) = found["permission"].as_object()
        && permission["given"] == false
    {
        lines.push(format!(
            "the doors let nobody do this without the permission {}\n",
            text(&found["permission"], "name")
        ));
    }
    for class in found["classes"].as_array().into_iter().flatten() {
        let attributes = joined(class, "attributes");
        let attributes = if attributes.is_empty() {
            "nothing of it".to_owned()
        } else {
            attributes
        };
        let allowed = if class["allowed"] == true {
            "allowed"
        } else {
            "denied"
        };
        lines.push(format!(
            "{} ({attributes}): {allowed}: {}\n",
            text(class, "class"),
            text(class, "reason")
        ));
    }
    lines.concat()
}

/// Compares; exit code 3 where somebody loses something.
pub(crate) fn compare(asked: &Compare, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let put = documents_of(&asked.files, &asked.beside)?;
    let gone = asked.without.iter().map(|name| (name.clone(), None));
    let changes: Changes = put
        .into_iter()
        .map(|(name, text)| (name, Some(text)))
        .chain(gone)
        .collect();
    if changes.is_empty() {
        return Err(Failure::usage("there is nothing to compare")
            .remedy("name a document that would be put, or --without one that would be taken away"));
    }
    let desk = Desk::of_what_is_there(&asked.place, effective)?;
    let body = json!({"documents": changes});
    let found = desk.ask(Method::POST, "/access/policies/compare", Some(&body), |folder| {
        let (views, twin) = folder.views(effective)?;
        let preview = views.preview(&twin, &world::own_view("access"), None, &changes);
        let preview = preview.map_err(|error| Failure::new(error.to_string()))?;
        Ok(policies_json::preview(&preview))
    })?;
    tell(&found, json, compared)?;
    let lost = (found["shifts"].as_array().into_iter().flatten()).any(|shift| shift["change"] == "loss");
    Ok(if lost { Outcome::Findings } else { Outcome::Done })
}

fn compared(found: &Json) -> String {
    let shifts = found["shifts"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = (found["findings"].as_array().into_iter().flatten())
        .map(|odd| format!("odd: {}: {}\n", text(odd, "document"), text(odd, "message")))
        .collect();
    lines.extend(shifts.iter().map(|shift| {
        let change = if shift["change"] == "gain" { "gain" } else { "lose" };
        format!(
            "{} of {} {change} {}: {} ({}) of {} {}; because of {}\n",
            joined(&shift["who"], "names"),
            shift["who"]["count"],
            text(shift, "action"),
            joined(shift, "attributes"),
            text(shift, "class"),
            shift["entities"],
            shift["type"].as_str().unwrap_or("entities"),
            joined(shift, "because"),
        )
    }));
    if shifts.is_empty() {
        lines.push("nobody gains or loses anything\n".to_owned());
    }
    if let Some(why) = found["gate"]["detail"].as_str() {
        lines.push(format!("it would be refused: {why}\n"));
    }
    lines.push(format!(
        "asked for {} of {} people, keys and strangers, of {} of {} entities\n",
        found["principals"]["asked"],
        found["principals"]["all"],
        found["entities"]["looked_at"],
        found["entities"]["all"]
    ));
    lines.concat()
}
