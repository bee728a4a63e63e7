//! `/governance/retention`: the rules, what they would do, and what they did.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use governance::desk::{Error, NewRule, Outcome, Rule, Run, What, Which};

use super::fields::{Field, label, word};
use super::sheet::{Form, Refused, Row, Sheet, Table, typed};
use super::{Failure, Sent, Visit, at, failed, read, see, wrong};
use crate::App;
use crate::desk::facts::names;
use crate::pages::language::{Language, instant};
use crate::pages::visit::encode;

const RULES: &str = "/governance/retention";
const RUNS: &str = "/governance/retention-runs";
/// How many runs are shown.
const SHOWN: usize = 50;

fn address(id: &str) -> String {
    format!("{RULES}/{}", encode(id))
}

/// `GET /governance/retention`, and `/governance/retention-runs`.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| shown(visit, None)).await
}

/// `POST /governance/retention` from a page.
pub(super) async fn make(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        match says(&sent).and_then(|says| at.make_rule(says)) {
            Ok(rule) => Ok(see(&address(&rule.id))),
            Err(error) => shown(visit, Some((&sent, &error))),
        }
    })
    .await
}

/// `GET /governance/retention/{rule}`.
pub(super) async fn rule(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| shown_rule(visit, &id, None)).await
}

/// `POST /governance/retention/{rule}/edit`.
pub(super) async fn edit(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        match says(&sent).and_then(|says| at.change_rule(&id, says)) {
            Ok(rule) => Ok(see(&address(&rule.id))),
            Err(error) => shown_rule(visit, &id, Some((&sent, &error))),
        }
    })
    .await
}

/// `POST /governance/retention/{rule}/end`.
pub(super) async fn end(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        match at.desk.end_rule(&at.by, &id) {
            Ok(_) => Ok(see(RULES)),
            Err(error @ Error::NotFound { .. }) => Err(failed(visit)(error)),
            Err(error) => shown_rule(visit, &id, Some((&sent, &error))),
        }
    })
    .await
}

/// `POST /governance/retention-runs` from a page.
pub(super) async fn run(
    State(_app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&visit, request).await?;
    read(visit, move |visit| {
        let at = at(visit)?;
        let rule = sent.field("rule");
        let which = if rule.is_empty() {
            Which::All
        } else {
            Which::One(rule)
        };
        match at.retain(which) {
            Ok(run) => Ok(see(&format!("{RUNS}/{}", encode(&run.id)))),
            Err(error) => shown(visit, Some((&sent, &error))),
        }
    })
    .await
}

/// `GET /governance/retention-runs/{run}`.
pub(super) async fn one_run(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let l = visit.language;
        let run = at(visit)?.desk.retention_run(&id).map_err(failed(visit))?;
        let sheet = Sheet {
            up: (RULES, l.text("desk-retention")),
            title: l.text("desk-run"),
            id: run.id.clone(),
            lede: String::new(),
            facts: vec![
                (label(l, "by"), by(visit, &run.by)),
                (label(l, "began"), instant(run.began_at)),
                (label(l, "ended"), run.ended_at.map(instant).unwrap_or_default()),
                (label(l, "state"), word(l, run.state.name())),
                (label(l, "why"), run.why.clone()),
            ],
            tables: vec![outcomes(l, &run.rules, true)],
            forms: Vec::new(),
        };
        sheet.answer(visit, None)
    })
    .await
}

/// What a form says.
fn says(sent: &Sent) -> Result<NewRule, Error> {
    let what = What::ALL
        .into_iter()
        .find(|what| what.name() == sent.field("what"));
    Ok(NewRule {
        name: sent.field("name").to_owned(),
        activity: sent.field("activity").to_owned(),
        tenant: Some(sent.field("tenant").to_owned()).filter(|name| !name.is_empty()),
        types: sent.lines("types"),
        attributes: sent.lines("attributes"),
        classes: sent.lines("classes"),
        what: what.ok_or_else(|| wrong("what", "choose what goes"))?,
        keep: sent.field("keep").to_owned(),
    })
}

