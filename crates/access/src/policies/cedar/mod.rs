//! All that knows Cedar. Partial evaluation by type (`tpe`) is an experimental feature of the crate, whose interface moves
//! between its releases; nothing outside this module names it.

mod entities;
mod evaluate;
mod expression;
mod leaf;
mod number;
mod read;
mod scope;
mod truth;

pub(super) use evaluate::{Satisfied, Unevaluated, conditions, satisfied};
pub(super) use read::{Problem, read, undecidable, validate};
pub(super) use scope::{Caller, Scope};

use cedar_policy::pst;

/// What a city's policies are written against.
#[derive(Clone, Debug)]
pub(super) struct Schema(cedar_policy::Schema);

/// One policy, read.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    policy: cedar_policy::Policy,
    tree: pst::Policy,
}

impl Schema {
    /// The schema of a city with these classes and purposes. The names have been checked: they hold nothing to be escaped.
    pub(super) fn new<'a>(
        classes: impl Iterator<Item = &'a str>,
        purposes: impl Iterator<Item = &'a str>,
    ) -> Result<Self, String> {
        let enumeration = |name: &str, of: &mut dyn Iterator<Item = &'a str>| {
            let listed: Vec<String> = of.map(|one| format!("\"{one}\"")).collect();
            format!("entity {name} enum [{}];\n", listed.join(", "))
        };
        let (mut classes, mut purposes) = (classes, purposes);
        let text = format!(
            "{}{}{}",
            include_str!("../data/city.cedarschema"),
            enumeration("Class", &mut classes),
            enumeration("Purpose", &mut purposes)
        );
        match cedar_policy::Schema::from_cedarschema_str(&text) {
            Ok((schema, _)) => Ok(Self(schema)),
            Err(error) => Err(read::chain(&error)),
        }
    }
}

impl Policy {
    /// Its `@id`.
    pub(super) fn id(&self) -> &str {
        AsRef::<str>::as_ref(self.policy.id())
    }

    /// Its annotations, by name.
    pub(super) fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.policy.annotations()
    }

    /// Whether it permits; else it forbids.
    pub(super) fn permits(&self) -> bool {
        self.policy.effect() == cedar_policy::Effect::Permit
    }

    /// Whether it asks for the time: then what it says changes by the hour.
    pub(super) fn asks_time(&self) -> bool {
        read::asks_time(&self.tree)
    }
}
