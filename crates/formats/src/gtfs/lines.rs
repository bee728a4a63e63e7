//! The rows of a table of the feed, one by one.

use ngsi_ld::Entity;

use super::Refused;
use super::archive::Archive;
use crate::csv_table::{Row, Step};
use crate::import::{ImportError, Place, Session};

/// A row, whose fields are asked for by column.
pub(super) struct Line<'a> {
    row: &'a Row,
    header: &'a [String],
}

impl<'a> Line<'a> {
    pub(super) fn new(row: &'a Row, header: &'a [String]) -> Self {
        Self { row, header }
    }

    /// The field of a column; empty where there is none.
    pub(super) fn get(&self, column: &str) -> &str {
        self.header
            .iter()
            .position(|name| name.eq_ignore_ascii_case(column))
            .map_or("", |index| self.row.get(index))
    }

    /// The field, where it is not empty.
    pub(super) fn some(&self, column: &str) -> Option<&str> {
        Some(self.get(column)).filter(|text| !text.is_empty())
    }

    /// The identifier in a column.
    pub(super) fn id(&self, column: &'static str, what: &str) -> Result<&str, Refused> {
        self.some(column).ok_or_else(|| {
            Refused::new(
                column,
                what,
                "it has no identifier",
                "give the row an identifier of its own",
            )
        })
    }

    /// Its line in the table, from 1.
    pub(super) fn number(&self) -> u64 {
        self.row.line
    }
}

/// What comes of a row.
pub(super) enum Made {
    /// An entity, and its weight in coordinates.
    Entity(Entity, usize),
    /// Several.
    Entities(Vec<Entity>),
    /// Nothing now.
    Nothing,
}

/// Reads every row of a table. `take` makes the entity, or says why not.
pub(super) fn each(
    archive: &mut Archive,
    session: &mut Session<'_>,
    table: &'static str,
    take: &mut dyn FnMut(&mut Session<'_>, &Line<'_>) -> Result<Made, Refused>,
) -> Result<(), ImportError> {
    let file = format!("{}/{table}", archive.name);
    let mut rows = 0;
    {
        let Some(mut opened) = archive.table(table)? else {
            return Ok(());
        };
        session.tell(&file);
        let header = opened.header().to_vec();
        let place = Place {
            file: file.as_str().into(),
            line: None,
        };
        let mut row = Row::default();
        loop {
            let step = opened.next(&mut row).map_err(ImportError::read(&file))?;
            let place = Place {
                line: Some(row.line),
                ..place.clone()
            };
            match step {
                Step::End => break,
                Step::Bad(why) => {
                    session.refuse(place.refusal(
                        None,
                        "row",
                        why,
                        "mend the row and import the feed again",
                    ))?;
                }
                Step::Row => match take(session, &Line::new(&row, &header)) {
                    Ok(Made::Entity(entity, weight)) => session.put(entity, place, weight)?,
                    Ok(Made::Entities(entities)) => {
                        for entity in entities {
                            session.put(entity, place.clone(), 0)?;
                        }
                    }
                    Ok(Made::Nothing) => {}
                    Err(refused) => session.refuse(refused.at(&place))?,
                },
            }
            rows += 1;
            session.count(&file, table, 1);
        }
    }
    archive.counted(table, rows);
    Ok(())
}
