//! The chunks of one series: adding to them in any order of time, and reading them.
//!
//! Chunks of a series never overlap: the last instant of one lies before the first of the next, and equal
//! instants stand in one chunk, in order of arrival. Instances added at the end make small chunks that are
//! merged as in a binary counter, so that each is rewritten only a logarithmic number of times; those that fall
//! into the past are merged into the chunk they fall into.

use std::collections::BTreeMap;

use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use rusqlite::{Connection, OptionalExtension, params};

use crate::chunk::{read_chunk, write_chunk};
use crate::codec::{FRAME_VERSION, checksum, seal, unseal};
use crate::current::Forgotten;
use crate::fault::Fault;
use crate::names::{Dictionary, Namer};
use crate::{Datasets, Past};

/// Instances in a full chunk (more only where they are of one instant).
const FULL: usize = 1_024;
/// A chunk up to twice this long is rewritten for a single new instance.
const SMALL: usize = 16;
/// Bytes of a chunk after which nothing more is added at its end, and above which it is written in parts: one row
/// can hold 1 GB at most, and a reader of one instance reads its whole chunk.
const LARGE: usize = 1 << 20;

/// Which series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeriesKey {
    pub(crate) entity: i64,
    /// A number of the dictionary.
    pub(crate) attribute: u32,
    /// A number of the dictionary; 0: the default instance.
    pub(crate) dataset: u32,
}

/// What a row says of its chunk.
#[derive(Clone, Copy, Debug)]
struct Header {
    t0: i64,
    t1: i64,
    n: usize,
    bytes: usize,
}

/// Adds instances, at least one, in order of time. `fresh`: it is known that there are no chunks yet.
pub(crate) fn add(
    connection: &Connection,
    namer: &mut Namer,
    key: SeriesKey,
    mut past: Vec<Past>,
    fresh: bool,
    last_seq: u64,
) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (past.first().map(instant), past.last().map(instant)) else {
        return Ok(());
    };
    let mut bases = if fresh {
        Vec::new()
    } else {
        overlapped(connection, key, first, last)?
    };
    while let Some(base) = bases.pop() {
        let from = if bases.is_empty() {
            0
        } else {
            past.partition_point(|one| instant(one) < base.t0)
        };
        let added = past.split_off(from);
        if !added.is_empty() {
            add_to(connection, namer, key, base, added, last_seq)?;
        }
    }
    write(connection, namer, key, &past, FULL, last_seq)
}

fn add_to(
    connection: &Connection,
    namer: &mut Namer,
    key: SeriesKey,
    base: Header,
    added: Vec<Past>,
    last_seq: u64,
) -> Result<(), Fault> {
    let at_the_end = added.first().is_some_and(|one| instant(one) > base.t1);
    let full = base.n >= FULL || base.bytes >= LARGE;
    if at_the_end && (full || base.n > 2 * added.len().max(SMALL)) {
        return write(connection, namer, key, &added, FULL, last_seq);
    }
    let (Some(name), dataset) = (
        added.first().map(|one| one.name().clone()),
        added[0].dataset_id().cloned(),
    ) else {
        return Ok(());
    };
    let take = |header: Header| {
        let past = load(connection, namer, key, header.t0, &name, dataset.as_ref())?;
        delete(connection, key, header.t0)?;
        Ok::<_, Fault>(past)
    };
    let mut all = take(base)?;
    all.extend(added);
    if !at_the_end {
        all.sort_by_key(instant); // stable: what was there before stays before what came at the same instant
        let size = all.len().div_ceil(all.len().div_ceil(FULL));
        return write(connection, namer, key, &all, size, last_seq);
    }
    let mut t0 = base.t0;
    while let Some(before) = neighbour(connection, key, t0, false)? {
        if before.n + all.len() > FULL || before.n > 2 * all.len() || before.bytes >= LARGE {
            break;
        }
        let mut merged = take(before)?;
        merged.append(&mut all);
        all = merged;
        t0 = before.t0;
    }
    write(connection, namer, key, &all, FULL, last_seq)
}

