//! `EN: EN: AQ: 1C`, Air Pollution: the arithmetic mean of all readings of a pollutant in µg/m³, and what
//! percentage of the guideline value it is.

use geo_types::{Coord, MultiPolygon};
use jiff::tz::TimeZone;
use ngsi_ld::Timestamp;

use crate::geometry::AreaIndex;
use crate::period::Period;

/// The readings of one sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Where it stands, in degrees; a sensor that does not say counts for the whole city.
    pub location: Option<Coord<f64>>,
    /// Its readings in µg/m³, oldest first.
    pub readings: Vec<(Timestamp, f64)>,
}

/// The result for one pollutant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mean {
    /// Arithmetic mean of all readings in µg/m³.
    pub value: f64,
    /// How many readings.
    pub readings: usize,
    /// How many sensors gave them.
    pub sensors: usize,
    /// How many of these do not say where they are.
    pub unlocated: usize,
    /// How many readings are below zero (sensor noise or a fault; they are in the mean).
    pub negative: usize,
    /// Readings times usual interval over the period, in percent, per sensor at most 100, averaged.
    pub temporal_pct: f64,
    /// The share of areas with a sensor; none where there are no areas.
    pub area_pct: Option<f64>,
    /// The usual interval between readings in seconds: the median gap, of the first sensor that has one.
    pub interval_s: Option<f64>,
    /// For each area, mean and number of readings of the sensors that stand in it.
    pub areas: Vec<Option<(f64, usize)>>,
    /// The calendar years of the readings.
    pub years: Vec<String>,
}

/// Calculates the mean of the readings within a period of the sensors inside the city (the union of `city`;
/// empty: everywhere). `None` when there is no such reading.
pub fn calculate(
    sensors: &[Series],
    period: &Period,
    zone: &TimeZone,
    city: &[MultiPolygon<f64>],
    areas: &[MultiPolygon<f64>],
) -> Option<Mean> {
    let everywhere = city.is_empty();
    let city = AreaIndex::new(city);
    let index = AreaIndex::new(areas);
    let mut mean = Mean::default();
    let mut sum = Sum::default();
    let mut by_area = vec![(Sum::default(), 0_usize); areas.len()];
    let mut covered = Vec::new();
    let mut years: Vec<Period> = Vec::new();
    for sensor in sensors {
        if sensor
            .location
            .is_some_and(|place| !everywhere && !city.any(place))
        {
            continue;
        }
        let readings: Vec<_> = sensor
            .readings
            .iter()
            .copied()
            .filter(|(at, value)| period.holds(*at) && value.is_finite())
            .collect();
        if readings.is_empty() {
            continue;
        }
        let own_areas: Vec<usize> = sensor
            .location
            .map_or_else(Vec::new, |place| index.holding(place).collect());
        for &(at, value) in &readings {
            sum.add(value);
            mean.negative += usize::from(value < 0.0);
            for &area in &own_areas {
                by_area[area].0.add(value);
                by_area[area].1 += 1;
            }
            if !years.iter().any(|year| year.holds(at)) {
                years.extend(Period::year_of(at, zone));
            }
        }
        mean.readings += readings.len();
        mean.sensors += 1;
        mean.unlocated += usize::from(sensor.location.is_none());
        let interval_s = usual_interval_s(&readings);
        covered.push(interval_s.map_or(0.0, |interval| {
            (100.0 * readings.len() as f64 * interval / period.seconds()).min(100.0)
        }));
        mean.interval_s = mean.interval_s.or(interval_s);
    }
    if mean.readings == 0 {
        return None;
    }
    mean.years = years.into_iter().map(|year| year.label).collect();
    mean.years.sort_unstable();
    mean.value = sum.total() / mean.readings as f64;
    mean.temporal_pct = covered.iter().sum::<f64>() / covered.len() as f64;
    mean.areas = by_area
        .into_iter()
        .map(|(sum, count)| (count > 0).then(|| (sum.total() / count as f64, count)))
        .collect();
    mean.area_pct = (!areas.is_empty()).then(|| {
        let with_sensor = mean.areas.iter().flatten().count();
        // A sensor that does not say where it is stands in one area, nobody knows which.
        100.0 * (with_sensor + mean.unlocated).min(areas.len()) as f64 / areas.len() as f64
    });
    Some(mean)
}

/// The median gap between readings in seconds; none for fewer than two.
fn usual_interval_s(readings: &[(Timestamp, f64)]) -> Option<f64> {
    let mut gaps: Vec<i64> = readings
        .windows(2)
        .map(|pair| pair[1].0.as_micros() - pair[0].0.as_micros())
        .collect();
    if gaps.is_empty() {
        return None;
    }
    gaps.sort_unstable();
    Some(gaps[gaps.len() / 2] as f64 / 1e6)
}

/// A sum with its rounding error kept (Neumaier), so that the order of readings does not matter.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    error: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let total = self.sum + value;
        self.error += if self.sum.abs() >= value.abs() {
            (self.sum - total) + value
        } else {
            (value - total) + self.sum
        };
        self.sum = total;
    }

    fn total(self) -> f64 {
        self.sum + self.error
    }
}

