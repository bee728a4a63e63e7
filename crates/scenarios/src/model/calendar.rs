//! Which day: when most trips run, and which services run around it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use ngsi_ld::Uri;

use super::feed::{Feed, FeedRule};

/// The days on which services run.
pub(crate) struct Calendar<'a> {
    rules: BTreeMap<&'a Uri, Vec<&'a FeedRule>>,
    exceptions: BTreeMap<(&'a Uri, Date), bool>,
    every_day: bool,
}

impl<'a> Calendar<'a> {
    pub(crate) fn of(feed: &'a Feed) -> Self {
        let mut rules: BTreeMap<&Uri, Vec<&FeedRule>> = BTreeMap::new();
        for (_, rule) in feed.rules.iter() {
            rules.entry(&rule.service).or_default().push(rule);
        }
        let mut exceptions = BTreeMap::new();
        for (_, exception) in feed.exceptions.iter() {
            // Of two that contradict each other the one that lets it run.
            *exceptions
                .entry((&exception.service, exception.date))
                .or_insert(false) |= exception.runs;
        }
        Self {
            rules,
            exceptions,
            every_day: feed.has_no_calendar(),
        }
    }

    /// Whether a service runs on a day. Without any calendar all do.
    pub(crate) fn runs(&self, service: Option<&Uri>, day: Date) -> bool {
        if self.every_day {
            return true;
        }
        let Some(service) = service else { return false };
        if let Some(&runs) = self.exceptions.get(&(service, day)) {
            return runs;
        }
        let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        self.rules.get(service).into_iter().flatten().any(|rule| {
            rule.start <= day && day <= rule.end && rule.days.get(weekday).copied().unwrap_or(false)
        })
    }

    /// The first Tuesday on which most trips run; where none run on Tuesdays, the first day on which most do.
    /// `None`: there is no calendar, or no trip ever runs.
    pub(crate) fn busiest_day(&self, feed: &Feed) -> Option<Date> {
        let mut trips: BTreeMap<&Uri, usize> = BTreeMap::new();
        for (_, trip) in feed.trips.iter() {
            if let Some(service) = &trip.service {
                *trips.entry(service).or_default() += 1;
            }
        }
        let running = |day: Date| -> usize {
            let on = trips.iter().filter(|(service, _)| self.runs(Some(service), day));
            on.map(|(_, count)| count).sum()
        };
        let best = |weekday: Option<Weekday>| {
            let mut best: Option<(usize, Date)> = None;
            for day in self.candidates(weekday) {
                let count = running(day);
                if count > best.map_or(0, |(most, _)| most) {
                    best = Some((count, day));
                }
            }
            best.map(|(_, day)| day)
        };
        best(Some(Weekday::Tuesday)).or_else(|| best(None))
    }

    /// Days on which the number of trips may be more than on all such days before: the first after something begins
    /// to run or an exception ends.
    fn candidates(&self, weekday: Option<Weekday>) -> BTreeSet<Date> {
        let starts = self.rules.values().flatten().map(|rule| rule.start);
        let exceptions = self.exceptions.keys().map(|(_, day)| *day);
        let mut days = BTreeSet::new();
        for day in starts.chain(exceptions) {
            // The day itself, and the one of that weekday after it, for an exception may take the first.
            for ahead in 0..14_i64 {
                if let Ok(next) = day.checked_add(ahead.days())
                    && weekday.is_none_or(|weekday| next.weekday() == weekday)
                {
                    days.insert(next);
                }
            }
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mondays_are_the_first() {
        let day: Date = "2026-07-27".parse().unwrap();
        assert_eq!(day.weekday().to_monday_zero_offset(), 0);
    }
}
