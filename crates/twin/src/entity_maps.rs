//! Entity maps: the entities that a query found once, so that paging through them neither repeats nor misses one
//! while others come and go (5.5.9.3, 5.5.14, 5.14). Durable, bounded, and gone when their time has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ngsi_ld::{Error as Refusal, Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use query::{Caller, View};
use storage::StorageReader;

use crate::damage::Damages;
use crate::error::Error;
use crate::ids;
use crate::rows::Row;
use crate::twin::Twin;

/// The system table that holds them.
const TABLE: &str = "entity-maps";
/// The version of its rows.
const VERSION: u8 = 2;
/// The version before: without who made it.
const OF_NOBODY: u8 = 1;
/// How many entities one map holds at most.
pub const MAX_MAPPED: usize = 100_000;
/// How many maps one twin keeps; a new one takes the place of that which would end first.
const MAX_MAPS: usize = 1000;
/// How many entities all maps of one twin hold at most.
const MAX_ENTRIES: usize = 1_000_000;
/// How long a map lives unless something else is asked for.
const LIFETIME: Duration = Duration::from_hours(1);
/// How long a map lives at most from when that is decided.
const LONGEST: Duration = Duration::from_hours(24);

/// The maps of one twin.
pub(crate) struct EntityMaps {
    maps: RwLock<BTreeMap<String, Arc<EntityMap>>>,
    /// Held while maps are made or changed, so that memory and store say the same.
    changing: Mutex<()>,
}

/// What a map is asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// Query Entities (5.7.2).
    Entities,
    /// Query Temporal Evolution of Entities (5.7.4).
    Evolutions,
}

/// The entities that a query found, in the order in which it found them. The place of each stays the same as long as
/// the map lives, also when others are removed: pages are counted by places.
#[derive(Debug)]
pub struct EntityMap {
    /// Its id.
    pub id: Uri,
    /// Of what it is.
    pub of: Mapped,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What the query was, in a form in which two can be compared; the entities it named by id aside.
    pub query: String,
    /// Who made it: to others it is not there.
    maker: String,
    entries: Arc<[Entry]>,
}

#[derive(Debug)]
struct Entry {
    id: Uri,
    /// It no longer fits the query (5.5.9.3). Written down when the map is; else that is found again after a restart.
    removed: AtomicBool,
}

impl EntityMap {
    /// How many places there are.
    pub fn places(&self) -> usize {
        self.entries.len()
    }

    /// The entity at a place, unless it was removed.
    pub fn at(&self, place: usize) -> Option<&Uri> {
        let entry = self.entries.get(place)?;
        (!entry.removed.load(Ordering::Relaxed)).then_some(&entry.id)
    }

    /// The entities, without those that were removed.
    pub fn entities(&self) -> impl Iterator<Item = &Uri> {
        (0..self.places()).filter_map(|place| self.at(place))
    }

    /// Removes the entity at a place: it no longer fits the query.
    pub fn remove(&self, place: usize) {
        if let Some(entry) = self.entries.get(place) {
            entry.removed.store(true, Ordering::Relaxed);
        }
    }

    fn with_end(&self, expires_at: Timestamp) -> Self {
        Self {
            id: self.id.clone(),
            of: self.of,
            expires_at,
            query: self.query.clone(),
            maker: self.maker.clone(),
            entries: Arc::clone(&self.entries),
        }
    }

    fn row(&self) -> Row {
        let mut value = vec![VERSION, u8::from(self.of == Mapped::Evolutions)];
        value.extend_from_slice(&self.expires_at.as_micros().to_le_bytes());
        value.extend_from_slice(self.maker.as_bytes());
        value.push(b'\n');
        value.extend_from_slice(self.query.as_bytes());
        // No URI holds a line end, or begins with a hyphen. Those that were removed keep their places.
        for entry in self.entries.iter() {
            value.push(b'\n');
            if entry.removed.load(Ordering::Relaxed) {
                value.push(b'-');
            }
            value.extend_from_slice(entry.id.as_str().as_bytes());
        }
        Row::put(TABLE, self.id.as_str(), value)
    }

    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (&[version @ (OF_NOBODY | VERSION), of @ (0 | 1)], rest) = value.split_first_chunk::<2>()? else {
            return None;
        };
        let (expires_at, rest) = rest.split_first_chunk::<8>()?;
        let mut lines = std::str::from_utf8(rest).ok()?.split('\n');
        let maker = if version == OF_NOBODY {
            Caller::Anonymous.to_string()
        } else {
            lines.next()?.to_owned()
        };
        let query = lines.next()?.to_owned();
        let entry = |line: &str| {
            let (id, removed) = line.strip_prefix('-').map_or((line, false), |id| (id, true));
            Some(Entry {
                id: Uri::parse(id).ok()?,
                removed: AtomicBool::new(removed),
            })
        };
        Some(Self {
            id: Uri::parse(std::str::from_utf8(key).ok()?).ok()?,
            of: if of == 0 {
                Mapped::Entities
            } else {
                Mapped::Evolutions
            },
            expires_at: Timestamp::from_micros(i64::from_le_bytes(*expires_at)),
            query,
            maker,
            entries: lines.map(entry).collect::<Option<_>>()?,
        })
    }
}

