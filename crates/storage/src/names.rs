//! The dictionary: names, unit codes and data sets are stored once and written as small numbers.
//!
//! It holds what a city's schema is made of, never what a record says: it is not touched by erasure.

use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::Name;
use parking_lot::{RwLock, RwLockUpgradableReadGuard};
use rusqlite::{Connection, params};

use crate::codec::{Malformed, checksum};
use crate::fault::Fault;

/// Number 0 stands for "none".
#[derive(Default)]
pub(crate) struct Dictionary {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Dictionary {
    /// The number of a text that is known.
    pub(crate) fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u64) -> Result<&Arc<str>, Malformed> {
        let index = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(1));
        index
            .and_then(|index| self.texts.get(index))
            .ok_or(Malformed("a name's number is unknown"))
    }

    /// The name with a number.
    pub(crate) fn name(&self, number: u64) -> Result<Name, Malformed> {
        Ok(Name::from_iri(Arc::clone(self.text(number)?)))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    fn add(&mut self, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX); // memory ends long before
        self.numbers.insert(text, number);
        number
    }

    /// Reads the whole table.
    pub(crate) fn read(connection: &Connection) -> Result<Self, Fault> {
        let mut dictionary = Self::default();
        let mut statement = connection.prepare("SELECT id, text, crc FROM name ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, text, crc): (i64, String, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let expected = i64::try_from(dictionary.len() + 1).unwrap_or(i64::MAX);
            if id != expected {
                return Err(Fault::damaged("name", expected, "the row is missing"));
            }
            if crc != checksum("name", &[id], text.as_bytes()) {
                return Err(Fault::damaged("name", id, "the checksum does not match"));
            }
            dictionary.add(&text);
        }
        Ok(dictionary)
    }

    /// Writes the names after the first `saved` ones.
    pub(crate) fn save(&self, connection: &Connection, saved: usize) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached("INSERT INTO name (id, text, crc) VALUES (?, ?, ?)")?;
        for (text, id) in self.texts.iter().skip(saved).zip(saved as u64 + 1..) {
            let id = id.cast_signed();
            statement.execute(params![id, &**text, checksum("name", &[id], text.as_bytes())])?;
        }
        Ok(())
    }
}

/// Gives numbers to names, new ones where needed, while others read.
pub(crate) struct Namer<'a>(RwLockUpgradableReadGuard<'a, Dictionary>);

impl<'a> Namer<'a> {
    pub(crate) fn new(dictionary: &'a RwLock<Dictionary>) -> Self {
        Self(dictionary.upgradable_read())
    }

    /// The number of a text, from now on.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        match self.0.number(text) {
            Some(number) => number,
            None => self.0.with_upgraded(|dictionary| dictionary.add(text)),
        }
    }
}

impl std::ops::Deref for Namer<'_> {
    type Target = Dictionary;

    fn deref(&self) -> &Dictionary {
        &self.0
    }
}
