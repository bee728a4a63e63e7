//! The city's weather and its daily life, at any instant.

use std::f64::consts::TAU;

use ngsi_ld::Timestamp;

use crate::noise::{smooth, unit};

/// The city's clocks are two hours behind UTC.
const LOCAL_OFFSET_S: i64 = -2 * 3600;
const LATITUDE: f64 = -40.0;

/// An instant as the city lives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) seconds: i64,
    /// Hour of the local day, 0 to 24.
    pub(crate) hour: f64,
    /// Saturday and Sunday.
    pub(crate) weekend: bool,
    /// Days since the turn of the year, about.
    pub(crate) day_of_year: f64,
}

impl Moment {
    pub(crate) fn of(at: Timestamp) -> Self {
        let seconds = at.as_micros().div_euclid(1_000_000);
        let local = seconds + LOCAL_OFFSET_S;
        let day = local.div_euclid(86_400);
        Self {
            seconds,
            hour: local.rem_euclid(86_400) as f64 / 3600.0,
            // The first of January 1970 was a Thursday.
            weekend: (day + 3).rem_euclid(7) >= 5,
            day_of_year: (day as f64).rem_euclid(365.2425),
        }
    }

    fn hours(self) -> f64 {
        self.seconds as f64 / 3600.0
    }

    /// How much is on the move, 0 to 1: two peaks on working days, one long one at the weekend.
    pub(crate) fn traffic(self) -> f64 {
        let peak = |hour: f64, width: f64| {
            let away = (self.hour - hour + 36.0).rem_euclid(24.0) - 12.0;
            (-(away / width).powi(2)).exp()
        };
        if self.weekend {
            0.06 + 0.5 * peak(14.0, 4.5) + 0.15 * peak(21.5, 2.0)
        } else {
            0.05 + 0.75 * peak(8.0, 1.4)
                + 0.42 * peak(13.0, 3.0)
                + 0.72 * peak(17.7, 1.7)
                + 0.12 * peak(21.5, 2.0)
        }
    }

    /// The sine of the sun's height; negative at night.
    pub(crate) fn sun(self) -> f64 {
        let declination = (-23.44_f64).to_radians() * (TAU * (self.day_of_year + 10.0) / 365.2425).cos();
        let hour_angle = TAU * (self.hour - 12.0) / 24.0;
        let latitude = LATITUDE.to_radians();
        latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos()
    }
}

/// The weather over the whole city.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// °C.
    pub(crate) temperature: f64,
    /// 0 to 1.
    pub(crate) relative_humidity: f64,
    /// m/s.
    pub(crate) wind_speed: f64,
    /// Degrees from north, where it comes from.
    pub(crate) wind_direction: f64,
    /// mm in an hour.
    pub(crate) precipitation: f64,
    /// hPa.
    pub(crate) pressure: f64,
    /// W/m².
    pub(crate) solar_radiation: f64,
}

impl Weather {
    pub(crate) fn at(seed: u64, moment: Moment) -> Self {
        let t = moment.hours();
        let noise = |channel: u64, hours: f64| smooth(seed, 100 + channel, t / hours);
        let cloud = (0.45 + 0.55 * noise(0, 15.0) + 0.25 * noise(1, 4.0)).clamp(0.0, 1.0);
        let shower = 0.4 + 1.2 * unit(seed, 107, moment.seconds.div_euclid(600).cast_unsigned());
        let season = (TAU * (moment.day_of_year - 25.0) / 365.2425).cos();
        let day = (TAU * (moment.hour - 15.0) / 24.0).cos() * (1.0 - 0.6 * cloud);
        let temperature = 15.0 + 6.0 * season + 4.5 * day + 3.0 * noise(2, 70.0) + 0.7 * noise(3, 5.0);
        Self {
            temperature,
            relative_humidity: (0.66 + 0.22 * cloud - 0.05 * day - 0.008 * (temperature - 15.0))
                .clamp(0.2, 1.0),
            wind_speed: (5.0 + 3.2 * noise(4, 22.0) + 1.4 * noise(5, 2.5)).max(0.2),
            wind_direction: (270.0 + 80.0 * noise(6, 34.0)).rem_euclid(360.0),
            precipitation: ((cloud - 0.78).max(0.0) * 14.0 * shower * 10.0).round() / 10.0,
            pressure: 1014.0 - 9.0 * noise(0, 15.0) + 6.0 * noise(8, 90.0),
            solar_radiation: (1050.0 * moment.sun().max(0.0) * (1.0 - 0.75 * cloud)).max(0.0),
        }
    }
}