fn fields(l: Language, says: &NewRule, sent: Option<&Sent>) -> Vec<Field> {
    let lines = |list: &[String]| list.join("\n");
    let mut what = Field::choice(l, "what", says.what.name(), &What::ALL.map(What::name));
    for (option, of) in what.options.iter_mut().zip(What::ALL) {
        option.label = what_word(l, of);
    }
    typed(
        sent,
        vec![
            Field::new(l, "text", "name", says.name.clone()).required(),
            Field::new(l, "area", "types", lines(&says.types)).required(),
            Field::new(l, "area", "attributes", lines(&says.attributes)),
            Field::new(l, "area", "classes", lines(&says.classes)),
            what,
            Field::new(l, "text", "keep", says.keep.clone()).required(),
            Field::new(l, "text", "activity", says.activity.clone()),
            Field::new(l, "text", "tenant", says.tenant.clone().unwrap_or_default()),
        ],
    )
}

fn by(visit: &Visit, by: &str) -> String {
    let people = names(visit.app.config.access());
    people.get(by).cloned().unwrap_or_else(|| by.to_owned())
}

/// What goes, in words: a step of requests is called `entities` too.
fn what_word(l: Language, what: What) -> String {
    word(
        l,
        if what == What::Entities {
            "whole"
        } else {
            what.name()
        },
    )
}

/// What a rule speaks of, in words.
fn about(says: &NewRule) -> String {
    let all: Vec<&str> = (says.attributes.iter().chain(&says.classes))
        .map(String::as_str)
        .collect();
    if all.is_empty() {
        says.types.join(", ")
    } else {
        format!("{}: {}", says.types.join(", "), all.join(", "))
    }
}

fn shown(visit: &Visit, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let l = visit.language;
    let desk = at(visit)?.desk;
    let (sent, error) = refused.unzip();
    let row = |rule: &std::sync::Arc<Rule>| Row {
        address: Some(address(&rule.id)),
        first: rule.says.name.clone(),
        cells: vec![
            about(&rule.says),
            what_word(l, rule.says.what),
            rule.says.keep.clone(),
            rule.ended
                .as_ref()
                .map(|ended| instant(ended.at))
                .unwrap_or_default(),
        ],
    };
    let mut runs = desk.runs();
    runs.sort_by_key(|run| std::cmp::Reverse(run.began_at));
    let of_run = |run: &std::sync::Arc<Run>| {
        let sum = |of: fn(&Outcome) -> u64| run.rules.iter().map(of).sum::<u64>().to_string();
        Row {
            address: Some(format!("{RUNS}/{}", encode(&run.id))),
            first: run.id.clone(),
            cells: vec![
                instant(run.began_at),
                by(visit, &run.by),
                word(l, run.state.name()),
                sum(|it| it.counts.instances + it.counts.values),
                sum(|it| it.counts.entities),
                sum(|it| it.counts.held),
            ],
        }
    };
    let heads = |names: &[&str]| names.iter().map(|name| label(l, name)).collect();
    let sheet = Sheet {
        up: ("/governance", l.text("desk-title")),
        title: l.text("desk-retention"),
        id: String::new(),
        lede: l.text("desk-retention-lede"),
        facts: Vec::new(),
        tables: vec![
            Table {
                id: "rules",
                caption: l.text("desk-rules-caption"),
                heads: heads(&["name", "types", "what", "keep", "ended"]),
                rows: desk.rules().iter().map(row).collect(),
                none: l.text("desk-rules-none"),
            },
            Table {
                id: "runs",
                caption: l.text("desk-runs-caption"),
                heads: heads(&["id", "began", "by", "state", "instances", "whole", "held"]),
                rows: runs.iter().take(SHOWN).map(of_run).collect(),
                none: l.text("desk-runs-none"),
            },
        ],
        forms: vec![
            Form {
                id: "run-all",
                title: l.text("desk-run-all"),
                hint: l.text("desk-run-hint"),
                action: RUNS.to_owned(),
                hidden: None,
                fields: Vec::new(),
                submit: l.text("desk-run-now"),
            },
            Form {
                id: "new-rule",
                title: l.text("desk-new-rule"),
                hint: l.text("desk-new-rule-hint"),
                action: RULES.to_owned(),
                hidden: None,
                fields: fields(l, &NewRule::default(), sent),
                submit: l.text("desk-enter"),
            },
        ],
    };
    sheet.answer(visit, error)
}

