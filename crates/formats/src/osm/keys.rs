//! The tag keys that are kept of OpenStreetMap, and the names of the attributes that they become.
//!
//! An attribute is called as its key, in lower camel case, split at `:` and `_`: `kerb:height` is `kerbHeight`.
//! Both ways are one table, so that an attribute read from the twin is the tag it was: [`term`] and [`key`] are
//! each other's inverse.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Every key that is kept, and the term of its attribute.
const TABLE: &[(&str, &str)] = &[
    // What it is.
    ("highway", "highway"),
    ("footway", "footway"),
    ("path", "path"),
    ("cycleway", "cycleway"),
    ("cycleway:left", "cyclewayLeft"),
    ("cycleway:right", "cyclewayRight"),
    ("cycleway:both", "cyclewayBoth"),
    ("service", "service"),
    ("construction", "construction"),
    ("railway", "railway"),
    ("public_transport", "publicTransport"),
    ("area", "area"),
    ("segregated", "segregated"),
    ("name", "name"),
    ("ref", "ref"),
    ("local_ref", "localRef"),
    // Crossings.
    ("crossing", "crossing"),
    ("crossing:markings", "crossingMarkings"),
    ("crossing:island", "crossingIsland"),
    ("crossing:signals", "crossingSignals"),
    ("crossing_ref", "crossingRef"),
    ("crossing:continuous", "crossingContinuous"),
    ("traffic_calming", "trafficCalming"),
    ("traffic_signals", "trafficSignals"),
    ("traffic_signals:sound", "trafficSignalsSound"),
    ("traffic_signals:vibration", "trafficSignalsVibration"),
    ("traffic_signals:arrow", "trafficSignalsArrow"),
    ("traffic_signals:minimap", "trafficSignalsMinimap"),
    ("traffic_signals:floor_vibration", "trafficSignalsFloorVibration"),
    ("button_operated", "buttonOperated"),
    // Kerbs.
    ("kerb", "kerb"),
    ("kerb:height", "kerbHeight"),
    ("kerb:left", "kerbLeft"),
    ("kerb:left:height", "kerbLeftHeight"),
    ("kerb:right", "kerbRight"),
    ("kerb:right:height", "kerbRightHeight"),
    ("kerb:both", "kerbBoth"),
    ("kerb:both:height", "kerbBothHeight"),
    ("kerb:approach_aid", "kerbApproachAid"),
    // Slopes, surfaces, widths.
    ("incline", "incline"),
    ("incline:across", "inclineAcross"),
    ("surface", "surface"),
    ("surface:grade", "surfaceGrade"),
    ("surface:middle", "surfaceMiddle"),
    ("surface:note", "surfaceNote"),
    ("footway:surface", "footwaySurface"),
    ("cycleway:surface", "cyclewaySurface"),
    ("smoothness", "smoothness"),
    ("footway:smoothness", "footwaySmoothness"),
    ("tracktype", "tracktype"),
    ("width", "width"),
    ("est_width", "estWidth"),
    ("footway:width", "footwayWidth"),
    ("maxwidth", "maxwidth"),
    ("maxwidth:physical", "maxwidthPhysical"),
    ("trail_visibility", "trailVisibility"),
    ("sac_scale", "sacScale"),
    // Steps, ramps, lifts.
    ("steps", "steps"),
    ("step_count", "stepCount"),
    ("step:height", "stepHeight"),
    ("step:length", "stepLength"),
    ("step:contrast", "stepContrast"),
    ("step:condition", "stepCondition"),
    ("flat_steps", "flatSteps"),
    ("ramp", "ramp"),
    ("ramp:wheelchair", "rampWheelchair"),
    ("ramp:stroller", "rampStroller"),
    ("ramp:bicycle", "rampBicycle"),
    ("ramp:luggage", "rampLuggage"),
    ("handrail", "handrail"),
    ("handrail:both", "handrailBoth"),
    ("handrail:left", "handrailLeft"),
    ("handrail:right", "handrailRight"),
    ("handrail:center", "handrailCenter"),
    ("conveying", "conveying"),
    ("elevator", "elevator"),
    ("elevator:operational_status", "elevatorOperationalStatus"),
    ("operational_status", "operationalStatus"),
    ("capacity:persons", "capacityPersons"),
    // Who can see, feel and use it.
    ("lit", "lit"),
    ("tactile_paving", "tactilePaving"),
    ("tactile_writing", "tactileWriting"),
    ("wheelchair", "wheelchair"),
    ("wheelchair:description", "wheelchairDescription"),
    ("wheelchair:ramp", "wheelchairRamp"),
    ("wheelchair:entrance_width", "wheelchairEntranceWidth"),
    ("wheelchair:step_height", "wheelchairStepHeight"),
    ("toilets:wheelchair", "toiletsWheelchair"),
    ("changing_table", "changingTable"),
    ("blind", "blind"),
    ("blind:description", "blindDescription"),
    ("deaf", "deaf"),
    ("hearing_loop", "hearingLoop"),
    ("speech_output", "speechOutput"),
    ("departures_board:speech_output", "departuresBoardSpeechOutput"),
    ("shelter", "shelter"),
    ("bench", "bench"),
    // Sidewalks.
    ("sidewalk", "sidewalk"),
    ("sidewalk:left", "sidewalkLeft"),
    ("sidewalk:right", "sidewalkRight"),
    ("sidewalk:both", "sidewalkBoth"),
    ("sidewalk:surface", "sidewalkSurface"),
    ("sidewalk:left:surface", "sidewalkLeftSurface"),
    ("sidewalk:right:surface", "sidewalkRightSurface"),
    ("sidewalk:both:surface", "sidewalkBothSurface"),
    ("sidewalk:smoothness", "sidewalkSmoothness"),
    ("sidewalk:left:smoothness", "sidewalkLeftSmoothness"),
    ("sidewalk:right:smoothness", "sidewalkRightSmoothness"),
    ("sidewalk:both:smoothness", "sidewalkBothSmoothness"),
    ("sidewalk:width", "sidewalkWidth"),
    ("sidewalk:left:width", "sidewalkLeftWidth"),
    ("sidewalk:right:width", "sidewalkRightWidth"),
    ("sidewalk:both:width", "sidewalkBothWidth"),
    ("sidewalk:kerb", "sidewalkKerb"),
    ("sidewalk:left:kerb", "sidewalkLeftKerb"),
    ("sidewalk:right:kerb", "sidewalkRightKerb"),
    ("sidewalk:both:kerb", "sidewalkBothKerb"),
    ("sidewalk:incline", "sidewalkIncline"),
    ("sidewalk:left:incline", "sidewalkLeftIncline"),
    ("sidewalk:right:incline", "sidewalkRightIncline"),
    ("sidewalk:both:incline", "sidewalkBothIncline"),
    ("sidewalk:tactile_paving", "sidewalkTactilePaving"),
    ("sidewalk:left:tactile_paving", "sidewalkLeftTactilePaving"),
    ("sidewalk:right:tactile_paving", "sidewalkRightTactilePaving"),
    ("sidewalk:both:tactile_paving", "sidewalkBothTactilePaving"),
    ("sidewalk:wheelchair", "sidewalkWheelchair"),
    ("sidewalk:left:wheelchair", "sidewalkLeftWheelchair"),
    ("sidewalk:right:wheelchair", "sidewalkRightWheelchair"),
    ("sidewalk:both:wheelchair", "sidewalkBothWheelchair"),
    // Who may use it.
    ("access", "access"),
    ("foot", "foot"),
    ("bicycle", "bicycle"),
    ("bicycle_road", "bicycleRoad"),
    ("vehicle", "vehicle"),
    ("motor_vehicle", "motorVehicle"),
    ("motorroad", "motorroad"),
    ("horse", "horse"),
    ("bus", "bus"),
    ("tram", "tram"),
    ("train", "train"),
    ("psv", "psv"),
    ("oneway", "oneway"),
    ("oneway:foot", "onewayFoot"),
    ("oneway:bicycle", "onewayBicycle"),
    ("junction", "junction"),
    ("lanes", "lanes"),
    ("lanes:forward", "lanesForward"),
    ("lanes:backward", "lanesBackward"),
    ("maxspeed", "maxspeed"),
    ("opening_hours", "openingHours"),
    ("fee", "fee"),
    // Where it runs.
    ("bridge", "bridge"),
    ("tunnel", "tunnel"),
    ("layer", "layer"),
    ("level", "level"),
    ("indoor", "indoor"),
    ("covered", "covered"),
    ("ford", "ford"),
    // What stands in the way, and what leads in.
    ("barrier", "barrier"),
    ("bollard", "bollard"),
    ("cycle_barrier", "cycleBarrier"),
    ("obstacle", "obstacle"),
    ("locked", "locked"),
    ("entrance", "entrance"),
    ("door", "door"),
    ("door:width", "doorWidth"),
    ("automatic_door", "automaticDoor"),
    // What a place is: its `category` says the value, these say the rest.
    ("operator", "operator"),
    ("operator:type", "operatorType"),
    ("capacity", "capacity"),
    ("capacity:disabled", "capacityDisabled"),
    ("beds", "beds"),
    ("emergency", "emergency"),
];

