//! Policies of access: who may do what with which of the city's knowledge, for what purpose.
//!
//! A city's rules are policies in Cedar, a language in which what nobody permitted is not permitted and what one
//! policy forbids no other can permit. A [`RuleBook`] holds them, checked, with the [`query::view::Classification`]
//! of attributes and the list of [`Purposes`]. For one question ([`Asked`]: who, to do what, for what, when) it is
//! partially evaluated into a [`query::view::Rights`]: for each class of attributes a predicate on entities,
//! decided in nanoseconds by the query engine. Cedar itself is never asked about an entity, except to explain
//! ([`RuleBook::explain`]).
//!
//! What a policy asks of an entity is limited to what [`query::view::Condition`] can decide; a policy that asks for
//! more is refused when it is added, with the expression it cannot have. So there is one way to decide, and no slow
//! one beside it.
//!
//! [`Policies`] is the living set of a tenant: the rule book of the moment, an epoch that every change counts up,
//! and the compiled rights of those who asked lately.

mod asked;
mod cache;
mod cedar;
mod change;
mod classes;
mod compare;
mod document;
mod explain;
mod finding;
mod gain;
mod impact;
mod policy;
mod purposes;
mod rule_book;
mod store;
mod suggest;
mod trial;

pub(crate) use asked::is_scope;
pub use asked::{Action, Asked, Kind, Subject};
pub use cache::Policies;
pub use change::{ChangeError, Documents};
pub use classes::{Classes, DEFAULT_CLASSES};
pub use compare::{Comparison, Difference};
pub use explain::{Explanation, Verdict};
pub use finding::{Finding, Refused};
pub use gain::{Gain, Gains};
pub use impact::{Impact, Shift};
pub use policy::{Effect, PolicyInfo};
pub use purposes::{DEFAULT_PURPOSES, PurposeRefused, Purposes, UNSAID};
pub use rule_book::{BUILTIN, DEFAULT_ROLES, Limits, RuleBook};
pub use store::{KeptBy, PolicyStore, StoreError};
pub use suggest::{NewRule, Suggested, Suggestions};
pub use trial::{Outcome, Trial};
