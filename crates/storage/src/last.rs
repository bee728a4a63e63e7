//! The last states of entities that have no current one, in files of programs that kept none: who may see the past of
//! such an entity is decided by it. What it was is told from the history, once, where that leaves no doubt.

use ngsi_ld::{Attribute, Timestamp};

use crate::embedded::{Embedded, begin};
use crate::tables::{FORMAT_WITH_LAST, meta, set_meta};
use crate::{Change, EntityKey, Past, Storage as _, StorageError, StorageReader, Stored, Take};

/// The row of `meta` that is there while older entities are being looked at.
const FILLING: &str = "filling";
/// How many are written together.
const BATCH: usize = 1_000;
const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

/// An entity without a last state.
struct Gone {
    key: EntityKey,
    /// When it was deleted; `None`: only a history was ever given.
    deleted_at: Option<Timestamp>,
    /// When its current state was changed last.
    modified_at: Timestamp,
}

impl Embedded {
    /// Gives those a last state that an older program left without. A file with nothing of that sort stays as it is.
    pub(crate) fn fill_last_states(&mut self) -> Result<(), StorageError> {
        let begun = meta(&self.connection, FILLING);
        let begun = self.outcome(begun, "loading")?.is_some();
        if self.format >= FORMAT_WITH_LAST && !begun {
            return Ok(());
        }
        let (mut gone, mut any) = (Vec::new(), false);
        self.each(&mut |stored: Stored| {
            let has_none = stored.temporal_only || stored.deleted_at.is_some();
            any |= has_none;
            if has_none && !stored.last_known {
                gone.push(Gone {
                    key: stored.key,
                    deleted_at: stored.deleted_at,
                    modified_at: stored.entity.modified_at,
                });
            }
        })?;
        if !any && !begun {
            return Ok(());
        }
        // From now on there may be rows that an older program would not understand.
        self.note_filling(true)?;
        let reader = self.reader();
        let (mut found, mut unknown) = (Vec::new(), 0_usize);
        for one in &gone {
            match last_state(&*reader, one) {
                Ok(Some(last)) => found.push(Change::Last(one.key, last)),
                Ok(None) => unknown += 1,
                Err(error) => {
                    tracing::warn!(%error, "the history of an entity that is gone cannot be read");
                    unknown += 1;
                }
            }
            if found.len() >= BATCH {
                self.bulk(&std::mem::take(&mut found))?;
            }
        }
        self.bulk(&found)?;
        self.note_filling(false)?;
        tracing::info!(
            entities = gone.len(),
            unknown,
            "entities that are gone have their last states from their history now; the past of those whose last state \
             is unknown is shown only to who may see everything"
        );
        Ok(())
    }

    fn note_filling(&mut self, begins: bool) -> Result<(), StorageError> {
        let noted = begin(&self.connection).and_then(|transaction| {
            if begins {
                set_meta(&transaction, "format", FORMAT_WITH_LAST.into())?;
                set_meta(&transaction, FILLING, 1)?;
            } else {
                transaction.execute("DELETE FROM meta WHERE name = ?", [FILLING])?;
            }
            Ok(transaction.commit()?)
        });
        self.outcome(noted, "loading")?;
        self.format = self.format.max(FORMAT_WITH_LAST);
        Ok(())
    }
}

