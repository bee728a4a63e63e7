//! The access path of a selection: which entities must be looked at, at most.

use std::fmt;

use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::{Operand, Operator, Q};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Name, Uri};

use crate::{Bbox, Selection, Selector, TextTest};

/// Where to look. Every entity that the selection takes is among those that the path leads to; visited in order
/// of creation, each once.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// These identifiers.
    ByIds(Vec<Uri>),
    /// Entities with an instance of this GeoProperty whose bounding box meets `bbox`.
    ByGeo {
        /// With one of these types; empty: any.
        types: Vec<Name>,
        /// The GeoProperty, as a rule `location`.
        property: Name,
        /// The box.
        bbox: Bbox,
    },
    /// Entities with one of these types.
    ByType(Vec<Name>),
    /// Entities with one of these attributes.
    ByAttribute(Vec<Name>),
    /// Entities with a number in this range in an attribute, and those with several numbers in it, in whatever range:
    /// in several data sets, or in an array. Whether that is a shorter path than another only those
    /// know who can count.
    ByNumber {
        /// The attribute.
        attribute: Name,
        /// The least number.
        low: f64,
        /// The greatest; both belong to the range.
        high: f64,
    },
    /// Entities with one of these texts in an attribute, and those with texts of it that an index leaves out: long
    /// ones, or too many.
    ByText(Vec<TextsOf>),
    /// Entities with a text in an attribute that a comparison takes, and those with texts of it that an index leaves
    /// out. Whether that is a shorter path than another only those know who have asked it of each text.
    ByTextsThat {
        /// The attribute.
        attribute: Name,
        /// The comparison.
        test: TextTest,
    },
    /// Every entity.
    Scan,
}

/// Some texts of an attribute: strings, targets of a relationship, terms of a vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct TextsOf {
    /// The attribute.
    pub attribute: Name,
    /// The texts, each once.
    pub texts: Vec<String>,
}

/// How a page in an order is found.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderPlan {
    /// By walking along the values of the attribute that decides first, until the page is full: numbers first, then
    /// texts, then what has others or none.
    Along {
        /// The attribute.
        attribute: Name,
        /// Whether some have numbers in it.
        numbers: bool,
        /// Whether some have texts in it, and the order of texts is that of the index.
        texts: bool,
    },
    /// By walking along an index of the order, until the page is full.
    Indexed {
        /// The order, as [`crate::Sorter::label`] has it.
        order: String,
        /// The index is of the entities of this type; `None`: of all.
        of_type: Option<Name>,
    },
    /// By looking ever further around what distances are measured from, by the places of this GeoProperty.
    Outwards(Name),
    /// By looking at the places of this GeoProperty first that may be the farthest from what distances are measured from.
    FromAfar(Name),
    /// By sorting all that this path leads to.
    Sorted(Plan),
}

impl Plan {
    /// The narrowest path that the selection allows.
    pub fn of(selection: &Selection) -> Self {
        if !selection.ids.is_empty() {
            return Self::ByIds(selection.ids.clone());
        }
        if let Some(ids) = ids_of_all(&selection.any) {
            return Self::ByIds(ids);
        }
        let types = selection.needed_types();
        if let Some(query) = &selection.geo
            && let Some(bbox) = Bbox::of_query(query)
        {
            return Self::ByGeo {
                types: types.unwrap_or_default(),
                property: query.property.clone(),
                bbox,
            };
        }
        if let Some(types) = types {
            return Self::ByType(types);
        }
        if !selection.attributes.is_empty() {
            return Self::ByAttribute(selection.attributes.clone());
        }
        match selection.q.as_ref().and_then(needed_attributes) {
            Some(attributes) => Self::ByAttribute(attributes),
            None => Self::Scan,
        }
    }

    /// Other paths that may be shorter, for those who can count how many entities each leads to. All of them hold what
    /// the selection takes.
    pub fn alternatives(selection: &Selection) -> Vec<Self> {
        let mut paths = Vec::new();
        if !selection.ids.is_empty() || ids_of_all(&selection.any).is_some() {
            return paths;
        }
        if let Some(q) = &selection.q {
            paths.extend(numbers(q));
            paths.extend(conjuncts(q).iter().filter_map(needed_texts).map(Self::ByText));
            let tests = conjuncts(q).iter().filter_map(TextTest::of);
            paths.extend(tests.map(|(attribute, test)| Self::ByTextsThat {
                attribute: attribute.clone(),
                test,
            }));
            for needed in conjuncts(q)
                .iter()
                .filter_map(needed_attributes)
                .map(Self::ByAttribute)
            {
                if !paths.contains(&needed) {
                    paths.push(needed);
                }
            }
        }
        if !selection.attributes.is_empty() {
            paths.push(Self::ByAttribute(selection.attributes.clone()));
        }
        paths.extend(selection.needed_types().map(Self::ByType));
        paths
    }

