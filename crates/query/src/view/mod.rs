//! The view: what one caller may see and do, for one purpose. A plain value, made by `access`, taken by every read,
//! every write and every subscription.
//!
//! What a view hides does not exist for its caller: not in a query, a count, a filter, an order, a notification, a
//! history or an error. So every operation is defined on what [`View::of`] gives, and on nothing else:
//!
//! - An attribute is there where the condition of its class holds of the *whole* entity as it is now. An entity of
//!   which no attribute is there does not exist; one that has none exists for those with rights to every class.
//! - What would tell of hidden attributes is made from those that are seen: `modifiedAt` is that of the latest of them.
//! - The past is shown by the `history` rights to the entity as it is now, as it was last where it is gone. Nothing is
//!   looked up of what somebody might have seen at the time: who hides an entity hides its past with it, and who opens
//!   it opens its past.
//! - Who may write an attribute may do so before *and* after: nobody moves an entity out of where he may write, or
//!   into where he may not. And no write widens what its caller sees: what was hidden from him stays so.

mod classification;
mod condition;
mod rights;
mod shown;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ngsi_ld::Entity;

pub use classification::{Class, Classification};
pub use condition::{Condition, Test};
pub use rights::{Rights, RightsOf};
pub use shown::{Shown, ShownOf};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Somebody who did not say.
    Anonymous,
    /// Somebody who is known: the id of a person, a service or a device.
    Principal(Arc<str>),
    /// A part of the program, by name.
    System(&'static str),
}

impl Caller {
    /// From what [`fmt::Display`] writes. A part of the program is known again as `system`, whichever it was.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "anonymous" => Some(Self::Anonymous),
            Some(("principal", id)) if !id.is_empty() => Some(Self::Principal(id.into())),
            Some(("system", _)) => Some(Self::System("system")),
            _ => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Principal(id) => write!(f, "principal {id}"),
            Self::System(name) => write!(f, "system {name}"),
        }
    }
}

/// What for. An open word list; `service-operation` where nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(pub Arc<str>);

/// What may be done, and since which change of the rules.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// What is seen of an entity as it is.
    pub read: Rights,
    /// What is seen of its past.
    pub history: Rights,
    /// What may be made and changed.
    pub write: Rights,
    /// What may be deleted: of an entity everything, or nothing.
    pub delete: Rights,
    /// The version of the rules that these were made of.
    pub epoch: u64,
}

impl Permissions {
    /// The same rights for everything.
    pub fn uniform(rights: &Rights) -> Self {
        Self {
            read: rights.clone(),
            history: rights.clone(),
            write: rights.clone(),
            delete: rights.clone(),
            epoch: 0,
        }
    }

    fn are_all(&self) -> bool {
        [&self.read, &self.history, &self.write, &self.delete]
            .into_iter()
            .all(Rights::is_all)
    }
}

/// What a caller may see and do for a purpose.
#[derive(Clone, Debug)]
pub struct View {
    caller: Caller,
    purpose: Purpose,
    permissions: Permissions,
    open: bool,
    request: Option<Arc<str>>,
    shown: Option<Arc<Shown>>,
}

impl View {
    /// The view of a caller who has these permissions.
    pub fn new(caller: Caller, purpose: &str, permissions: Permissions) -> Self {
        Self {
            caller,
            purpose: Purpose(purpose.into()),
            open: permissions.are_all(),
            permissions,
            request: None,
            shown: None,
        }
    }

    /// The same, where this counts what is shown.
    #[must_use]
    pub fn counted_by(mut self, shown: Arc<Shown>) -> Self {
        self.shown = Some(shown);
        self
    }

    /// The same, where nothing counts: for a walk through much of which little is shown. Whoever walks so tells
    /// [`Self::shown`] of the view before of what they show.
    #[must_use]
    pub fn uncounted(&self) -> Self {
        Self {
            shown: None,
            ..self.clone()
        }
    }

    /// What counts what is shown. Whoever answers a read tells it of what they answer.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_deref()
    }

    /// The same, for the request with this id: what is done is recorded with it.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        self.request = Some(id.into());
        self
    }

    /// The id of the request, where it is known.
    pub fn request(&self) -> Option<&Arc<str>> {
        self.request.as_ref()
    }

    /// A view that hides nothing and lets everything be done.
    pub fn open(caller: Caller, purpose: &str) -> Self {
        Self::new(caller, purpose, Permissions::uniform(&Rights::all()))
    }

    /// The same caller and purpose with these rights to read, to the past, to write and to delete alike.
    #[must_use]
    pub fn with(self, rights: &Rights) -> Self {
        let epoch = self.permissions.epoch;
        let permissions = Permissions {
            epoch,
            ..Permissions::uniform(rights)
        };
        Self {
            open: permissions.are_all(),
            permissions,
            ..self
        }
    }

    /// The same caller where nothing is done for good: he may write and delete whatever he sees.
    #[must_use]
    pub fn imagining(&self) -> Self {
        let permissions = Permissions {
            write: Rights::all(),
            delete: Rights::all(),
            ..self.permissions.clone()
        };
        Self {
            open: permissions.are_all(),
            permissions,
            ..self.clone()
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Whether it hides nothing at all and lets everything be done, so that short cuts may be taken.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The rights to what is.
    pub fn read(&self) -> &Rights {
        &self.permissions.read
    }

    /// The rights to what was.
    pub fn history(&self) -> &Rights {
        &self.permissions.history
    }

    /// The rights to make and change.
    pub fn write(&self) -> &Rights {
        &self.permissions.write
    }

    /// The rights to delete.
    pub fn delete(&self) -> &Rights {
        &self.permissions.delete
    }

    /// The version of the rules that it was made of.
    pub fn epoch(&self) -> u64 {
        self.permissions.epoch
    }

    /// What the caller sees of an entity as it is; `None`: for this caller it does not exist.
    pub fn of<'a>(&self, entity: &'a Entity) -> Option<Cow<'a, Entity>> {
        self.permissions.read.shows(entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_known_again() {
        for caller in [Caller::Anonymous, Caller::Principal("urn:x:Ada L".into())] {
            assert_eq!(Caller::parse(&caller.to_string()), Some(caller));
        }
        assert_eq!(
            Caller::parse(&Caller::System("twin").to_string()),
            Some(Caller::System("system"))
        );
        for text in ["", "principal", "principal ", "somebody x", "anonymous x"] {
            assert_eq!(Caller::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_view_is_open_when_all_of_it_is() {
        let open = View::open(Caller::Anonymous, "test");
        assert!(open.is_open());
        assert!(!open.clone().with(&Rights::none()).is_open());
        let mut permissions = Permissions::uniform(&Rights::all());
        permissions.delete = Rights::none();
        let view = View::new(Caller::Anonymous, "test", permissions);
        assert!(!view.is_open() && view.read().is_all());
        assert!(view.with(&Rights::all()).is_open());
    }
}
