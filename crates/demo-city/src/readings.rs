//! What each sensor reads at an instant.
//!
//! Every value is a function of the seed, the sensor and the instant: a daily and weekly rhythm, the city's one
//! weather, and noise from a hash. Nothing is remembered from one reading to the next.

use ngsi_ld::context::Context;
use ngsi_ld::{Attribute, Entity, PropertyValue, Timestamp};

use crate::noise::{bell, smooth, unit};
use crate::sensors::{Sensor, SensorKind};
use crate::weather::{Moment, Weather};

const MINUTE_S: i64 = 60;
const WEEK_S: i64 = 7 * 86_400;

pub(crate) fn reading(sensor: &Sensor, at: Timestamp) -> Entity {
    let moment = Moment::of(at);
    let weather = Weather::at(sensor.weather_seed, moment);
    let mut reading = Reading {
        sensor,
        at,
        moment,
        weather,
        entity: blank(sensor.entity()),
    };
    match sensor.kind() {
        SensorKind::Weather => reading.weather(),
        SensorKind::Air => reading.air(),
        SensorKind::Noise => reading.noise(),
        SensorKind::Parking => reading.parking(),
        SensorKind::Water => reading.water(),
        SensorKind::StreetLight => reading.street_light(),
    }
    reading.entity
}

fn blank(entity: &Entity) -> Entity {
    let mut blank = entity.clone();
    blank.attributes.clear();
    blank
}

struct Reading<'a> {
    sensor: &'a Sensor,
    at: Timestamp,
    moment: Moment,
    weather: Weather,
    entity: Entity,
}

