//! What an entity is now, and how a change makes it something else.
//!
//! One row holds a whole entity, head and attributes: the twin reads whole entities at start, and a row of its
//! own for each attribute would cost a key and a B-tree cell each (1.6 M of them instead of 200 000), while a
//! fold touches the same page in either case.

use ngsi_ld::{Attribute, Entity, Name, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::{Input, Malformed, Output, checksum, seal, unseal};
use crate::fault::Fault;
use crate::names::{Dictionary, Namer};
use crate::record::{read_attribute, read_head, write_attribute, write_head};
use crate::{Change, Datasets, EntityKey, Head, Past, Stored};

const HEAD: u8 = 1;
const DELETED: u8 = 2;
const ERASED: u8 = 4;
/// It has no current state, but a last one.
const LAST: u8 = 8;

/// The state of one entity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Current {
    pub(crate) head: Option<Head>,
    /// The current ones; of an entity that has no current state, those of its last one.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) deleted_at: Option<Timestamp>,
    /// It has no current state, and an older program left no last one.
    pub(crate) lacks_last: bool,
    /// The tombstone: everything before was destroyed at this instant.
    pub(crate) erased_at: Option<Timestamp>,
}

/// What became past while changes were applied.
#[derive(Debug, Default)]
pub(crate) struct Became {
    /// In the order in which it became past.
    pub(crate) past: Vec<Past>,
    /// Of what was stored as history before, these are to be destroyed.
    pub(crate) forgotten: Vec<Forgotten>,
    /// Everything that was stored as history before is to be destroyed.
    pub(crate) erased: bool,
}

/// Instances of the past that are to be destroyed.
#[derive(Debug)]
pub(crate) enum Forgotten {
    /// Those that are this one.
    Instance(Attribute),
    /// Those of an attribute, and its removals.
    Series(Name, Datasets),
}

impl Forgotten {
    /// Whether an instance is one of them.
    pub(crate) fn covers(&self, past: &Past) -> bool {
        match (self, past) {
            (Self::Instance(this), Past::Instance(that)) => {
                this.modified_at == that.modified_at && this == that
            }
            (Self::Instance(_), Past::Removed { .. }) => false,
            (Self::Series(name, datasets), past) => {
                name == past.name() && datasets.contains(past.dataset_id())
            }
        }
    }
}

impl Became {
    fn forget(&mut self, forgotten: Forgotten) {
        self.past.retain(|past| !forgotten.covers(past));
        self.forgotten.push(forgotten);
    }

    /// Whether an instance that was stored as history before is to be destroyed.
    pub(crate) fn forgets(&self, past: &Past) -> bool {
        self.erased || self.forgotten.iter().any(|forgotten| forgotten.covers(past))
    }
}

impl Current {
    /// Applies one change of this entity.
    pub(crate) fn apply(&mut self, change: Change, became: &mut Became) {
        match change {
            Change::Head(_, head) => {
                if !self.is_live() && !head.temporal_only {
                    self.attributes.clear();
                }
                self.lacks_last &= head.temporal_only;
                self.head = Some(head);
                self.deleted_at = None;
            }
            Change::Attribute(_, attribute) => self.put(attribute, became),
            Change::RemoveAttribute(_, name, dataset_id, at) => {
                let same = |a: &Attribute| a.name == name && a.dataset_id == dataset_id;
                if let Some(index) = self.attributes.iter().position(same) {
                    became.past.push(Past::Instance(self.attributes.remove(index)));
                    became.past.push(Past::Removed { name, dataset_id, at });
                }
            }
            Change::Delete(_, at) => {
                if self.is_live() {
                    for gone in &self.attributes {
                        let (name, dataset_id) = (gone.name.clone(), gone.dataset_id.clone());
                        became.past.push(Past::Instance(gone.clone()));
                        became.past.push(Past::Removed { name, dataset_id, at });
                    }
                }
                self.deleted_at = Some(at);
            }
            Change::Last(_, attributes) => {
                if !self.is_live() {
                    self.attributes = attributes;
                    self.lacks_last = false;
                }
            }
            Change::History(_, attribute) => {
                self.bring_up(&attribute);
                became.past.push(Past::Instance(attribute));
            }
            Change::Forget(_, attribute) => became.forget(Forgotten::Instance(attribute)),
            Change::ForgetSeries(_, name, datasets) => became.forget(Forgotten::Series(name, datasets)),
            Change::Erase(_, at) => {
                *self = Self {
                    erased_at: Some(at),
                    ..Self::default()
                };
                became.past.clear();
                became.forgotten.clear();
                became.erased = true;
            }
            Change::System(..) => {} // is no entity's
        }
    }

    /// Whether the attributes are current.
    pub(crate) fn is_live(&self) -> bool {
        self.deleted_at.is_none() && self.head.as_ref().is_none_or(|head| !head.temporal_only)
    }

    /// Where only a history was ever given: the latest of each attribute and data set is its last state.
    fn bring_up(&mut self, told: &Attribute) {
        if self.is_live() || self.deleted_at.is_some() || told.is_scope() {
            return;
        }
        let same = |a: &&Attribute| a.name == told.name && a.dataset_id == told.dataset_id;
        let present = self.attributes.iter().find(same);
        if present.is_none_or(|present| present.instant() <= told.instant()) {
            self.put(told.clone(), &mut Became::default()); // what it replaces is past already
        }
    }

