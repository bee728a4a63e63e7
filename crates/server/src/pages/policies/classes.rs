//! `/policies/classes`: what the twin holds and in which class it is; and a form for what nobody has classified.

use access::Changes;
use access::policies::{Classes, NewRule, Suggested, Suggestions};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ngsi_ld::Name;
use query::{Selection, view::Class};
use twin::Reader as _;

use super::gate::Gate;
use super::language::Language;
use super::shifts::Shifts;
use super::{App, Failure, Visit, read, shown, views};
use crate::desk::gate::NotChanged;
use crate::pages::accounts::{Sent, see};
use crate::pages::frame::{Frame, Place};
use crate::scenarios::stored::digest;

/// Of each type, the attributes of so many entities are looked at.
const LOOKED_AT: usize = 200;
/// The most types and the most attributes of one that are listed.
const MOST_TYPES: usize = 500;
const MOST_ATTRIBUTES: usize = 200;
/// How the fields of attributes begin.
const FIELD: &str = "class-of ";

#[derive(Template)]
#[template(path = "policy_classes.html")]
struct ClassesPage {
    l: Language,
    frame: Frame,
    classes: Vec<Meaning>,
    unclassified: Vec<Open>,
    rows: Vec<Row>,
    /// The digest of the classification as it was shown.
    etag: String,
    done: bool,
    wrong: Option<String>,
    shifts: Option<Shifts>,
    gate: Option<Gate>,
}

struct Meaning {
    name: String,
    meaning: String,
}

/// A type that somebody has classified.
struct Row {
    name: String,
    entities: String,
    /// The classes with the attributes that are in them.
    attributes: Vec<(String, String)>,
}

/// One that nobody has.
struct Open {
    id: String,
    name: String,
    iri: String,
    entities: String,
    /// Whether something is suggested for it.
    suggested: bool,
    others: Vec<Choice>,
    attributes: Vec<Attribute>,
}

struct Attribute {
    field: String,
    name: String,
    suggested: bool,
    choices: Vec<Choice>,
}

struct Choice {
    value: String,
    chosen: bool,
}

/// What was chosen in a form.
#[derive(Default)]
struct Chosen {
    entity_type: String,
    others: String,
    attributes: Vec<(String, String)>,
}

#[derive(Default)]
struct Told {
    done: bool,
    wrong: Option<String>,
    shifts: Option<Shifts>,
    gate: Option<Gate>,
    chosen: Chosen,
}

/// `GET /policies/classes`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let told = Told {
            done: visit.parameter("done").is_some(),
            ..Told::default()
        };
        classes_page(visit, told)
    })
    .await
}

fn classes_page(visit: &Visit, told: Told) -> Result<Response, Failure> {
    let l = visit.language;
    let policies = views(visit)?.policies();
    let (rules, documents) = (policies.rules(), policies.documents());
    let classes = rules.classes();
    let suggestions = Suggestions::new().map_err(|refused| {
        tracing::error!(%refused, "the classification of this program cannot be read");
        Failure::internal(visit)
    })?;
    let (mut rows, mut unclassified) = (Vec::new(), Vec::new());
    let mut types = visit.twin.types(&visit.view);
    types.sort_by(|(one, _), (other, _)| one.short().cmp(other.short()).then_with(|| one.cmp(other)));
    for (of, entities) in types.into_iter().take(MOST_TYPES) {
        let attributes = attributes_of(visit, &of)?;
        let entities = l.count(entities);
        if classes.classification().knows(&of) {
            rows.push(Row::of(l, classes, &of, &attributes, entities));
        } else {
            let suggested = suggestions.of(&of, &attributes);
            let number = unclassified.len();
            let chosen = Some(&told.chosen).filter(|chosen| chosen.entity_type == of.as_str());
            unclassified.push(Open::of(
                classes,
                number,
                (&of, entities),
                &attributes,
                &suggested,
                chosen,
            ));
        }
    }
    let meanings = classes.names().enumerate().map(|(at, name)| Meaning {
        name: name.to_owned(),
        meaning: u8::try_from(at)
            .ok()
            .and_then(|at| classes.meaning(Class(at)))
            .unwrap_or_default()
            .to_owned(),
    });
    let status = if told.gate.as_ref().is_some_and(|gate| gate.refused) {
        StatusCode::CONFLICT
    } else if told.wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = ClassesPage {
        l,
        frame: Frame::new(visit, Place::Policies, l.text("classes-title")),
        classes: meanings.collect(),
        unclassified,
        rows,
        etag: digest(documents.classification()),
        done: told.done,
        wrong: told.wrong,
        shifts: told.shifts,
        gate: told.gate,
    };
    shown(visit, &page, status)
}

/// The attributes that some entities of a type have.
fn attributes_of(visit: &Visit, of: &Name) -> Result<Vec<Name>, Failure> {
    let mut names = std::collections::BTreeSet::new();
    let mut left = LOOKED_AT;
    let selection = Selection::of_type(of.clone());
    let scanned = visit.twin.scan(&visit.view, &selection, &mut |entity| {
        names.extend(entity.attributes.iter().map(|attribute| attribute.name.clone()));
        left -= 1;
        left > 0 && names.len() < MOST_ATTRIBUTES
    });
    scanned.map_err(|error| {
        tracing::error!(%error, "the attributes of a type could not be read");
        Failure::internal(visit)
    })?;
    let mut names: Vec<Name> = names.into_iter().take(MOST_ATTRIBUTES).collect();
    names.sort_by(|one, other| one.short().cmp(other.short()).then_with(|| one.cmp(other)));
    Ok(names)
}

