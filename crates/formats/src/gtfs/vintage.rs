//! Of which year a feed is.

use jiff::civil::Date;

use super::Feed;
use super::archive::Archive;
use super::lines::{Made, each};
use super::time::date;
use crate::dataset::Dataset;
use crate::import::{ImportError, Session};

/// The days a feed speaks of.
#[derive(Default)]
pub(super) struct Span {
    rules: Option<(Date, Date)>,
    exceptions: Option<(Date, Date)>,
}

fn widen(span: &mut Option<(Date, Date)>, from: Date, to: Date) {
    *span = Some(span.map_or((from, to), |(first, last)| (first.min(from), last.max(to))));
}

impl Span {
    pub(super) fn rule(&mut self, from: Date, to: Date) {
        widen(&mut self.rules, from, to);
    }

    pub(super) fn exception(&mut self, day: Date) {
        widen(&mut self.exceptions, day, day);
    }

    /// The first and last day of service.
    fn days(&self) -> Option<(Date, Date)> {
        self.rules.or(self.exceptions)
    }
}

/// Publisher, days and year, from `feed_info.txt`, the calendar and the dates inside the zip.
///
/// The year is that in which the feed was made, as far as the newest date inside the zip tells and the days of
/// service allow: a feed of 2019 that somebody packed again in 2026 is of its last day of service. Where the zip
/// has no dates it is the year of the first day of service.
pub(super) fn feed_info(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
    dataset: &mut Dataset,
) -> Result<(), ImportError> {
    let mut declared = None;
    let mut publisher = None;
    each(archive, session, "feed_info.txt", &mut |_, line| {
        publisher = line.some("feed_publisher_name").map(str::to_owned);
        if let (Some(from), Some(to)) = (date(line.get("feed_start_date")), date(line.get("feed_end_date"))) {
            declared = Some((from, to));
        }
        Ok(Made::Nothing)
    })?;
    dataset.publisher = dataset.publisher.take().or(publisher);
    if let Some((from, to)) = feed.span.days().or(declared) {
        dataset.valid_from = Some(from.to_string());
        dataset.valid_to = Some(to.to_string());
        let made = archive.newest.unwrap_or(from).max(from).min(to);
        dataset.vintage = Some(made.year().to_string());
    } else {
        dataset.vintage = archive.newest.map(|made| made.year().to_string());
    }
    Ok(())
}