/// Destroys instances. Every chunk that holds some is written once, however many they are.
pub(crate) fn forget(
    connection: &Connection,
    namer: &mut Namer,
    entity: i64,
    forgotten: &[Forgotten],
    last_seq: u64,
) -> Result<(), Fault> {
    let number = |namer: &Namer, dataset: Option<&Uri>| {
        dataset.map_or(Some(0), |dataset| Dictionary::number(namer, dataset.as_str()))
    };
    let mut instances: BTreeMap<SeriesKey, Vec<&Attribute>> = BTreeMap::new();
    for one in forgotten {
        match one {
            Forgotten::Series(name, datasets) => {
                let Some(attribute) = Dictionary::number(namer, name.as_str()) else {
                    continue;
                };
                match datasets {
                    Datasets::All => {
                        connection
                            .prepare_cached("DELETE FROM chunk WHERE entity = ? AND attribute = ?")?
                            .execute(params![entity, attribute])?;
                    }
                    Datasets::Only(dataset) => {
                        if let Some(dataset) = number(namer, dataset.as_ref()) {
                            connection
                                .prepare_cached(
                                    "DELETE FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ?",
                                )?
                                .execute(params![entity, attribute, dataset])?;
                        }
                    }
                }
            }
            Forgotten::Instance(this) => {
                let numbers = (
                    Dictionary::number(namer, this.name.as_str()),
                    number(namer, this.dataset_id.as_ref()),
                );
                if let (Some(attribute), Some(dataset)) = numbers {
                    let key = SeriesKey {
                        entity,
                        attribute,
                        dataset,
                    };
                    instances.entry(key).or_default().push(this);
                }
            }
        }
    }
    for (key, mut these) in instances {
        these.sort_by_key(|this| this.instant());
        forget_of(connection, namer, key, &these, last_seq)?;
    }
    Ok(())
}

/// Destroys instances of one series, given in order of time.
fn forget_of(
    connection: &Connection,
    namer: &mut Namer,
    key: SeriesKey,
    mut these: &[&Attribute],
    last_seq: u64,
) -> Result<(), Fault> {
    while let Some(first) = these.first() {
        let at = first.instant().as_micros();
        // Equal instants stand in one chunk, which begins no later.
        let Some(chunk) = overlapped(connection, key, at, at)?.pop() else {
            return Ok(());
        };
        let count = these.partition_point(|this| this.instant().as_micros() <= chunk.t1.max(at));
        let (here, later) = these.split_at(count);
        these = later;
        let dataset = first.dataset_id.as_ref();
        let mut past = load(connection, namer, key, chunk.t0, &first.name, dataset)?;
        let before = past.len();
        past.retain(|one| match one {
            Past::Instance(one) => {
                let from = here.partition_point(|this| this.instant() < one.instant());
                let same = here[from..]
                    .iter()
                    .take_while(|this| this.instant() == one.instant());
                !same
                    .into_iter()
                    .any(|this| this.modified_at == one.modified_at && *this == one)
            }
            Past::Removed { .. } => true,
        });
        if past.len() < before {
            delete(connection, key, chunk.t0)?;
            write(connection, namer, key, &past, FULL, last_seq)?;
        }
    }
    Ok(())
}

/// The chunks that instances between two instants belong to: from the last that begins no later than the first
/// instant; where none does, the first chunk of all.
fn overlapped(connection: &Connection, key: SeriesKey, first: i64, last: i64) -> Result<Vec<Header>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT t0, t1, n, length(payload) FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 <= ?
         ORDER BY t0 DESC",
    )?;
    let mut rows = statement.query(params![key.entity, key.attribute, key.dataset, last])?;
    let mut headers = Vec::new();
    while let Some(row) = rows.next()? {
        let header = header(row)?;
        headers.push(header);
        if header.t0 <= first {
            break;
        }
    }
    if headers.is_empty() {
        headers.extend(neighbour(connection, key, last, true)?);
    }
    headers.reverse();
    Ok(headers)
}

fn neighbour(connection: &Connection, key: SeriesKey, t0: i64, later: bool) -> Result<Option<Header>, Fault> {
    let mut statement = connection.prepare_cached(if later {
        "SELECT t0, t1, n, length(payload) FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 > ?
         ORDER BY t0 LIMIT 1"
    } else {
        "SELECT t0, t1, n, length(payload) FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 < ?
         ORDER BY t0 DESC LIMIT 1"
    })?;
    let found = statement.query_row(params![key.entity, key.attribute, key.dataset, t0], header);
    Ok(found.optional()?)
}

