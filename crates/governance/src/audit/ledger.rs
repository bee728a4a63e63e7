//! The side of a log that writes: makes leaves of what a group did, and grows the tree in memory.

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::Timestamp;
use parking_lot::RwLock;
use query::Caller;
use twin::{Deed, Event, Row, StorageReader, Witness};

use super::error::Error;
use super::keys::{Keys, Pseudonyms};
use super::leaf::{Leaf, time_text};
use super::log::StoredTiles;
use super::note::{Checkpoint, VerifierKey};
use super::rows::{self, CHECKPOINT, Kind, LeavesRow, TABLE};
use super::state::{self, Lines};
use super::tree::{Tree, WIDTH};
use super::{Hash, root};

/// Checkpoints are at least so far apart, unless it is the last.
const EVERY_MICROS: i64 = 1_000_000;
/// After one could not be stored, the next is tried so much later.
const PATIENCE_MICROS: i64 = 30_000_000;

/// What both sides of a log know.
pub(crate) struct Shared {
    pub(crate) tenant: String,
    pub(crate) reader: Arc<dyn StorageReader>,
    pub(crate) verifier: VerifierKey,
    pub(crate) pseudonyms: Pseudonyms,
    /// What is durable.
    pub(crate) published: RwLock<Published>,
}

#[derive(Clone, Default)]
pub(crate) struct Published {
    pub(crate) size: u64,
    pub(crate) checkpoint: Option<Arc<Checkpoint>>,
}

/// All that appending needs.
#[derive(Clone, Default)]
struct Edge {
    tree: Tree,
    /// The last tile of each level above the leaves, as far as it is there.
    tiles: Arc<Vec<(u64, Vec<Hash>)>>,
    /// The last leaf, which the next is written after.
    last: Arc<Vec<u8>>,
}

/// Writes the log of one tenant.
pub(crate) struct Ledger {
    shared: Arc<Shared>,
    keys: Arc<Keys>,
    edge: Edge,
    /// As it will be when the rows that were given last are durable.
    next: Option<(Edge, Option<Checkpoint>)>,
    signed_size: u64,
    /// No checkpoint before this instant.
    not_before: Timestamp,
    lines: Lines,
    time: (Timestamp, String),
    actors: Actors,
}