fn shown_rule(visit: &Visit, id: &str, refused: Option<Refused<'_>>) -> Result<Response, Failure> {
    let l = visit.language;
    let at = at(visit)?;
    let (sent, error) = refused.unzip();
    let rule = at.desk.rule(id).map_err(failed(visit))?;
    let runs = rule.ended.is_none();
    let preview = if runs {
        at.preview(Which::One(id)).map_err(failed(visit))?
    } else {
        Vec::new()
    };
    let mut forms = Vec::new();
    if runs {
        forms.push(Form {
            id: "run",
            title: l.text("desk-run-now"),
            hint: l.text("desk-run-hint"),
            action: RUNS.to_owned(),
            hidden: Some(("rule", rule.id.clone())),
            fields: Vec::new(),
            submit: l.text("desk-run-now"),
        });
    }
    // Also where somebody else ended it meanwhile: what was typed is there to be copied.
    if runs || sent.is_some() {
        forms.push(Form {
            id: "edit",
            title: l.text("desk-description"),
            hint: String::new(),
            action: format!("{}/edit", address(id)),
            hidden: None,
            fields: fields(
                l,
                &rule.says,
                sent.filter(|sent| !sent.field("keep").is_empty() || !sent.field("name").is_empty()),
            ),
            submit: l.text("desk-save"),
        });
    }
    if runs {
        forms.push(Form {
            id: "end",
            title: l.text("desk-end-rule"),
            hint: l.text("desk-end-rule-hint"),
            action: format!("{}/end", address(id)),
            hidden: None,
            fields: Vec::new(),
            submit: l.text("desk-end-rule"),
        });
    }
    let sheet = Sheet {
        up: (RULES, l.text("desk-retention")),
        title: rule.says.name.clone(),
        id: String::new(),
        lede: String::new(),
        facts: vec![
            (label(l, "types"), about(&rule.says)),
            (label(l, "what"), what_word(l, rule.says.what)),
            (label(l, "keep"), rule.says.keep.clone()),
            (label(l, "activity"), rule.says.activity.clone()),
            (label(l, "tenant"), rule.says.tenant.clone().unwrap_or_default()),
            (label(l, "by"), by(visit, &rule.changed_by)),
            (
                label(l, "ended"),
                rule.ended
                    .as_ref()
                    .map(|ended| instant(ended.at))
                    .unwrap_or_default(),
            ),
        ],
        tables: if runs {
            vec![outcomes(l, &preview, false)]
        } else {
            Vec::new()
        },
        forms,
    };
    sheet.answer(visit, error)
}

/// What rules did, or would do.
fn outcomes(l: Language, outcomes: &[Outcome], ran: bool) -> Table {
    let heads: &[&str] = if ran {
        &[
            "name",
            "before",
            "instances",
            "values",
            "whole",
            "held",
            "oldest",
            "left",
            "proof",
        ]
    } else {
        &["name", "before", "instances", "values", "whole", "held", "oldest"]
    };
    let row = |it: &Outcome| {
        let counts = &it.counts;
        let mut cells = vec![
            instant(it.before),
            counts.instances.to_string(),
            counts.values.to_string(),
            counts.entities.to_string(),
            counts.held.to_string(),
            counts.oldest.map_or_else(|| "–".to_owned(), instant),
        ];
        if ran {
            cells.extend([it.left.to_string(), it.proof.clone()]);
        }
        Row {
            address: Some(address(&it.rule)),
            first: it.name.clone(),
            cells,
        }
    };
    Table {
        id: "outcomes",
        caption: l.text(if ran {
            "desk-ran-caption"
        } else {
            "desk-preview-caption"
        }),
        heads: heads.iter().map(|name| label(l, name)).collect(),
        rows: outcomes.iter().map(row).collect(),
        none: l.text("desk-rules-none"),
    }
}