impl EntityMaps {
    /// As the store has them; those whose time has come are left for the next tidying.
    pub(crate) fn load(storage: &dyn StorageReader, damages: &mut Damages) -> Result<Self, Error> {
        let mut maps = BTreeMap::new();
        for (_, map) in damages.read(storage, TABLE, EntityMap::read)?.rows {
            maps.insert(map.id.as_str().to_owned(), Arc::new(map));
        }
        Ok(Self {
            maps: RwLock::new(maps),
            changing: Mutex::default(),
        })
    }

    /// Which maps have to go so that one with so many entries can come.
    fn in_the_way_of(&self, entries: usize, now: Timestamp) -> Vec<String> {
        let maps = self.maps.read();
        let mut by_end: Vec<&Arc<EntityMap>> = maps.values().collect();
        by_end.sort_by_key(|map| map.expires_at);
        let (mut count, mut total) = (maps.len(), maps.values().map(|map| map.places()).sum::<usize>());
        let mut gone = Vec::new();
        for map in by_end {
            if map.expires_at > now && count < MAX_MAPS && total + entries <= MAX_ENTRIES {
                break;
            }
            count -= 1;
            total -= map.places();
            gone.push(map.id.as_str().to_owned());
        }
        gone
    }
}

impl Twin {
    /// Makes a map of these entities, durably; for a thread that may wait. It lives for `lifetime`, but no longer
    /// than a day, and an hour unless something is asked for. `query` says what the query was, on one line.
    ///
    /// # Errors
    /// `TooComplexQuery` where there are more than [`MAX_MAPPED`] entities.
    pub fn make_entity_map(
        &self,
        view: &View,
        of: Mapped,
        query: &str,
        found: Vec<Uri>,
        lifetime: Option<Duration>,
    ) -> Result<Arc<EntityMap>, Error> {
        if found.len() > MAX_MAPPED {
            return Err(Refusal::too_complex(format!(
                "an entity map holds at most {MAX_MAPPED} entities, and the query has more: narrow it"
            ))
            .into());
        }
        let now = self.now();
        let entry = |id| Entry {
            id,
            removed: AtomicBool::new(false),
        };
        let map = Arc::new(EntityMap {
            id: ids::fresh("EntityMap"),
            of,
            expires_at: end(now, lifetime.unwrap_or(LIFETIME)),
            query: query.replace('\n', " "),
            maker: view.caller().to_string().replace('\n', " "),
            entries: found.into_iter().map(entry).collect(),
        });
        let maps = self.entity_maps();
        let _changing = maps.changing.lock();
        let gone = maps.in_the_way_of(map.places(), now);
        let mut rows: Vec<Row> = gone.iter().map(|id| Row::delete(TABLE, id.as_str())).collect();
        rows.push(map.row());
        self.store_rows_blocking(rows)?;
        let mut known = maps.maps.write();
        for id in gone {
            known.remove(&id);
        }
        known.insert(map.id.as_str().to_owned(), Arc::clone(&map));
        Ok(map)
    }

    /// The map with this id, unless its time has come: to who made it, and to who may see and do everything. What it
    /// holds is to be read as he sees it.
    pub fn entity_map(&self, view: &View, id: &str) -> Option<Arc<EntityMap>> {
        let map = self.entity_maps().maps.read().get(id).cloned()?;
        let is_his = view.is_open() || view.caller().to_string() == map.maker;
        (is_his && map.expires_at > self.now()).then_some(map)
    }

    /// Lets a map end at another time, but no later than in a day; for a thread that may wait. `None`: there is no
    /// such map.
    pub fn end_entity_map(
        &self,
        view: &View,
        id: &str,
        at: Timestamp,
    ) -> Result<Option<Arc<EntityMap>>, Error> {
        let maps = self.entity_maps();
        let _changing = maps.changing.lock();
        let Some(map) = self.entity_map(view, id) else {
            return Ok(None);
        };
        let map = Arc::new(map.with_end(at.min(end(self.now(), LONGEST))));
        self.store_rows_blocking(vec![map.row()])?;
        maps.maps.write().insert(id.to_owned(), Arc::clone(&map));
        Ok(Some(map))
    }

    /// Deletes a map; for a thread that may wait. Whether there was one.
    pub fn delete_entity_map(&self, view: &View, id: &str) -> Result<bool, Error> {
        let maps = self.entity_maps();
        let _changing = maps.changing.lock();
        if self.entity_map(view, id).is_none() {
            return Ok(false);
        }
        self.store_rows_blocking(vec![Row::delete(TABLE, id)])?;
        maps.maps.write().remove(id);
        Ok(true)
    }

    /// Removes the maps whose time has come; for a thread that may wait.
    pub(crate) fn tidy_entity_maps(&self) -> Result<(), Error> {
        let maps = self.entity_maps();
        let _changing = maps.changing.lock();
        let now = self.now();
        let ended: Vec<String> = maps
            .maps
            .read()
            .values()
            .filter(|map| map.expires_at <= now)
            .map(|map| map.id.as_str().to_owned())
            .collect();
        self.store_rows_blocking(ended.iter().map(|id| Row::delete(TABLE, id.as_str())).collect())?;
        let mut known = maps.maps.write();
        for id in ended {
            known.remove(&id);
        }
        Ok(())
    }
}

/// When what lives for `lifetime` from now on ends, within bounds.
fn end(now: Timestamp, lifetime: Duration) -> Timestamp {
    let micros = i64::try_from(lifetime.min(LONGEST).as_micros()).unwrap_or(i64::MAX);
    now.plus_micros(micros)
}
