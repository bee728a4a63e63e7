//! Histories on their way into an answer, and what belongs beside them (6.3.10).

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use ngsi_ld::Entity;
use ngsi_ld::representation::AggregatedAttribute;
use serde_json::Value as Json;
use twin::Part;

use super::super::answer::{Wording, bytes};
use super::super::representation::Representation;
use super::cut::Room;
use super::scopes::Validity;
use super::{Question, aggregated, write};
use crate::problem::Answer;

/// One history that a query finds.
pub(crate) enum Found {
    /// The instances that are asked for, and when what the query asks of the Scope held.
    Instances(Part, Validity),
    /// What they are summed up to.
    Aggregates(Entity, Vec<AggregatedAttribute>),
    /// The entity as it is: that it has instances was looked at, and not which.
    Unread(Arc<Entity>),
}

impl Found {
    /// The entity; its attributes are the instances, where they are not summed up.
    pub(crate) fn entity(&self) -> &Entity {
        match self {
            Self::Instances(part, _) => &part.entity,
            Self::Aggregates(entity, _) => entity,
            Self::Unread(entity) => entity,
        }
    }

    /// The same, to keep.
    pub(crate) fn into_entity(self) -> Entity {
        match self {
            Self::Instances(part, _) => part.entity,
            Self::Aggregates(entity, _) => entity,
            Self::Unread(entity) => Arc::unwrap_or_clone(entity),
        }
    }

    /// How many instances it holds in memory.
    pub(crate) fn instances(&self) -> usize {
        match self {
            Self::Unread(_) => 0,
            read => read.entity().attributes.len(),
        }
    }
}

/// Takes histories in, as many instances as one answer holds.
pub(crate) struct Sheet<'a> {
    question: &'a Question,
    how: &'a Representation,
    wording: &'a Wording,
    room: Room,
    aggregates: Vec<Json>,
}

impl<'a> Sheet<'a> {
    /// An empty one for at most `most` instances.
    pub(crate) fn new(
        question: &'a Question,
        how: &'a Representation,
        wording: &'a Wording,
        most: usize,
    ) -> Self {
        Self {
            question,
            how,
            wording,
            room: Room::new(question, most),
            aggregates: Vec::new(),
        }
    }

    /// Takes one in. Where there is no room for all instances, all histories are cut at one instant.
    pub(crate) fn take(&mut self, found: Found) -> Answer<()> {
        let (entity, rows) = match (found, &self.question.aggregation) {
            (Found::Aggregates(entity, rows), _) => (entity, rows),
            (Found::Instances(part, validity), Some(aggregation)) => {
                let validity = Some(&validity);
                let rows =
                    aggregated::from_instances(&part.entity, self.question, aggregation, validity, self.how)?;
                (part.entity, rows)
            }
            (Found::Instances(part, _), None) => return self.room.take(part),
            (Found::Unread(_), _) => return Ok(()),
        };
        let object = aggregated::write(&entity, &rows, self.how, self.wording);
        self.aggregates.push(self.wording.finish(object));
        Ok(())
    }

    /// The histories as they are written.
    pub(crate) fn finish(self) -> Histories {
        let partial = self.room.content_range(self.question);
        let mut objects = self.aggregates;
        for (entity, left_out) in &self.room.histories {
            let object = write(entity, left_out, self.question, self.how, self.wording);
            objects.push(self.wording.finish(object));
        }
        Histories {
            body: Body::All(objects),
            more: false,
            total: None,
            partial,
        }
    }
}

/// What a body holds.
#[derive(Debug)]
enum Body {
    One(Json),
    All(Vec<Json>),
}

/// Histories as they are written, and what belongs beside them.
#[derive(Debug)]
pub(crate) struct Histories {
    body: Body,
    /// Whether there are more.
    pub more: bool,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
    partial: Option<String>,
}

impl Histories {
    /// One, which is no array.
    pub(super) fn one(body: Json, partial: Option<String>) -> Self {
        Self {
            body: Body::One(body),
            more: false,
            total: None,
            partial,
        }
    }

    /// How many there are in the body.
    pub(crate) fn shown(&self) -> usize {
        match &self.body {
            Body::One(_) => 1,
            Body::All(objects) => objects.len(),
        }
    }

    /// As a response: 200, or 206 where the time range was cut (6.3.10).
    pub(crate) fn respond(self, wording: &Wording) -> Answer<Response> {
        let status = if self.partial.is_some() {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let body = match &self.body {
            Body::One(object) => bytes(object)?,
            Body::All(objects) => bytes(objects)?,
        };
        let mut response = wording.respond(status, body);
        if let Some(value) = self.partial.and_then(|range| HeaderValue::from_str(&range).ok()) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        Ok(response)
    }
}
