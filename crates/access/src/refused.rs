//! Who was refused at a door, for the audit log.
//!
//! Refusals are counted in memory, by account, source and reason, and written down when [`Access::tidy`] comes round
//! (every half minute in a running server, and when it stops): one entry says how many there were. So no login waits for
//! the disk, and a flood of guesses is a few entries. An hour has at most [`SEPARATE_AN_HOUR`] entries with a source of
//! their own; the refusals past these are counted together, by door and reason. A crash forgets what was counted since
//! the last time.
//!
//! What was typed is nowhere in them: an account is in the log by its id, as in every other entry, and what is no account
//! is `unknown`.

use std::collections::HashMap;
use std::sync::Arc;

use ngsi_ld::Timestamp;
use query::Caller;
use twin::Event;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::throttle::Source;

/// How many entries an hour name their source, at most.
const SEPARATE_AN_HOUR: usize = 500;
/// An hour, in microseconds.
const HOUR_US: i64 = 3_600_000_000;

/// Which door it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    /// Where people log in.
    Session,
    /// Where devices are claimed and enrolled.
    Device,
    /// Where programs and devices show a key, a token or a certificate.
    Key,
}

/// What was not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    Password,
    /// Of the second factor.
    Code,
    Passkey,
    /// What the identity provider said.
    Provider,
    Claim,
    Enrolment,
    Key,
    Certificate,
    /// It was not looked at: too many before it failed.
    Slowed,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
            Self::Claim => "claim",
            Self::Enrolment => "enrolment",
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Slowed => "slowed",
        }
    }
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    door: Door,
    reason: Reason,
    /// From where, and at which account or device; past the bound from several.
    by: Option<(Source, Option<Arc<str>>)>,
}

impl Kind {
    /// The entry that says how often.
    fn event(&self, times: u64) -> Event {
        let (action, sort) = match self.door {
            Door::Session => ("session.refuse", "User"),
            Door::Device => ("device.refuse", "Device"),
            Door::Key => ("key.refuse", "Key"),
        };
        let (caller, sort, target) = match &self.by {
            Some((from, whom)) => {
                let caller = Caller::Principal(format!("source {from}").into());
                match whom {
                    Some(id) => (caller, sort, &**id),
                    None => (caller, "unknown", "unknown"),
                }
            }
            None => (Caller::Anonymous, "several", "several"),
        };
        let mut event =
            Event::of(caller, "access", action).to(&format!("{sort} {} {times}", self.reason.name()), target);
        event.allowed = false;
        event
    }
}

/// The refusals that are not written down yet.
#[derive(Default)]
pub(crate) struct Refusals {
    counts: HashMap<Kind, u64>,
    /// When the hour began, and how many entries of their own it has so far.
    hour: Option<(Timestamp, usize)>,
}

impl Refusals {
    fn count(&mut self, mut kind: Kind, now: Timestamp) {
        if let Some(times) = self.counts.get_mut(&kind) {
            *times += 1;
            return;
        }
        let is_this = |began: Timestamp| (0..HOUR_US).contains(&(now.as_micros() - began.as_micros()));
        let (began, so_far) = self.hour.filter(|(began, _)| is_this(*began)).unwrap_or((now, 0));
        self.hour = Some((began, (so_far + 1).min(SEPARATE_AN_HOUR)));
        if so_far == SEPARATE_AN_HOUR {
            kind.by = None;
        }
        *self.counts.entry(kind).or_default() += 1;
    }
}

impl Access {
    /// Counts a refusal. Takes no longer than to look it up.
    pub(crate) fn refused(&self, door: Door, reason: Reason, from: Source, whom: Option<&Arc<str>>) {
        let kind = Kind {
            door,
            reason,
            by: Some((from, whom.cloned())),
        };
        self.inner().refusals.lock().count(kind, self.now());
    }

    /// Counts it where something was refused; what failed otherwise is no refusal.
    pub(crate) fn refused_by<T>(
        &self,
        answer: &Result<T>,
        (door, reason): (Door, Reason),
        from: Source,
        whom: Option<&Arc<str>>,
    ) {
        match answer {
            Err(Error::Wait { .. }) => self.refused(door, Reason::Slowed, from, whom),
            Err(Error::Refused | Error::NoAccess | Error::Passkey(_)) => {
                self.refused(door, reason, from, whom);
            }
            _ => {}
        }
    }

    /// A login at the identity provider came to nothing, or its token was not taken.
    pub fn provider_was_refused(&self, from: Source) {
        self.refused(Door::Session, Reason::Provider, from, None);
    }

    /// A key, a token or a device's secret opened nothing.
    pub fn key_was_refused(&self, from: Source) {
        self.refused(Door::Key, Reason::Key, from, None);
    }

    /// A certificate stood for nobody.
    pub fn certificate_was_refused(&self, from: Source) {
        self.refused(Door::Key, Reason::Certificate, from, None);
    }

    /// Writes down what was counted. What cannot be written is counted on.
    pub(crate) fn tell_refusals(&self) -> Result<()> {
        let counts = std::mem::take(&mut self.inner().refusals.lock().counts);
        let events = counts.iter().map(|(kind, times)| kind.event(*times)).collect();
        let told = self.tell(events);
        if told.is_err() {
            let mut kept = self.inner().refusals.lock();
            for (kind, times) in counts {
                *kept.counts.entry(kind).or_default() += times;
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_entries_and_the_next_one_as_many() {
        let mut refusals = Refusals::default();
        let at = |hour: i64| Timestamp::from_seconds(1_800_000_000 + hour * 3600);
        let kind = |n: usize| Kind {
            door: Door::Session,
            reason: Reason::Password,
            by: Some((Source::default(), Some(n.to_string().into()))),
        };
        for n in 0..10_000 {
            refusals.count(kind(n), at(0));
        }
        assert_eq!(refusals.counts.len(), SEPARATE_AN_HOUR + 1);
        assert_eq!(refusals.counts.values().sum::<u64>(), 10_000);
        let rest = Kind { by: None, ..kind(0) };
        assert_eq!(refusals.counts.get(&rest), Some(&9_500));
        // Written down meanwhile, and the hour goes on.
        refusals.counts.clear();
        refusals.count(kind(0), at(0));
        assert_eq!(refusals.counts.get(&rest), Some(&1));
        refusals.count(kind(0), at(1));
        assert_eq!(refusals.counts.get(&kind(0)), Some(&1));
    }

    #[test]
    fn an_entry_says_how_often_and_why_and_is_a_refusal() {
        let kind = Kind {
            door: Door::Session,
            reason: Reason::Code,
            by: Some((Source::default(), Some("ada".into()))),
        };
        let event = kind.event(3);
        assert_eq!(&*event.action, "session.refuse");
        assert_eq!(event.target, Some(("User code 3".into(), "ada".into())));
        assert_eq!(event.caller, Caller::Principal("source unknown".into()));
        assert!(!event.allowed);
    }
}
