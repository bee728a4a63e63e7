//! `/policies/why`: why somebody can see something of an entity, or cannot, in words.

use access::policies::{Action, PolicyInfo, UNSAID, Verdict};
use access::{Error, Why, WhyAsked};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ngsi_ld::{Name, Uri};
use query::Purpose;

use super::language::Argument::Text;
use super::language::Language;
use super::{App, Failure, Visit, accounts, encode, read, shifts, shown, views};
use crate::pages::frame::{Frame, Place};

#[derive(Template)]
#[template(path = "policy_why.html")]
struct WhyPage {
    l: Language,
    frame: Frame,
    who: String,
    entity: String,
    attribute: String,
    actions: Vec<Choice>,
    purposes: Vec<Choice>,
    wrong: Option<String>,
    answer: Option<Answer>,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Answer {
    sentence: String,
    /// What the doors lack.
    door: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    class: String,
    meaning: String,
    attributes: String,
    allowed: bool,
    reason: String,
    policies: Vec<Policy>,
}

struct Policy {
    id: String,
    title: String,
    /// Of its document; none for what no city can change.
    address: Option<String>,
}

/// `GET /policies/why?who=…&entity=…&attribute=…&action=…&purpose=…`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let parameter = |name: &str| visit.parameter(name).unwrap_or_default().to_owned();
        let (who, entity, attribute) = (parameter("who"), parameter("entity"), parameter("attribute"));
        let action = visit
            .parameter("action")
            .and_then(Action::parse)
            .unwrap_or(Action::Read);
        let rules = views(visit)?.policies().rules();
        let known = |name: &&str| rules.purposes().meaning(name).is_some();
        let purpose = visit.parameter("purpose").filter(known).unwrap_or(UNSAID);
        let (mut wrong, mut answer) = (None, None);
        if !who.is_empty() && !entity.is_empty() {
            match ask(visit, &who, &entity, &attribute, action, purpose) {
                Ok(found) => answer = Some(found),
                Err(error) => wrong = Some(accounts::wrong(l, &error)),
            }
        }
        let page = WhyPage {
            l,
            frame: Frame::new(visit, Place::Policies, l.text("policy-why-title")),
            actions: Action::ALL
                .into_iter()
                .map(|one| Choice {
                    value: one.name().to_owned(),
                    label: shifts::action(l, one),
                    chosen: one == action,
                })
                .collect(),
            purposes: rules
                .purposes()
                .names()
                .map(|name| Choice {
                    value: name.to_owned(),
                    label: name.to_owned(),
                    chosen: name == purpose,
                })
                .collect(),
            who,
            entity,
            attribute,
            wrong,
            answer,
        };
        let status = if page.wrong.is_some() {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        };
        shown(visit, &page, status)
    })
    .await
}

fn ask(
    visit: &Visit,
    who: &str,
    entity: &str,
    attribute: &str,
    action: Action,
    purpose: &str,
) -> Result<Answer, Error> {
    let missing = || Error::NotFound {
        what: "entity",
        id: entity.to_owned(),
    };
    let views = visit.app.config.views.as_ref().ok_or_else(missing)?;
    let id = Uri::parse(entity).ok().ok_or_else(missing)?;
    let asked = WhyAsked {
        who,
        action,
        purpose: &Purpose(purpose.into()),
        tenant: None,
        assurance: None,
        entity: &id,
        attribute: (!attribute.is_empty()).then_some(attribute),
    };
    let why = views.why(&visit.twin, &visit.view, &asked)?;
    Ok(Answer::of(visit, views, &asked, &why))
}

impl Answer {
    fn of(visit: &Visit, views: &access::PolicyViews, asked: &WhyAsked<'_>, why: &Why) -> Self {
        let l = visit.language;
        let name = why
            .who
            .as_ref()
            .map_or_else(|| l.text("policy-anonymous"), |who| who.name.to_string());
        let action = shifts::action(l, asked.action);
        let words = [("who", Text(&name)), ("action", Text(&action))];
        let allowed = why.allowed();
        let missing = why.permission.filter(|(_, given)| !given);
        let rules = views.policies().rules();
        let rows = why.verdicts.iter().map(|verdict| {
            let class = rules.classes().classification().class(&verdict.class);
            let meaning = class.and_then(|class| rules.classes().meaning(class));
            Row::of(l, verdict, meaning.unwrap_or_default())
        });
        Self {
            sentence: l.text_with(
                if allowed {
                    "policy-why-yes"
                } else {
                    "policy-why-no"
                },
                &words,
            ),
            door: missing
                .map(|(needed, _)| l.text_with("policy-why-door", &[("permission", Text(needed.name()))])),
            rows: rows.collect(),
        }
    }
}

impl Row {
    fn of(l: Language, verdict: &Verdict, meaning: &str) -> Self {
        let (key, deciding) = match (&verdict.failed, verdict.forbids.as_slice()) {
            (Some(_), _) => ("policy-why-failed", &[][..]),
            (None, []) if verdict.permits.is_empty() => ("policy-why-nobody", &[][..]),
            (None, []) => ("policy-why-permitted", verdict.permits.as_slice()),
            (None, forbids) => ("policy-why-forbidden", forbids),
        };
        let attributes: Vec<&str> = verdict.attributes.iter().map(Name::short).collect();
        Self {
            class: verdict.class.clone(),
            meaning: meaning.to_owned(),
            attributes: attributes.join(&l.text("list-comma")),
            allowed: verdict.allowed,
            reason: l.text(key),
            policies: deciding.iter().map(Policy::of).collect(),
        }
    }
}

impl Policy {
    fn of(info: &PolicyInfo) -> Self {
        Self {
            id: info.id.clone(),
            title: info.title.clone().unwrap_or_default(),
            address: (info.document != "builtin")
                .then(|| format!("/policies/documents/{}", encode(&info.document))),
        }
    }
}
