//! `/governance/processing/{activity}`: one activity, its impact assessment, and who approved it.

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use governance::desk::{Activity, Error, Findings, Level, Risk};

use super::fields::{Field, word};
use super::{Failure, Sent, Visit, answered, at, failed, read, register, see, wrong};
use crate::App;
use crate::desk::facts::names;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Argument::Text;
use crate::pages::language::{Language, day};

#[derive(Template)]
#[template(path = "desk_activity.html")]
struct Page {
    l: Language,
    frame: Frame,
    error: Option<String>,
    id: String,
    name: String,
    lacks: String,
    assessment: String,
    class: &'static str,
    told: Option<String>,
    waits: bool,
    fields: Vec<Field>,
    assess: Vec<Field>,
}

/// `GET /governance/processing/{activity}`.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let activity = at(visit)?.desk.activity(&id).map_err(failed(visit))?;
        shown(visit, &activity, None, None, None)
    })
    .await
}

/// `POST /governance/processing/{activity}/edit`.
pub(super) async fn describe(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let activity = at.desk.activity(&id).map_err(failed(visit))?;
        let described =
            register::description(&sent).and_then(|it| at.desk.describe(&at.by, &id, it, &at.known()));
        match described {
            Ok(_) => Ok(see(&register::address(&id))),
            Err(error) => shown(visit, &activity, Some(&sent), None, Some(&error)),
        }
    })
    .await
}

/// `POST /governance/processing/{activity}/assessment` from a page.
pub(super) async fn assess(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let activity = at.desk.activity(&id).map_err(failed(visit))?;
        match findings(&sent).and_then(|findings| at.desk.assess(&at.by, &id, findings)) {
            Ok(_) => Ok(see(&register::address(&id))),
            Err(error) => shown(visit, &activity, None, Some(&sent), Some(&error)),
        }
    })
    .await
}

/// `POST /governance/processing/{activity}/approval` from a page.
pub(super) async fn approve(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let at = at(visit)?;
        at.desk.approve(&at.by, &id).map_err(failed(visit))?;
        Ok(see(&register::address(&id)))
    })
    .await
}

/// `POST /governance/processing/{activity}/delete`.
pub(super) async fn delete(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let at = at(visit)?;
        at.desk.withdraw(&at.by, &id).map_err(failed(visit))?;
        Ok(see("/governance/processing"))
    })
    .await
}

fn shown(
    visit: &Visit,
    activity: &Activity,
    described: Option<&Sent>,
    assessed: Option<&Sent>,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let l = visit.language;
    let at = at(visit)?;
    let (state, class) = register::assessed(activity, at.desk.now());
    let people = names(visit.app.config.access());
    let name = |id: &str| people.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let told = activity.assessment.as_ref().map(|assessment| {
        let author = l.text_with(
            "desk-written-by",
            &[
                ("who", Text(&name(&assessment.author))),
                ("day", Text(&day(assessment.written_at))),
            ],
        );
        match &assessment.approval {
            None => author,
            Some(approval) => {
                let approved = l.text_with(
                    "desk-approved-by",
                    &[
                        ("who", Text(&name(&approval.by))),
                        ("day", Text(&day(approval.at))),
                    ],
                );
                format!("{author} {approved}")
            }
        }
    });
    let lacks: Vec<String> = (activity.description.lacks().iter())
        .map(|name| super::fields::label(l, name))
        .collect();
    let page = Page {
        l,
        frame: Frame::new(visit, Place::None, activity.description.name.clone()),
        error: error.map(ToString::to_string),
        id: activity.id.clone(),
        name: activity.description.name.clone(),
        lacks: lacks.join(", "),
        assessment: word(l, state),
        class,
        told,
        waits: state == "written",
        fields: register::fields(l, &activity.description, &at.known(), described),
        assess: of_assessment(l, activity, assessed),
    };
    answered(visit, &page, error)
}

/// The fields of an assessment.
fn of_assessment(l: Language, activity: &Activity, sent: Option<&Sent>) -> Vec<Field> {
    let known = activity
        .assessment
        .as_ref()
        .map(|assessment| &assessment.findings);
    let risks: Vec<String> = (known.iter())
        .flat_map(|findings| &findings.risks)
        .map(|risk| {
            format!(
                "{} | {} | {} | {}",
                risk.what,
                risk.likelihood.name(),
                risk.severity.name(),
                risk.measure
            )
        })
        .collect();
    let text = |of: fn(&Findings) -> &String| known.map(of).cloned().unwrap_or_default();
    let residual = known.map_or(Level::Low, |findings| findings.residual).name();
    let review = known.map(|findings| day(findings.review_at)).unwrap_or_default();
    let fields = vec![
        Field::new(l, "area", "necessity", text(|findings| &findings.necessity)).required(),
        Field::new(l, "area", "risks", risks.join("\n")).required(),
        Field::choice(l, "residual", residual, &Level::ALL.map(Level::name)),
        Field::new(l, "area", "consultation", text(|findings| &findings.consultation)),
        Field::new(l, "area", "opinion", text(|findings| &findings.opinion)),
        Field::new(l, "date", "review_at", review).required(),
    ];
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

fn findings(sent: &Sent) -> Result<Findings, Error> {
    let risks = sent
        .rows("risks")
        .into_iter()
        .map(|[what, likelihood, severity, measure]| {
            let level = |text: &str| {
                Level::parse(text).ok_or_else(|| {
                    wrong(
                        "risks",
                        "write a line as in: absence can be read | low | medium | monthly sums only",
                    )
                })
            };
            Ok(Risk {
                likelihood: level(&likelihood)?,
                severity: level(&severity)?,
                what,
                measure,
            })
        });
    Ok(Findings {
        necessity: sent.field("necessity").to_owned(),
        risks: risks.collect::<Result<_, Error>>()?,
        residual: Level::parse(sent.field("residual")).unwrap_or(Level::High),
        consultation: sent.field("consultation").to_owned(),
        opinion: sent.field("opinion").to_owned(),
        review_at: sent
            .day("review_at")?
            .ok_or_else(|| wrong("review_at", "write a day as in 2027-05-01"))?,
    })
}
