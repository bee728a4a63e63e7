//! The further readings: nodes get their places, and what the elements are goes to the sink.

use std::collections::{HashMap, HashSet};

use geo::CoordsIter;
use geo_types::{Coord, Geometry, Point};
use ngsi_ld::Entity;

use super::element::{Element, Position, Source, Spot, Stands, Tags, Wanted};
use super::nodes::{Needed, Nodes, TooMany};
use super::survey::{Area, Survey};
use super::{Told, classify, emit, rings};
use crate::gtfs::Tally;
use crate::import::{ImportError, Session};

const WHOLE: &str = "take an extract with whole ways and relations (`osmium extract --strategy=smart`; in Overpass add \
                     `(._;>;);` before `out`), or go without it";
const MEND: &str = "mend it in OpenStreetMap, or go without it";

/// What is held between the readings.
pub(super) struct Take<'t> {
    told: &'t Told,
    survey: &'t Survey,
    city: u8,
    nodes: Nodes,
    /// The nodes of the ways that areas need.
    outlines: HashMap<i64, Vec<i64>>,
    seen_nodes: HashSet<i64>,
    seen_ways: HashSet<i64>,
    /// Streets of which nodes are missing.
    cut: Tally,
}

/// Reads the file as often as its order needs, and gives everything to the sink.
pub(super) fn take(
    source: &mut dyn Source,
    told: &Told,
    survey: &Survey,
    session: &mut Session<'_>,
    city: u8,
) -> Result<(), ImportError> {
    let mut needed = Needed::of(survey.nodes);
    let too_many = |TooMany(most): TooMany| {
        let why = format!(
            "its ways are made of more than {most} nodes, and it has {} itself",
            survey.nodes
        );
        ImportError::file(&told.file, why, WHOLE)
    };
    source.scan(Wanted::WAYS, &mut |element, _| {
        if let Element::Way { id, nodes, tags } = element {
            if classify::is_street(&tags) || survey.of_squares.contains_key(&id) {
                needed.street(&nodes).map_err(&too_many)?;
            } else if classify::place(&tags).is_some() || survey.outlines.contains(&id) {
                needed.outline(&nodes).map_err(&too_many)?;
            }
        }
        Ok(())
    })?;
    let mut take = Take {
        told,
        survey,
        city,
        nodes: needed.into_table().map_err(&too_many)?,
        outlines: HashMap::new(),
        seen_nodes: HashSet::new(),
        seen_ways: HashSet::new(),
        cut: Tally::default(),
    };
    let mut visit = |element: Element<'_>, stands| match element {
        Element::Node { id, spot, tags } => take.node(session, stands, id, spot, &tags),
        Element::Way { id, nodes, tags } => take.way(session, stands, id, nodes, &tags),
        Element::Relation { .. } | Element::Bad { .. } => Ok(()),
    };
    if survey.unordered {
        source.scan(Wanted::NODES, &mut visit)?;
        source.scan(Wanted::WAYS, &mut visit)?;
    } else {
        source.scan(Wanted::NODES_AND_WAYS, &mut visit)?;
    }
    for area in &survey.areas {
        take.area(session, area)?;
    }
    let what = "ways of streets lack nodes in this file and were taken as the pieces that are there";
    take.cut.warn(session, &told.file, what);
    Ok(())
}

