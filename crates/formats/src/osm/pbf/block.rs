//! One block of a PBF file: a few thousand elements and the strings that they share.

use std::borrow::Cow;

use super::wire::{Broken, Deltas, Fields, Value, Varints};
use crate::import::ImportError;
use crate::osm::element::{
    Element, MAX_MEMBERS, MAX_TAGS, MAX_WAY_NODES, Member, MemberKind, Position, Spot, Stands, Tags, Visit,
    Wanted,
};

/// The most strings of one block: no writer puts more elements than 16 000 into one.
const MAX_STRINGS: usize = 4_000_000;

/// Why a block could not be read to its end.
pub(super) enum Stopped {
    /// Its bytes are wrong.
    Broken(Broken),
    /// Who takes the elements takes no more.
    Visitor(ImportError),
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// A block, its strings found.
pub(super) struct Block<'a> {
    strings: Vec<Cow<'a, str>>,
    groups: Vec<&'a [u8]>,
    granularity: i64,
    lon_offset: i64,
    lat_offset: i64,
}

impl<'a> Block<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut block = Self {
            strings: Vec::new(),
            groups: Vec::new(),
            granularity: 100,
            lon_offset: 0,
            lat_offset: 0,
        };
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => {
                    let mut table = Fields(value.bytes()?);
                    while let Some((number, value)) = table.next()? {
                        if number == 1 {
                            block.strings.push(String::from_utf8_lossy(value.bytes()?));
                        }
                        if block.strings.len() > MAX_STRINGS {
                            return Err(Broken("it claims more strings than a block can have"));
                        }
                    }
                }
                2 => block.groups.push(value.bytes()?),
                17 => block.granularity = value.int64()?,
                19 => block.lat_offset = value.int64()?,
                20 => block.lon_offset = value.int64()?,
                _ => {}
            }
        }
        Ok(block)
    }

    /// Gives the elements that are wanted, and says which kinds there are.
    pub(super) fn visit(&self, wanted: Wanted, at: Stands, visit: &mut Visit<'_>) -> Result<Wanted, Stopped> {
        let mut found = Wanted::default();
        for group in &self.groups {
            let mut fields = Fields(group);
            while let Some((number, value)) = fields.next()? {
                match number {
                    1 => {
                        found.nodes = true;
                        if wanted.nodes {
                            self.node(value.bytes()?, &mut |element| visit(element, at))?;
                        }
                    }
                    2 => {
                        found.nodes = true;
                        if wanted.nodes {
                            self.dense(value.bytes()?, &mut |element| visit(element, at))?;
                        }
                    }
                    3 => {
                        found.ways = true;
                        if wanted.ways {
                            let element = self.way(value.bytes()?)?;
                            visit(element, at).map_err(Stopped::Visitor)?;
                        }
                    }
                    4 => {
                        found.relations = true;
                        if wanted.relations {
                            let element = self.relation(value.bytes()?)?;
                            visit(element, at).map_err(Stopped::Visitor)?;
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    fn string(&self, index: u64) -> Result<&str, Broken> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.strings.get(index))
            .map(Cow::as_ref)
            .ok_or(Broken("it names a string that it does not hold"))
    }

    /// The tags; `None` where there are more than any element has.
    fn tags(&self, mut keys: Varints<'_>, mut values: Varints<'_>) -> Result<Option<Tags<'_>>, Broken> {
        if keys.is_empty() && values.is_empty() {
            return Ok(Some(Tags::default()));
        }
        let mut tags = Vec::new();
        loop {
            match (keys.next()?, values.next()?) {
                (Some(key), Some(value)) => tags.push((self.string(key)?, self.string(value)?)),
                (None, None) => return Ok(Some(Tags(tags))),
                _ => return Err(Broken("an element has a key without a value")),
            }
            if tags.len() > MAX_TAGS {
                return Ok(None);
            }
        }
    }

    fn spot(&self, lon: i64, lat: i64) -> Spot {
        let nano = |offset: i64, number: i64| {
            self.granularity
                .checked_mul(number)
                .and_then(|scaled| scaled.checked_add(offset))
        };
        let (lon_nano, lat_nano) = (nano(self.lon_offset, lon), nano(self.lat_offset, lat));
        if let (Some(lon), Some(lat)) = (lon_nano, lat_nano)
            && let Some(position) = Position::from_nanodegrees(lon, lat)
        {
            return Spot::At(position);
        }
        let degrees = |nano: Option<i64>| nano.map_or(f64::INFINITY, |nano| nano as f64 / 1e9);
        Spot::Outside(degrees(lon_nano), degrees(lat_nano))
    }

    fn node(&self, bytes: &[u8], visit: &mut Take<'_>) -> Result<(), Stopped> {
        let (mut id, mut lon, mut lat) = (None, None, None);
        let (mut keys, mut values) = (Varints::default(), Varints::default());
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => id = Some(value.sint64()?),
                2 => keys = value.packed()?,
                3 => values = value.packed()?,
                8 => lat = Some(value.sint64()?),
                9 => lon = Some(value.sint64()?),
                _ => {}
            }
        }
        let id = id.ok_or(Broken("a node has no id"))?;
        let spot = match (lon, lat) {
            (Some(lon), Some(lat)) => self.spot(lon, lat),
            _ => Spot::Missing,
        };
        let element = match self.tags(keys, values)? {
            Some(tags) => Element::Node { id, spot, tags },
            None => too_many("node", id, "tags", MAX_TAGS),
        };
        visit(element).map_err(Stopped::Visitor)
    }

    fn dense(&self, bytes: &[u8], visit: &mut Take<'_>) -> Result<(), Stopped> {
        let (mut ids, mut lons, mut lats) = (Deltas::default(), Deltas::default(), Deltas::default());
        let mut words = Varints::default();
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => ids = Deltas::new(value.packed()?),
                8 => lats = Deltas::new(value.packed()?),
                9 => lons = Deltas::new(value.packed()?),
                10 => words = value.packed()?,
                _ => {}
            }
        }
        loop {
            match (ids.next()?, lons.next()?, lats.next()?) {
                (None, None, None) if words.is_empty() => return Ok(()),
                (None, None, None) => return Err(Broken("there are tags of nodes that are not there").into()),
                (Some(id), Some(lon), Some(lat)) => {
                    let mut tags = Vec::new();
                    let mut many = false;
                    // Key, value, key, value, 0 of each node; nothing at all where no node has a tag.
                    while let Some(key) = words.next()?.filter(|word| *word != 0) {
                        let value = words.next()?.ok_or(Broken("a node has a key without a value"))?;
                        many |= tags.len() >= MAX_TAGS;
                        if !many {
                            tags.push((self.string(key)?, self.string(value)?));
                        }
                    }
                    let element = if many {
                        too_many("node", id, "tags", MAX_TAGS)
                    } else {
                        Element::Node {
                            id,
                            spot: self.spot(lon, lat),
                            tags: Tags(tags),
                        }
                    };
                    visit(element).map_err(Stopped::Visitor)?;
                }
                _ => return Err(Broken("there are not as many places as there are nodes").into()),
            }
        }
    }

    fn way(&self, bytes: &[u8]) -> Result<Element<'_>, Broken> {
        let parts = Parts::read(bytes)?;
        let id = parts.id.ok_or(Broken("a way has no id"))?;
        let [nodes, ..] = parts.lists;
        let count = nodes.count();
        if count > MAX_WAY_NODES {
            return Ok(too_many("way", id, "nodes", MAX_WAY_NODES));
        }
        let mut deltas = Deltas::new(nodes);
        let mut nodes = Vec::with_capacity(count);
        while let Some(node) = deltas.next()? {
            nodes.push(node);
        }
        Ok(match self.tags(parts.keys, parts.values)? {
            Some(tags) => Element::Way { id, nodes, tags },
            None => too_many("way", id, "tags", MAX_TAGS),
        })
    }

    fn relation(&self, bytes: &[u8]) -> Result<Element<'_>, Broken> {
        let parts = Parts::read(bytes)?;
        let id = parts.id.ok_or(Broken("a relation has no id"))?;
        let [mut roles, ids, mut kinds] = parts.lists;
        let count = ids.count();
        if count > MAX_MEMBERS {
            return Ok(too_many("relation", id, "members", MAX_MEMBERS));
        }
        let mut deltas = Deltas::new(ids);
        let mut members = Vec::with_capacity(count);
        loop {
            match (deltas.next()?, roles.next()?, kinds.next()?) {
                (None, None, None) => break,
                (Some(id), Some(role), Some(kind)) => members.push(Member {
                    kind: match kind {
                        0 => MemberKind::Node,
                        1 => MemberKind::Way,
                        2 => MemberKind::Relation,
                        _ => return Err(Broken("a member of a relation is of no kind that there is")),
                    },
                    id,
                    role: self.string(role)?,
                }),
                _ => return Err(Broken("a member of a relation has no role or no kind")),
            }
        }
        Ok(match self.tags(parts.keys, parts.values)? {
            Some(tags) => Element::Relation { id, members, tags },
            None => too_many("relation", id, "tags", MAX_TAGS),
        })
    }
}

