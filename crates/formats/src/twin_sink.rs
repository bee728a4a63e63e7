//! The sink that is the twin.

use std::io::Read;

use ngsi_ld::entity::UNSET;
use ngsi_ld::{Attribute, Entity};
use query::View;
use twin::{Error, Operation, Outcome, Reader as _, Twin};

use crate::sink::{Fate, HistoryFate, Sink, SinkError};

/// Imports into a live twin. To be used on a thread that may wait.
pub struct TwinSink<'a> {
    twin: &'a Twin,
    view: &'a View,
}

impl<'a> TwinSink<'a> {
    /// Writes to this twin in the name of this view's caller.
    pub fn new(twin: &'a Twin, view: &'a View) -> Self {
        Self { twin, view }
    }

    /// Whether the entity has all these attributes already.
    fn holds(&self, entity: &Entity) -> bool {
        self.twin.get(self.view, &entity.id).is_some_and(|present| {
            entity.types.iter().all(|t| present.types.contains(t))
                && entity.attributes.iter().all(|attribute| {
                    present
                        .instance(attribute.name.as_str(), attribute.dataset_id.as_ref())
                        .is_some_and(|there| timeless(there) == timeless(attribute))
                })
        })
    }
}

/// The same without the times that the twin sets.
fn timeless(attribute: &Attribute) -> Attribute {
    Attribute {
        created_at: UNSET,
        modified_at: UNSET,
        sub_attributes: attribute.sub_attributes.iter().map(timeless).collect(),
        ..attribute.clone()
    }
}

impl Sink for TwinSink<'_> {
    fn put(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        let operations = entities.into_iter().map(Operation::Import).collect();
        self.twin
            .load_blocking(self.view, operations)
            .into_iter()
            .map(fate)
            .collect()
    }

    fn amend(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        let held: Vec<bool> = entities.iter().map(|entity| self.holds(entity)).collect();
        let operations = entities
            .into_iter()
            .zip(&held)
            .filter(|(_, held)| !**held)
            .map(|(entity, _)| Operation::UpsertUpdate(entity))
            .collect();
        let mut done = self.twin.load_blocking(self.view, operations).into_iter();
        let missing = || {
            Err(Error::Storage(
                "the twin answered fewer operations than it was given".to_owned(),
            ))
        };
        held.into_iter()
            .map(|held| {
                if held {
                    Ok(Fate::Known)
                } else {
                    fate(done.next().unwrap_or_else(missing))
                }
            })
            .collect()
    }

    fn append(&mut self, entities: Vec<Entity>) -> Result<Vec<HistoryFate>, SinkError> {
        let operations = entities
            .into_iter()
            .map(|entity| Operation::AppendHistory {
                entity,
                current: true,
            })
            .collect();
        self.twin
            .load_blocking(self.view, operations)
            .into_iter()
            .map(|outcome| match outcome {
                Ok(Outcome::Appended {
                    added,
                    known,
                    created,
                }) => Ok(HistoryFate::Appended {
                    added,
                    known,
                    created,
                }),
                Ok(Outcome::Created) => Ok(HistoryFate::Appended {
                    added: 0,
                    known: 0,
                    created: true,
                }),
                Ok(_) => Ok(HistoryFate::Appended {
                    added: 0,
                    known: 0,
                    created: false,
                }),
                Err(error) => refusal(error).map(HistoryFate::Refused),
            })
            .collect()
    }

    fn blob(&mut self, content: &mut dyn Read) -> Result<String, SinkError> {
        self.twin
            .put_blob(content)
            .map(|id| id.0)
            .map_err(|error| SinkError(error.to_string()))
    }
}

fn fate(outcome: Result<Outcome, Error>) -> Result<Fate, SinkError> {
    match outcome {
        Ok(Outcome::Created | Outcome::Appended { created: true, .. }) => Ok(Fate::Created),
        Ok(Outcome::Unchanged) => Ok(Fate::Known),
        Ok(Outcome::Updated { .. } | Outcome::Appended { .. } | Outcome::Deleted) => Ok(Fate::Updated),
        Err(error) => refusal(error).map(Fate::Refused),
    }
}

/// What is wrong with one entity is a refusal; what is wrong with the store ends the import.
fn refusal(error: Error) -> Result<String, SinkError> {
    match error {
        Error::ReadOnly(_) | Error::Busy { .. } | Error::Storage(_) => Err(SinkError(error.to_string())),
        other => Ok(other.to_string()),
    }
}
