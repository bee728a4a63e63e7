//! A page of facts, tables and forms: what the desk shows of its rules, runs and holds.

use askama::Template;
use axum::response::Response;
use governance::desk::Error;

use super::fields::Field;
use super::{Failure, Sent, Visit, answered};
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;

/// A table.
pub(super) struct Table {
    pub(super) id: &'static str,
    pub(super) caption: String,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// What is said where there are no rows.
    pub(super) none: String,
}

/// A row of a table.
pub(super) struct Row {
    pub(super) address: Option<String>,
    pub(super) first: String,
    pub(super) cells: Vec<String>,
}

/// A form.
pub(super) struct Form {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) hint: String,
    pub(super) action: String,
    pub(super) hidden: Option<(&'static str, String)>,
    pub(super) fields: Vec<Field>,
    pub(super) submit: String,
}

/// What stands on the page.
pub(super) struct Sheet {
    /// Where it leads back to, and what that is called.
    pub(super) up: (&'static str, String),
    pub(super) title: String,
    pub(super) id: String,
    pub(super) lede: String,
    pub(super) facts: Vec<(String, String)>,
    pub(super) tables: Vec<Table>,
    pub(super) forms: Vec<Form>,
}

#[derive(Template)]
#[template(path = "desk_sheet.html")]
struct Page {
    l: Language,
    frame: Frame,
    error: Option<String>,
    up: (&'static str, String),
    title: String,
    id: String,
    lede: String,
    facts: Vec<(String, String)>,
    tables: Vec<Table>,
    forms: Vec<Form>,
}

/// A form that was refused: what was typed, and why.
pub(super) type Refused<'a> = (&'a Sent, &'a Error);

/// Fields with what was typed.
pub(super) fn typed(sent: Option<&Sent>, fields: Vec<Field>) -> Vec<Field> {
    fields.into_iter().map(|field| field.typed(sent)).collect()
}

impl Sheet {
    /// As an answer.
    pub(super) fn answer(self, visit: &Visit, error: Option<&Error>) -> Result<Response, Failure> {
        let l = visit.language;
        let Self {
            up,
            title,
            id,
            lede,
            facts,
            tables,
            forms,
        } = self;
        let named = if id.is_empty() { title.clone() } else { id.clone() };
        let page = Page {
            l,
            frame: Frame::new(visit, Place::None, named),
            error: error.map(ToString::to_string),
            up,
            title,
            id,
            lede,
            facts,
            tables,
            forms,
        };
        answered(visit, &page, error)
    }
}
