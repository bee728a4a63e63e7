//! OpenStreetMap: streets and paths with what those who walk or roll must know of them, places, parks, areas.
//!
//! Files are PBF, XML, or XML packed with gzip, told apart by what they hold.
//!
//! | Element | Entity |
//! |---|---|
//! | way with `highway`, or a platform | `RoadSegment`: `location` (LineString, an area as its ring), `nodes` (the ids of its vertices), its tags |
//! | outline of a square whose tags stand at a relation | the same, with the tags of both |
//! | node of such a way with a kerb, barrier, crossing, entrance, tactile paving … | `RoadNode`: `location`, `node` (its id), its tags |
//! | school | `School`: `category`, `location` (Point or Polygon), `entrances` (MultiPoint) where they are known, its tags |
//! | clinic, library, market, toilets, stop … | `PointOfInterest`, likewise; `category` is OpenStreetMap's word, `bus_stop` of a stop |
//! | park, garden, playground … that is not private | `Park`, likewise |
//! | relation `boundary=administrative` | `AdministrativeArea`: `name`, `code`, `administrativeLevel`, `adminLevel`, `location`, `sourceProperties` |
//!
//! Ids are `urn:ngsi-ld:<type>:osm:<n|w|r><id>`. Ways join where they share a node, never where they cross. Tags are
//! attributes as [`keys`] names them, text as it stands in the file.
//!
//! Administrative areas of `admin_level` 8, or of what `--level` says, are `city`; the next level that the file
//! has is `district`, further ones `subdistrict`. Those above the city are left out.
//!
//! The file is read several times: once whole, which checks and counts it, then for the ids of the nodes that are
//! needed, then for their places and for the entities. Only needed nodes are held, and the outlines of areas. A
//! file that is cut or damaged anywhere is refused in the first reading: nothing of it is written.
//!
//! A street that lacks nodes in the file is taken as the pieces that are there (`…:w<id>`, `…:w<id>:2`); an outline
//! that lacks nodes or ways, or is open, or crosses itself, is refused. Relations in relations are not followed.

mod classify;
mod element;
mod emit;
pub mod keys;
mod nodes;
mod open;
mod pbf;
mod rings;
mod survey;
mod take;
mod xml;

use std::sync::Arc;

use crate::dataset::{Dataset, year_in_name};
use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::kind::Kind;
use crate::report::Refusal;
use element::Stands;

/// Who must be named wherever data of OpenStreetMap are shown (ODbL 1.0, 4.3).
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";
/// The licence of data of OpenStreetMap (SPDX).
pub const LICENSE: &str = "ODbL-1.0";

/// The level of OpenStreetMap that is the municipality in most countries.
const CITY_LEVEL: u8 = 8;

/// Says where in the file something stands.
struct Told {
    file: Arc<str>,
}

impl Told {
    fn place(&self, stands: Stands) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: match stands {
                Stands::Line(line) => Some(line),
                Stands::Blob(_) => None,
            },
        }
    }

    fn refusal(
        &self,
        stands: Stands,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: &str,
    ) -> Refusal {
        let blob = match stands {
            Stands::Line(_) => None,
            Stands::Blob(begins) => Some(format!("blob at byte {begins}")),
        };
        self.place(stands).refusal(blob.as_deref(), what, why, remedy)
    }

    /// Refuses the second element of one id.
    fn twice(&self, session: &mut Session<'_>, stands: Stands, what: &str) -> Result<(), ImportError> {
        let why = "its id stands in the file before; the first one is taken";
        let remedy = "write the file anew with each element once: `osmium sort`, or `osmium merge` where files were \
                      put together; of a history take one day with `osmium time-filter`";
        session.refuse(self.refusal(stands, what, why, remedy))
    }
}

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    session.tell(&file.name);
    let city = city_level(session.options.level.as_deref())?;
    let mut source = open::open(file)?;
    let mut dataset = Dataset::of(Kind::Osm, file, session.options.publisher.as_deref())?;
    let told = Told {
        file: file.name.as_str().into(),
    };
    let before = session.report.refused_count;
    let survey = survey::survey(source.as_mut(), &told, session, city)?;
    if survey.nodes + survey.ways + survey.relations == 0 {
        session.warn(format!("{}: it holds no nodes, ways or relations", file.name));
    }
    if survey.negative > 0 {
        session.warn(format!(
            "{}: {} elements have negative ids: they are in no database yet, and another file may use the same ids \
             for others",
            file.name, survey.negative
        ));
    }
    if survey.above > 0 {
        session.warn(format!(
            "{}: {} administrative areas above the city (admin_level below {city}) are left out; `--level N` names \
             another level as the city's",
            file.name, survey.above
        ));
    }
    take::take(source.as_mut(), &told, &survey, session, city)?;
    let year = source.as_of().and_then(|day| day.get(..4)?.parse::<i16>().ok());
    dataset.vintage = session
        .options
        .year
        .or(year)
        .or_else(|| year_in_name(&file.name))
        .map(|year| year.to_string());
    dataset
        .publisher
        .get_or_insert_with(|| "OpenStreetMap contributors".to_owned());
    dataset.license = Some(LICENSE.to_owned());
    dataset.attribution = Some(ATTRIBUTION.to_owned());
    if let Some(stem) = stem(&file.name) {
        stem.clone_into(&mut dataset.key);
    }
    dataset.statistics.extend([
        ("nodes".to_owned(), survey.nodes),
        ("ways".to_owned(), survey.ways),
        ("relations".to_owned(), survey.relations),
        ("refused".to_owned(), session.report.refused_count - before),
    ]);
    session.dataset(
        dataset,
        Place {
            file: Arc::clone(&told.file),
            line: None,
        },
    )
}

fn city_level(option: Option<&str>) -> Result<u8, ImportError> {
    let Some(text) = option else {
        return Ok(CITY_LEVEL);
    };
    text.trim()
        .parse()
        .ok()
        .filter(|level| (1..=12).contains(level))
        .ok_or_else(|| {
            let why =
                format!("`{text}` is no admin_level of OpenStreetMap; give a number from 1 to 12, as in 8");
            ImportError::option("level", why)
        })
}

/// The name without what says the format: `monaco.osm.gz` → `monaco`.
fn stem(name: &str) -> Option<&str> {
    let end = name.to_ascii_lowercase().rfind(".osm")?;
    name.get(..end).filter(|stem| !stem.is_empty())
}
