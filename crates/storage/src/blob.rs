//! Blobs: contents too large for an attribute (rasters, uploaded files), in pieces of 64 KiB, each with a
//! checksum, so that a window is read without the rest.
//!
//! A blob is named by the SHA-256 of its content. An entity that ever names one in the text of an attribute is
//! recorded as its user; erasing its last user destroys a blob.

use std::io::Read;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::codec::checksum;
use crate::fault::Fault;
use crate::{Change, StorageError};

/// Bytes of a piece.
pub(crate) const PIECE: usize = 64 << 10;
/// The number of a piece is that of its blob times this, plus its place: at most 1 TiB in a blob.
const PIECES: i64 = 1 << 24;
/// Pieces that are written in one transaction.
const TOGETHER: i64 = 256;

/// Stores what `content` gives until its end. Nothing of it is visible before all of it is durable.
pub(crate) fn put(connection: &Connection, content: &mut dyn Read) -> Result<String, Fault> {
    clean(connection)?;
    let last: Option<i64> = connection.query_row("SELECT max(number) FROM blob", [], |row| row.get(0))?;
    let number = last.unwrap_or(0) + 1;
    let stored = put_pieces(connection, number, content);
    if stored.is_err() {
        // Best effort, so that the disk has room again; opening the store does it too.
        let _ = clean(connection);
    }
    stored
}

fn put_pieces(connection: &Connection, number: i64, content: &mut dyn Read) -> Result<String, Fault> {
    let mut hash = Sha256::new();
    let mut piece = Vec::with_capacity(PIECE);
    let (mut count, mut length) = (0_i64, 0_i64);
    loop {
        let transaction = connection.unchecked_transaction()?;
        let mut ended = false;
        for _ in 0..TOGETHER {
            piece.clear();
            Read::take(&mut *content, PIECE as u64)
                .read_to_end(&mut piece)
                .map_err(|error| {
                    let context = "reading what is to be stored as a blob".to_owned();
                    Fault::Other(StorageError::Io {
                        context,
                        detail: error.to_string(),
                    })
                })?;
            ended = piece.len() < PIECE;
            if !piece.is_empty() {
                if count == PIECES {
                    let context = "storing a blob".to_owned();
                    let detail = "it is longer than 1 TiB, the most that a blob can be".to_owned();
                    return Err(Fault::Other(StorageError::Io { context, detail }));
                }
                hash.update(&piece);
                let id = number * PIECES + count;
                transaction
                    .prepare_cached("INSERT INTO blob_piece (id, crc, content) VALUES (?, ?, ?)")?
                    .execute(params![id, checksum("blob_piece", &[id], &piece), piece])?;
                count += 1;
                length += i64::try_from(piece.len()).unwrap_or(0);
            }
            if ended {
                break;
            }
        }
        if ended {
            let id = hex(&hash.finalize());
            let known = find(&transaction, &id)?.is_some();
            if !known {
                transaction
                    .prepare_cached("INSERT INTO blob (number, id, length, crc) VALUES (?, ?, ?, ?)")?
                    .execute(params![
                        number,
                        id,
                        length,
                        checksum("blob", &[number, length], id.as_bytes())
                    ])?;
            }
            transaction.commit()?;
            if known {
                clean(connection)?;
            }
            return Ok(id);
        }
        transaction.commit()?;
    }
}

/// Bytes in hex, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or('?');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Removes pieces of a blob that was never finished.
pub(crate) fn clean(connection: &Connection) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "DELETE FROM blob_piece WHERE id >= (SELECT coalesce(max(number), 0) + 1 FROM blob) * ?",
        )?
        .execute([PIECES])?;
    Ok(())
}

/// The number and length of a blob.
fn find(connection: &Connection, id: &str) -> Result<Option<(i64, u64)>, Fault> {
    let mut statement = connection.prepare_cached("SELECT number, length, crc FROM blob WHERE id = ?")?;
    let row = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let Some((number, length, crc)): Option<(i64, i64, u32)> = row.optional()? else {
        return Ok(None);
    };
    if crc != checksum("blob", &[number, length], id.as_bytes()) {
        return Err(Fault::damaged("blob", number, "the checksum does not match"));
    }
    Ok(Some((number, length.cast_unsigned())))
}

/// The length of a blob in bytes.
pub(crate) fn length(connection: &Connection, id: &str) -> Result<Option<u64>, Fault> {
    Ok(find(connection, id)?.map(|(_, length)| length))
}