impl Take<'_> {
    fn node(
        &mut self,
        session: &mut Session<'_>,
        stands: Stands,
        id: i64,
        spot: Spot,
        tags: &Tags<'_>,
    ) -> Result<(), ImportError> {
        let slot = self.nodes.slot(id);
        if slot.is_none() && tags.0.is_empty() {
            return Ok(());
        }
        let class = classify::stop(tags).or_else(|| classify::place(tags));
        let road = slot.is_some_and(|slot| self.nodes.on_street(slot)) && classify::is_road_node(tags);
        let what = || named("node", id, tags);
        let position = match spot {
            Spot::At(position) => position,
            Spot::Outside(..) | Spot::Missing if slot.is_none() && class.is_none() => return Ok(()),
            Spot::Outside(lon, lat) => {
                let why = format!("longitude {lon}, latitude {lat} is no place on Earth");
                return session.refuse(self.told.refusal(stands, what(), why, MEND));
            }
            Spot::Missing => {
                let why = "it has no longitude and latitude";
                return session.refuse(self.told.refusal(stands, what(), why, WHOLE));
            }
        };
        // Whether this is a second node of the same id: what others are made of shows it, or what was emitted.
        let mut first = true;
        if let Some(slot) = slot {
            first = self.nodes.place(slot, position);
        } else if class.is_some() {
            first = self.seen_nodes.insert(id);
        }
        if !first {
            return self.told.twice(session, stands, &what());
        }
        if let Some(slot) = slot
            && classify::is_entrance(tags)
        {
            self.nodes.mark_entrance(slot);
        }
        if road {
            let entity = emit::road_node(&mut session.terms, id, position, tags);
            session.put(entity, self.told.place(stands), 1)?;
        }
        if let Some(class) = class {
            let point = Geometry::Point(Point(position.coord()));
            let entity = emit::place(&mut session.terms, &format!("n{id}"), &class, point, &[], tags);
            session.put(entity, self.told.place(stands), 1)?;
        }
        Ok(())
    }

    fn way(
        &mut self,
        session: &mut Session<'_>,
        stands: Stands,
        id: i64,
        mut nodes: Vec<i64>,
        tags: &Tags<'_>,
    ) -> Result<(), ImportError> {
        let square = self
            .survey
            .of_squares
            .get(&id)
            .and_then(|index| self.survey.squares.get(*index));
        let street = classify::is_street(tags) || square.is_some();
        let place = classify::place(tags);
        let outline = self.survey.outlines.contains(&id);
        if !street && place.is_none() && !outline {
            return Ok(());
        }
        if !self.seen_ways.insert(id) {
            return self.told.twice(session, stands, &named("way", id, tags));
        }
        nodes.dedup();
        if street {
            // The tags of a square stand at its relation, those of its edge at the way.
            match square.filter(|_| !classify::is_street(tags)) {
                Some(square) => {
                    let mut both = square.tags();
                    both.0.extend(&tags.0);
                    self.street(session, stands, id, &nodes, &both)?;
                }
                None => self.street(session, stands, id, &nodes, tags)?,
            }
        }
        if let Some(class) = place {
            match self.outline_of(&[(id, &nodes)]) {
                Err((why, remedy)) => {
                    session.refuse(self.told.refusal(stands, named("way", id, tags), why, remedy))?;
                }
                Ok(geometry) => {
                    let entrances = self.entrances(&nodes);
                    let local = format!("w{id}");
                    let weight = geometry.coords_count();
                    let entity = emit::place(&mut session.terms, &local, &class, geometry, &entrances, tags);
                    session.put(entity, self.told.place(stands), weight)?;
                }
            }
        }
        if outline {
            self.outlines.insert(id, nodes);
        }
        Ok(())
    }

    fn street(
        &mut self,
        session: &mut Session<'_>,
        stands: Stands,
        id: i64,
        nodes: &[i64],
        tags: &Tags<'_>,
    ) -> Result<(), ImportError> {
        let mut refuse = |why: String, remedy: &str| {
            session.refuse(self.told.refusal(stands, named("way", id, tags), why, remedy))
        };
        if nodes.len() < 2 {
            return refuse("it has fewer than two nodes".to_owned(), MEND);
        }
        let mut pieces: Vec<Vec<(i64, Position)>> = vec![Vec::new()];
        let mut missing = 0_usize;
        for node in nodes {
            if let (Some(position), Some(piece)) = (self.nodes.position(*node), pieces.last_mut()) {
                piece.push((*node, position));
            } else {
                missing += 1;
                pieces.push(Vec::new());
            }
        }
        pieces.retain(|piece| piece.len() >= 2);
        if pieces.is_empty() {
            let why = format!(
                "{missing} of its {} nodes are not in the file, and no two that follow each other are",
                nodes.len()
            );
            return refuse(why, WHOLE);
        }
        // A line is a line: between two places.
        pieces.retain(|piece| piece.windows(2).any(|pair| matches!(pair, [a, b] if a.1 != b.1)));
        if pieces.is_empty() {
            return refuse("all its nodes lie in one place".to_owned(), MEND);
        }
        if missing > 0 {
            self.cut.add(|| named("way", id, tags));
        }
        for (index, piece) in pieces.iter().enumerate() {
            let local = if index == 0 {
                format!("w{id}")
            } else {
                format!("w{id}:{}", index + 1)
            };
            let entity = emit::segment(&mut session.terms, &local, piece, tags);
            session.put(entity, self.told.place(stands), piece.len())?;
        }
        Ok(())
    }

    /// The area that ways enclose; why there is none, and what to do.
    fn outline_of(&self, ways: &[(i64, &[i64])]) -> Result<Geometry<f64>, (String, &'static str)> {
        let (mut missing, mut all) = (0_usize, 0_usize);
        for (_, nodes) in ways {
            all += nodes.len();
            missing += nodes
                .iter()
                .filter(|node| self.nodes.position(**node).is_none())
                .count();
        }
        if missing > 0 {
            let why = format!("{missing} of the {all} nodes of its outline are not in the file");
            return Err((why, WHOLE));
        }
        rings::join(ways)
            .and_then(|closed| rings::polygons(&closed, &self.nodes))
            .map_err(|why| (why, MEND))
    }

    fn entrances(&self, nodes: &[i64]) -> Vec<Coord<f64>> {
        let mut once = HashSet::new();
        nodes
            .iter()
            .filter(|node| self.nodes.is_entrance(**node) && once.insert(**node))
            .filter_map(|node| self.nodes.position(*node))
            .map(Position::coord)
            .collect()
    }

    fn area(&mut self, session: &mut Session<'_>, area: &Area) -> Result<(), ImportError> {
        let tags = area.tags();
        let what = named("relation", area.id, &tags);
        let refuse = |session: &mut Session<'_>, why: String, remedy: &str| {
            session.refuse(self.told.refusal(area.stands, what.clone(), why, remedy))
        };
        if area.ways.is_empty() {
            return refuse(session, "no way is its outline".to_owned(), MEND);
        }
        let found: Vec<(i64, &[i64])> = area
            .ways
            .iter()
            .filter_map(|way| self.outlines.get(way).map(|nodes| (*way, nodes.as_slice())))
            .collect();
        if found.len() < area.ways.len() {
            let why = format!(
                "{} of the {} ways of its outline are not in the file",
                area.ways.len() - found.len(),
                area.ways.len()
            );
            return refuse(session, why, WHOLE);
        }
        let geometry = match self.outline_of(&found) {
            Ok(geometry) => geometry,
            Err((why, remedy)) => return refuse(session, why, remedy),
        };
        let weight = geometry.coords_count();
        let level = classify::admin_level(&tags).filter(|level| *level >= self.city);
        let mut made: Vec<Entity> = Vec::new();
        if let Some(class) = classify::place(&tags) {
            let nodes: Vec<i64> = found
                .iter()
                .flat_map(|(_, nodes)| nodes.iter().copied())
                .collect();
            let entrances = self.entrances(&nodes);
            let local = format!("r{}", area.id);
            let geometry = geometry.clone();
            made.push(emit::place(
                &mut session.terms,
                &local,
                &class,
                geometry,
                &entrances,
                &tags,
            ));
        }
        if let Some(level) = level {
            let word = if level == self.city {
                "city"
            } else if Some(level) == self.survey.district {
                "district"
            } else {
                "subdistrict"
            };
            made.push(emit::area(
                &mut session.terms,
                area.id,
                word,
                level,
                geometry,
                &tags,
            ));
        }
        for entity in made {
            session.put(entity, self.told.place(area.stands), weight)?;
        }
        Ok(())
    }
}

/// An element, with its name where it has one: `way 12 (Main Street)`.
fn named(what: &str, id: i64, tags: &Tags<'_>) -> String {
    match tags.get("name") {
        Some(name) => format!("{what} {id} ({})", name.chars().take(60).collect::<String>()),
        None => format!("{what} {id}"),
    }
}