impl Ledger {
    /// Opens the log of a tenant: reads its right edge and holds it against the latest checkpoint.
    pub(crate) fn open(tenant: &str, reader: Arc<dyn StorageReader>, keys: Arc<Keys>) -> Result<Self, Error> {
        let verifier = keys.verifier(tenant);
        let damaged = |what: String| Error::damaged(tenant, what);
        let stored = reader.system(TABLE, CHECKPOINT, 1)?;
        let checkpoint = match stored.into_iter().find(|(key, _)| key == CHECKPOINT) {
            None => None,
            Some((_, value)) => {
                let note =
                    rows::read_checkpoint(&value).map_err(|why| damaged(format!("its checkpoint: {why}")))?;
                let opened = Checkpoint::open(note, &verifier);
                Some(opened.map_err(|why| damaged(format!("its checkpoint: {why}")))?)
            }
        };
        let signed_size = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let size = count(&*reader, tenant, signed_size)?;
        if size > 0 && checkpoint.is_none() {
            return Err(damaged("its checkpoint is missing".to_owned()));
        }
        let shared = Arc::new(Shared {
            tenant: tenant.to_owned(),
            reader,
            verifier,
            pseudonyms: keys.pseudonyms(tenant),
            published: RwLock::default(),
        });
        let tiles = StoredTiles::new(&shared, size);
        let edge = Edge::read(&tiles, size)?;
        if let Some(checkpoint) = &checkpoint
            && root(&tiles, checkpoint.size)? != checkpoint.root
        {
            return Err(damaged(format!(
                "its first {signed_size} leaves are not those that its checkpoint was signed for"
            )));
        }
        *shared.published.write() = Published {
            size,
            checkpoint: checkpoint.map(Arc::new),
        };
        Ok(Self {
            shared,
            keys,
            edge,
            next: None,
            signed_size,
            not_before: Timestamp::MIN,
            lines: Lines::default(),
            time: (Timestamp::MIN, time_text(Timestamp::MIN)),
            actors: Actors::default(),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Writes the leaf of a deed.
    fn leaf(&mut self, seq: u64, deed: &Deed<'_>, now: Timestamp, out: &mut Vec<u8>) {
        let shared = Arc::clone(&self.shared);
        let names = &shared.pseudonyms;
        let leaf = match deed {
            Deed::Entity {
                view,
                action,
                id,
                entity_type,
                before,
                written,
                at,
            } => {
                let (before, after) = state::hashes(*before, written, &mut self.lines);
                Leaf {
                    seq,
                    time: *at,
                    tenant: Cow::Borrowed(&shared.tenant),
                    actor: self.actors.of(view.caller(), names).into(),
                    on_behalf_of: None,
                    purpose: Cow::Borrowed(&view.purpose().0),
                    allowed: true,
                    action: Cow::Borrowed(action),
                    target_type: entity_type.map(|name| Cow::Borrowed(name.short())),
                    target: Some(names.target(id.as_str()).into()),
                    request: view.request().map(|id| Cow::Borrowed(&**id)),
                    before,
                    after,
                }
            }
            Deed::Event(event) => of_event(event, seq, now, &shared.tenant, names),
        };
        if self.time.0 != leaf.time {
            self.time = (leaf.time, time_text(leaf.time));
        }
        leaf.write_with(&self.time.1, out);
    }

    /// A checkpoint of a tree, and its row.
    fn sign(&mut self, tree: &Tree, now: Timestamp) -> (Checkpoint, Row) {
        self.not_before = now.plus_micros(EVERY_MICROS);
        let origin = self.shared.verifier.name();
        let checkpoint = Checkpoint::sign(origin, tree.size(), tree.root(), self.keys.signing());
        let row = Row::put(TABLE, CHECKPOINT, rows::checkpoint_value(&checkpoint.note));
        (checkpoint, row)
    }
}

impl Witness for Ledger {
    fn saw(&mut self, deeds: &[Deed<'_>], now: Timestamp) -> Result<Vec<Row>, twin::Error> {
        let mut edge = self.edge.clone();
        let mut given = Vec::new();
        let mut touched: Vec<(u8, u64)> = Vec::new();
        let mut row = LeavesRow::with_capacity(deeds.len());
        let mut first = edge.tree.size();
        let mut last = std::mem::take(&mut edge.last).to_vec();
        let mut leaf = Vec::with_capacity(last.len());
        let mut hashes: Vec<(u8, u64, Hash)> = Vec::new();
        for deed in deeds {
            let seq = edge.tree.size();
            if seq.is_multiple_of(WIDTH) {
                last.clear();
                if seq > first {
                    let full = std::mem::replace(&mut row, LeavesRow::with_capacity(deeds.len()));
                    given.push(Row::put(TABLE, rows::leaves_key(first), full.into_value()));
                    first = seq;
                }
            }
            leaf.clear();
            self.leaf(seq, deed, now, &mut leaf);
            let hash = Hash::of_leaf(&leaf);
            row.push(&last, &leaf, &hash);
            std::mem::swap(&mut last, &mut leaf);
            edge.tree.append(hash, &mut |level, number, hash| {
                hashes.push((level, number, hash));
            });
            for (level, number, hash) in hashes.drain(..) {
                if let Some(full) = edge.grow(level, number, hash) {
                    given.push(full);
                }
                if !touched.contains(&(level, number / WIDTH)) {
                    touched.push((level, number / WIDTH));
                }
            }
        }
        given.push(Row::put(TABLE, rows::leaves_key(first), row.into_value()));
        for (level, tile) in touched {
            given.extend(edge.tile_row(level, tile));
        }
        edge.last = Arc::new(last);
        let mut checkpoint = None;
        if now >= self.not_before {
            let (signed, row) = self.sign(&edge.tree, now);
            given.push(row);
            checkpoint = Some(signed);
        }
        self.next = Some((edge, checkpoint));
        Ok(given)
    }

    fn rest(&mut self, now: Timestamp, last: bool) -> Vec<Row> {
        if self.is_at_rest() || (now < self.not_before && !last) {
            return Vec::new();
        }
        let tree = self.edge.tree.clone();
        let (checkpoint, row) = self.sign(&tree, now);
        self.next = Some((self.edge.clone(), Some(checkpoint)));
        vec![row]
    }

    fn is_at_rest(&self) -> bool {
        self.edge.tree.size() == self.signed_size
    }

    fn settled(&mut self, durable: bool) {
        let Some((edge, checkpoint)) = self.next.take() else {
            return;
        };
        if !durable {
            if checkpoint.is_some() {
                self.not_before = self.not_before.plus_micros(PATIENCE_MICROS);
            }
            return;
        }
        let mut published = self.shared.published.write();
        published.size = edge.tree.size();
        if let Some(checkpoint) = checkpoint {
            self.signed_size = checkpoint.size;
            published.checkpoint = Some(Arc::new(checkpoint));
        }
        drop(published);
        self.edge = edge;
    }
}

/// How many leaves a log has, of which `signed` were signed: counted from there on.
fn count(reader: &dyn StorageReader, tenant: &str, signed: u64) -> Result<u64, Error> {
    const PAGE: usize = 512;
    let damaged = |what: String| Error::damaged(tenant, what);
    let mut next = signed / WIDTH * WIDTH;
    let mut previous = Vec::new();
    loop {
        let page = reader.system(TABLE, &rows::leaves_key(next), PAGE)?;
        let is_last = page.len() < PAGE;
        for (key, value) in page {
            match Kind::of(&key) {
                Some(Kind::Leaves(first)) if first == next => {}
                Some(Kind::Leaves(first)) => {
                    return Err(damaged(format!(
                        "leaf {next} is missing: a row begins with {first}"
                    )));
                }
                _ => return enough(next, signed).map_err(damaged),
            }
            if next.is_multiple_of(WIDTH) {
                previous.clear();
            }
            let first = next;
            rows::read_leaves(&value, &mut previous, &mut |_, _, _| next += 1)
                .map_err(|why| damaged(format!("the row of leaves from {first} on: {why}")))?;
        }
        if is_last {
            return enough(next, signed).map_err(damaged);
        }
    }
}

fn enough(size: u64, signed: u64) -> Result<u64, String> {
    if size < signed {
        return Err(format!("it has {size} leaves, and its checkpoint is of {signed}"));
    }
    Ok(size)
}

impl Edge {
    fn read(tiles: &StoredTiles, size: u64) -> Result<Self, Error> {
        use super::Nodes as _;
        let mut above = Vec::new();
        for level in 1..8_u8 {
            let nodes = size >> (8 * u32::from(level));
            let Some(last) = nodes.checked_sub(1) else { break };
            let number = last / WIDTH;
            let mut hashes = tiles.tile(level, number)?.to_vec();
            hashes.truncate(usize::try_from(nodes - number * WIDTH).unwrap_or(usize::MAX));
            above.push((number, hashes));
        }
        Ok(Self {
            tree: Tree::read(tiles, size)?,
            tiles: Arc::new(above),
            last: Arc::new(tiles.last_leaf()?),
        })
    }

    /// Takes the hash of a node above the leaves into its tile; answers with the row of the tile before, which is full.
    fn grow(&mut self, level: u8, number: u64, hash: Hash) -> Option<Row> {
        let tiles = Arc::make_mut(&mut self.tiles);
        let place = usize::from(level) - 1;
        if tiles.len() <= place {
            tiles.push((0, Vec::new()));
        }
        let (tile, hashes) = tiles.get_mut(place)?;
        let full = (*tile != number / WIDTH).then(|| {
            let row = Row::put(TABLE, rows::tile_key(level, *tile), rows::tile_value(hashes));
            (*tile, *hashes) = (number / WIDTH, Vec::new());
            row
        });
        hashes.push(hash);
        full
    }

    /// The row of a tile, if it is the last of its level.
    fn tile_row(&self, level: u8, number: u64) -> Option<Row> {
        let (tile, hashes) = self.tiles.get(usize::from(level) - 1)?;
        (*tile == number).then(|| Row::put(TABLE, rows::tile_key(level, number), rows::tile_value(hashes)))
    }
}

/// The names of those who wrote last: few do most.
#[derive(Default)]
struct Actors(Vec<(Caller, Arc<str>)>);

impl Actors {
    const MOST: usize = 16;

    fn of(&mut self, caller: &Caller, names: &Pseudonyms) -> &str {
        let known = self.0.iter().position(|(known, _)| known == caller);
        let place = known.unwrap_or_else(|| {
            if self.0.len() >= Self::MOST {
                self.0.remove(0);
            }
            self.0.push((caller.clone(), actor(caller, names).into()));
            self.0.len() - 1
        });
        self.0.get(place).map_or("", |(_, name)| name)
    }
}

/// Whoever did something: a part of the program by its name, a person or a device by a pseudonym.
fn actor<'a>(caller: &Caller, names: &Pseudonyms) -> Cow<'a, str> {
    match caller {
        Caller::Principal(id) => Cow::Owned(names.actor(id)),
        Caller::Anonymous => Cow::Borrowed("anonymous"),
        Caller::System(name) => Cow::Owned(format!("system:{name}")),
    }
}

fn of_event<'a>(event: &'a Event, seq: u64, now: Timestamp, tenant: &'a str, names: &Pseudonyms) -> Leaf<'a> {
    Leaf {
        seq,
        time: now,
        tenant: Cow::Borrowed(tenant),
        actor: actor(&event.caller, names),
        on_behalf_of: event.on_behalf_of.as_ref().map(|name| names.actor(name).into()),
        purpose: Cow::Borrowed(&event.purpose),
        allowed: event.allowed,
        action: Cow::Borrowed(&event.action),
        target_type: event.target.as_ref().map(|(sort, _)| Cow::Borrowed(&**sort)),
        target: event.target.as_ref().map(|(_, name)| names.target(name).into()),
        request: event.request.as_ref().map(|id| Cow::Borrowed(&**id)),
        before: event.before.as_deref().map(Hash::of),
        after: event.after.as_deref().map(Hash::of),
    }
}