/// Reads a window.
pub(crate) fn read(connection: &Connection, id: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
    let refuse = |detail: String| {
        Err(Fault::Other(StorageError::Io {
            context: format!("reading blob `{id}`"),
            detail,
        }))
    };
    let Some((number, length)) = find(connection, id)? else {
        return refuse("there is no such blob".to_owned());
    };
    let end = offset
        .checked_add(buffer.len() as u64)
        .filter(|end| *end <= length);
    let Some(end) = end else {
        return refuse(format!(
            "it has {length} bytes; {} were asked for from {offset} on",
            buffer.len()
        ));
    };
    let mut statement = connection.prepare_cached("SELECT crc, content FROM blob_piece WHERE id = ?")?;
    let mut at = offset;
    let mut rest = buffer;
    while at < end {
        let (place, within) = (at / PIECE as u64, usize::try_from(at % PIECE as u64).unwrap_or(0));
        let piece = number * PIECES + place.cast_signed();
        let mut rows = statement.query([piece])?;
        let Some(row) = rows.next()? else {
            return Err(Fault::damaged("blob_piece", piece, "the row is missing"));
        };
        let content = check_piece(piece, row.get(0)?, row.get_ref(1)?)?;
        let content = content.get(within..).filter(|content| !content.is_empty());
        let content = content.ok_or_else(|| Fault::damaged("blob_piece", piece, "the piece is too short"))?;
        let (filled, unfilled) = rest.split_at_mut(content.len().min(rest.len()));
        filled.copy_from_slice(&content[..filled.len()]);
        at += filled.len() as u64;
        rest = unfilled;
    }
    Ok(())
}

fn check_piece(piece: i64, crc: u32, content: rusqlite::types::ValueRef<'_>) -> Result<&[u8], Fault> {
    let content = content.as_blob().map_err(rusqlite::Error::from)?;
    if crc == checksum("blob_piece", &[piece], content) {
        Ok(content)
    } else {
        Err(Fault::damaged("blob_piece", piece, "the checksum does not match"))
    }
}

/// Checks every blob and piece; answers with how many pieces there are and what is wrong.
pub(crate) fn check(connection: &Connection) -> Result<(u64, Vec<Fault>), Fault> {
    let (mut count, mut wrong) = (0, Vec::new());
    let mut statement = connection.prepare("SELECT id FROM blob")?;
    let ids = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        match find(connection, &id) {
            Err(fault) => wrong.push(fault),
            Ok(None) => wrong.push(Fault::damaged(
                "blob",
                id,
                "the index does not agree with the table",
            )),
            Ok(Some((number, length))) => {
                let (from, to) = (number * PIECES, (number + 1) * PIECES);
                let mut statement = connection.prepare_cached(
                    "SELECT id, crc, content FROM blob_piece WHERE id >= ? AND id < ? ORDER BY id",
                )?;
                let mut rows = statement.query([from, to])?;
                let mut found = 0;
                while let Some(row) = rows.next()? {
                    count += 1;
                    match check_piece(row.get(0)?, row.get(1)?, row.get_ref(2)?) {
                        Ok(content) => found += content.len() as u64,
                        Err(fault) => wrong.push(fault),
                    }
                }
                if found != length {
                    wrong.push(Fault::damaged(
                        "blob",
                        number,
                        "its pieces have another length than it",
                    ));
                }
            }
        }
    }
    Ok((count, wrong))
}

/// Keeps the record of who uses which blob, and destroys the blobs that only an erased entity used.
pub(crate) fn follow(connection: &Connection, changes: &[Change]) -> Result<(), Fault> {
    for change in changes {
        match change {
            Change::Attribute(key, attribute) | Change::History(key, attribute) => {
                if let Some(id) = attribute.as_str().filter(|text| could_be_a_blob(text)) {
                    connection
                        .prepare_cached("INSERT OR IGNORE INTO blob_use (entity, blob) VALUES (?, ?)")?
                        .execute(params![key.0.cast_signed(), id])?;
                }
            }
            Change::Erase(key, _) => erase(connection, key.0.cast_signed())?,
            _ => {}
        }
    }
    Ok(())
}

fn could_be_a_blob(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn erase(connection: &Connection, entity: i64) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT blob FROM blob_use WHERE entity = ?")?;
    let used = statement
        .query_map([entity], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    connection
        .prepare_cached("DELETE FROM blob_use WHERE entity = ?")?
        .execute([entity])?;
    for id in used {
        let others: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM blob_use WHERE blob = ?)")?
            .query_row([&id], |row| row.get(0))?;
        if let (false, Some((number, _))) = (others, find(connection, &id)?) {
            connection
                .prepare_cached("DELETE FROM blob WHERE number = ?")?
                .execute([number])?;
            connection
                .prepare_cached("DELETE FROM blob_piece WHERE id >= ? AND id < ?")?
                .execute([number * PIECES, (number + 1) * PIECES])?;
        }
    }
    Ok(())
}
