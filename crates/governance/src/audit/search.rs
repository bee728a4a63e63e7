//! The latest leaves of a log that a reader asks for.

use ngsi_ld::Timestamp;

use super::error::Error;
use super::leaf::Leaf;
use super::log::{Log, StoredTiles, TILE};

/// The most leaves that are looked at in one search.
const MOST_READ: u64 = 20_000;

/// Which leaves. Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// By this one: as the leaf has it, or the name that its pseudonym stands for.
    pub actor: Option<String>,
    /// What was done: the beginning, as in `entity.`.
    pub action: Option<String>,
    /// To this: the pseudonym, or the entity's id.
    pub target: Option<String>,
    /// At this instant or later.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
}

/// What was found, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The leaves.
    pub leaves: Vec<Leaf<'static>>,
    /// Older ones may be found among the leaves below this number.
    pub older: Option<u64>,
}

impl Log {
    /// The latest leaves below number `below` that a filter lets through, at most `limit`. Looks at 20 000 and says
    /// where it stopped.
    pub fn latest(&self, filter: &Filter, below: Option<u64>, limit: usize) -> Result<Found, Error> {
        let size = self.size();
        let tiles = StoredTiles::new(&self.0, size);
        let mut end = below.unwrap_or(size).min(size);
        let stop = end.saturating_sub(MOST_READ);
        let wanted = self.wanted(filter);
        let mut leaves = Vec::new();
        while end > stop {
            let bundle = (end - 1) / TILE;
            let first = bundle * TILE;
            let entries = tiles.bundle(bundle)?;
            let there = usize::try_from(end - first).unwrap_or(usize::MAX);
            for (place, entry) in entries.iter().take(there).enumerate().rev() {
                let number = first + place as u64;
                if leaves.len() == limit {
                    let older = Some(number + 1);
                    return Ok(Found { leaves, older });
                }
                let leaf = Leaf::parse(entry)
                    .map_err(|why| Error::damaged(self.tenant(), format!("leaf {number}: {why}")))?;
                if wanted(&leaf) {
                    leaves.push(leaf);
                }
            }
            end = first;
        }
        let older = (end > 0).then_some(end);
        Ok(Found { leaves, older })
    }

    fn wanted(&self, filter: &Filter) -> impl Fn(&Leaf<'_>) -> bool + use<> {
        let filter = filter.clone();
        let actor = filter.actor.as_deref().map(|name| self.pseudonyms().actor(name));
        let target = filter
            .target
            .as_deref()
            .map(|name| self.pseudonyms().target(name));
        let is = |found: Option<&str>, given: &Option<String>, pseudonym: &Option<String>| {
            given.is_none() || found.is_some() && (found == given.as_deref() || found == pseudonym.as_deref())
        };
        move |leaf| {
            is(Some(&leaf.actor), &filter.actor, &actor)
                && is(leaf.target.as_deref(), &filter.target, &target)
                && filter
                    .action
                    .as_ref()
                    .is_none_or(|action| leaf.action.starts_with(action.as_str()))
                && filter.from.is_none_or(|from| leaf.time >= from)
                && filter.before.is_none_or(|before| leaf.time < before)
        }
    }
}
