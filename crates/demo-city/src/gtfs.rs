//! The bus lines as a GTFS feed (gtfs.org, Schedule Reference).

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::YEAR;
use crate::transit::{Line, Stop};

/// The city lies two hours behind UTC and keeps one time all year.
const TIME_ZONE: &str = "Etc/GMT+2";
/// Metres a second between stops, and seconds at each.
pub(crate) const SPEED_M_S: f64 = 5.6;
pub(crate) const STOP_S: f64 = 18.0;

/// A service, from and to what time of day it runs, and how many times the line's best headway its own is.
type Periods = [(&'static str, &'static str, u32); 5];
const SERVICES: [(&str, &str, Periods); 2] = [
    (
        "weekday",
        "1,1,1,1,1,0,0",
        [
            ("05:00:00", "06:30:00", 2),
            ("06:30:00", "09:00:00", 1),
            ("09:00:00", "16:00:00", 2),
            ("16:00:00", "19:00:00", 1),
            ("19:00:00", "24:30:00", 3),
        ],
    ),
    (
        "weekend",
        "0,0,0,0,0,1,1",
        [
            ("06:00:00", "09:00:00", 3),
            ("09:00:00", "12:00:00", 2),
            ("12:00:00", "18:00:00", 2),
            ("18:00:00", "22:00:00", 3),
            ("22:00:00", "25:30:00", 4),
        ],
    ),
];

pub(crate) fn write(city: &str, lines: &[Line]) -> Vec<u8> {
    // Memory takes every write.
    try_write(city, lines).unwrap_or_default()
}

fn try_write(city: &str, lines: &[Line]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The same time stamp always, so that the bytes are the same.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for (name, content) in files(city, lines) {
        zip.start_file(name, options)?;
        zip.write_all(content.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The feed's files.
fn files(city: &str, lines: &[Line]) -> Vec<(&'static str, String)> {
    let mut stops: BTreeMap<&str, &Stop> = BTreeMap::new();
    for stop in lines.iter().flat_map(|line| &line.stops) {
        stops.entry(&stop.id).or_insert(stop);
    }
    let mut table = Table::default();
    table.row(
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
    );
    table.row(
        "agency.txt",
        &format!("CITY,{city} Buses,https://buses.example/,{TIME_ZONE},en"),
    );
    table.row(
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon,wheelchair_boarding",
    );
    for stop in stops.values() {
        let (lon, lat) = (stop.at.x, stop.at.y);
        table.row(
            "stops.txt",
            &format!("{},{},{lat:.7},{lon:.7},{}", stop.id, stop.name, stop.wheelchair),
        );
    }
    table.row(
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color",
    );
    table.row(
        "trips.txt",
        "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id,wheelchair_accessible",
    );
    table.row(
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled",
    );
    table.row(
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs,exact_times",
    );
    table.row(
        "shapes.txt",
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled",
    );
    for line in lines {
        add_line(&mut table, line);
    }
    table.row(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
    );
    for (service, days, _) in SERVICES {
        table.row("calendar.txt", &format!("{service},{days},{YEAR}0101,{YEAR}1231"));
    }
    table.row(
        "feed_info.txt",
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version",
    );
    let info = format!("{city} Buses,https://buses.example/,en,{YEAR}0101,{YEAR}1231,1");
    table.row("feed_info.txt", &info);
    table.0
}

fn add_line(table: &mut Table, line: &Line) {
    let Line {
        number, name, colour, ..
    } = line;
    table.row(
        "routes.txt",
        &format!("L{number},CITY,{number},{name},3,{colour},FFFFFF"),
    );
    let length_m = line.shape.last().map_or(0.0, |(_, along_m)| *along_m);
    let (mut stops, mut shape): (Vec<_>, Vec<_>) = (
        line.stops.iter().map(|stop| (stop, stop.along_m)).collect(),
        line.shape.clone(),
    );
    for direction in 0..2 {
        for (sequence, (at, along_m)) in shape.iter().enumerate() {
            let (lon, lat) = (at.x, at.y);
            table.row(
                "shapes.txt",
                &format!(
                    "L{number}-{direction},{lat:.7},{lon:.7},{},{along_m:.1}",
                    sequence + 1
                ),
            );
        }
        let headsign = stops.last().map_or("", |(stop, _)| stop.name.as_str());
        for (service, _, periods) in SERVICES {
            let trip = format!("L{number}-{direction}-{service}");
            table.row(
                "trips.txt",
                &format!(
                    "L{number},{service},{trip},{headsign},{direction},L{number}-{direction},{}",
                    line.wheelchair
                ),
            );
            let start = periods[0].0;
            for (sequence, (stop, along_m)) in stops.iter().enumerate() {
                let time = clock(start, along_m / SPEED_M_S + STOP_S * sequence as f64);
                let row = format!("{trip},{time},{time},{},{},{along_m:.1}", stop.id, sequence + 1);
                table.row("stop_times.txt", &row);
            }
            for (from, to, factor) in periods {
                table.row(
                    "frequencies.txt",
                    &format!("{trip},{from},{to},{},0", line.headway_min * factor * 60),
                );
            }
        }
        stops.reverse();
        shape.reverse();
        for (_, along_m) in &mut stops {
            *along_m = length_m - *along_m;
        }
        for (_, along_m) in &mut shape {
            *along_m = length_m - *along_m;
        }
    }
}

/// `hh:mm:ss` so many seconds after a whole hour of the day.
fn clock(start: &str, seconds: f64) -> String {
    let hour: u32 = start
        .split(':')
        .next()
        .and_then(|hour| hour.parse().ok())
        .unwrap_or(0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a trip takes hours at most"
    )]
    let time = hour * 3600 + seconds.round() as u32;
    format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// Files that grow row by row, in the order in which they first appear. No value holds a comma or a quote.
#[derive(Default)]
struct Table(Vec<(&'static str, String)>);

impl Table {
    fn row(&mut self, file: &'static str, row: &str) {
        let at = self
            .0
            .iter()
            .position(|(name, _)| *name == file)
            .unwrap_or_else(|| {
                self.0.push((file, String::new()));
                self.0.len() - 1
            });
        self.0[at].1.push_str(row);
        self.0[at].1.push_str("\r\n");
    }
}