/// The table both ways.
static BY_KEY: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| TABLE.iter().copied().collect());
static BY_TERM: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| TABLE.iter().map(|(key, term)| (*term, *key)).collect());

/// The term of the attribute that a tag becomes; `None` of a key that is not kept.
pub fn term(key: &str) -> Option<&'static str> {
    BY_KEY.get(key).copied()
}

/// The key of the tag that an attribute was; `None` of an attribute that is no tag.
pub fn key(term: &str) -> Option<&'static str> {
    BY_TERM.get(term).copied()
}

/// Every key that is kept.
pub fn all() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::context::Context;

    /// The rule, apart from the table.
    fn camel(key: &str) -> String {
        let mut words = key.split([':', '_']);
        let mut term = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            term.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            term.push_str(letters.as_str());
        }
        term
    }

    #[test]
    fn keys_and_terms_are_each_other_s_inverse() {
        for (k, t) in TABLE {
            assert_eq!(camel(k), *t, "the term of `{k}`");
            assert_eq!(term(k), Some(*t));
            assert_eq!(key(t), Some(*k), "`{t}` is the term of one key only");
        }
        assert_eq!(BY_KEY.len(), TABLE.len(), "no key stands twice");
        assert_eq!(BY_TERM.len(), TABLE.len(), "no term stands twice");
        assert_eq!(term("note"), None);
        assert_eq!(key("location"), None);
    }

    /// A request without @context must find them, and no tag may take the name of something that is no tag.
    #[test]
    fn terms_are_plain_words_of_the_default_vocabulary() {
        let ours = [
            "id",
            "type",
            "scope",
            "location",
            "nodes",
            "node",
            "category",
            "entrances",
            "code",
            "administrativeLevel",
            "vintage",
        ];
        for (_, term) in TABLE {
            assert!(!ours.contains(term), "{term}");
            let name = Context::core().expand(term);
            assert_eq!(name.short(), *term);
            assert!(
                name.as_str().starts_with("https://uri.etsi.org/ngsi-ld/"),
                "{term} is {}",
                name.as_str()
            );
        }
    }
}