fn header(row: &rusqlite::Row) -> rusqlite::Result<Header> {
    let (n, bytes): (u32, u32) = (row.get(2)?, row.get(3)?);
    Ok(Header {
        t0: row.get(0)?,
        t1: row.get(1)?,
        n: usize::try_from(n).unwrap_or(usize::MAX),
        bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
    })
}

fn delete(connection: &Connection, key: SeriesKey, t0: i64) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 = ?")?
        .execute(params![key.entity, key.attribute, key.dataset, t0])?;
    Ok(())
}

/// Writes instances as chunks of this size; of fewer where they are large.
fn write(
    connection: &Connection,
    namer: &mut Namer,
    key: SeriesKey,
    past: &[Past],
    size: usize,
    last_seq: u64,
) -> Result<(), Fault> {
    let mut rest = past;
    while !rest.is_empty() {
        let mut end = whole_instants(rest, size.clamp(1, rest.len()));
        let (mut body, mut summary) = write_chunk(&rest[..end], namer);
        while body.len() > LARGE
            && let Some(fewer) = parted(&rest[..end])
        {
            end = fewer;
            (body, summary) = write_chunk(&rest[..end], namer);
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        let row = Row {
            t0: instant(&piece[0]),
            t1: instant(&piece[end - 1]),
            n: i64::try_from(end).unwrap_or(i64::MAX),
            last_seq: last_seq.cast_signed(),
            summary: summary.map_or([None; 4], |s| [s.min, s.max, s.sum, s.sum_of_squares].map(real)),
        };
        let payload = seal(&body);
        connection
            .prepare_cached(
                "INSERT INTO chunk (entity, attribute, dataset, t0, t1, n, last_seq, min, max, sum, sumsq,
                 version, crc, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                key.entity,
                key.attribute,
                key.dataset,
                row.t0,
                row.t1,
                row.n,
                row.last_seq,
                row.summary[0],
                row.summary[1],
                row.summary[2],
                row.summary[3],
                FRAME_VERSION,
                row.checksum(key, &payload),
                payload,
            ])?;
    }
    Ok(())
}

/// The first place from `end` on that does not part equal instants.
fn whole_instants(past: &[Past], end: usize) -> usize {
    let Some(last) = end.checked_sub(1).and_then(|last| past.get(last)).map(instant) else {
        return end;
    };
    end + past[end..]
        .iter()
        .take_while(|next| instant(next) == last)
        .count()
}

/// Where a chunk can be parted, about in the middle; `None` where all is of one instant.
fn parted(past: &[Past]) -> Option<usize> {
    let middle = whole_instants(past, past.len() / 2);
    if (1..past.len()).contains(&middle) {
        return Some(middle);
    }
    let last = past.last().map(instant)?;
    Some(past.partition_point(|one| instant(one) < last)).filter(|first| *first > 0)
}

/// The columns of a row that its checksum covers beside its payload.
struct Row {
    t0: i64,
    t1: i64,
    n: i64,
    last_seq: i64,
    summary: [Option<f64>; 4],
}

impl Row {
    fn checksum(&self, key: SeriesKey, payload: &[u8]) -> u32 {
        let bits = |number: Option<f64>| number.map_or(-1, |number| number.to_bits().cast_signed());
        let [min, max, sum, squares] = self.summary.map(bits);
        let (attribute, dataset) = (key.attribute.into(), key.dataset.into());
        let numbers = [
            key.entity,
            attribute,
            dataset,
            self.t0,
            self.t1,
            self.n,
            self.last_seq,
            min,
            max,
            sum,
            squares,
        ];
        checksum("chunk", &numbers, payload)
    }
}

/// A float as SQLite gives it back: it knows no NaN and no negative zero.
fn real(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number + 0.0)
}

const COLUMNS: &str = "entity, attribute, dataset, t0, t1, n, last_seq, min, max, sum, sumsq, crc, payload";

