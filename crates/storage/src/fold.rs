//! The fold: changes of one entity become its row and chunks of its history.
//!
//! It is idempotent: an entity's row says up to which commit it was folded, and is written in the transaction
//! that writes the chunks.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::current::{Became, read_row, write_row};
use crate::fault::Fault;
use crate::names::Namer;
use crate::series::{self, SeriesKey};
use crate::{Change, EntityKey, Past};

/// Folds changes, with the numbers of their commits and in order, into the tables. Those that are there already
/// are passed over. `fresh`: it is known that the entity has no rows yet.
pub(crate) fn fold_entity(
    connection: &Connection,
    namer: &mut Namer,
    key: EntityKey,
    fresh: bool,
    changes: impl IntoIterator<Item = (u64, Change)>,
) -> Result<(), Fault> {
    let mut row = if fresh {
        crate::current::Row::default()
    } else {
        read_row(connection, key, namer)?
    };
    let folded = row.last_seq;
    let mut became = Became::default();
    for (seq, change) in changes {
        if seq > folded {
            row.current.apply(change, &mut became);
            row.last_seq = seq;
        }
    }
    if row.last_seq == folded {
        return Ok(());
    }
    let entity = key.0.cast_signed();
    if became.erased {
        connection
            .prepare_cached("DELETE FROM chunk WHERE entity = ?")?
            .execute([entity])?;
    }
    if !fresh {
        series::forget(connection, namer, entity, &became.forgotten, row.last_seq)?;
    }
    for (series, past) in by_series(entity, became.past, namer) {
        series::add(connection, namer, series, past, fresh, row.last_seq)?;
    }
    write_row(connection, key, &row, namer)
}

/// Sorts instances by series and, in each, by time; those of one instant stay in order.
fn by_series(entity: i64, past: Vec<Past>, namer: &mut Namer) -> BTreeMap<SeriesKey, Vec<Past>> {
    let mut all: BTreeMap<SeriesKey, Vec<Past>> = BTreeMap::new();
    for one in past {
        let attribute = namer.number(one.name().as_str());
        let dataset = one
            .dataset_id()
            .map_or(0, |dataset| namer.number(dataset.as_str()));
        all.entry(SeriesKey {
            entity,
            attribute,
            dataset,
        })
        .or_default()
        .push(one);
    }
    for past in all.values_mut() {
        past.sort_by_key(Past::instant);
    }
    all
}
