//! How a log lies in its tenant's store: rows of the system table [`TABLE`], all written in the commit that they tell of.
//!
//! | Key | Value |
//! |---|---|
//! | `c` | the latest checkpoint |
//! | `e` and the number of its first leaf | leaves of one commit, never of two bundles of 256 |
//! | `h`, tile level (1 …), tile number | the hashes of a tile above the leaves, as many as there are |
//!
//! Numbers are eight bytes, the greatest first. Every value begins with the version of this form, 1. In a row of
//! leaves each is `prefix | suffix | length | middle | check`: so many bytes of the leaf before it in the bundle begin
//! and end it, and the first eight bytes of its hash name the one that was changed. Leaves of one sort differ little,
//! so that a row is half as long. There is one way to write a leaf, and no other is read.

use super::Hash;
use super::text::{common_prefix, common_suffix};
use super::tree::WIDTH;

/// The system table.
pub(crate) const TABLE: &str = "audit";
const VERSION: u8 = 1;
/// Bytes that most leaves take at most.
const TYPICAL: usize = 224;
/// Bytes of a leaf's hash that stand beside it.
const CHECK: usize = 8;

pub(crate) const CHECKPOINT: &[u8] = b"c";

/// What a row is, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Checkpoint,
    /// From this leaf on.
    Leaves(u64),
    /// A tile: its level and number.
    Tile(u8, u64),
}

impl Kind {
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        match key {
            CHECKPOINT => Some(Self::Checkpoint),
            [b'e', number @ ..] => Some(Self::Leaves(u64::from_be_bytes(number.try_into().ok()?))),
            [b'h', level @ 1..=8, number @ ..] => {
                Some(Self::Tile(*level, u64::from_be_bytes(number.try_into().ok()?)))
            }
            _ => None,
        }
    }
}

pub(crate) fn leaves_key(first: u64) -> Vec<u8> {
    [&b"e"[..], &first.to_be_bytes()].concat()
}

pub(crate) fn tile_key(level: u8, number: u64) -> Vec<u8> {
    [&[b'h', level][..], &number.to_be_bytes()].concat()
}

pub(crate) fn tile_value(hashes: &[Hash]) -> Vec<u8> {
    let mut value = vec![VERSION];
    for hash in hashes {
        value.extend_from_slice(&hash.0);
    }
    value
}

pub(crate) fn checkpoint_value(note: &str) -> Vec<u8> {
    [&[VERSION][..], note.as_bytes()].concat()
}

/// Why a value is not what was written.
pub(crate) type Malformed = &'static str;

fn body(value: &[u8]) -> Result<&[u8], Malformed> {
    match value.split_first() {
        Some((&VERSION, body)) => Ok(body),
        _ => Err("it is of a form that this program does not know"),
    }
}

