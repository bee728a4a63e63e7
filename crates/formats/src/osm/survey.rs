//! The first reading: the whole file is checked and counted, and the relations that are areas are noted.

use std::collections::{HashMap, HashSet};

use super::Told;
use super::classify;
use super::element::{Element, MemberKind, Source, Stands, Tags, Wanted};
use crate::import::{ImportError, Session};

/// A relation that is an area.
pub(super) struct Area {
    pub(super) id: i64,
    pub(super) stands: Stands,
    pub(super) tags: Vec<(String, String)>,
    /// The ways of its outline and its holes, each once.
    pub(super) ways: Vec<i64>,
}

impl Area {
    pub(super) fn tags(&self) -> Tags<'_> {
        Tags(
            self.tags
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
        )
    }
}

/// What the first reading found.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) nodes: u64,
    pub(super) ways: u64,
    pub(super) relations: u64,
    /// Places and administrative areas.
    pub(super) areas: Vec<Area>,
    /// The ways that they need.
    pub(super) outlines: HashSet<i64>,
    /// Squares whose tags stand at the relation: the ways of their outlines, and the tags.
    pub(super) squares: Vec<Area>,
    pub(super) of_squares: HashMap<i64, usize>,
    /// A node stands after a way: nodes must be read before ways then.
    pub(super) unordered: bool,
    /// Elements that are in no database yet.
    pub(super) negative: u64,
    /// The highest administrative level at or below the city's, apart from it.
    pub(super) district: Option<u8>,
    /// Administrative areas above the city.
    pub(super) above: u64,
}

/// Reads everything once.
pub(super) fn survey(
    source: &mut dyn Source,
    told: &Told,
    session: &mut Session<'_>,
    city: u8,
) -> Result<Survey, ImportError> {
    let mut survey = Survey::default();
    let mut seen: HashSet<i64> = HashSet::new();
    source.scan(Wanted::ALL, &mut |element, stands| {
        match element {
            Element::Node { id, .. } => {
                survey.nodes += 1;
                survey.unordered |= survey.ways > 0;
                survey.negative += u64::from(id < 0);
                if survey.nodes % 100_000 == 0 {
                    session.count(&told.file, "nodes", 100_000);
                }
            }
            Element::Way { id, .. } => {
                survey.ways += 1;
                survey.negative += u64::from(id < 0);
                if survey.ways % 10_000 == 0 {
                    session.count(&told.file, "ways", 10_000);
                }
            }
            Element::Relation { id, members, tags } => {
                survey.relations += 1;
                survey.negative += u64::from(id < 0);
                session.count(&told.file, "relations", 1);
                if !classify::is_area_relation(&tags) {
                    return Ok(());
                }
                let level = classify::admin_level(&tags);
                if level.is_some_and(|level| level < city) {
                    survey.above += 1;
                }
                let level = level.filter(|level| *level >= city);
                let area = level.is_some() || classify::place(&tags).is_some();
                let square = classify::is_street(&tags);
                if !area && !square {
                    return Ok(());
                }
                if !seen.insert(id) {
                    return told.twice(session, stands, &format!("relation {id}"));
                }
                if let Some(level) = level.filter(|level| *level > city) {
                    survey.district = Some(survey.district.map_or(level, |known| known.min(level)));
                }
                let mut ways = Vec::new();
                let mut once = HashSet::new();
                for member in &members {
                    // Members that are relations (the parts of a county) are areas of their own: they are not
                    // followed, so that no circle of relations can lead anywhere.
                    if member.kind == MemberKind::Way
                        && matches!(member.role, "" | "outer" | "inner" | "exclave" | "enclave")
                        && once.insert(member.id)
                    {
                        ways.push(member.id);
                    }
                }
                let found = Area {
                    id,
                    stands,
                    tags: tags
                        .0
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                        .collect(),
                    ways,
                };
                if area {
                    survey.outlines.extend(&found.ways);
                    survey.areas.push(found);
                } else {
                    for way in &found.ways {
                        survey.of_squares.entry(*way).or_insert(survey.squares.len());
                    }
                    survey.squares.push(found);
                }
            }
            Element::Bad { what, why } => {
                let remedy = "mend it in the map, or where the file was made, and import it again";
                session.refuse(told.refusal(stands, what, why, remedy))?;
            }
        }
        Ok(())
    })?;
    session.count(&told.file, "nodes", survey.nodes % 100_000);
    session.count(&told.file, "ways", survey.ways % 10_000);
    Ok(survey)
}