/// The attributes that an entity had last; `None`: that cannot be said for sure.
fn last_state(reader: &dyn StorageReader, gone: &Gone) -> Result<Option<Vec<Attribute>>, StorageError> {
    let Some(deleted_at) = gone.deleted_at else {
        let last = reader.history(gone.key, &[], ALWAYS, Take::Last(1))?;
        let instances = last.into_iter().filter_map(|past| match past {
            Past::Instance(instance) if !instance.is_scope() => Some(instance),
            Past::Instance(_) | Past::Removed { .. } => None,
        });
        return Ok(Some(instances.collect()));
    };
    let mut state = Vec::new();
    for (name, dataset) in reader.list(gone.key, &[])? {
        let mut series = Series::default();
        reader.visit(gone.key, &name, dataset.as_ref(), ALWAYS, &mut |past| {
            for one in past {
                series.look(one, deleted_at, gone.modified_at);
            }
        })?;
        if series.removed {
            match series.last() {
                Some(last) => state.push(last),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(state))
}

/// What is known of one attribute and data set of an entity that was deleted.
#[derive(Default)]
struct Series {
    /// The one that was written last, of those that were written before the entity's last change.
    latest: Option<Attribute>,
    /// Whether others of them have another value.
    differ: bool,
    /// Whether it was there when the entity was deleted.
    removed: bool,
}

impl Series {
    fn look(&mut self, past: Past, deleted_at: Timestamp, modified_at: Timestamp) {
        match past {
            Past::Removed { at, .. } => self.removed |= at == deleted_at,
            // What was told of the past after the last change never was current.
            Past::Instance(one) if one.modified_at > modified_at => {}
            Past::Instance(one) => match &self.latest {
                None => self.latest = Some(one),
                Some(latest) => {
                    self.differ |= latest.value != one.value;
                    if one.modified_at > latest.modified_at {
                        self.latest = Some(one);
                    }
                }
            },
        }
    }

    /// The one that was current, if that is sure: all say the same, or it replaced one that was current. Whatever else
    /// was written last may have been told of the past, or corrected there.
    fn last(self) -> Option<Attribute> {
        let differ = self.differ;
        self.latest
            .filter(|one| !differ || one.created_at < one.modified_at && one.instance_id.is_none())
    }
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Name, Uri};

    use super::*;
    use crate::current::{read_row, write_row};
    use crate::names::Namer;
    use crate::{Environment, Head};

    const DELETED: i64 = 100;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn one(term: &str, value: i64, created: i64, modified: i64) -> Attribute {
        let mut one = Attribute::property(Name::default_term(term), value).observed_at(at(value));
        (one.created_at, one.modified_at) = (at(created), at(modified));
        one
    }

    fn head(key: EntityKey, modified: i64, temporal_only: bool) -> Change {
        let head = Head {
            id: Uri::ngsi_ld("T", &key.0.to_string()),
            types: vec![Name::default_term("T")],
            scope: Vec::new(),
            created_at: at(0),
            modified_at: at(modified),
            expires_at: None,
            temporal_only,
        };
        Change::Head(key, head)
    }

    fn open(folder: &std::path::Path) -> Embedded {
        Embedded::open(folder, "city", Environment::real(1)).unwrap()
    }

    /// Makes the file one of a program before: what is gone has no last state in it.
    fn make_old(engine: &mut Embedded) {
        engine.fold().unwrap();
        let mut keys = Vec::new();
        engine.each(&mut |stored| keys.push(stored.key)).unwrap();
        let transaction = begin(&engine.connection).unwrap();
        let mut namer = Namer::new(&engine.shared.names);
        for key in keys {
            let mut row = read_row(&transaction, key, &namer).unwrap();
            if row.current.is_live() {
                continue;
            }
            row.current.attributes.clear();
            row.current.lacks_last = true;
            write_row(&transaction, key, &row, &mut namer).unwrap();
        }
        drop(namer);
        set_meta(&transaction, "format", 2).unwrap();
        transaction.commit().unwrap();
    }

    type Found = Vec<(u64, bool, Vec<(String, f64)>)>;

    fn found(engine: &mut Embedded) -> Found {
        let mut found = Vec::new();
        engine
            .load(&mut |stored| {
                let last = stored.entity.attributes.iter();
                let last = last.map(|one| (one.name.short().to_owned(), one.as_f64().unwrap()));
                found.push((stored.key.0, stored.last_known, last.collect()));
            })
            .unwrap();
        found
    }

    fn said(key: u64, last_known: bool, last: &[(&str, f64)]) -> (u64, bool, Vec<(String, f64)>) {
        let last = last.iter().map(|(name, value)| ((*name).to_owned(), *value));
        (key, last_known, last.collect())
    }

    #[test]
    fn what_an_older_program_left_without_a_last_state_gets_it_from_its_history() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path());
        let [replaced, told, same, lives, later, past] = [1, 2, 3, 4, 5, 6].map(EntityKey);
        engine
            .commit(&[
                // The later value is the last one, though an older instant is observed.
                head(replaced, 9, false),
                Change::Attribute(replaced, one("a", 9, 1, 1)),
                Change::Attribute(replaced, one("a", 5, 1, 9)),
                Change::Attribute(replaced, one("gone", 1, 1, 1)),
                Change::RemoveAttribute(replaced, Name::default_term("gone"), None, at(8)),
                Change::Delete(replaced, at(DELETED)),
                // Told of the past before the entity's last change: nobody knows which was current.
                head(told, 9, false),
                Change::Attribute(told, one("a", 1, 1, 1)),
                Change::History(told, one("a", 2, 5, 5)),
                Change::Attribute(told, one("b", 3, 1, 9)),
                Change::Delete(told, at(DELETED)),
                // As before, with the same value.
                head(same, 9, false),
                Change::Attribute(same, one("a", 1, 1, 1)),
                Change::History(same, one("a", 1, 5, 5)),
                Change::Attribute(same, one("b", 3, 1, 9)),
                Change::Delete(same, at(DELETED)),
                head(lives, 9, false),
                Change::Attribute(lives, one("a", 1, 1, 9)),
                // Told of the past after the last change, and after the end.
                head(later, 9, false),
                Change::Attribute(later, one("a", 1, 1, 9)),
                Change::History(later, one("a", 2, 50, 50)),
                Change::Delete(later, at(DELETED)),
                Change::History(later, one("a", 3, 150, 150)),
                head(past, 9, true),
                Change::History(past, one("a", 7, 1, 1)),
                Change::History(past, one("a", 2, 9, 9)),
                Change::History(past, one("b", 2, 9, 9)),
            ])
            .unwrap();
        let before = found(&mut engine);
        make_old(&mut engine);
        drop(engine);
        let mut expected = vec![
            said(1, true, &[("a", 5.0)]),
            said(2, false, &[]),
            said(3, true, &[("a", 1.0), ("b", 3.0)]),
            said(4, true, &[("a", 1.0)]),
            said(5, true, &[("a", 1.0)]),
            said(6, true, &[("a", 7.0), ("b", 2.0)]),
        ];
        let version = |engine: &Embedded| meta(&engine.connection, "format").unwrap();
        for _ in 0..2 {
            let mut engine = open(folder.path());
            assert_eq!(found(&mut engine), expected);
            assert_eq!(version(&engine), Some(3));
            assert_eq!(meta(&engine.connection, FILLING).unwrap(), None);
            engine.fold().unwrap();
            assert_eq!(found(&mut engine), expected);
        }
        // What was filled in is what a program of today keeps.
        expected[1] = said(2, true, &[("a", 1.0), ("b", 3.0)]);
        assert_eq!(before, expected);
        // One of which it is not known stays so until it has a current state again.
        let mut engine = open(folder.path());
        engine
            .commit(&[
                head(told, 200, false),
                Change::Attribute(told, one("a", 8, 200, 200)),
                Change::Delete(told, at(300)),
            ])
            .unwrap();
        expected[1] = said(2, true, &[("a", 8.0)]);
        assert_eq!(found(&mut engine), expected);
    }

    #[test]
    fn a_filling_that_was_cut_off_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path());
        let key = EntityKey(1);
        engine
            .commit(&[
                head(key, 1, false),
                Change::Attribute(key, one("a", 1, 1, 1)),
                Change::Delete(key, at(DELETED)),
            ])
            .unwrap();
        make_old(&mut engine);
        engine.note_filling(true).unwrap();
        drop(engine);
        let mut engine = open(folder.path());
        assert_eq!(found(&mut engine), [said(1, true, &[("a", 1.0)])]);
        assert_eq!(meta(&engine.connection, FILLING).unwrap(), None);
    }

    #[test]
    fn a_file_in_which_nothing_is_gone_keeps_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path());
        engine
            .commit(&[
                head(EntityKey(1), 1, false),
                Change::Attribute(EntityKey(1), one("a", 1, 1, 1)),
            ])
            .unwrap();
        make_old(&mut engine);
        drop(engine);
        let mut engine = open(folder.path());
        found(&mut engine);
        assert_eq!(meta(&engine.connection, "format").unwrap(), Some(2));
        engine
            .commit(&[Change::Delete(EntityKey(1), at(DELETED))])
            .unwrap();
        assert_eq!(meta(&engine.connection, "format").unwrap(), Some(3));
        assert_eq!(found(&mut engine), [said(1, true, &[("a", 1.0)])]);
    }
}
