//! The living policies of a tenant: the rule book of the moment, and the rights of those who asked lately.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use query::view::Rights;

use super::asked::{Action, Asked};
use super::change::{ChangeError, Documents};
use super::finding::Finding;
use super::rule_book::{Limits, RuleBook};
use super::store::PolicyStore;

/// How many compiled rights are kept: some kilobytes each.
const KEPT: usize = 4_096;

/// The policies of a tenant, in use. Everything of it is for many threads at once.
#[derive(Debug)]
pub struct Policies {
    moment: RwLock<Moment>,
    cache: Mutex<Cache>,
    /// One change at a time: it is read, checked, stored and then taken.
    changing: Mutex<()>,
    limits: Limits,
}

#[derive(Clone, Debug)]
struct Moment {
    epoch: u64,
    documents: Arc<Documents>,
    rules: Arc<RuleBook>,
    /// For which actions the answer may depend on the hour.
    timed: [bool; Action::ALL.len()],
}

impl Moment {
    fn new(epoch: u64, documents: Documents, rules: RuleBook) -> Self {
        Self {
            epoch,
            documents: Arc::new(documents),
            timed: rules.timed_actions(),
            rules: Arc::new(rules),
        }
    }
}

impl Policies {
    /// Those that a store holds; what a city starts with where it holds none. Reads the store: not for an executor's thread.
    pub fn open(store: &dyn PolicyStore, limits: Limits) -> Result<Self, ChangeError> {
        Self::of(store.load()?, limits)
    }

    /// Those of these documents.
    pub fn of(documents: Documents, limits: Limits) -> Result<Self, ChangeError> {
        let rules = RuleBook::read(&documents, limits)?;
        Ok(Self {
            moment: RwLock::new(Moment::new(1, documents, rules)),
            cache: Mutex::default(),
            changing: Mutex::default(),
            limits,
        })
    }

    /// Counts the changes since the program started. What was decided in an earlier epoch is to be decided again.
    pub fn epoch(&self) -> u64 {
        self.moment.read().epoch
    }

    /// The rule book of the moment.
    pub fn rules(&self) -> Arc<RuleBook> {
        Arc::clone(&self.moment.read().rules)
    }

    /// The documents of the moment.
    pub fn documents(&self) -> Arc<Documents> {
        Arc::clone(&self.moment.read().documents)
    }

    /// What is permitted: compiled where nobody asked the same in this epoch (milliseconds), else remembered.
    pub fn rights(&self, asked: &Asked) -> Rights {
        let moment = self.moment.read().clone();
        let mut key = asked.clone();
        if !moment.timed[asked.action as usize] {
            (key.hour, key.weekday) = (0, 0);
        }
        if let Some(known) = self.cache.lock().get(moment.epoch, &key) {
            return known;
        }
        // Outside the lock: two who ask the same at once both compile it, and nobody else waits.
        let rights = moment.rules.rights(asked);
        self.cache.lock().put(moment.epoch, key, rights.clone());
        rights
    }

    /// Whether the same question can have another answer at another hour: then what is kept of it for long (a subscription)
    /// is to be asked again as the hour changes.
    pub fn depends_on_time(&self, action: Action) -> bool {
        self.moment.read().timed[action as usize]
    }

    /// Puts a document, or takes it away where there is no text, when all documents hold together with it and it is stored. Returns
    /// what is odd but not wrong. Waits for the disk: not for an executor's thread.
    pub fn change(
        &self,
        store: &dyn PolicyStore,
        name: &str,
        text: Option<&str>,
    ) -> Result<Vec<Finding>, ChangeError> {
        let _one = self.changing.lock();
        let documents = self
            .documents()
            .as_ref()
            .clone()
            .with(name, text.map(str::to_owned))?;
        let rules = RuleBook::read(&documents, self.limits)?;
        let odd = rules.odd().to_vec();
        store.put(name, text)?;
        let mut moment = self.moment.write();
        *moment = Moment::new(moment.epoch + 1, documents, rules);
        // The entries of before are not found any more; this frees their memory.
        self.cache.lock().clear();
        Ok(odd)
    }
}

/// Two generations: what was asked since the last turn, and what was asked before and may be asked again. So it is bounded,
/// and keeps what is in use, without a clock.
#[derive(Debug, Default)]
struct Cache {
    recent: HashMap<Asked, (u64, Rights)>,
    older: HashMap<Asked, (u64, Rights)>,
}

