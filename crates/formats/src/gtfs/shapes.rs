//! The lines that trips follow. The points of a shape mostly stand together; where they do not, the table is
//! read several times, each time for a part of the shapes, so that memory stays bounded.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use geo_types::{Coord, LineString};
use ngsi_ld::{Attribute, Entity};

use super::archive::Archive;
use super::ids::Ids;
use super::lines::Line;
use super::{Feed, Refused};
use crate::csv_table::{Row, Step};
use crate::import::{ImportError, Place, Session};
use crate::observations::number;

/// The most points held at once where those of a shape do not stand together.
const MAX_POINTS: u64 = 2_000_000;
/// The most points of one shape.
const MAX_SHAPE: usize = 1_000_000;

const DEGREES: &str = "give shape_pt_lat and shape_pt_lon in degrees of WGS 84";
const TABLE: &str = "shapes.txt";

#[derive(Clone, Copy)]
struct ShapePoint {
    sequence: u32,
    at: Coord<f64>,
    far: Option<f64>,
    line: u64,
}

pub(super) fn shapes(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let parts = if let Some((rows, together)) = look(archive)? {
        if together { 0 } else { (rows / MAX_POINTS) + 1 }
    } else {
        return Ok(());
    };
    let name = format!("{}/{TABLE}", archive.name);
    let place = Place {
        file: name.as_str().into(),
        line: None,
    };
    for part in 0..parts.max(1) {
        let first = part == 0;
        let mut held: BTreeMap<String, Vec<ShapePoint>> = BTreeMap::new();
        let mut current = String::new();
        let mut rows = 0;
        {
            let Some(mut table) = archive.table(TABLE)? else {
                return Ok(());
            };
            session.tell(&name);
            let header = table.header().to_vec();
            let mut row = Row::default();
            loop {
                let step = table.next(&mut row).map_err(ImportError::read(&name))?;
                let here = Place {
                    line: Some(row.line),
                    ..place.clone()
                };
                if step == Step::End {
                    break;
                }
                rows += 1;
                // What is wrong with a row is said in the first round only.
                if first {
                    session.count(&name, TABLE, 1);
                }
                if let Step::Bad(why) = step {
                    if first {
                        session.refuse(here.refusal(
                            None,
                            "row",
                            why,
                            "mend the row and import the feed again",
                        ))?;
                    }
                    continue;
                }
                let line = Line::new(&row, &header);
                let id = line.get("shape_id");
                if parts > 1 && share(id, parts) != part && !(first && id.is_empty()) {
                    if first && let Err(refused) = point(&line) {
                        session.refuse(refused.at(&here))?;
                    }
                    continue;
                }
                match point(&line) {
                    Err(refused) => {
                        if first || parts <= 1 {
                            session.refuse(refused.at(&here))?;
                        }
                    }
                    Ok(point) => {
                        if parts == 0 && id != current {
                            emit(session, feed, &place, std::mem::take(&mut held))?;
                            id.clone_into(&mut current);
                        }
                        match held.get_mut(id) {
                            Some(points) if points.len() >= MAX_SHAPE => {
                                let why = format!("the shape has more than {MAX_SHAPE} points");
                                session.refuse(here.refusal(
                                    None,
                                    format!("shape {id}"),
                                    why,
                                    "divide the shape",
                                ))?;
                            }
                            Some(points) => points.push(point),
                            None => {
                                held.insert(id.to_owned(), vec![point]);
                            }
                        }
                    }
                }
            }
        }
        emit(session, feed, &place, held)?;
        archive.counted(TABLE, rows);
    }
    Ok(())
}

/// How many rows there are, and whether those of each shape stand together.
fn look(archive: &mut Archive) -> Result<Option<(u64, bool)>, ImportError> {
    let name = format!("{}/{TABLE}", archive.name);
    let Some(mut table) = archive.table(TABLE)? else {
        return Ok(None);
    };
    let column = table.column("shape_id").unwrap_or(0);
    let (mut rows, mut together) = (0, true);
    let mut seen = Ids::default();
    let mut current = String::new();
    let mut row = Row::default();
    loop {
        match table.next(&mut row).map_err(ImportError::read(&name))? {
            Step::End => return Ok(Some((rows, together))),
            Step::Bad(_) => {}
            Step::Row => {
                rows += 1;
                let id = row.get(column);
                if together && id != current {
                    together = seen.add(id);
                    id.clone_into(&mut current);
                }
            }
        }
    }
}

/// In which part of the shapes a shape is.
fn share(id: &str, parts: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish() % parts
}

fn point(line: &Line<'_>) -> Result<ShapePoint, Refused> {
    let id = line.id("shape_id", "point of a shape")?;
    let what = || format!("shape {id}, point {}", line.get("shape_pt_sequence"));
    let degrees = |column: &'static str, limit: f64| {
        let text = line.get(column);
        number(text, false)
            .filter(|degrees| (-limit..=limit).contains(degrees))
            .ok_or_else(|| {
                let why = if text.is_empty() {
                    format!("it has no {column}")
                } else {
                    format!("`{text}` is not in degrees")
                };
                Refused::new(column, what(), why, DEGREES)
            })
    };
    let text = line.get("shape_pt_sequence");
    let sequence = text.parse().map_err(|_error| {
        let why = format!("`{text}` is not a whole number");
        Refused::new(
            "shape_pt_sequence",
            what(),
            why,
            "number the points of each shape: 1, 2, 3 …",
        )
    })?;
    let far = line.get("shape_dist_traveled");
    Ok(ShapePoint {
        sequence,
        at: Coord {
            y: degrees("shape_pt_lat", 90.0)?,
            x: degrees("shape_pt_lon", 180.0)?,
        },
        far: number(far, false),
        line: line.number(),
    })
}

/// Makes the entities of whole shapes.
fn emit(
    session: &mut Session<'_>,
    feed: &mut Feed,
    place: &Place,
    shapes: BTreeMap<String, Vec<ShapePoint>>,
) -> Result<(), ImportError> {
    for (id, mut points) in shapes {
        points.sort_by_key(|point| (point.sequence, point.line));
        let mut kept: Vec<ShapePoint> = Vec::with_capacity(points.len());
        for point in points {
            if kept.last().is_some_and(|last| last.sequence == point.sequence) {
                let here = Place {
                    line: Some(point.line),
                    ..place.clone()
                };
                let why = "an earlier row has the same shape and shape_pt_sequence";
                let what = format!("shape {id}, point {}", point.sequence);
                session.refuse(here.refusal(
                    Some("shape_pt_sequence"),
                    what,
                    why,
                    "number the points: 1, 2, 3 …",
                ))?;
            } else {
                kept.push(point);
            }
        }
        let here = Place {
            line: kept.first().map(|point| point.line),
            ..place.clone()
        };
        if kept.len() < 2 {
            let why = "it has one point, and a line needs two";
            session.refuse(here.refusal(None, format!("shape {id}"), why, "give the shape its points"))?;
            continue;
        }
        feed.shapes.add(&id);
        let terms = &mut session.terms;
        let mut entity = Entity::new(feed.uri("GtfsShape", &id), terms.name("GtfsShape"));
        let line: LineString<f64> = kept.iter().map(|point| point.at).collect();
        entity.put(Attribute::geo(terms.name("location"), line));
        let far: Vec<f64> = kept.iter().filter_map(|point| point.far).collect();
        if far.len() == kept.len() {
            entity.put(terms.property("distanceTravelled", serde_json::Value::from(far)));
        }
        session.put(entity, here, kept.len())?;
    }
    Ok(())
}
