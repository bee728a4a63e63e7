//! Instants in records and documents: as ISO 8601, since people and programs read them.

use ngsi_ld::Timestamp;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// The microseconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;
/// The microseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000_000;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).map_err(D::Error::custom)
}

/// The same where there may be none.
pub(crate) mod optional {
    use ngsi_ld::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[allow(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Timestamp::parse(&text))
            .transpose()
            .map_err(D::Error::custom)
    }
}
