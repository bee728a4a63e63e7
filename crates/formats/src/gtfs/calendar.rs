//! On which days a service runs.

use jiff::civil::Date;
use ngsi_ld::Entity;

use super::archive::Archive;
use super::ids::Ids;
use super::lines::{Line, Made, each};
use super::time::date;
use super::{Feed, Refused};
use crate::import::{ImportError, Session};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

fn day(line: &Line<'_>, column: &'static str, what: &str) -> Result<Date, Refused> {
    let text = line.get(column);
    date(text).ok_or_else(|| {
        Refused::new(
            column,
            what,
            format!("`{text}` is not a date"),
            "write dates as YYYYMMDD, for example 20190131",
        )
    })
}

/// The service itself, the first time that it is named.
fn service(session: &mut Session<'_>, feed: &mut Feed, id: &str) -> Option<Entity> {
    if !feed.services.add(id) {
        return None;
    }
    let terms = &mut session.terms;
    let mut entity = Entity::new(feed.uri("GtfsService", id), terms.name("GtfsService"));
    entity.put(terms.property("name", id));
    if let Some(agency) = &feed.only_agency {
        entity.put(terms.relationship("operatedBy", feed.uri("GtfsAgency", agency)));
    }
    Some(entity)
}

pub(super) fn rules(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    each(archive, session, "calendar.txt", &mut |session, line| {
        let id = line.id("service_id", "service")?;
        let what = format!("service {id}");
        let (start, end) = (day(line, "start_date", &what)?, day(line, "end_date", &what)?);
        if end < start {
            let why = format!("it ends on {end}, before it starts on {start}");
            return Err(Refused::new("end_date", what, why, "mend the dates"));
        }
        let mut runs = Vec::with_capacity(7);
        for column in DAYS {
            runs.push(match line.get(column) {
                "1" => true,
                "0" => false,
                other => {
                    let why = format!("`{other}` is neither 0 nor 1");
                    return Err(Refused::new(
                        column,
                        what,
                        why,
                        "give 1 where the service runs on that day, else 0",
                    ));
                }
            });
        }
        let new = service(session, feed, id);
        let Some(service) = new else {
            return Err(Refused::new(
                "service_id",
                what,
                "an earlier row has the same identifier",
                "give every service one row in calendar.txt and its exceptions in calendar_dates.txt",
            ));
        };
        feed.span.rule(start, end);
        let terms = &mut session.terms;
        let mut rule = Entity::new(feed.uri("GtfsCalendarRule", id), terms.name("GtfsCalendarRule"));
        rule.put(terms.relationship("hasService", service.id.clone()));
        for (term, runs) in DAYS.into_iter().zip(runs) {
            rule.put(terms.property(term, runs));
        }
        rule.put(terms.property("startDate", start.to_string()));
        rule.put(terms.property("endDate", end.to_string()));
        Ok(Made::Entities(vec![service, rule]))
    })
}

pub(super) fn dates(
    archive: &mut Archive,
    session: &mut Session<'_>,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let mut seen = Ids::default();
    each(archive, session, "calendar_dates.txt", &mut |session, line| {
        let id = line.id("service_id", "service")?;
        let what = format!("service {id} on {}", line.get("date"));
        let date = day(line, "date", &what)?;
        let exception = line.get("exception_type");
        if !matches!(exception, "1" | "2") {
            let why = format!("`{exception}` is neither 1 nor 2");
            return Err(Refused::new(
                "exception_type",
                what,
                why,
                "give 1 (runs that day) or 2 (does not)",
            ));
        }
        if !seen.add(&format!("{id}:{date}")) {
            return Err(Refused::new(
                "date",
                what,
                "an earlier row has the same service and date",
                "keep one of the rows",
            ));
        }
        if exception == "1" {
            feed.span.exception(date);
        }
        let service = service(session, feed, id);
        let terms = &mut session.terms;
        let mut rule = Entity::new(
            feed.uri("GtfsCalendarDateRule", &format!("{id}:{date}")),
            terms.name("GtfsCalendarDateRule"),
        );
        rule.put(terms.relationship("hasService", feed.uri("GtfsService", id)));
        rule.put(terms.property("appliesOn", date.to_string()));
        rule.put(terms.property("exceptionType", exception));
        Ok(Made::Entities(service.into_iter().chain([rule]).collect()))
    })
}
