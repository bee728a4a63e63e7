//! A twin made of what an import put into memory, and a small city to put there.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test program uses a part"
)]

use std::sync::Arc;

use formats::raster::{Georeference, GridWriter, Sample as GridSample};
use formats::{MemorySink, Sink};
use geo_types::{Coord, LineString, Point, Polygon};
use indicators::{AssessOptions, Assessment, KpiValue, PeriodRequest, assess};
use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri};
use query::{Caller, EntityQuery, Selection, View};
use twin::{BlobId, Error, HistoryQuery, Page, Part, Piece, Reader, Sample};

/// Reads what a sink holds.
pub struct MemoryReader(pub MemorySink);

impl MemoryReader {
    fn visible(&self, view: &View) -> impl Iterator<Item = Arc<Entity>> {
        self.0
            .entities
            .values()
            .filter_map(move |entity| view.of(entity))
            .map(|entity| Arc::new(entity.into_owned()))
    }
}

impl Reader for MemoryReader {
    fn get(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        view.of(self.0.entities.get(id)?)
            .map(|entity| Arc::new(entity.into_owned()))
    }

    fn query(&self, view: &View, query: &EntityQuery) -> Result<Page, Error> {
        let entities: Vec<_> = self
            .visible(view)
            .filter(|entity| query.selection.matches(entity))
            .collect();
        Ok(Page {
            total: Some(entities.len()),
            examined: entities.len(),
            entities,
            more: false,
        })
    }

