//! What the demo city is made of is classified: nothing of it is in the last class because nobody thought of it.

use access::policies::{Action, Asked, RuleBook, Subject};
use demo_city::City;

#[test]
fn of_a_demo_city_everybody_sees_what_is_public_and_nobody_sees_a_household() {
    let rules = RuleBook::defaults().unwrap();
    let classification = rules.classes().classification();
    let special = classification.most_restrictive();
    let rights = rules.rights(&Asked::new(Subject::anonymous("city"), Action::Read));
    let city = City::generate(1, 2_000);
    let at = ngsi_ld::Timestamp::parse("2026-06-01T12:00:00Z").unwrap();
    let readings = city.sensors().iter().map(|sensor| sensor.reading(at));
    let (mut shown, mut hidden) = (
        std::collections::BTreeSet::new(),
        std::collections::BTreeSet::new(),
    );
    for entity in city.entities().chain(readings) {
        let of = entity.types[0].short().to_owned();
        let mut rights = rights.of(&entity);
        for attribute in &entity.attributes {
            let class = classification.class_of(&entity, &attribute.name);
            assert_ne!(
                class,
                special,
                "`{}` of {of} is not classified",
                attribute.name.short()
            );
            let name = format!("{of}.{}", attribute.name.short());
            if rights.to_attribute(&attribute.name) {
                shown.insert(name)
            } else {
                hidden.insert(name)
            };
        }
    }
    for name in [
        "RoadSegment.location",
        "School.name",
        "Streetlight.powerState",
        "AirQualityObserved.location",
    ] {
        assert!(shown.contains(name), "{name} is hidden; shown are {shown:?}");
    }
    for name in [
        "WaterConsumptionObserved.waterConsumption",
        "Building.peopleOccupancy",
    ] {
        assert!(hidden.contains(name), "{name} is shown; hidden are {hidden:?}");
    }
}
