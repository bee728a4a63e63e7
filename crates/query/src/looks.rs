//! What decides whether an entity is selected: so that what is not need not be looked at as a caller sees it.

use ngsi_ld::Name;
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::{Path, Q};

use crate::Selection;

impl Selection {
    /// The attributes of an entity that decide whether it is selected, beside its id, its types and its scopes, which a
    /// view leaves as they are. `None` where it looks at what a view makes anew, such as `modifiedAt`.
    pub fn looks_at(&self) -> Option<Vec<Name>> {
        let mut names = self.attributes.clone();
        names.extend(self.geo.iter().map(|geo| geo.property.clone()));
        match &self.q {
            Some(q) if !collect(q, &mut names) => None,
            _ => Some(names),
        }
    }
}

/// Collects the attributes that a condition looks at; `false` where it looks at something else.
fn collect(q: &Q, into: &mut Vec<Name>) -> bool {
    let mut path = |path: &Path| match path.attributes.first() {
        Some(name) if is_attribute(name) => {
            into.push(name.clone());
            true
        }
        _ => false,
    };
    match q {
        Q::And(parts) | Q::Or(parts) => parts.iter().all(|part| collect(part, into)),
        Q::Exists(one) | Q::Compare(one, ..) => path(one),
        // What is asked of linked entities is asked of them as they are seen.
        Q::Linked { relationship, .. } => path(relationship),
    }
}

/// Whether a name is that of an attribute for sure, and not of a member that every entity has.
fn is_attribute(name: &Name) -> bool {
    match name.as_str().strip_prefix(NGSI_LD) {
        Some(rest) => rest.contains('/') || rest == "location",
        None => !name.as_str().starts_with('@'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::context::Context;

    #[test]
    fn it_names_what_decides_and_nothing_where_it_cannot() {
        let looked = |q: &str| {
            let selection = Selection {
                q: Some(Q::parse(q, Context::core()).unwrap()),
                ..Selection::default()
            };
            let names = selection.looks_at()?;
            Some(
                names
                    .iter()
                    .map(|name| name.short().to_owned())
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        };
        assert_eq!(looked("a.b[c]==1;(d|e>2);r{x}==3").as_deref(), Some("a d e r"));
        assert_eq!(looked("location").as_deref(), Some("location"));
        assert_eq!(looked("a==1;modifiedAt>2026-05-01T00:00:00Z"), None);
        assert_eq!(Selection::default().looks_at().map(|names| names.len()), Some(0));
    }
}