impl Row {
    fn of(l: Language, classes: &Classes, of: &Name, attributes: &[Name], entities: String) -> Self {
        let classification = classes.classification();
        let in_class = classes.names().enumerate().filter_map(|(at, name)| {
            let names = attributes
                .iter()
                .filter(|attribute| usize::from(classification.class_in(of, attribute).0) == at);
            let names: Vec<&str> = names.map(Name::short).collect();
            (!names.is_empty()).then(|| (name.to_owned(), names.join(&l.text("list-comma"))))
        });
        Self {
            name: of.short().to_owned(),
            entities,
            attributes: in_class.collect(),
        }
    }
}

impl Open {
    fn of(
        classes: &Classes,
        number: usize,
        (of, entities): (&Name, String),
        attributes: &[Name],
        suggested: &Suggested,
        chosen: Option<&Chosen>,
    ) -> Self {
        // What nobody says anything of stays in the most restrictive class.
        let last = classes.names().last().unwrap_or_default();
        let choices = |value: &str| -> Vec<Choice> {
            let names = classes.names();
            names
                .map(|name| Choice {
                    value: name.to_owned(),
                    chosen: name == value,
                })
                .collect()
        };
        let others = chosen
            .map(|chosen| chosen.others.as_str())
            .or(suggested.others.as_deref())
            .unwrap_or(last);
        let attributes: Vec<Attribute> = attributes
            .iter()
            .zip(&suggested.attributes)
            .map(|(attribute, class)| {
                let before = chosen.map(|chosen| {
                    let same = chosen
                        .attributes
                        .iter()
                        .find(|(name, _)| name == attribute.as_str());
                    same.map_or("", |(_, class)| class.as_str())
                });
                // What is suggested for the type as a whole need not be said again.
                let class = class.as_deref().filter(|class| *class != others);
                Attribute {
                    field: format!("{FIELD}{attribute}"),
                    name: attribute.short().to_owned(),
                    suggested: chosen.is_none() && class.is_some(),
                    choices: choices(before.or(class).unwrap_or_default()),
                }
            })
            .collect();
        Self {
            id: format!("type-{number}"),
            name: of.short().to_owned(),
            iri: of.as_str().to_owned(),
            entities,
            suggested: chosen.is_none()
                && (suggested.others.is_some() || attributes.iter().any(|attribute| attribute.suggested)),
            others: choices(others),
            attributes,
        }
    }
}

/// `POST /policies/classes`: a rule for one type, to compare or to keep.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let l = visit.language;
        let views = views(visit)?;
        let chosen = Chosen {
            entity_type: sent.field("type").to_owned(),
            others: sent.field("others").to_owned(),
            attributes: sent
                .beginning_with(FIELD)
                .filter(|(_, class)| !class.is_empty())
                .map(|(name, class)| (name.to_owned(), class.to_owned()))
                .collect(),
        };
        let standing = views.policies().documents().classification().to_owned();
        let wrong = |key: &str, chosen: Chosen| Told {
            wrong: Some(l.text(key)),
            chosen,
            ..Told::default()
        };
        if sent.field("etag") != digest(&standing) {
            return classes_page(visit, wrong("policy-outdated", chosen));
        }
        let Some(text) = rule(&chosen).added_to(&standing) else {
            return classes_page(visit, wrong("classes-no-toml", chosen));
        };
        if sent.field("then") == "compare" {
            let changes: Changes = [("classification".to_owned(), Some(text))].into();
            let compared = views
                .preview(&visit.twin, &visit.view, None, &changes)
                .and_then(|preview| Ok((preview, visit.app.gate_of(views, &changes)?)));
            return match compared {
                Ok((preview, refusal)) => classes_page(
                    visit,
                    Told {
                        shifts: Some(Shifts::of(l, &preview)),
                        gate: refusal.map(|refusal| Gate::would_refuse(l, &refusal)),
                        chosen,
                        ..Told::default()
                    },
                ),
                Err(error) => {
                    tracing::debug!(%error, "a rule of the classification was refused");
                    classes_page(visit, wrong("classes-refused", chosen))
                }
            };
        }
        let Some(who) = visit.who.as_deref() else {
            return Err(Failure::not_found(visit));
        };
        match visit
            .app
            .change_policies(views, who, "classification", Some(&text))
        {
            Ok(_) => Ok(see("/policies/classes?done=1")),
            Err(NotChanged::Gate(refusal)) => classes_page(
                visit,
                Told {
                    gate: Some(Gate::refused(l, &refusal)),
                    chosen,
                    ..Told::default()
                },
            ),
            Err(NotChanged::Policies(error)) => {
                tracing::debug!(%error, "a rule of the classification was refused");
                classes_page(visit, wrong("classes-refused", chosen))
            }
        }
    })
    .await
}

fn rule(chosen: &Chosen) -> NewRule {
    let name = |text: &str| Name::from_iri(text.to_owned());
    NewRule {
        entity_type: name(&chosen.entity_type),
        others: chosen.others.clone(),
        attributes: chosen
            .attributes
            .iter()
            .map(|(attribute, class)| (name(attribute), class.clone()))
            .collect(),
    }
}
