//! Inhabitants: the grid's cells within the city's bounding box.

use formats::raster::{Bbox, Grid, TwinBlob};
use ngsi_ld::Entity;
use query::View;
use twin::Reader;

use super::dataset::{self, Dataset};
use super::terms::{attribute, scan, text_of, year_of};
use crate::calculation::Cell;
use crate::calculation::transport_convenience::bounds;
use geo_types::{Coord, MultiPolygon};

/// The inhabited cells of one grid.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// The cells.
    pub cells: Vec<Cell>,
    /// The grid's entity.
    pub grid: String,
    /// The year that the data are of.
    pub vintage: Option<String>,
    /// Where they come from.
    pub source: Option<String>,
    /// What to say about the choice of the grid.
    pub notes: Vec<String>,
}

struct Candidate {
    id: String,
    blob: String,
    year: Option<i16>,
    source: Option<String>,
}

/// Gathers the cells of the grid whose year is nearest to `year`; without one, of the latest. `Err` in the
/// inner result: there is a grid that cannot be read, and why.
pub fn gather(
    reader: &dyn Reader,
    view: &View,
    datasets: &[Dataset],
    city: &[MultiPolygon<f64>],
    year: Option<i16>,
) -> Result<Option<Result<Population, String>>, twin::Error> {
    let mut candidates = Vec::new();
    scan(reader, view, "PopulationGrid", &mut |entity| {
        candidates.extend(candidate(entity, datasets));
    })?;
    let rank = |grid: &Candidate| match (year, grid.year) {
        (Some(asked), Some(year)) => -i32::from((asked - year).abs()),
        (None, Some(year)) => i32::from(year),
        (_, None) => i32::MIN,
    };
    // The first of those with the same rank, so that the choice does not depend on chance.
    let Some(best) = candidates
        .iter()
        .reduce(|best, grid| if rank(grid) > rank(best) { grid } else { best })
    else {
        return Ok(None);
    };
    let mut population = Population {
        grid: best.id.clone(),
        vintage: best.year.map(|year| year.to_string()),
        source: best.source.clone(),
        ..Population::default()
    };
    if candidates.len() > 1 {
        population.notes.push(format!(
            "of {} population grids, `{}` was taken",
            candidates.len(),
            best.id
        ));
    }
    Ok(Some(
        cells(reader, view, &best.blob, city).map(|cells| Population { cells, ..population }),
    ))
}

fn cells(
    reader: &dyn Reader,
    view: &View,
    blob: &str,
    city: &[MultiPolygon<f64>],
) -> Result<Vec<Cell>, String> {
    let around = bounds(city);
    if around.is_empty() {
        return Ok(Vec::new());
    }
    let grid = Grid::open(TwinBlob::new(reader, view, blob)).map_err(|error| error.to_string())?;
    let bbox = Bbox {
        west: around.min_x,
        south: around.min_y,
        east: around.max_x,
        north: around.max_y,
    };
    let mut cells = Vec::new();
    grid.cells(Some(bbox), &mut |cell| {
        if cell.value.is_finite() && cell.value > 0.0 {
            cells.push(Cell {
                centre: Coord {
                    x: cell.lon,
                    y: cell.lat,
                },
                people: cell.value,
            });
        }
    })
    .map_err(|error| error.to_string())?;
    Ok(cells)
}

fn candidate(entity: &Entity, datasets: &[Dataset]) -> Option<Candidate> {
    let own_year = ["vintage", "year", "referenceYear", "dateObserved", "observedAt"]
        .iter()
        .find_map(|term| attribute(entity, term).and_then(year_of));
    let of_file = |term: &str| {
        let file = super::terms::target(entity, term)?;
        datasets.iter().find(|dataset| dataset.id == file.as_str())
    };
    let file = ["dataset", "hasDataset", "source"]
        .iter()
        .find_map(|term| of_file(term))
        .or_else(|| datasets.iter().find(|dataset| dataset.kind == "population"));
    Some(Candidate {
        id: entity.id.to_string(),
        blob: text_of(entity, "blob")?,
        year: own_year.or_else(|| file?.vintage.as_ref()?.parse().ok()),
        source: file
            .and_then(Dataset::label)
            .or_else(|| dataset::sources(datasets, "population")),
    })
}
