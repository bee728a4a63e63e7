//! The city as entities of the Smart Data Models.

use geo_types::{Coord, LineString, Point};
use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, Name, Uri, Value};
use serde_json::{Map, json};

use crate::buildings::Building;
use crate::districts::{self, District};
use crate::footing::Junction;
use crate::ground::degrees;
use crate::places::{Park, Place};
use crate::population::AgeGroup;
use crate::sensors::SensorKind;
use crate::streets::{Class, Segment};
use crate::{City, YEAR};

/// The currency of incomes and costs: `unitCode` carries the three letters of ISO 4217, which UN/CEFACT takes over
/// as its Recommendation 9.
pub(crate) const CURRENCY: &str = "USD";

fn name(term: &str) -> Name {
    Context::core().expand(term)
}

fn property(term: &str, value: impl Into<ngsi_ld::PropertyValue>) -> Attribute {
    Attribute::property(name(term), value)
}

fn measured(term: &str, value: impl Into<ngsi_ld::PropertyValue>, unit_code: &str) -> Attribute {
    property(term, value).unit_code(unit_code)
}

fn located(entity_type: &str, local: &str, geometry: impl Into<geo_types::Geometry<f64>>) -> Entity {
    Entity::new(Uri::ngsi_ld(entity_type, local), name(entity_type))
        .with(Attribute::geo(name("location"), geometry))
}

fn district_uri(number: usize) -> Uri {
    Uri::ngsi_ld("AdministrativeArea", &format!("district:D{:02}", number + 1))
}

/// All of them, the large ones first.
pub(crate) fn all(city: &City) -> impl Iterator<Item = Entity> + '_ {
    let districts = city
        .districts
        .iter()
        .enumerate()
        .map(|(number, district)| area(number, district));
    let parks = city
        .places
        .parks
        .iter()
        .enumerate()
        .map(|(number, it)| park(number, it));
    let streets = city.streets.segments.iter().map(|segment| street(city, segment));
    let junctions = city.streets.junctions.iter().map(|it| junction(city, it));
    let buildings = city
        .buildings
        .iter()
        .enumerate()
        .map(|(number, it)| building(number, it));
    let places = city
        .places
        .places
        .iter()
        .enumerate()
        .map(|(number, it)| place(number, it));
    let sensors = city.sensors.iter().map(|sensor| sensor.entity().clone());
    std::iter::once(whole(city))
        .chain(districts)
        .chain(parks)
        .chain(streets)
        .chain(junctions)
        .chain(buildings)
        .chain(places)
        .chain(sensors)
}

fn whole(city: &City) -> Entity {
    let sum = |of: fn(&District) -> u32| i64::from(city.districts.iter().map(of).sum::<u32>());
    located(
        "AdministrativeArea",
        "city",
        districts::city_outline(&city.ground),
    )
    .with(property("name", city.name()))
    .with(property("code", "city"))
    .with(property("administrativeLevel", "city"))
    .with(property("population", sum(|district| district.population)))
    .with(property(
        "personsWithDisabilities",
        sum(|district| district.persons_with_disabilities),
    ))
    .with(property("vintage", YEAR.to_string()))
}

fn area(number: usize, district: &District) -> Entity {
    let ages: Map<_, _> = AgeGroup::ALL
        .iter()
        .map(|age| (age.as_str().to_owned(), json!(district.ages[*age as usize])))
        .collect();
    let mut entity = located("AdministrativeArea", "", district.outline.clone())
        .with(property("name", district.name.as_str()))
        .with(property("code", format!("D{:02}", number + 1)))
        .with(property("administrativeLevel", "district"))
        .with(property("population", i64::from(district.population)))
        .with(property(
            "personsWithDisabilities",
            i64::from(district.persons_with_disabilities),
        ))
        .with(Attribute::new(
            name("populationByAge"),
            Value::Json(Box::new(ages.into())),
        ))
        .with(measured("medianIncome", district.median_income(), CURRENCY))
        .with(property("vintage", YEAR.to_string()));
    entity.id = district_uri(number);
    entity
}

fn park(number: usize, park: &Park) -> Entity {
    located("Park", &format!("P{:03}", number + 1), park.outline.clone())
        .with(property("name", park.name.as_str()))
}

