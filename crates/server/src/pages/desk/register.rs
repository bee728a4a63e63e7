//! `/governance/processing`: the register, and a form for one activity more.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use governance::desk::{Activity, Description, Error, Known, LegalBasis, Party, Processor, Role, Transfer};

use super::fields::{Field, word};
use super::{Failure, Sent, Visit, answered, at, read, see};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;
use crate::pages::visit::encode;

#[derive(Template)]
#[template(path = "desk_register.html")]
struct Register {
    l: Language,
    frame: Frame,
    error: Option<String>,
    rows: Vec<Row>,
    fields: Vec<Field>,
}

struct Row {
    address: String,
    name: String,
    purposes: String,
    classes: String,
    retention: String,
    assessment: String,
    class: &'static str,
    lacks: String,
}

/// `GET /governance/processing`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| shown(visit, None, None)).await
}

/// `POST /governance/processing` from a page.
pub(super) async fn enter(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let entered = description(&sent).and_then(|it| at.desk.enter(&at.by, it, &at.known()));
        match entered {
            Ok(activity) => Ok(see(&address(&activity.id))),
            Err(error) => shown(visit, Some(&sent), Some(&error)),
        }
    })
    .await
}

/// Where the page of an activity is.
pub(super) fn address(id: &str) -> String {
    format!("/governance/processing/{}", encode(id))
}

fn shown(visit: &Visit, sent: Option<&Sent>, error: Option<&Error>) -> Result<Response, Failure> {
    let l = visit.language;
    let at = at(visit)?;
    let page = Register {
        l,
        frame: Frame::new(visit, Place::None, l.text("desk-register")),
        error: error.map(ToString::to_string),
        rows: at
            .desk
            .activities()
            .iter()
            .map(|activity| row(l, activity, at.desk.now()))
            .collect(),
        fields: fields(l, &Description::default(), &at.known(), sent),
    };
    answered(visit, &page, error)
}

/// How the assessment of an activity stands: in a word, and as a class of the style.
pub(super) fn assessed(activity: &Activity, now: ngsi_ld::Timestamp) -> (&'static str, &'static str) {
    match &activity.assessment {
        None => ("none", "worse"),
        Some(assessment) if assessment.holds(now) => ("approved", "better"),
        Some(assessment) if assessment.approval.is_some() => ("outdated", "worse"),
        Some(_) => ("written", "unknown"),
    }
}

fn row(l: Language, activity: &Activity, now: ngsi_ld::Timestamp) -> Row {
    let it = &activity.description;
    let (assessment, class) = assessed(activity, now);
    let lacks: Vec<String> = it
        .lacks()
        .iter()
        .map(|name| super::fields::label(l, name))
        .collect();
    Row {
        address: address(&activity.id),
        name: it.name.clone(),
        purposes: it.purposes.join(", "),
        classes: it.classes.join(", "),
        retention: it
            .retention_days
            .map_or_else(|| "–".to_owned(), |days| days.to_string()),
        assessment: word(l, assessment),
        class,
        lacks: lacks.join(", "),
    }
}