impl Reading<'_> {
    fn put(&mut self, term: &str, unit_code: Option<&str>, value: impl Into<PropertyValue>) {
        let mut attribute = Attribute::property(Context::core().expand(term), value).observed_at(self.at);
        attribute.unit_code = unit_code.map(Into::into);
        self.entity.put(attribute);
    }

    /// A number to so many decimals.
    fn number(&mut self, term: &str, unit_code: &str, value: f64, decimals: i32) {
        let scale = 10_f64.powi(decimals);
        self.put(term, Some(unit_code), (value * scale).round() / scale);
    }

    /// Slow noise of this sensor in [-1, 1], with a memory of about so many hours.
    fn slow(&self, channel: u64, hours: f64) -> f64 {
        smooth(
            self.sensor.key,
            channel,
            self.moment.seconds as f64 / 3600.0 / hours,
        )
    }

    /// Fresh noise every minute, with standard deviation 1.
    fn fresh(&self, channel: u64) -> f64 {
        bell(
            self.sensor.key,
            channel,
            self.moment.seconds.div_euclid(MINUTE_S).cast_unsigned(),
        )
    }

    fn weather(&mut self) {
        let w = self.weather;
        self.number(
            "temperature",
            "CEL",
            w.temperature + 0.4 * self.slow(1, 30.0) + 0.1 * self.fresh(1),
            1,
        );
        self.number(
            "relativeHumidity",
            "C62",
            (w.relative_humidity + 0.01 * self.fresh(2)).clamp(0.0, 1.0),
            2,
        );
        self.number(
            "windSpeed",
            "MTS",
            (w.wind_speed * (1.0 + 0.15 * self.fresh(3))).max(0.0),
            1,
        );
        self.number(
            "windDirection",
            "DD",
            (w.wind_direction + 8.0 * self.fresh(4)).rem_euclid(360.0),
            0,
        );
        self.number("precipitation", "MMT", w.precipitation, 1);
        self.number("atmosphericPressure", "A97", w.pressure + 0.1 * self.fresh(5), 1);
        self.number(
            "solarRadiation",
            "D54",
            (w.solar_radiation * (1.0 + 0.03 * self.fresh(6))).max(0.0),
            0,
        );
    }

    fn air(&mut self) {
        let w = self.weather;
        let traffic = self.moment.traffic() * self.sensor.busyness;
        // Wind carries it away, rain washes it out.
        let still = 1.0 / (0.35 + w.wind_speed / 5.0);
        let washed = 1.0 / (1.0 + 0.35 * w.precipitation);
        let cold = ((12.0 - w.temperature) / 12.0).clamp(0.0, 1.0);
        let site = 1.0 + 0.25 * self.slow(1, 48.0);
        let fine =
            (5.0 + (16.0 * traffic + 9.0 * cold) * still) * washed * site * (1.0 + 0.07 * self.fresh(1));
        let coarse = fine * 1.5 + (4.0 + 9.0 * traffic) * washed * (1.0 + 0.1 * self.fresh(2));
        let no2 = (6.0 + 55.0 * traffic * still) * site * (1.0 + 0.06 * self.fresh(3));
        let sun = w.solar_radiation / 1000.0;
        let o3 = (38.0 + 55.0 * sun - 0.45 * no2 + 5.0 * self.slow(2, 12.0)).max(4.0);
        self.number("pm25", "GQ", fine.max(0.5), 1);
        self.number("pm10", "GQ", coarse.max(1.0), 1);
        self.number("no2", "GQ", no2.max(0.5), 1);
        self.number("o3", "GQ", o3, 1);
        self.number(
            "temperature",
            "CEL",
            w.temperature + 0.8 * self.sensor.busyness + 0.1 * self.fresh(4),
            1,
        );
        self.number(
            "relativeHumidity",
            "C62",
            (w.relative_humidity + 0.01 * self.fresh(5)).clamp(0.0, 1.0),
            2,
        );
    }

    fn noise(&mut self) {
        // Levels add as energies: what is always there, traffic, rain, and now and then something loud.
        let energy = |decibel: f64| 10_f64.powf(decibel / 10.0);
        let traffic = self.moment.traffic() * self.sensor.busyness;
        let event = unit(
            self.sensor.key,
            9,
            self.moment.seconds.div_euclid(MINUTE_S).cast_unsigned(),
        );
        let loud = if event > 0.985 {
            72.0 + 12.0 * (event - 0.985) / 0.015
        } else {
            0.0
        };
        let sum = energy(36.0 + 2.0 * self.slow(1, 24.0))
            + energy(74.0) * traffic
            + energy(44.0 + 2.0 * self.weather.precipitation.min(6.0))
                * f64::from(self.weather.precipitation > 0.0)
            + energy(loud);
        let level = 10.0 * sum.log10() + 0.8 * self.fresh(1);
        self.number("LAeq", "2N", level.clamp(28.0, 100.0), 1);
        self.number(
            "LAmax",
            "2N",
            (level + 7.0 + 2.5 * self.fresh(2).abs()).clamp(30.0, 112.0),
            1,
        );
    }

    fn parking(&mut self) {
        let spaces = self.sensor.size;
        let hour = self.moment.hour;
        let bump = |middle: f64, width: f64| (-((hour - middle) / width).powi(4)).exp();
        // In the middle people park by day, at the outskirts by night.
        let by_day = if self.moment.weekend {
            0.55 * bump(14.5, 5.0)
        } else {
            0.85 * bump(13.0, 5.0)
        };
        let by_night = 0.75 * (1.0 - bump(13.0, 5.5));
        let central = self.sensor.busyness;
        let share = 0.08 + central * by_day + (1.0 - central) * by_night + 0.06 * self.slow(1, 1.5);
        let share = share.clamp(0.0, 1.0);
        let taken = (share * spaces).round();
        #[allow(clippy::cast_possible_truncation, reason = "a few hundred spaces")]
        self.put("availableSpotNumber", None, (spaces - taken) as i64);
        self.number("occupancy", "C62", taken / spaces, 3);
    }

    fn water(&mut self) {
        let daily_l = self.sensor.size;
        let flow = weekly_flow(
            self.moment.seconds.rem_euclid(WEEK_S).div_euclid(3600),
            self.sensor.key,
        );
        let jitter = (1.0 + 0.25 * self.fresh(1)).max(0.0);
        self.number("flowRate", "E32", daily_l * flow * jitter, 1);
        // The meter's own number: whole weeks, whole hours, and the part of this hour. It never goes back.
        let weeks = self.moment.seconds.div_euclid(WEEK_S) - 2600; // since October 2019
        let into = self.moment.seconds.rem_euclid(WEEK_S);
        let hours = into.div_euclid(3600);
        let whole_week: f64 = (0..168).map(|hour| weekly_flow(hour, self.sensor.key)).sum();
        let this_week: f64 = (0..hours).map(|hour| weekly_flow(hour, self.sensor.key)).sum();
        let part = flow * (into - hours * 3600) as f64 / 3600.0;
        let litres = daily_l * (weeks as f64 * whole_week + this_week + part);
        self.number("waterConsumption", "LTR", litres.max(0.0), 0);
    }

    fn street_light(&mut self) {
        let lamp = self.sensor.key;
        let day = self.moment.seconds.div_euclid(86_400);
        let broken = unit(lamp, 1, day.div_euclid(3).cast_unsigned()) < 0.008;
        // Each lamp has its own idea of dusk; after midnight it is dimmed.
        let dark = self.moment.sun() < 0.02 + 0.02 * unit(lamp, 2, 0);
        let level = match (dark, broken) {
            (true, false) if self.moment.hour < 5.0 => 0.5,
            (true, false) => 1.0,
            _ => 0.0,
        };
        let watts = self.sensor.size * level * (1.0 + 0.02 * self.fresh(3)) + 0.6;
        self.put("powerState", None, if level > 0.0 { "on" } else { "off" });
        self.put("status", None, if broken { "defectiveLamp" } else { "ok" });
        self.number("illuminanceLevel", "C62", level, 2);
        self.number("powerConsumption", "WTT", watts.max(0.0), 1);
    }
}

/// The share of a day's water that a household uses in an hour of the week (UTC); some days more, some less.
fn weekly_flow(hour_of_week: i64, key: u64) -> f64 {
    // 1970-01-01 was a Thursday, so hour 0 is Thursday 00:00 UTC.
    let local = (hour_of_week - 2).rem_euclid(168);
    let (day, hour) = (local / 24, (local % 24) as f64);
    let weekend = day == 2 || day == 3;
    let bump = |middle: f64, width: f64| (-((hour + 0.5 - middle) / width).powi(2)).exp();
    let morning = if weekend { 9.5 } else { 7.2 };
    let shape = 0.12 + 1.6 * bump(morning, 1.6) + 0.7 * bump(13.0, 2.2) + 1.3 * bump(19.3, 2.0);
    shape / 12.9 * (0.8 + 0.4 * unit(key, 40, hour_of_week.cast_unsigned()))
}