/// Checks a row and takes the body of its chunk.
fn parse<T>(
    row: &rusqlite::Row,
    read: impl FnOnce(SeriesKey, &[u8]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let key = SeriesKey {
        entity: row.get(0)?,
        attribute: row.get(1)?,
        dataset: row.get(2)?,
    };
    let header = Row {
        t0: row.get(3)?,
        t1: row.get(4)?,
        n: row.get(5)?,
        last_seq: row.get(6)?,
        summary: [row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?],
    };
    let crc: u32 = row.get(11)?;
    let payload = row.get_ref(12)?.as_blob().map_err(rusqlite::Error::from)?;
    if crc != header.checksum(key, payload) {
        return Err(Fault::damaged(
            "chunk",
            place(key, header.t0),
            "the checksum does not match",
        ));
    }
    let body = unseal(payload).map_err(Fault::in_row("chunk", place(key, header.t0)))?;
    read(key, &body)
}

fn place(key: SeriesKey, t0: i64) -> String {
    let instant = Timestamp::from_micros(t0);
    format!(
        "entity {}, attribute {}, data set {}, {instant}",
        key.entity, key.attribute, key.dataset
    )
}

fn load(
    connection: &Connection,
    names: &Dictionary,
    key: SeriesKey,
    t0: i64,
    name: &Name,
    dataset: Option<&Uri>,
) -> Result<Vec<Past>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![key.entity, key.attribute, key.dataset, t0])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::damaged("chunk", place(key, t0), "the row is missing"));
    };
    parse(row, |key, body| {
        read_chunk(body, name, dataset, names).map_err(Fault::in_row("chunk", place(key, t0)))
    })
}

/// In which order chunks are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    EarliestFirst,
    LatestFirst,
}

/// Visits the bodies of the chunks that may hold instants of the half-open range of microseconds, until `each` gives `false`.
pub(crate) fn visit(
    connection: &Connection,
    key: SeriesKey,
    range: (i64, i64),
    order: Order,
    each: &mut dyn FnMut(&[u8]) -> Result<bool, crate::codec::Malformed>,
) -> Result<(), Fault> {
    // Chunks do not overlap, so that at most one that begins before the range reaches into it.
    let from: Option<i64> = connection
        .prepare_cached(
            "SELECT max(t0) FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 <= ?",
        )?
        .query_row(params![key.entity, key.attribute, key.dataset, range.0], |row| {
            row.get(0)
        })?;
    let direction = match order {
        Order::EarliestFirst => "",
        Order::LatestFirst => " DESC",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM chunk WHERE entity = ? AND attribute = ? AND dataset = ? AND t0 >= ? AND t0 < ? \
         ORDER BY t0{direction}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        key.entity,
        key.attribute,
        key.dataset,
        from.unwrap_or(range.0),
        range.1
    ])?;
    while let Some(row) = rows.next()? {
        let (t0, t1): (i64, i64) = (row.get(3)?, row.get(4)?);
        // The row is checked before its times are believed.
        let more = parse(row, |key, body| {
            if t1 < range.0 {
                Ok(true)
            } else {
                each(body).map_err(Fault::in_row("chunk", place(key, t0)))
            }
        })?;
        if !more {
            break;
        }
    }
    Ok(())
}

/// Checks every chunk of the store; answers with how many there are and what is wrong.
pub(crate) fn check(connection: &Connection, names: &Dictionary) -> Result<(u64, Vec<Fault>), Fault> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM chunk"))?;
    let mut rows = statement.query([])?;
    let (mut count, mut wrong) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        count += 1;
        let name = Name::from_iri("urn:any");
        let checked = parse(row, |key, body| {
            read_chunk(body, &name, None, names).map_err(Fault::in_row("chunk", place(key, 0)))
        });
        wrong.extend(checked.err());
    }
    Ok((count, wrong))
}

/// The series of an entity that have chunks: of one attribute, or all.
pub(crate) fn list(
    connection: &Connection,
    entity: i64,
    attribute: Option<u32>,
) -> Result<Vec<SeriesKey>, Fault> {
    // One step of the index for each series, however many chunks it has.
    let mut statement = connection.prepare_cached(
        "SELECT attribute, dataset FROM chunk WHERE entity = ? AND (attribute, dataset) > (?, ?)
         ORDER BY attribute, dataset LIMIT 1",
    )?;
    let mut found = Vec::new();
    let mut after = (attribute.unwrap_or(0), -1_i64);
    loop {
        let next = statement.query_row(params![entity, after.0, after.1], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        let Some((number, dataset)): Option<(u32, u32)> = next.optional()? else {
            return Ok(found);
        };
        if attribute.is_some_and(|attribute| attribute != number) {
            return Ok(found);
        }
        found.push(SeriesKey {
            entity,
            attribute: number,
            dataset,
        });
        after = (number, dataset.into());
    }
}

fn instant(past: &Past) -> i64 {
    past.instant().as_micros()
}