/// A street, with the tags that OpenStreetMap has for it, as far as somebody surveyed them.
fn street(city: &City, segment: &Segment) -> Entity {
    let ends = [segment.from, segment.to];
    let footing = &segment.footing;
    let mut entity = located(
        "RoadSegment",
        &format!("{}-{}", segment.from, segment.to),
        LineString(ends.map(|node| degrees(city.ground.nodes[node])).to_vec()),
    )
    .with(property("name", segment.name.as_str()))
    .with(property("highway", segment.highway()))
    .with(property("nodes", json!(ends)))
    .with(measured("length", segment.length_m, "MTR"))
    .with(Attribute::relationship(
        name("refDistrict"),
        district_uri(segment.district),
    ));
    let sidewalk_width = match footing.sidewalk {
        Some("left") => "sidewalkLeftWidth",
        Some("right") => "sidewalkRightWidth",
        _ => "sidewalkBothWidth",
    };
    let texts = [
        ("surface", footing.surface),
        ("smoothness", footing.smoothness),
        ("sidewalk", footing.sidewalk),
        ("lit", footing.lit.map(yes_no)),
        ("tactilePaving", footing.tactile_paving.map(yes_no)),
    ];
    let numbers = [
        ("width", footing.width_m, "MTR"),
        (sidewalk_width, footing.sidewalk_width_m, "MTR"),
        ("incline", footing.incline_pct, "P1"),
    ];
    put_known(&mut entity, texts, numbers);
    if let Some(steps) = &footing.steps {
        entity.put(property("stepCount", i64::from(steps.count)));
        let texts = [
            ("rampWheelchair", steps.ramp.map(yes_no)),
            ("handrail", steps.handrail.map(yes_no)),
        ];
        put_known(&mut entity, texts, []);
    }
    if let Some((limit, lanes)) = match segment.class {
        Class::Primary => Some((60_i64, 4_i64)),
        Class::Secondary => Some((50, 2)),
        Class::Residential => Some((30, 2)),
        Class::Footway => None,
    } {
        entity.put(measured("maximumAllowedSpeed", limit, "KMH"));
        entity.put(property("totalLaneNumber", lanes));
    }
    entity
}

/// A place where streets meet.
fn junction(city: &City, junction: &Junction) -> Entity {
    let mut entity = located(
        "RoadNode",
        &junction.node.to_string(),
        Point(degrees(city.ground.nodes[junction.node])),
    )
    .with(property("node", i64::try_from(junction.node).unwrap_or(0)))
    .with(Attribute::relationship(
        name("refDistrict"),
        district_uri(junction.district),
    ));
    let texts = [
        ("highway", junction.crossing.map(|_| "crossing")),
        ("crossing", junction.crossing),
        ("kerb", junction.kerb),
        ("tactilePaving", junction.tactile_paving.map(yes_no)),
    ];
    put_known(
        &mut entity,
        texts,
        [("kerbHeight", junction.kerb_height_m, "MTR")],
    );
    entity
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Puts what is known, and leaves out what is not.
fn put_known<const T: usize, const N: usize>(
    entity: &mut Entity,
    texts: [(&str, Option<&str>); T],
    numbers: [(&str, Option<f64>, &str); N],
) {
    for (term, text) in texts {
        if let Some(text) = text {
            entity.put(property(term, text));
        }
    }
    for (term, number, unit_code) in numbers {
        if let Some(number) = number {
            entity.put(measured(term, number, unit_code));
        }
    }
}

fn building(number: usize, building: &Building) -> Entity {
    located(
        "Building",
        &format!("B{:05}", number + 1),
        building.footprint.clone(),
    )
    .with(property("category", json!([building.category])))
    .with(measured("height", building.height_m, "MTR"))
    .with(property("floorsAboveGround", i64::from(building.floors)))
    .with(property("peopleOccupancy", i64::from(building.residents)))
    .with(property("wheelchair", building.wheelchair))
    .with(Attribute::relationship(
        name("refDistrict"),
        district_uri(building.district),
    ))
}

fn place(number: usize, place: &Place) -> Entity {
    let entity_type = if place.category == "school" {
        "School"
    } else {
        "PointOfInterest"
    };
    let mut entity = located(
        entity_type,
        &format!("{}-{:03}", place.category, number + 1),
        Point(place.at),
    )
    .with(property("name", place.name.as_str()))
    .with(property("category", place.category))
    .with(property("wheelchair", place.wheelchair))
    .with(Attribute::relationship(
        name("refDistrict"),
        district_uri(place.district),
    ));
    if place.capacity > 0 {
        entity.put(property("capacity", i64::from(place.capacity)));
    }
    entity
}

/// A sensor before its first reading.
pub(crate) fn sensor(
    kind: SensorKind,
    number: u32,
    at: Coord<f64>,
    size: f64,
    district: Option<&District>,
) -> Entity {
    let label = match kind {
        SensorKind::Weather => "Weather station",
        SensorKind::Air => "Air quality station",
        SensorKind::Noise => "Noise meter",
        SensorKind::Parking => "Car park",
        SensorKind::Water => "Water meter",
        SensorKind::StreetLight => "Street light",
    };
    let mut text = format!("{label} {number}");
    if let Some(district) = district {
        text = format!("{text}, {}", district.name);
    }
    let mut entity =
        located(kind.entity_type(), &format!("{number:05}"), Point(at)).with(property("name", text.as_str()));
    #[allow(clippy::cast_possible_truncation, reason = "a few hundred")]
    match kind {
        SensorKind::Parking => entity.put(property("totalSpotNumber", size as i64)),
        SensorKind::StreetLight => entity.put(measured("lanternPower", size, "WTT")),
        _ => {}
    }
    entity
}