    /// Whether the path alone decides: every entity it leads to is selected.
    pub fn is_exact(&self, selection: &Selection) -> bool {
        let mut rest = selection.clone();
        match self {
            Self::ByIds(_) => rest.ids = Vec::new(),
            Self::ByType(_) if selection.types.as_ref().is_some_and(is_plain) => rest.types = None,
            Self::ByType(_) if selection.types.is_none() && selection.any.iter().all(is_of_plain_types) => {
                rest.any = Vec::new();
            }
            Self::ByAttribute(_) if !selection.attributes.is_empty() => rest.attributes = Vec::new(),
            Self::Scan => {}
            Self::ByType(_)
            | Self::ByAttribute(_)
            | Self::ByGeo { .. }
            | Self::ByNumber { .. }
            | Self::ByText(_)
            | Self::ByTextsThat { .. } => return false,
        }
        rest.is_everything()
    }
}

impl Selection {
    /// Types of which every selected entity has at least one; `None`: no such list.
    pub fn needed_types(&self) -> Option<Vec<Name>> {
        let types = self.types.as_ref().and_then(needed_types);
        let of_any = || union(self.any.iter().map(|one| needed_types(&one.types)));
        types.or_else(|| of_any().filter(|_| !self.any.is_empty()))
    }
}

/// The ids of selectors that all name some.
fn ids_of_all(any: &[Selector]) -> Option<Vec<Uri>> {
    if any.is_empty() || any.iter().any(|one| one.ids().is_empty()) {
        return None;
    }
    let mut ids: Vec<Uri> = any.iter().flat_map(Selector::ids).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

fn is_of_plain_types(selector: &Selector) -> bool {
    selector.is_of_types() && is_plain(&selector.types)
}

fn needed_types(selection: &TypeSelection) -> Option<Vec<Name>> {
    match selection {
        TypeSelection::Type(name) => Some(vec![name.clone()]),
        TypeSelection::Or(parts) => union(parts.iter().map(needed_types)),
        TypeSelection::And(parts) => parts.iter().filter_map(needed_types).min_by_key(Vec::len),
    }
}

/// Attributes of which every selected entity has at least one.
fn needed_attributes(q: &Q) -> Option<Vec<Name>> {
    match q {
        Q::Exists(path)
        | Q::Compare(path, ..)
        | Q::Linked {
            relationship: path, ..
        } => {
            // An entity has these without an attribute.
            let own = |name: &&Name| {
                matches!(
                    name.as_str().strip_prefix(NGSI_LD),
                    Some("createdAt" | "modifiedAt" | "expiresAt")
                )
            };
            path.attributes
                .first()
                .filter(|name| !own(name))
                .map(|name| vec![name.clone()])
        }
        Q::Or(parts) => union(parts.iter().map(needed_attributes)),
        Q::And(parts) => parts.iter().filter_map(needed_attributes).min_by_key(Vec::len),
    }
}

/// What must all hold.
fn conjuncts(q: &Q) -> &[Q] {
    match q {
        Q::And(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// The ranges that a number of every selected entity lies in, one for each attribute. One number lies in all ranges
/// that are asked for at once; of several, each may lie in another.
fn numbers(q: &Q) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for (attribute, from, to) in conjuncts(q).iter().filter_map(range_of) {
        let known = plans.iter_mut().find_map(|plan| match plan {
            Plan::ByNumber {
                attribute: known,
                low,
                high,
            } if known == attribute => Some((low, high)),
            _ => None,
        });
        match known {
            Some((low, high)) => (*low, *high) = (low.max(from), high.min(to)),
            None => plans.push(Plan::ByNumber {
                attribute: attribute.clone(),
                low: from,
                high: to,
            }),
        }
    }
    plans
}

/// The range that one comparison with numbers asks for.
fn range_of(term: &Q) -> Option<(&Name, f64, f64)> {
    let Q::Compare(path, operator, operands) = term else {
        return None;
    };
    let ([attribute], []) = (&*path.attributes, &*path.members) else {
        return None;
    };
    let number = |operand: &Operand| match operand {
        Operand::Number(number) => Some((*number, *number)),
        Operand::Range(from, to) => match (&**from, &**to) {
            (Operand::Number(from), Operand::Number(to)) => Some((*from, *to)),
            _ => None,
        },
        _ => None,
    };
    let ends = operands.iter().map(number).collect::<Option<Vec<_>>>()?;
    let low = ends.iter().map(|(low, _)| *low).fold(f64::INFINITY, f64::min);
    let high = ends
        .iter()
        .map(|(_, high)| *high)
        .fold(f64::NEG_INFINITY, f64::max);
    match operator {
        Operator::Equal => Some((attribute, low, high)),
        Operator::Greater | Operator::GreaterOrEqual => Some((attribute, low, f64::INFINITY)),
        Operator::Less | Operator::LessOrEqual => Some((attribute, f64::NEG_INFINITY, high)),
        Operator::NotEqual | Operator::Matches | Operator::NotMatches => None,
    }
}

/// Texts of which every selected entity has at least one.
fn needed_texts(q: &Q) -> Option<Vec<TextsOf>> {
    match q {
        Q::Compare(path, Operator::Equal, operands) => {
            let ([attribute], []) = (&*path.attributes, &*path.members) else {
                return None;
            };
            let mut texts: Vec<String> = Vec::with_capacity(operands.len());
            for operand in operands {
                // Dates and times are compared by what they mean, ranges of texts by code points.
                let (Operand::Text(text) | Operand::Word(text) | Operand::Uri(text)) = operand else {
                    return None;
                };
                texts.push(text.clone());
            }
            texts.sort_unstable();
            texts.dedup();
            let attribute = attribute.clone();
            Some(vec![TextsOf { attribute, texts }])
        }
        Q::Or(parts) => {
            let mut all: Vec<TextsOf> = Vec::new();
            for part in parts {
                for more in needed_texts(part)? {
                    match all.iter_mut().find(|known| known.attribute == more.attribute) {
                        Some(known) => {
                            known.texts.extend(more.texts);
                            known.texts.sort_unstable();
                            known.texts.dedup();
                        }
                        None => all.push(more),
                    }
                }
            }
            Some(all)
        }
        Q::And(parts) => parts
            .iter()
            .filter_map(needed_texts)
            .min_by_key(|needed| needed.iter().map(|of| of.texts.len()).sum::<usize>()),
        Q::Exists(_) | Q::Compare(..) | Q::Linked { .. } => None,
    }
}

fn union(lists: impl Iterator<Item = Option<Vec<Name>>>) -> Option<Vec<Name>> {
    let mut all: Vec<Name> = Vec::new();
    for list in lists {
        for name in list? {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    Some(all)
}

fn is_plain(selection: &TypeSelection) -> bool {
    match selection {
        TypeSelection::Type(_) => true,
        TypeSelection::Or(parts) => parts.iter().all(|part| matches!(part, TypeSelection::Type(_))),
        TypeSelection::And(_) => false,
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[Name]| names.iter().map(Name::short).collect::<Vec<_>>().join(", ");
        match self {
            Self::ByIds(ids) => write!(f, "by id, {} given", ids.len()),
            Self::ByGeo {
                types,
                property,
                bbox,
            } if types.is_empty() => write!(f, "by {} in {bbox}", property.short()),
            Self::ByGeo {
                types,
                property,
                bbox,
            } => {
                write!(f, "by {} in {bbox} of type {}", property.short(), names(types))
            }
            Self::ByType(types) => write!(f, "by type {}", names(types)),
            Self::ByAttribute(attributes) => write!(f, "by attribute {}", names(attributes)),
            Self::ByNumber { attribute, low, high } => {
                write!(f, "by number {} in [{low}, {high}]", attribute.short())
            }
            Self::ByText(wanted) => {
                f.write_str("by text ")?;
                for (index, TextsOf { attribute, texts }) in wanted.iter().enumerate() {
                    let or = if index > 0 { " or " } else { "" };
                    write!(f, "{or}{} in {texts:?}", attribute.short())?;
                }
                Ok(())
            }
            Self::ByTextsThat { attribute, test } => {
                write!(f, "by the texts of {} that are {test}", attribute.short())
            }
            Self::Scan => f.write_str("every entity"),
        }
    }
}

impl fmt::Display for OrderPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Along {
                attribute,
                numbers,
                texts,
            } => {
                let values = match (numbers, texts) {
                    (true, true) => "numbers and texts",
                    (true, false) => "numbers",
                    (false, true) => "texts",
                    (false, false) => "values",
                };
                write!(f, "along {values} of {}", attribute.short())
            }
            Self::Indexed { order, of_type } => {
                write!(f, "along an index of {order}")?;
                match of_type {
                    Some(name) => write!(f, ", of type {}", name.short()),
                    None => Ok(()),
                }
            }
            Self::Outwards(property) => write!(f, "outwards by {}", property.short()),
            Self::FromAfar(property) => write!(f, "from afar by {}", property.short()),
            Self::Sorted(plan) => write!(f, "sorted: {plan}"),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
