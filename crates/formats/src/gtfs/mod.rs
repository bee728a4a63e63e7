//! Timetables of public transport: GTFS (gtfs.org/schedule) as entities of the Smart Data Models.
//!
//! | File | Entities |
//! |---|---|
//! | `agency.txt` | `GtfsAgency`: `agencyName`, `name`, `timezone`, `language`, `page`, `phone` |
//! | `stops.txt` | `GtfsStop`: `code`, `name`, `location`, `hasParentStation`, `wheelChairAccessible` …; a station is a `GtfsStation` as well, an entrance a `GtfsAccessPoint` |
//! | `routes.txt` | `GtfsRoute`: `shortName`, `name`, `routeType`, `operatedBy` … |
//! | `calendar.txt`, `calendar_dates.txt` | `GtfsService`, `GtfsCalendarRule`, `GtfsCalendarDateRule` |
//! | `shapes.txt` | `GtfsShape`: `location` (LineString), `distanceTravelled` |
//! | `trips.txt` | `GtfsTrip`: `hasRoute`, `hasService`, `hasShape`, `headSign`, `direction` … |
//! | `stop_times.txt` | `GtfsStopTime`: `hasTrip`, `hasStop`, `arrivalTime`, `departureTime`, `stopSequence` … |
//! | `frequencies.txt` | `GtfsFrequency`: `hasTrip`, `startTime`, `endTime`, `headwaySeconds`, `exactTimes` |
//! | `transfers.txt` | `GtfsTransferRule`: `hasOrigin`, `hasDestination`, `transferType`, `minimumTransferTime` |
//!
//! Ids are those of the feed: `urn:ngsi-ld:GtfsStop:<stop_id>`, with `--feed NAME` `…:NAME:<stop_id>`. Times are
//! text `HH:MM:SS` and pass 24:00:00 where the service day does. The archive is checked whole before anything is
//! written; no table is ever held in memory.

mod archive;
mod calendar;
mod ids;
mod lines;
mod network;
mod shapes;
mod stop_times;
pub mod time;
mod vintage;

use ngsi_ld::Uri;

use crate::dataset::Dataset;
use crate::file::InputFile;
use crate::import::{ImportError, Place, Session};
use crate::kind::Kind;
use crate::report::Refusal;
use archive::Archive;
use ids::Ids;

/// What is known of a feed while it is read: identifiers in compact form, and the years it speaks of.
#[derive(Default)]
pub(crate) struct Feed {
    /// Put before every identifier.
    prefix: Option<String>,
    agencies: Ids,
    /// The only agency, if there is one only.
    only_agency: Option<String>,
    stops: Ids,
    routes: Ids,
    services: Ids,
    shapes: Ids,
    trips: Ids,
    span: vintage::Span,
}

impl Feed {
    /// The id of an entity of the feed.
    fn uri(&self, entity_type: &str, local: &str) -> Uri {
        match &self.prefix {
            Some(prefix) => Uri::ngsi_ld(entity_type, &format!("{prefix}:{local}")),
            None => Uri::ngsi_ld(entity_type, local),
        }
    }
}

/// A row that is refused.
pub(crate) struct Refused {
    column: Option<&'static str>,
    what: String,
    why: String,
    remedy: &'static str,
}

impl Refused {
    fn new(
        column: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            column: Some(column),
            what: what.into(),
            why: why.into(),
            remedy,
        }
    }

    fn at(self, place: &Place) -> Refusal {
        place.refusal(self.column, self.what, self.why, self.remedy)
    }
}

/// Something that is not refused and yet should be known: how often, and where first.
#[derive(Default)]
pub(crate) struct Tally {
    count: u64,
    first: String,
}

impl Tally {
    pub(crate) fn add(&mut self, first: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = first();
        }
        self.count += 1;
    }

    /// Warns, where anything was counted: "`count` `what` (the first: …)".
    pub(crate) fn warn(&self, session: &mut Session<'_>, file: &str, what: &str) {
        if self.count > 0 {
            session.warn(format!(
                "{file}: {} {what} (the first: {})",
                self.count, self.first
            ));
        }
    }
}

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    session.tell(&file.name);
    let prefix = session.options.feed.clone().filter(|feed| !feed.is_empty());
    if prefix
        .as_deref()
        .is_some_and(|feed| feed.contains(':') || feed.len() > 100)
    {
        return Err(ImportError::option(
            "feed",
            "the name of a feed is short and has no colon, as in `matatu`",
        ));
    }
    let mut archive = Archive::open(file, session)?;
    let mut dataset = Dataset::of(Kind::Gtfs, file, session.options.publisher.as_deref())?;
    if let Some(feed) = &prefix {
        dataset.key.clone_from(feed);
    }
    let mut feed = Feed {
        prefix,
        ..Feed::default()
    };
    let before = session.report.refused_count;
    network::agencies(&mut archive, session, &mut feed)?;
    network::stops(&mut archive, session, &mut feed)?;
    network::routes(&mut archive, session, &mut feed)?;
    calendar::rules(&mut archive, session, &mut feed)?;
    calendar::dates(&mut archive, session, &mut feed)?;
    shapes::shapes(&mut archive, session, &mut feed)?;
    network::trips(&mut archive, session, &mut feed)?;
    stop_times::stop_times(&mut archive, session, &mut feed)?;
    stop_times::frequencies(&mut archive, session, &mut feed)?;
    network::transfers(&mut archive, session, &mut feed)?;
    vintage::feed_info(&mut archive, session, &mut feed, &mut dataset)?;
    if let Some(year) = session.options.year {
        dataset.vintage = Some(year.to_string());
    }
    for (name, member) in archive.members() {
        dataset.statistics.insert(name.to_owned(), member.rows_read);
    }
    dataset
        .statistics
        .insert("refused".to_owned(), session.report.refused_count - before);
    session.dataset(
        dataset,
        Place {
            file: file.name.as_str().into(),
            line: None,
        },
    )
}
