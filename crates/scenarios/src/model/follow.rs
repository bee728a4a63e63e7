//! A model that keeps up with a twin, for those who ask now and then about the city as it is.
//!
//! What was written since the model was read is found by its instant; only that is read again. Where an entity was
//! taken away, or a timetable changed whose day nobody named, everything is.

use ngsi_ld::{Timestamp, Uri};
use query::{Selection, View};
use twin::{Reader as _, Snapshot};

use super::{Model, ModelError, TravelOptions, reads};

/// A model, and of which state of the twin it is.
#[derive(Clone)]
pub struct Followed {
    at: Timestamp,
    /// How many entities there were of the types that models are made of.
    count: usize,
    options: TravelOptions,
    model: Model,
}

/// What became of the entities that models are made of since an instant.
#[derive(Default)]
struct Since {
    count: usize,
    /// Those that were there at the instant.
    survivors: usize,
    changed: Vec<Uri>,
    timetable: bool,
}

impl Since {
    fn read(snapshot: &Snapshot, view: &View, instant: Timestamp) -> Result<Self, twin::Error> {
        let mut since = Self::default();
        for (name, _) in snapshot.types(view).into_iter().filter(|(name, _)| reads(name)) {
            let of_timetable = name.short().starts_with("Gtfs");
            snapshot.scan(view, &Selection::of_type(name), &mut |entity| {
                since.count += 1;
                since.survivors += usize::from(entity.created_at <= instant);
                // What was written at the very instant may have come before or after.
                if entity.modified_at >= instant {
                    since.changed.push(entity.id.clone());
                    since.timetable |= of_timetable;
                }
                true
            })?;
        }
        Ok(since)
    }
}

impl Followed {
    /// Reads a city.
    ///
    /// # Errors
    /// As for [`Model::read`].
    pub fn read(snapshot: &Snapshot, view: &View, options: &TravelOptions) -> Result<Self, ModelError> {
        Ok(Self {
            at: snapshot.at(),
            count: Since::read(snapshot, view, snapshot.at())?.count,
            options: options.clone(),
            model: Model::read(snapshot, view, options)?,
        })
    }

    /// The model.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The same of a later state, as the same view shows it: nothing that was written until then is missing. Of an
    /// earlier one it is itself.
    ///
    /// # Errors
    /// As for [`Model::read`].
    pub fn at(&self, snapshot: &Snapshot, view: &View) -> Result<Self, ModelError> {
        let at = snapshot.at();
        if at <= self.at {
            return Ok(self.clone());
        }
        let since = Since::read(snapshot, view, self.at)?;
        let chooses_day = since.timetable && self.options.date.is_none();
        if since.survivors != self.count || chooses_day {
            return Self::read(snapshot, view, &self.options);
        }
        Ok(Self {
            at,
            count: since.count,
            options: self.options.clone(),
            model: if since.changed.is_empty() {
                self.model.clone()
            } else {
                self.model.after(snapshot, view, &since.changed)?
            },
        })
    }
}