pub(crate) fn read_tile(value: &[u8]) -> Result<Vec<Hash>, Malformed> {
    let (hashes, rest) = body(value)?.as_chunks::<32>();
    if !rest.is_empty() || hashes.is_empty() || hashes.len() as u64 > WIDTH {
        return Err("it is not 1 to 256 hashes");
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

pub(crate) fn read_checkpoint(value: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(body(value)?).ok().ok_or("it is not text")
}

/// Leaves on their way into a row.
pub(crate) struct LeavesRow(Vec<u8>);

impl LeavesRow {
    /// With room for so many leaves.
    pub(crate) fn with_capacity(leaves: usize) -> Self {
        let mut value = Vec::with_capacity(1 + leaves.min(256) * TYPICAL);
        value.push(VERSION);
        Self(value)
    }

    /// Adds a leaf, which follows `previous` in its bundle (the first follows nothing).
    pub(crate) fn push(&mut self, previous: &[u8], leaf: &[u8], hash: &Hash) {
        let prefix = common_prefix(previous, leaf);
        let (rest, was) = (&leaf[prefix..], &previous[prefix..]);
        let suffix = common_suffix(was, rest);
        let middle = &rest[..rest.len() - suffix];
        for length in [prefix, suffix, middle.len()] {
            varint(&mut self.0, length);
        }
        self.0.extend_from_slice(middle);
        self.0.extend_from_slice(&hash.0[..CHECK]);
    }

    pub(crate) fn into_value(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a row of leaves. `previous` is the leaf before it in its bundle, and then its last. `each` is given every leaf
/// with its hash, and whether that is the one noted beside it.
pub(crate) fn read_leaves(
    value: &[u8],
    previous: &mut Vec<u8>,
    each: &mut dyn FnMut(&[u8], Hash, bool),
) -> Result<(), Malformed> {
    const CUT: Malformed = "it ends within a leaf";
    let mut input = body(value)?;
    if input.is_empty() {
        return Err("it holds no leaf");
    }
    while !input.is_empty() {
        let (prefix, suffix, length) = (
            read_varint(&mut input)?,
            read_varint(&mut input)?,
            read_varint(&mut input)?,
        );
        let both = prefix.checked_add(suffix).filter(|both| *both <= previous.len());
        both.ok_or("a leaf is longer than the one that it is written after")?;
        let (middle, rest) = input.split_at_checked(length).ok_or(CUT)?;
        let (check, rest) = rest.split_at_checked(CHECK).ok_or(CUT)?;
        input = rest;
        let leaf = [&previous[..prefix], middle, &previous[previous.len() - suffix..]].concat();
        let hash = Hash::of_leaf(&leaf);
        let mut again = LeavesRow(Vec::new());
        again.push(previous, &leaf, &hash);
        let lengths = [prefix, suffix, length];
        let mut head = Vec::new();
        for length in lengths {
            varint(&mut head, length);
        }
        if !again.0.starts_with(&head) {
            return Err("a leaf is written in another way than this program writes it");
        }
        each(&leaf, hash, check == &hash.0[..CHECK]);
        *previous = leaf;
    }
    Ok(())
}

/// Seven bits a byte, the least first.
fn varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

fn read_varint(input: &mut &[u8]) -> Result<usize, Malformed> {
    let mut number = 0_usize;
    for place in 0..3 {
        let (byte, rest) = input.split_first().ok_or("it ends within a number")?;
        *input = rest;
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return if *byte == 0 && place > 0 {
                Err("a number is written longer than it is")
            } else {
                Ok(number)
            };
        }
    }
    Err("a number is too long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(values: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Malformed> {
        let (mut previous, mut leaves) = (Vec::new(), Vec::new());
        for value in values {
            read_leaves(value, &mut previous, &mut |leaf, hash, good| {
                assert!(good && hash == Hash::of_leaf(leaf));
                leaves.push(leaf.to_vec());
            })?;
        }
        Ok(leaves)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(leaves in proptest::collection::vec("[ab]{0,6}[a-d]{0,40}[cd]{0,6}", 1..40), cut in 1_usize..9) {
            let mut previous: &[u8] = b"";
            let mut values = Vec::new();
            for some in leaves.chunks(cut) {
                let mut row = LeavesRow::with_capacity(some.len());
                for leaf in some {
                    row.push(previous, leaf.as_bytes(), &Hash::of_leaf(leaf.as_bytes()));
                    previous = leaf.as_bytes();
                }
                values.push(row.into_value());
            }
            let expected: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.as_bytes().to_vec()).collect();
            prop_assert_eq!(read(&values).unwrap(), expected);
        }

        #[test]
        fn no_bytes_are_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..60), before in proptest::collection::vec(any::<u8>(), 0..20)) {
            let mut previous = before;
            let _ = read_leaves(&bytes, &mut previous, &mut |_, _, _| {});
            let _ = (read_tile(&bytes), read_checkpoint(&bytes), Kind::of(&bytes));
        }
    }

    #[test]
    fn keys_are_of_their_kind_and_in_their_order() {
        for (key, kind) in [
            (CHECKPOINT.to_vec(), Kind::Checkpoint),
            (leaves_key(0), Kind::Leaves(0)),
            (leaves_key(256), Kind::Leaves(256)),
            (leaves_key(u64::MAX), Kind::Leaves(u64::MAX)),
            (tile_key(1, 0), Kind::Tile(1, 0)),
            (tile_key(2, 7), Kind::Tile(2, 7)),
            (tile_key(8, 0), Kind::Tile(8, 0)),
        ]
        .windows(2)
        .map(|pair| {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
            pair[0].clone()
        }) {
            assert_eq!(Kind::of(&key), Some(kind));
        }
        for key in [&b""[..], b"e", b"e1234567", b"h\x00\0\0\0\0\0\0\0\0", b"x", b"cc"] {
            assert_eq!(Kind::of(key), None, "{key:?}");
        }
    }
}