/// The fields of a description.
pub(super) fn fields(l: Language, it: &Description, known: &Known, sent: Option<&Sent>) -> Vec<Field> {
    let lines = |list: &[String]| list.join("\n");
    let rows = |rows: Vec<Vec<&str>>| {
        rows.iter()
            .map(|row| row.join(" | "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let tick = |on: bool| if on { "yes" } else { "" };
    let named = |field: Field, names: &Option<std::collections::BTreeSet<String>>| match names {
        Some(names) => {
            let hint = format!(
                "{} {}",
                l.text("desk-one-a-line"),
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            );
            field.hint(hint)
        }
        None => field,
    };
    let controller = it.controller.clone().unwrap_or_default();
    let mut bases = vec![""];
    bases.extend(LegalBasis::ALL.map(LegalBasis::name));
    let fields = vec![
        Field::new(l, "text", "name", it.name.clone()).required(),
        Field::new(l, "area", "about", it.about.clone()),
        named(
            Field::new(l, "area", "purposes", lines(&it.purposes)).required(),
            &known.purposes,
        ),
        named(
            Field::new(l, "area", "classes", lines(&it.classes)).required(),
            &known.classes,
        ),
        Field::new(l, "area", "types", lines(&it.types)),
        Field::new(l, "area", "subjects", lines(&it.subjects)),
        Field::choice(l, "role", it.role.name(), &Role::ALL.map(Role::name)),
        Field::new(l, "text", "controller", controller.name),
        Field::new(l, "text", "controller_contact", controller.contact),
        Field::new(
            l,
            "area",
            "joint_controllers",
            rows(
                it.joint_controllers
                    .iter()
                    .map(|one| vec![one.name.as_str(), &one.contact])
                    .collect(),
            ),
        ),
        Field::new(
            l,
            "area",
            "processors",
            rows(
                it.processors
                    .iter()
                    .map(|one| vec![one.name.as_str(), &one.contact, &one.contract])
                    .collect(),
            ),
        ),
        Field::choice(
            l,
            "legal_basis",
            it.legal_basis.map_or("", LegalBasis::name),
            &bases,
        ),
        Field::new(l, "text", "legal_basis_detail", it.legal_basis_detail.clone()),
        Field::new(l, "text", "special_condition", it.special_condition.clone()),
        Field::new(l, "area", "recipients", lines(&it.recipients)),
        Field::new(
            l,
            "area",
            "transfers",
            rows(
                it.transfers
                    .iter()
                    .map(|one| vec![one.country.as_str(), &one.recipient, &one.safeguard])
                    .collect(),
            ),
        ),
        Field::new(
            l,
            "number",
            "retention_days",
            it.retention_days.map(|days| days.to_string()).unwrap_or_default(),
        ),
        Field::new(l, "area", "security", lines(&it.security)),
        Field::new(l, "text", "notice", it.notice.clone()),
        Field::new(l, "text", "consent_record", it.consent_record.clone()),
        Field::new(l, "tick", "automated_decisions", tick(it.automated_decisions)),
        Field::new(l, "text", "human_review", it.human_review.clone()),
        Field::new(l, "tick", "children", tick(it.children)),
        Field::new(l, "text", "guardian_consent", it.guardian_consent.clone()),
    ];
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

/// The description that a form holds.
pub(super) fn description(sent: &Sent) -> Result<Description, governance::desk::Error> {
    let typed = |name: &str| sent.field(name).to_owned();
    let role = Role::ALL
        .into_iter()
        .find(|role| role.name() == sent.field("role"));
    let basis = LegalBasis::ALL
        .into_iter()
        .find(|basis| basis.name() == sent.field("legal_basis"));
    let controller = sent.field("controller");
    Ok(Description {
        name: typed("name"),
        about: typed("about"),
        purposes: sent.lines("purposes"),
        role: role.unwrap_or_default(),
        controller: (!controller.is_empty()).then(|| Party {
            name: controller.to_owned(),
            contact: typed("controller_contact"),
        }),
        joint_controllers: (sent.rows("joint_controllers").into_iter())
            .map(|[name, contact]| Party { name, contact })
            .collect(),
        processors: (sent.rows("processors").into_iter())
            .map(|[name, contact, contract]| Processor {
                name,
                contact,
                contract,
            })
            .collect(),
        legal_basis: basis,
        legal_basis_detail: typed("legal_basis_detail"),
        special_condition: typed("special_condition"),
        subjects: sent.lines("subjects"),
        types: sent.lines("types"),
        classes: sent.lines("classes"),
        recipients: sent.lines("recipients"),
        transfers: (sent.rows("transfers").into_iter())
            .map(|[country, recipient, safeguard]| Transfer {
                country,
                recipient,
                safeguard,
            })
            .collect(),
        retention_days: sent.number("retention_days")?,
        security: sent.lines("security"),
        notice: typed("notice"),
        consent_record: typed("consent_record"),
        automated_decisions: !sent.field("automated_decisions").is_empty(),
        human_review: typed("human_review"),
        children: !sent.field("children").is_empty(),
        guardian_consent: typed("guardian_consent"),
    })
}
