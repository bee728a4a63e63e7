//! What is wrong, and what roles are, in the reader's language.

use access::{Error, NoPasskey, Permissions, Role, Weakness};

use super::Language;
use crate::pages::language::Argument;

/// Something that is wrong, and the field where it can be mended.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) text: String,
}

impl Wrong {
    /// What an error says of a field.
    pub(super) fn of(l: Language, error: &Error, field: &'static str) -> Self {
        let text = match error {
            Error::Refused => l.text("wrong-refused"),
            Error::NoAccess => l.text("wrong-no-access"),
            Error::Wait { seconds } => {
                let seconds = usize::try_from(*seconds).unwrap_or(usize::MAX);
                l.text_with("wrong-wait", &[("seconds", Argument::Count(seconds))])
            }
            Error::Busy | Error::Store(_) => l.text("wrong-busy"),
            Error::NotFound { id, .. } => l.text_with("wrong-not-found", &[("name", Argument::Text(id))]),
            Error::Taken(name) => l.text_with("wrong-taken", &[("name", Argument::Text(name))]),
            Error::BadName(_) => l.text("wrong-name"),
            Error::Weak(Weakness::Short) => l.text("wrong-short"),
            Error::Weak(Weakness::Long) => l.text("wrong-long"),
            Error::Weak(Weakness::Common) => l.text("wrong-common"),
            Error::Passkey(why) => match why {
                NoPasskey::Last => l.text("wrong-passkey-last"),
                NoPasskey::Copied => l.text("wrong-passkey-copied"),
                NoPasskey::Known => l.text("wrong-passkey-known"),
                NoPasskey::Late => l.text("wrong-passkey-late"),
                _ => l.text("wrong-passkey"),
            },
            Error::SecondFirst => l.text("wrong-second-first"),
            Error::LastAdministrator => l.text("wrong-last"),
            Error::Beyond(_) => l.text("wrong-beyond"),
            Error::Wrong(_) => l.text("wrong-given"),
            Error::Unseen => l.text("policy-why-unseen"),
            // Forms know nothing of devices.
            Error::State(_) | Error::BadDevice(_) | Error::Request(_) | Error::Authority(_) => {
                l.text("wrong-state")
            }
            Error::Many(_) => l.text("wrong-many"),
        };
        Self { field, text }
    }

    /// A text of ours.
    pub(super) fn text(l: Language, key: &'static str, field: &'static str) -> Self {
        Self {
            field,
            text: l.text(key),
        }
    }
}

/// A role to tick.
pub(super) struct Tick {
    pub(super) value: &'static str,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) ticked: bool,
}

/// The name of a role.
pub(super) fn role(l: Language, role: Role) -> String {
    l.text(&format!("role-{}", role.name()))
}

/// The names of roles.
pub(super) fn roles(l: Language, some: &[Role]) -> String {
    let names: Vec<String> = some.iter().map(|one| role(l, *one)).collect();
    names.join(&l.text("list-comma"))
}

/// The roles that somebody may hand out, to tick.
pub(super) fn ticks(l: Language, by: Permissions, ticked: &[Role]) -> Vec<Tick> {
    Role::ALL
        .into_iter()
        .filter(|one| by.covers(one.permissions()))
        .map(|one| Tick {
            value: one.name(),
            name: role(l, one),
            about: l.text(&format!("role-{}-about", one.name())),
            ticked: ticked.contains(&one),
        })
        .collect()
}

/// The roles that a form names; what is none is left out.
pub(super) fn ticked<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Role> {
    values.filter_map(Role::parse).collect()
}