impl Cache {
    fn get(&mut self, epoch: u64, key: &Asked) -> Option<Rights> {
        if let Some((of, rights)) = self.recent.get(key) {
            return (*of == epoch).then(|| rights.clone());
        }
        let (of, rights) = self.older.remove(key)?;
        if of != epoch {
            return None;
        }
        self.put(epoch, key.clone(), rights.clone());
        Some(rights)
    }

    fn put(&mut self, epoch: u64, key: Asked, rights: Rights) {
        if self.recent.len() >= KEPT / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        // One who compiled for long does not overwrite what is newer.
        match self.recent.get(&key) {
            Some((newer, _)) if *newer > epoch => {}
            _ => drop(self.recent.insert(key, (epoch, rights))),
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::asked::{Kind, Subject};
    use super::super::store::Memory;
    use super::*;
    use ngsi_ld::{Entity, Name, Uri};

    fn viewer(id: &str) -> Asked {
        Asked::new(Subject::new(Kind::User, id, "city", ["viewer"]), Action::Read)
    }

    fn stop() -> Entity {
        Entity::new(Uri::ngsi_ld("GtfsStop", "1"), Name::default_term("GtfsStop"))
    }

    fn sees(policies: &Policies, asked: &Asked) -> bool {
        policies
            .rights(asked)
            .of(&stop())
            .to_attribute(&Name::default_term("name"))
    }

    #[test]
    fn a_change_counts_for_the_next_question_and_is_stored_first() {
        let store = Memory::default();
        let policies = Policies::open(&store, Limits::default()).unwrap();
        assert_eq!(policies.epoch(), 1);
        assert!(sees(&policies, &viewer("ada")));
        let forbid = "@id(\"no-stops\") forbid (principal, action, resource) when { resource.types.contains(\"GtfsStop\") };";
        assert_eq!(policies.change(&store, "stops.cedar", Some(forbid)).unwrap(), []);
        assert_eq!(policies.epoch(), 2);
        assert!(!sees(&policies, &viewer("ada")));
        // What was refused changes nothing, and is not stored.
        assert!(policies.change(&store, "stops.cedar", Some("forbid")).is_err());
        assert!(policies.change(&store, "roles/x", Some("")).is_err());
        assert!(!sees(&policies, &viewer("ada")));
        assert_eq!(policies.epoch(), 2);
        // Another start finds it.
        assert!(!sees(
            &Policies::open(&store, Limits::default()).unwrap(),
            &viewer("ada")
        ));
        store.fail();
        assert!(matches!(
            policies.change(&store, "stops.cedar", None),
            Err(ChangeError::Store(_))
        ));
        assert!(!sees(&policies, &viewer("ada")));
        store.mend();
        policies.change(&store, "stops.cedar", None).unwrap();
        assert!(sees(&policies, &viewer("ada")));
    }

    #[test]
    fn the_hour_is_part_of_the_question_only_where_a_policy_asks_for_it() {
        let store = Memory::default();
        let policies = Policies::open(&store, Limits::default()).unwrap();
        let at = |hour| Asked {
            hour,
            ..viewer("ada")
        };
        assert!(!policies.depends_on_time(Action::Read));
        assert!(sees(&policies, &at(3)) && sees(&policies, &at(12)));
        assert_eq!(policies.cache.lock().recent.len(), 1);
        let nights = "@id(\"nights\") forbid (principal, action == Action::\"Read\", resource) when { context.hour < 6 };";
        policies.change(&store, "nights.cedar", Some(nights)).unwrap();
        assert!(policies.depends_on_time(Action::Read) && !policies.depends_on_time(Action::Write));
        assert!(!sees(&policies, &at(3)) && sees(&policies, &at(12)));
        assert_eq!(policies.cache.lock().recent.len(), 2);
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_asked() {
        let mut cache = Cache::default();
        let busy = viewer("busy");
        cache.put(1, busy.clone(), Rights::all());
        for number in 0..KEPT * 2 {
            cache.put(1, viewer(&number.to_string()), Rights::none());
            assert!(
                cache.get(1, &busy).is_some_and(|rights| rights.is_all()),
                "{number}"
            );
            assert!(cache.recent.len() + cache.older.len() <= KEPT);
        }
        assert!(cache.get(1, &viewer("0")).is_none());
        assert!(cache.get(2, &busy).is_none());
        cache.put(2, busy.clone(), Rights::none());
        cache.put(1, busy.clone(), Rights::all());
        assert!(cache.get(2, &busy).is_some_and(|rights| rights.is_none()));
    }
}