/// What to multiply a reading in a unit by to have µg/m³: a UN/CEFACT code or the unit's usual spelling; no unit
/// is taken to be µg/m³. `None`: the unit is another (a share by volume, ppb, needs temperature and pressure).
pub fn to_micrograms_per_m3(unit: Option<&str>) -> Option<f64> {
    let Some(unit) = unit.map(str::trim).filter(|unit| !unit.is_empty()) else {
        return Some(1.0);
    };
    match unit {
        "GQ" => return Some(1.0),
        "GP" => return Some(1000.0),
        _ => {}
    }
    let plain: String = unit
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            'µ' | 'μ' => 'u',
            '³' => '3',
            c => c.to_ascii_lowercase(),
        })
        .filter(|c| *c != '^')
        .collect();
    match plain.as_str() {
        "ug/m3" | "ugm-3" | "ugm3" | "ug.m-3" => Some(1.0),
        "mg/m3" | "mgm-3" | "mgm3" => Some(1000.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year() -> Period {
        Period::year(2018, &TimeZone::UTC).unwrap()
    }

    fn every(minutes: i64, values: &[f64]) -> Vec<(Timestamp, f64)> {
        let start = Timestamp::parse("2018-03-01T00:00:00Z").unwrap();
        values
            .iter()
            .enumerate()
            .map(|(i, &v)| {
                (
                    start.plus_micros(i64::try_from(i).unwrap() * minutes * 60_000_000),
                    v,
                )
            })
            .collect()
    }

    #[test]
    fn a_mean_says_how_much_it_stands_on() {
        let series = Series {
            location: None,
            readings: every(60, &[1.0, 2.0, 6.0]),
        };
        let mean = calculate(&[series], &year(), &TimeZone::UTC, &[], &[]).unwrap();
        assert_eq!((mean.value, mean.readings, mean.sensors), (3.0, 3, 1));
        assert!((mean.temporal_pct - 100.0 * 3.0 / 8760.0).abs() < 1e-12);
        assert_eq!(mean.area_pct, None);
        assert_eq!(mean.interval_s, Some(3600.0));
        assert_eq!(mean.years, ["2018"]);
    }

    #[test]
    fn only_the_period_and_the_city_count() {
        use geo_types::wkt;
        let ward: geo_types::Polygon<f64> = wkt!(POLYGON((0. 0.,1. 0.,1. 1.,0. 1.,0. 0.)));
        let other: geo_types::Polygon<f64> = wkt!(POLYGON((1. 0.,2. 0.,2. 1.,1. 1.,1. 0.)));
        let wards = [MultiPolygon(vec![ward]), MultiPolygon(vec![other])];
        let at = |x, y, values: &[f64]| Series {
            location: Some(Coord { x, y }),
            readings: every(60, values),
        };
        let mut early = at(0.5, 0.5, &[100.0]);
        early.readings[0].0 = Timestamp::parse("2017-12-31T23:59:59Z").unwrap();
        let sensors = [at(0.5, 0.5, &[1.0, 3.0]), at(5.0, 5.0, &[999.0]), early];
        let mean = calculate(&sensors, &year(), &TimeZone::UTC, &wards, &wards).unwrap();
        assert_eq!((mean.value, mean.readings, mean.sensors), (2.0, 2, 1));
        assert_eq!(mean.area_pct, Some(50.0));
        assert_eq!(mean.areas, [Some((2.0, 2)), None]);
        let unlocated = Series {
            location: None,
            readings: every(60, &[5.0]),
        };
        let mean = calculate(&[unlocated], &year(), &TimeZone::UTC, &wards, &wards).unwrap();
        assert_eq!(
            mean.area_pct,
            Some(50.0),
            "it stands in one of two areas, nobody knows which"
        );
        assert!(
            mean.temporal_pct.abs() < 1e-12,
            "one reading has no usual interval"
        );
        assert!(calculate(&[], &year(), &TimeZone::UTC, &wards, &wards).is_none());
        assert!(calculate(&[at(5.0, 5.0, &[9.0])], &year(), &TimeZone::UTC, &wards, &wards).is_none());
    }

    #[test]
    fn units_are_converted_or_refused() {
        for unit in [
            None,
            Some("GQ"),
            Some("ug/m3"),
            Some("µg/m³"),
            Some("μg/m^3"),
            Some(" UG/M3 "),
            Some(""),
        ] {
            assert_eq!(to_micrograms_per_m3(unit), Some(1.0), "{unit:?}");
        }
        for unit in ["GP", "mg/m3", "mg/m³"] {
            assert_eq!(to_micrograms_per_m3(Some(unit)), Some(1000.0), "{unit}");
        }
        for unit in ["ppb", "ppm", "59", "61", "CEL"] {
            assert_eq!(to_micrograms_per_m3(Some(unit)), None, "{unit}");
        }
    }
}
