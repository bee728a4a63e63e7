//! The city as entities of the Smart Data Models.

use geo_types::{Coord, LineString, Point};
use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, Name, Uri, Value};
use serde_json::{Map, json};

use crate::buildings::Building;
use crate::districts::{self, District};
use crate::ground::degrees;
use crate::places::{Park, Place};
use crate::population::AgeGroup;
use crate::sensors::SensorKind;
use crate::streets::Segment;
use crate::{City, YEAR};

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
        .with(property("vintage", YEAR.to_string()));
    entity.id = district_uri(number);
    entity
}

fn park(number: usize, park: &Park) -> Entity {
    located("Park", &format!("P{:03}", number + 1), park.outline.clone())
        .with(property("name", park.name.as_str()))
}

fn street(city: &City, segment: &Segment) -> Entity {
    let [from, to] = [segment.from, segment.to].map(|node| degrees(city.ground.nodes[node]));
    let mut entity = located(
        "RoadSegment",
        &format!("{}-{}", segment.from, segment.to),
        LineString(vec![from, to]),
    )
    .with(property("name", segment.name.as_str()))
    .with(property("roadClass", segment.class.as_str()))
    .with(measured("length", segment.length_m, "MTR"))
    .with(measured("width", segment.width_m, "MTR"))
    .with(property("surface", segment.surface))
    .with(property("kerb", segment.kerb))
    .with(property("sidewalk", segment.sidewalk))
    .with(property("lit", segment.lit))
    .with(measured("incline", segment.incline_pct, "P1"))
    .with(property("startNode", i64::try_from(segment.from).unwrap_or(0)))
    .with(property("endNode", i64::try_from(segment.to).unwrap_or(0)))
    .with(Attribute::relationship(
        name("refDistrict"),
        district_uri(segment.district),
    ));
    if segment.sidewalk_width_m > 0.0 {
        entity.put(measured(
            "totalPedestrianPathWidth",
            segment.sidewalk_width_m,
            "MTR",
        ));
    }
    if let Some((limit, lanes)) = match segment.class.as_str() {
        "primary" => Some((60_i64, 4_i64)),
        "secondary" => Some((50, 2)),
        "residential" => Some((30, 2)),
        _ => None,
    } {
        entity.put(measured("maximumAllowedSpeed", limit, "KMH"));
        entity.put(property("totalLaneNumber", lanes));
    }
    entity
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