    /// In the same place as [`Entity::put`] would.
    fn put(&mut self, attribute: Attribute, became: &mut Became) {
        let mut after = None;
        for (index, present) in self.attributes.iter_mut().enumerate() {
            if present.name == attribute.name {
                if present.dataset_id == attribute.dataset_id {
                    became
                        .past
                        .push(Past::Instance(std::mem::replace(present, attribute)));
                    return;
                }
                after = Some(index + 1);
            }
        }
        self.attributes
            .insert(after.unwrap_or(self.attributes.len()), attribute);
    }

    /// As it is loaded; `None` while it has no head.
    pub(crate) fn stored(self, key: EntityKey) -> Option<Stored> {
        let head = self.head?;
        let last_known = !self.lacks_last;
        let entity = Entity {
            id: head.id,
            types: head.types,
            scope: head.scope,
            created_at: head.created_at,
            modified_at: head.modified_at,
            expires_at: head.expires_at,
            deleted_at: None,
            attributes: self.attributes,
        };
        Some(Stored {
            key,
            entity,
            last_known,
            temporal_only: head.temporal_only,
            deleted_at: self.deleted_at,
        })
    }

    fn write(&self, namer: &mut Namer) -> Vec<u8> {
        let mut output = Output::default();
        let flag = |there: bool, flag: u8| if there { flag } else { 0 };
        output.byte(
            flag(self.head.is_some(), HEAD)
                | flag(self.deleted_at.is_some(), DELETED)
                | flag(self.erased_at.is_some(), ERASED)
                | flag(!self.is_live() && !self.lacks_last, LAST),
        );
        let mut base = Timestamp::from_micros(0);
        if let Some(head) = &self.head {
            write_head(&mut output, head, namer);
            base = head.modified_at;
        }
        for time in [self.deleted_at, self.erased_at].into_iter().flatten() {
            output.zigzag(time.as_micros());
        }
        output.count(self.attributes.len());
        for attribute in &self.attributes {
            write_attribute(&mut output, attribute, base, namer);
        }
        output.0
    }

    fn read(body: &[u8], names: &Dictionary) -> Result<Self, Malformed> {
        let mut input = Input(body);
        let flags = input.byte()?;
        let head = if flags & HEAD == 0 {
            None
        } else {
            Some(read_head(&mut input, names)?)
        };
        let mut time = |flag| {
            if flags & flag == 0 {
                Ok(None)
            } else {
                input.zigzag().map(|micros| Some(Timestamp::from_micros(micros)))
            }
        };
        let (deleted_at, erased_at) = (time(DELETED)?, time(ERASED)?);
        let base = head
            .as_ref()
            .map_or(Timestamp::from_micros(0), |head| head.modified_at);
        let count = input.count()?;
        let mut attributes = Vec::with_capacity(count.min(1_024));
        for _ in 0..count {
            attributes.push(read_attribute(&mut input, base, names, 0)?);
        }
        if !input.is_empty() {
            return Err(Malformed("the row is too long"));
        }
        let mut current = Self {
            head,
            attributes,
            deleted_at,
            lacks_last: false,
            erased_at,
        };
        current.lacks_last = !current.is_live() && flags & LAST == 0;
        Ok(current)
    }
}

/// An entity's row: its state as of the last commit that was folded into it.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) current: Current,
    pub(crate) last_seq: u64,
}

/// Reads the row of an entity; an empty one where there is none.
pub(crate) fn read_row(connection: &Connection, key: EntityKey, names: &Dictionary) -> Result<Row, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT key, last_seq, crc, payload FROM entity WHERE key = ?")?;
    let row = statement.query_row([key.0.cast_signed()], |row| Ok(parse(row, names)));
    Ok(row
        .optional()?
        .transpose()?
        .map(|(_, row)| row)
        .unwrap_or_default())
}

/// Reads all rows, in order of their keys.
pub(crate) fn read_rows(
    connection: &Connection,
    names: &Dictionary,
    each: &mut dyn FnMut(EntityKey, Row),
) -> Result<(), Fault> {
    let mut statement =
        connection.prepare_cached("SELECT key, last_seq, crc, payload FROM entity ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, row) = parse(row, names)?;
        each(key, row);
    }
    Ok(())
}

fn parse(row: &rusqlite::Row, names: &Dictionary) -> Result<(EntityKey, Row), Fault> {
    let (key, last_seq, crc): (i64, i64, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let payload = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
    if crc != checksum("entity", &[key, last_seq], payload) {
        return Err(Fault::damaged("entity", key, "the checksum does not match"));
    }
    let current = unseal(payload)
        .and_then(|body| Current::read(&body, names))
        .map_err(Fault::in_row("entity", key))?;
    Ok((
        EntityKey(key.cast_unsigned()),
        Row {
            current,
            last_seq: last_seq.cast_unsigned(),
        },
    ))
}

/// Writes the row of an entity.
pub(crate) fn write_row(
    connection: &Connection,
    key: EntityKey,
    row: &Row,
    namer: &mut Namer,
) -> Result<(), Fault> {
    let payload = seal(&row.current.write(namer));
    let (key, last_seq) = (key.0.cast_signed(), row.last_seq.cast_signed());
    let crc = checksum("entity", &[key, last_seq], &payload);
    connection
        .prepare_cached("INSERT OR REPLACE INTO entity (key, last_seq, crc, payload) VALUES (?, ?, ?, ?)")?
        .execute(params![key, last_seq, crc, payload])?;
    Ok(())
}