/// What ways and relations are made of.
#[derive(Default)]
struct Parts<'a> {
    id: Option<i64>,
    keys: Varints<'a>,
    values: Varints<'a>,
    /// Fields 8, 9 and 10: the nodes of a way; the roles, ids and kinds of a relation's members.
    lists: [Varints<'a>; 3],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut parts = Self::default();
        let [first, second, third] = &mut parts.lists;
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => parts.id = Some(value.int64()?),
                2 => parts.keys = value.packed()?,
                3 => parts.values = value.packed()?,
                8 => *first = value.packed()?,
                9 => *second = value.packed()?,
                10 => *third = value.packed()?,
                _ => {}
            }
        }
        Ok(parts)
    }
}

type Take<'v> = dyn FnMut(Element<'_>) -> Result<(), ImportError> + 'v;

fn too_many(what: &str, id: i64, of: &str, most: usize) -> Element<'static> {
    Element::Bad {
        what: format!("{what} {id}"),
        why: format!("it has more than {most} {of}"),
    }
}

/// What the first block of a file says of it.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Features without which the file cannot be understood.
    pub(super) required: Vec<String>,
    /// Seconds since 1970 at which the data were taken from the database.
    pub(super) timestamp: Option<i64>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut header = Self::default();
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (4, Value::Bytes(feature)) => header
                    .required
                    .push(String::from_utf8_lossy(feature).chars().take(60).collect()),
                (32, value) => header.timestamp = Some(value.int64()?),
                _ => {}
            }
        }
        Ok(header)
    }
}
