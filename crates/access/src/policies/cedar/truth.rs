//! Expressions of Cedar as predicates: where one is true, and where it has a value at all. A policy whose condition has none
//! (an attribute is read that is not there) does not count, whether it permits or forbids, so "not true" and "false"
//! are two things until the end.

use query::view::{Condition, Test};

/// The value of an expression over the entities.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Truth {
    /// Where it is true; nowhere else than where it is defined.
    pub(super) holds: Condition,
    /// Where it has a value.
    pub(super) defined: Condition,
}

impl Truth {
    /// The same for every entity.
    pub(super) fn constant(value: bool) -> Self {
        Self::total(if value {
            Condition::Always
        } else {
            Condition::Never
        })
    }

    /// It has a value for every entity.
    pub(super) fn total(holds: Condition) -> Self {
        Self {
            holds,
            defined: Condition::Always,
        }
    }

    /// It has a value for no entity.
    pub(super) fn error() -> Self {
        Self {
            holds: Condition::Never,
            defined: Condition::Never,
        }
    }

    /// `!self`.
    pub(super) fn not(self) -> Self {
        Self {
            holds: all([self.defined.clone(), self.holds.negated()]),
            defined: self.defined,
        }
    }

    /// `self && other`: the other is not looked at where this one is false.
    pub(super) fn and(self, other: Self) -> Self {
        let guarded = implies(&self.holds, &other.defined);
        let defined = if guarded {
            self.defined
        } else {
            all([self.defined, any([self.holds.clone().negated(), other.defined])])
        };
        Self {
            holds: all([self.holds, other.holds]),
            defined,
        }
    }

    /// `self || other`: the other is not looked at where this one is true.
    pub(super) fn or(self, other: Self) -> Self {
        let not = self.holds.clone().negated();
        let guarded = implies(&not, &other.defined);
        Self {
            holds: any([self.holds.clone(), all([self.defined.clone(), other.holds])]),
            defined: if guarded {
                self.defined
            } else {
                all([self.defined, any([self.holds, other.defined])])
            },
        }
    }

    /// `if self then yes else no`.
    pub(super) fn choose(self, yes: Self, no: Self) -> Self {
        let not = all([self.defined.clone(), self.holds.clone().negated()]);
        let guarded = implies(&self.holds, &yes.defined) && implies(&not, &no.defined);
        let defined = if guarded {
            self.defined
        } else {
            any([
                all([self.holds.clone(), yes.defined]),
                all([not.clone(), no.defined]),
            ])
        };
        Self {
            holds: any([all([self.holds, yes.holds]), all([not, no.holds])]),
            defined,
        }
    }

    /// How many tests it consists of.
    pub(super) fn size(&self) -> usize {
        size(&self.holds) + size(&self.defined)
    }
}

/// All of them, flat, each once, the cheap ones first.
pub(super) fn all(of: impl IntoIterator<Item = Condition>) -> Condition {
    let mut parts: Vec<Condition> = Vec::new();
    for one in of {
        match one {
            Condition::Always => {}
            Condition::Never => return Condition::Never,
            Condition::All(more) => parts.extend(more),
            one => parts.push(one),
        }
    }
    keep(parts, implies).map_or(Condition::Never, |mut parts| match parts.len() {
        0 => Condition::Always,
        1 => parts.remove(0),
        _ => Condition::All(parts.into()),
    })
}

/// One of them, flat, each once, the cheap ones first.
pub(super) fn any(of: impl IntoIterator<Item = Condition>) -> Condition {
    let mut parts: Vec<Condition> = Vec::new();
    for one in of {
        match one {
            Condition::Never => {}
            Condition::Always => return Condition::Always,
            Condition::Any(more) => parts.extend(more),
            one => parts.push(one),
        }
    }
    keep(parts, |kept, one| implies(one, kept)).map_or(Condition::Always, |mut parts| match parts.len() {
        0 => Condition::Never,
        1 => parts.remove(0),
        _ => Condition::Any(parts.into()),
    })
}

/// The parts without those that another makes superfluous, the cheap ones first; nothing where one is the opposite of
/// another.
fn keep(
    parts: Vec<Condition>,
    superfluous: impl Fn(&Condition, &Condition) -> bool,
) -> Option<Vec<Condition>> {
    // Beyond this the comparison of each with each costs more than it saves.
    const COMPARED: usize = 200;
    let mut kept: Vec<Condition> = Vec::with_capacity(parts.len());
    for one in parts {
        if kept.len() < COMPARED {
            if kept.iter().any(|other| superfluous(other, &one)) {
                continue;
            }
            if kept.iter().any(|other| is_opposite(other, &one)) {
                return None;
            }
            kept.retain(|other| !superfluous(&one, other));
        }
        kept.push(one);
    }
    kept.sort_by_key(cost);
    Some(kept)
}

fn is_opposite(one: &Condition, other: &Condition) -> bool {
    matches!(one, Condition::Not(of) if **of == *other) || matches!(other, Condition::Not(of) if **of == *one)
}

/// Whether one that holds says, by its form alone, that the other does. `false`: not known.
fn implies(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Never, _) | (_, Condition::Always) => true,
        (one, other) if one == other => true,
        (_, Condition::All(of)) => of.iter().all(|other| implies(one, other)),
        (Condition::Any(of), _) => of.iter().all(|one| implies(one, other)),
        (Condition::All(of), _) => of.iter().any(|one| implies(one, other)),
        (_, Condition::Any(of)) => of.iter().any(|other| implies(one, other)),
        (Condition::Attribute(one, _), Condition::Attribute(other, Test::Exists)) => one == other,
        (Condition::Not(one), Condition::Not(other)) => implies(other, one),
        _ => false,
    }
}