    fn scan(
        &self,
        view: &View,
        selection: &Selection,
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<(), Error> {
        let mut entities = self.visible(view).filter(|entity| selection.matches(entity));
        let _ = entities.all(|entity| visit(&entity));
        Ok(())
    }

    fn types(&self, view: &View) -> Vec<(Name, usize)> {
        let mut types: Vec<(Name, usize)> = Vec::new();
        for entity in self.visible(view) {
            for name in &entity.types {
                match types.iter_mut().find(|(known, _)| known == name) {
                    Some((_, count)) => *count += 1,
                    None => types.push((name.clone(), 1)),
                }
            }
        }
        types
    }

    fn history(&self, view: &View, id: &Uri, query: &HistoryQuery) -> Result<Option<Entity>, Error> {
        let Some(entity) = self.get(view, id) else {
            return Ok(None);
        };
        let mut history = Entity::new(entity.id.clone(), entity.types[0].clone());
        let wanted = |a: &&Attribute| query.attributes.is_empty() || query.attributes.contains(&a.name);
        history.attributes.extend(
            self.0
                .history
                .get(id)
                .into_iter()
                .flatten()
                .filter(wanted)
                .cloned(),
        );
        Ok(Some(history))
    }

    fn evolution(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        _most: usize,
    ) -> Result<Option<Part>, Error> {
        let history = self.history(view, id, query)?;
        Ok(history.map(|entity| Part {
            entity,
            reached: None,
            left_out: Vec::new(),
        }))
    }

    fn pieces(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        each: &mut dyn FnMut(&Name, Option<&Uri>, Piece<'_>),
    ) -> Result<Option<Entity>, Error> {
        let Some(mut entity) = self.history(view, id, query)? else {
            return Ok(None);
        };
        for one in std::mem::take(&mut entity.attributes) {
            each(
                &one.name,
                one.dataset_id.as_ref(),
                Piece::One(one.instant(), &one),
            );
        }
        Ok(Some(entity))
    }

    fn series(
        &self,
        view: &View,
        id: &Uri,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Sample>, Error> {
        let Some(entity) = self.get(view, id) else {
            return Ok(Vec::new());
        };
        let past = self
            .0
            .history
            .get(id)
            .map_or(&entity.attributes, |history| history);
        let mut samples: Vec<Sample> = past
            .iter()
            .filter(|a| a.name == *attribute && a.dataset_id.is_none())
            .filter_map(|a| {
                Some(Sample {
                    observed_at: a.observed_at?,
                    value: a.as_f64()?,
                    unit_code: a.unit_code.as_deref().map(Into::into),
                })
            })
            .filter(|sample| range.0 <= sample.observed_at && sample.observed_at < range.1)
            .collect();
        samples.sort_by_key(|sample| sample.observed_at);
        Ok(samples)
    }

    fn read_blob(&self, _: &View, blob: &BlobId, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let from = usize::try_from(offset).expect("an offset");
        let bytes = self
            .0
            .blobs
            .get(&blob.0)
            .and_then(|bytes| bytes.get(from..from + buffer.len()));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::Storage("no such blob".to_owned()))?);
        Ok(())
    }

    fn blob_length(&self, _: &View, blob: &BlobId) -> Result<Option<u64>, Error> {
        Ok(self.0.blobs.get(&blob.0).map(|bytes| bytes.len() as u64))
    }

    fn evolutions(
        &self,
        view: &View,
        types: &[Name],
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<(), Error> {
        let of_type =
            |entity: &Arc<Entity>| types.is_empty() || entity.types.iter().any(|t| types.contains(t));
        let _ = self.visible(view).filter(of_type).all(|entity| visit(&entity));
        Ok(())
    }
    fn evolution_of(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        self.get(view, id)
    }
}

/// A view that hides nothing.
pub fn view() -> View {
    View::open(Caller::System("test"), "assessment")
}

/// A name as a request without @context expands it.
pub fn name(term: &str) -> Name {
    Context::core().expand(term)
}

/// An id.
pub fn id(entity_type: &str, local: &str) -> Uri {
    Uri::ngsi_ld(entity_type, local)
}

/// An entity in the making.
pub struct Make(pub Entity);

impl Make {
    pub fn new(entity_type: &str, local: &str) -> Self {
        Self(Entity::new(id(entity_type, local), name(entity_type)))
    }
    pub fn property(mut self, term: &str, value: impl Into<PropertyValue>) -> Self {
        self.0.put(Attribute::property(name(term), value));
        self
    }
    pub fn to(mut self, term: &str, target: Uri) -> Self {
        self.0.put(Attribute::relationship(name(term), target));
        self
    }
    pub fn at(mut self, x: f64, y: f64) -> Self {
        self.0.put(Attribute::geo(name("location"), Point::new(x, y)));
        self
    }
    pub fn square(mut self, west: f64, south: f64, width: f64, height: f64) -> Self {
        let ring: LineString<f64> = vec![
            (west, south),
            (west + width, south),
            (west + width, south + height),
            (west, south + height),
            (west, south),
        ]
        .into();
        self.0
            .put(Attribute::geo(name("location"), Polygon::new(ring, Vec::new())));
        self
    }
    pub fn line(mut self, points: &[(f64, f64)]) -> Self {
        self.0.put(Attribute::geo(
            name("location"),
            LineString::from(points.to_vec()),
        ));
        self
    }
}

/// Adds entities to a sink.
pub fn put(sink: &mut MemorySink, entities: impl IntoIterator<Item = Make>) {
    sink.put(entities.into_iter().map(|made| made.0).collect())
        .expect("memory takes everything");
}

/// A city of two wards, one east of the other, each 0.02° wide and 0.02° high with ten by ten cells of ten
/// inhabitants; a bus line along the middle of the western ward. Two of its three stops are served.
pub fn small_city() -> MemorySink {
    let mut sink = MemorySink::default();
    put(
        &mut sink,
        [
            Make::new("AdministrativeArea", "ward:1")
                .property("name", "WEST")
                .property("code", "1")
                .property("administrativeLevel", "ward")
                .property(
                    "sourceProperties",
                    serde_json::json!({"county_name": "SMALLVILLE", "county_code": "47"}),
                )
                .square(10.0, 1.0, 0.02, 0.02),
            Make::new("AdministrativeArea", "ward:2")
                .property("name", "EAST")
                .property("code", "2")
                .property("administrativeLevel", "ward")
                .property(
                    "sourceProperties",
                    serde_json::json!({"county_name": "SMALLVILLE", "county_code": "47"}),
                )
                .square(10.02, 1.0, 0.02, 0.02),
        ],
    );
    population(&mut sink, 2025);
    let service = id("GtfsService", "daily");
    put(
        &mut sink,
        [
            Make::new("GtfsAgency", "a").property("timezone", "Africa/Nairobi"),
            Make::new("GtfsService", "daily"),
            Make::new("GtfsCalendarRule", "daily")
                .to("hasService", service.clone())
                .property("monday", true)
                .property("sunday", false)
                .property("startDate", "2019-01-01")
                .property("endDate", "2020-12-31"),
            Make::new("GtfsStop", "a").at(10.005, 1.01),
            Make::new("GtfsStop", "b").at(10.015, 1.01),
            Make::new("GtfsStop", "unserved").at(10.03, 1.01),
            Make::new("GtfsShape", "s").line(&[(10.005, 1.01), (10.01, 1.01), (10.015, 1.01)]),
            Make::new("GtfsTrip", "t")
                .to("hasService", service)
                .to("hasShape", id("GtfsShape", "s")),
            Make::new("GtfsStopTime", "t1")
                .to("hasTrip", id("GtfsTrip", "t"))
                .to("hasStop", id("GtfsStop", "a"))
                .property("stopSequence", 1_i64),
            Make::new("GtfsStopTime", "t2")
                .to("hasTrip", id("GtfsTrip", "t"))
                .to("hasStop", id("GtfsStop", "b"))
                .property("stopSequence", 2_i64),
            Make::new("Dataset", "gtfs:small")
                .property("kind", "gtfs")
                .property("fileName", "small.zip")
                .property("vintage", "2019")
                .property("validFrom", "2019-01-01")
                .property("validTo", "2020-12-31"),
        ],
    );
    sink
}

/// The centres of the small city's cells.
pub fn small_cells() -> Vec<Coord<f64>> {
    (0..20)
        .flat_map(|column| (0..10).map(move |row| (column, row)))
        .map(|(column, row)| Coord {
            x: 10.0 + (f64::from(column) + 0.5) * 0.002,
            y: 1.02 - (f64::from(row) + 0.5) * 0.002,
        })
        .collect()
}

/// A grid of a year with ten inhabitants in each cell, a margin without data around it.
pub fn population(sink: &mut MemorySink, year: i16) {
    let place = Georeference {
        west: 9.998,
        north: 1.022,
        cell_width: 0.002,
        cell_height: 0.002,
    };
    let mut writer = GridWriter::new(22, 12, GridSample::F32, place, Some(-99999.0)).expect("a grid");
    for row in 0..12 {
        let cell = |column: usize| {
            if (1..21).contains(&column) && (1..11).contains(&row) {
                10.0
            } else {
                -99999.0
            }
        };
        writer
            .push_row(&(0..22).map(cell).collect::<Vec<_>>())
            .expect("a row");
    }
    let (_, mut content) = writer.finish().expect("a grid");
    let blob = sink.blob(&mut content).expect("memory takes everything");
    put(
        sink,
        [Make::new("PopulationGrid", &format!("population-{year}"))
            .property("blob", blob)
            .property("vintage", year.to_string())],
    );
}

/// Adds readings of an attribute to a sensor's history.
pub fn readings(sink: &mut MemorySink, sensor: &Uri, term: &str, unit: Option<&str>, values: &[(&str, f64)]) {
    let mut entity = Entity::new(sensor.clone(), name("AirQualityObserved"));
    for (at, value) in values {
        let mut attribute =
            Attribute::property(name(term), *value).observed_at(Timestamp::parse(at).expect("an instant"));
        attribute.unit_code = unit.map(Into::into);
        entity.attributes.push(attribute);
    }
    sink.append(vec![entity]).expect("memory takes everything");
}

pub fn run(sink: MemorySink) -> Assessment {
    run_with(sink, &AssessOptions::default())
}

pub fn run_with(sink: MemorySink, options: &AssessOptions) -> Assessment {
    assess(&MemoryReader(sink), &view(), options).expect("an assessment")
}

pub fn of_period(period: &str) -> AssessOptions {
    AssessOptions {
        period: Some(PeriodRequest::parse(period).expect("a period")),
        ..AssessOptions::default()
    }
}

pub fn number(assessment: &Assessment, kpi: &str, data_point: Option<&str>) -> f64 {
    let row = assessment.data_point(kpi, data_point).expect("a row");
    row.value
        .as_ref()
        .and_then(KpiValue::as_f64)
        .unwrap_or_else(|| panic!("{kpi}: {:?}", row.needed))
}

/// The small city with one sensor that does not say where it is.
pub fn with_air() -> MemorySink {
    let mut city = small_city();
    let sensor = id("AirQualityObserved", "one");
    readings(
        &mut city,
        &sensor,
        "pm25",
        Some("GQ"),
        &[
            ("2017-12-31T20:59:59Z", 1000.0),
            ("2017-12-31T21:00:00Z", 4.0),
            ("2018-06-01T00:00:00Z", 8.0),
            ("2018-06-01T01:00:00Z", 9.0),
            ("2018-06-01T02:00:00Z", 3.0),
        ],
    );
    city
}