fn cost(condition: &Condition) -> usize {
    match condition {
        Condition::Always | Condition::Never => 0,
        Condition::Type(_) => 1,
        Condition::Id(_) => 2,
        Condition::Scope(_) => 3,
        Condition::Attribute(..) => 8,
        Condition::Not(of) => cost(of),
        Condition::All(of) | Condition::Any(of) => of.iter().map(cost).sum::<usize>() + 1,
    }
}

/// How many tests a condition consists of.
pub(super) fn size(condition: &Condition) -> usize {
    match condition {
        Condition::Always | Condition::Never => 0,
        Condition::Not(of) => size(of),
        Condition::All(of) | Condition::Any(of) => of.iter().map(size).sum(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{Attribute, Entity, Name, Uri};

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    fn of_type(term: &str) -> Condition {
        Condition::Type(name(term))
    }

    fn is(term: &str, text: &str) -> Condition {
        Condition::Attribute(name(term), Test::Is(text.into()))
    }

    fn exists(term: &str) -> Condition {
        Condition::Attribute(name(term), Test::Exists)
    }

    fn read(term: &str, text: &str) -> Truth {
        Truth {
            holds: is(term, text),
            defined: exists(term),
        }
    }

    #[test]
    fn what_makes_no_difference_is_left_out() {
        let (a, b) = (of_type("A"), of_type("B"));
        assert_eq!(all([a.clone(), Condition::Always, a.clone()]), a);
        assert_eq!(all([a.clone(), Condition::Never]), Condition::Never);
        assert_eq!(all([a.clone(), b.clone().negated(), b.clone()]), Condition::Never);
        assert_eq!(any([a.clone(), a.clone().negated()]), Condition::Always);
        assert_eq!(any([]), Condition::Never);
        assert_eq!(all([]), Condition::Always);
        assert_eq!(all([exists("x"), is("x", "1")]), is("x", "1"));
        assert_eq!(any([exists("x"), is("x", "1")]), exists("x"));
        assert_eq!(any([all([a.clone(), b.clone()]), a.clone()]), a);
        assert_eq!(
            all([is("x", "1"), a.clone()]),
            Condition::All([a.clone(), is("x", "1")].into())
        );
        assert_eq!(
            all([a.clone(), all([b.clone(), exists("x")])]),
            Condition::All([a, b, exists("x")].into())
        );
    }

    #[test]
    fn a_guard_makes_what_it_guards_total() {
        let guard = || Truth::total(exists("x"));
        assert_eq!(guard().and(read("x", "1")), Truth::total(is("x", "1")));
        let unless_there = guard().not().or(read("x", "1"));
        assert_eq!(unless_there.defined, Condition::Always);
        let chosen = guard().choose(read("x", "1"), Truth::constant(false));
        assert_eq!(chosen, Truth::total(is("x", "1")));
    }

    /// Every expression of depth three over what is true, false and undefined by entity, against three-valued logic.
    #[test]
    fn three_values_are_kept_apart() {
        let entities: Vec<Entity> = ["", "1", "2"]
            .into_iter()
            .flat_map(|x| ["A", "B"].map(|of| (x, of)))
            .map(|(x, of)| {
                let entity = Entity::new(Uri::ngsi_ld("E", "1"), name(of));
                if x.is_empty() {
                    entity
                } else {
                    entity.with(Attribute::property(name("x"), x))
                }
            })
            .collect();
        let value = |truth: &Truth, entity: &Entity| {
            let (holds, defined) = (truth.holds.holds(entity), truth.defined.holds(entity));
            assert!(defined || !holds, "{truth:?} holds where it has no value");
            defined.then_some(holds)
        };
        let leaves = vec![
            Truth::constant(true),
            Truth::constant(false),
            Truth::error(),
            Truth::total(of_type("A")),
            Truth::total(exists("x")),
            read("x", "1"),
        ];
        let mut level = leaves.clone();
        for _ in 0..2 {
            let mut next = Vec::new();
            for one in &level {
                next.push(one.clone().not());
                for other in &leaves {
                    next.push(one.clone().and(other.clone()));
                    next.push(other.clone().and(one.clone()));
                    next.push(one.clone().or(other.clone()));
                    next.push(other.clone().or(one.clone()));
                    next.push(other.clone().choose(one.clone(), Truth::total(of_type("A"))));
                }
                for entity in &entities {
                    let a = value(one, entity);
                    assert_eq!(value(&one.clone().not(), entity), a.map(|a| !a));
                    for other in &leaves {
                        let b = value(other, entity);
                        let and = a.and_then(|a| if a { b } else { Some(false) });
                        let or = a.and_then(|a| if a { Some(true) } else { b });
                        let c = Some(entity.has_type(name("A").as_str()));
                        let choose = a.and_then(|a| if a { b } else { c });
                        assert_eq!(
                            value(&one.clone().and(other.clone()), entity),
                            and,
                            "{one:?} && {other:?}"
                        );
                        assert_eq!(
                            value(&one.clone().or(other.clone()), entity),
                            or,
                            "{one:?} || {other:?}"
                        );
                        let chosen = one.clone().choose(other.clone(), Truth::total(of_type("A")));
                        assert_eq!(value(&chosen, entity), choose, "if {one:?} then {other:?}");
                    }
                }
            }
            next.dedup();
            level = next;
        }
        assert!(level.len() > 1000, "{} expressions", level.len());
    }
}
