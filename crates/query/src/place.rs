//! Where an entity stands in an order, as bytes: what an index of that order is sorted by.

use ngsi_ld::query::order::{Direction, OrderKey};
use ngsi_ld::query::q::is_system;
use ngsi_ld::{Entity, Name};

use crate::collation::MAX_KEY_BYTES;
use crate::order::{Rank, SortKey, Sorter, own_time};

/// The most bytes of a place; what is longer is cut there.
pub const MAX_PLACE_BYTES: usize = MAX_KEY_BYTES;

/// Where an entity stands in an order (4.23). Of two places that are not cut, the bytes stand to each other as
/// [`Sorter::compare`] has it. What is cut may be equal to another and yet come before it or after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Box<[u8]>);

impl Place {
    /// Whether it may be longer than what is there of it.
    pub fn is_cut(&self) -> bool {
        self.0.len() >= MAX_PLACE_BYTES
    }

    /// Whether everything at `place` or after it comes after what has this as the place by its first value
    /// ([`Sorter::first_place`]).
    pub fn is_first_before(&self, place: &Self) -> bool {
        self < place && !place.0.starts_with(&self.0)
    }
}

/// Bytes that keep the order of what is written to them, one after the other.
struct Bytes {
    bytes: Vec<u8>,
    /// The greatest first: what is written is turned round.
    turned: bool,
}

impl Bytes {
    fn is_full(&self) -> bool {
        self.bytes.len() >= MAX_PLACE_BYTES
    }

    fn put(&mut self, bytes: &[u8]) {
        let turn = if self.turned { u8::MAX } else { 0 };
        let left = MAX_PLACE_BYTES - self.bytes.len().min(MAX_PLACE_BYTES);
        self.bytes.extend(bytes.iter().take(left).map(|byte| byte ^ turn));
    }

    /// Bytes of any length: shorter ones are before those that they begin.
    fn put_ended(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == 0) {
            self.put(part);
            if part.ends_with(&[0]) {
                self.put(&[1]);
            }
            if self.is_full() {
                return;
            }
        }
        self.put(&[0, 0]);
    }

    fn place(self) -> Place {
        Place(self.bytes.into())
    }
}

impl Sorter {
    /// Whether its order can be that of an index: it does not depend on where distances are measured from.
    pub fn has_places(&self) -> bool {
        !self.terms.iter().any(|(_, direction)| direction.is_distance())
    }

    /// Whether it is the same order as another, so that both can use one index.
    pub fn is_same_order(&self, other: &Self) -> bool {
        self.has_places() && other.has_places() && self.terms == other.terms && self.tag == other.tag
    }

    /// The place of an entity.
    pub fn place(&self, entity: &Entity) -> Place {
        self.place_of(&self.key(entity))
    }

    /// The place of an entity with this key.
    pub fn place_of(&self, key: &SortKey) -> Place {
        self.place_by(key, usize::MAX)
    }

    /// The place by the first value alone; other places of the same first value begin with it.
    pub fn first_place(&self, key: &SortKey) -> Place {
        self.place_by(key, 1)
    }

    fn place_by(&self, key: &SortKey, terms: usize) -> Place {
        let mut bytes = Bytes {
            bytes: Vec::with_capacity(32),
            turned: false,
        };
        for ((_, direction), rank) in self.terms.iter().zip(&key.0).take(terms) {
            // A descending order turns round the values of one type; the types keep theirs.
            bytes.turned = false;
            bytes.put(&[rank.type_order() + 1]);
            bytes.turned = *direction == Direction::Descending;
            self.put(rank, &mut bytes);
        }
        bytes.place()
    }

    fn put(&self, rank: &Rank, into: &mut Bytes) {
        match rank {
            Rank::Distance(number) | Rank::Number(number) => {
                let bits = number.to_bits();
                let ordered = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
                into.put(&ordered.to_be_bytes());
            }
            Rank::Text(text) => into.put_ended(&self.collation.sort_key(text)),
            Rank::Object(text) => into.put_ended(text.as_bytes()),
            Rank::Array(items) => {
                for item in items {
                    into.put(&[item.type_order() + 1]);
                    self.put(item, into);
                    if into.is_full() {
                        return;
                    }
                }
                into.put(&[0]);
            }
            Rank::Boolean(value) => into.put(&[u8::from(*value)]),
            Rank::Time(time) => {
                for part in [time.hour(), time.minute(), time.second()] {
                    into.put(&[part.unsigned_abs()]);
                }
                into.put(&time.subsec_nanosecond().unsigned_abs().to_be_bytes());
            }
            Rank::Date(date) => {
                into.put(&(date.year().cast_unsigned() ^ 1 << 15).to_be_bytes());
                into.put(&[date.month().unsigned_abs(), date.day().unsigned_abs()]);
            }
            Rank::DateTime(instant) => {
                into.put(&(instant.as_micros().cast_unsigned() ^ 1 << 63).to_be_bytes());
            }
            Rank::Null | Rank::Absent => {}
        }
    }

    /// Whether two states of one entity may have different keys.
    pub fn tells_apart(&self, one: &Entity, other: &Entity) -> bool {
        self.terms.iter().any(|(key, _)| match key {
            OrderKey::Id => one.id != other.id,
            OrderKey::Type => one.types != other.types,
            OrderKey::Scope => one.scope != other.scope,
            OrderKey::Attribute(path) => path.attributes.first().is_some_and(|name| {
                let (a, b) = (one.get(name.as_str()), other.get(name.as_str()));
                a != b || a.is_none() && own_time(one, path) != own_time(other, path)
            }),
        })
    }

    /// Whether what a view hides of an entity can only move it further back: what is not seen comes last in either
    /// direction. But without what is hidden, it was changed earlier.
    pub fn hiding_moves_back(&self) -> bool {
        self.terms.iter().all(moves_back)
    }

    /// Whether it can only move it further back by its first value.
    pub fn hiding_moves_first_back(&self) -> bool {
        self.terms.first().is_some_and(moves_back)
    }

    /// The order for people, with short names: `colour, address[city] desc (sv)`.
    pub fn label(&self) -> String {
        let terms = self.terms.iter().map(|(key, direction)| {
            let key = match key {
                OrderKey::Id => "id".to_owned(),
                OrderKey::Type => "type".to_owned(),
                OrderKey::Scope => "scope".to_owned(),
                OrderKey::Attribute(path) => {
                    let names: Vec<_> = path.attributes.iter().map(Name::short).collect();
                    let members = path.members.join(".");
                    let members = if members.is_empty() {
                        members
                    } else {
                        format!("[{members}]")
                    };
                    names.join(".") + &members
                }
            };
            match direction {
                Direction::Ascending => key,
                direction => format!("{key} {}", direction.as_str()),
            }
        });
        let terms = terms.collect::<Vec<_>>().join(", ");
        match &self.tag {
            Some(tag) => format!("{terms} ({tag})"),
            None => terms,
        }
    }
}

fn moves_back((key, direction): &(OrderKey, Direction)) -> bool {
    match key {
        OrderKey::Attribute(path) => match &*path.attributes {
            [name] if is_system(name) => name.short() != "modifiedAt" || *direction == Direction::Descending,
            _ => true,
        },
        OrderKey::Id | OrderKey::Type | OrderKey::Scope => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::context::Context;
    use ngsi_ld::query::order::OrderBy;
    use ngsi_ld::representation::read_entity;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};
    use std::cmp::Ordering;

    fn sorter(order: &str, collation: Option<&str>) -> Sorter {
        Sorter::new(&OrderBy::parse(order, collation, None, None, Context::core()).unwrap()).unwrap()
    }

    fn any_text() -> impl Strategy<Value = String> {
        let letters = prop_oneof![
            4 => prop::sample::select(vec!['a', 'A', 'b', 'l', 'L', 'n', 'z', '1', '2', ' ', '-', '_', '~', '\0']),
            1 => any::<char>(),
            2 => prop::sample::select(vec![
                '\u{301}', '\u{308}', '\u{b7}', '\u{387}', 'ä', 'Ä', 'é', 'ß', 'æ', 'ñ', '\u{200d}', '\u{ad}', '日', 'п', '😀',
                '²', '\u{ffff}', '\u{338}', 'ŀ', 'Ā', 'ŉ', 'ǆ', 'Ȁ', 'ɏ', 'ɐ', '×', '한', '\u{1100}',
            ]),
        ];
        (
            prop::sample::select(vec!["", "", "al", "Sensor "]),
            prop::collection::vec(letters, 0..5),
        )
            .prop_map(|(start, letters)| start.chars().chain(letters).collect())
    }

    fn any_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            (-3..3_i64).prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            Just(json!(-0.0)),
            Just(json!(0.0)),
            any_text().prop_map(Json::from),
            any::<bool>().prop_map(Json::from),
            any_text().prop_map(|text| json!({"x": text})),
            prop::sample::select(vec!["12:00:00Z", "12:00:00.25Z", "09:59:59Z", "23:00:00Z"])
                .prop_map(|text| json!({"@type": "Time", "@value": text})),
            prop::sample::select(vec!["2026-01-02", "2025-12-31", "0001-01-01", "-000001-01-01"])
                .prop_map(|text| json!({"@type": "Date", "@value": text})),
            prop::sample::select(vec![
                "2026-01-02T00:00:00Z",
                "1969-12-31T00:00:00Z",
                "2026-01-02T00:00:00.000001Z"
            ])
            .prop_map(|text| json!({"@type": "DateTime", "@value": text})),
            Just(json!({"@value": null})),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Json::from)
        })
    }

    fn any_entity() -> impl Strategy<Value = Entity> {
        let some = || prop::option::weighted(0.9, any_value());
        (
            0..3_u8,
            some(),
            some(),
            prop::collection::btree_set("[ABc]", 1..3),
            0..3_i64,
        )
            .prop_map(|(id, a, b, types, made)| {
                let mut json = json!({"id": format!("urn:e:{id}"), "type": types});
                if let Some(a) = a {
                    json["a"] = json!({"value": a, "b": 7});
                }
                if let Some(b) = b {
                    json["c"] = json!({"value": {"x": b}});
                }
                let mut entity = read_entity(&json, Context::core()).unwrap();
                entity.created_at = ngsi_ld::Timestamp::from_seconds(made);
                entity
            })
    }

    const ORDERS: [&str; 12] = [
        "a",
        "a;desc",
        "c[x]",
        "c[x];desc,a",
        "a,c[x];desc",
        "id,a",
        "id;desc",
        "type;desc,c[x]",
        "createdAt;desc,a",
        "a.b",
        "modifiedAt",
        "scope,type",
    ];
    const TAGS: [Option<&str>; 10] = [
        None,
        Some("und"),
        Some("sv"),
        Some("de-u-co-phonebk"),
        Some("und-u-kn"),
        Some("und-u-ks-level1"),
        Some("und-u-ks-identic"),
        Some("und-u-ka-shifted-ks-level4"),
        Some("und-u-kf-upper"),
        Some("fr-CA-u-kc"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        /// [`Sorter::compare`] is the definition.
        #[test]
        fn places_stand_as_their_entities_do(
            one in any_entity(), other in any_entity(), order in 0..ORDERS.len(), tag in 0..TAGS.len(),
        ) {
            let sorter = sorter(ORDERS[order], TAGS[tag]);
            let (a, b) = (sorter.key(&one), sorter.key(&other));
            let (x, y) = (sorter.place(&one), sorter.place(&other));
            let (found, expected) = (x.cmp(&y), sorter.compare(&a, &b));
            let cut = x.is_cut() || y.is_cut();
            prop_assert!(found == expected || cut && found.is_eq(), "{a:?} {b:?} {x:?} {y:?}");
            let first = self::sorter(ORDERS[order].split(',').next().unwrap(), TAGS[tag]);
            let by_first = first.compare(&first.key(&one), &first.key(&other));
            let (p, q) = (sorter.first_place(&a), sorter.first_place(&b));
            let (found, before) = (p.cmp(&q), p.is_first_before(&y));
            let cut = cut || p.is_cut() || q.is_cut();
            prop_assert!(found == by_first || cut && found.is_eq());
            prop_assert!(before == by_first.is_lt() || cut && !before);
            if !sorter.tells_apart(&one, &other) {
                prop_assert_eq!(a, b);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn texts_stand_as_their_collation_has_it(a in any_text(), b in any_text(), tag in 0..TAGS.len()) {
            let collation = crate::collation::Collation::new(TAGS[tag]).unwrap();
            let expected = collation.compare(&a, &b);
            prop_assert_eq!(collation.sort_key(&a).cmp(&collation.sort_key(&b)), expected);
        }
    }

    #[test]
    fn what_is_cut_is_not_before_what_it_follows() {
        let sorter = sorter("a", None);
        let with = |text: String| {
            let json = json!({"id": "urn:e:1", "type": "T", "a": text});
            sorter.place(&read_entity(&json, Context::core()).unwrap())
        };
        let long = |end: &str| with(format!("{}{end}", "x".repeat(300)));
        assert!(long("a").is_cut());
        assert_eq!(long("a").cmp(&long("b")), Ordering::Equal);
        assert!(with("x".to_owned()) < long("a") && long("a") < with("y".to_owned()));
        assert!(!with("y".repeat(20)).is_cut());
        let first = with("x".to_owned());
        assert!(first.is_first_before(&long("a")) && !long("a").is_first_before(&long("b")));
    }

    #[test]
    fn labels_and_sameness() {
        let one = sorter("a.b,address[city];desc,createdAt", Some("sv"));
        assert_eq!(one.label(), "a.b, address[city] desc, createdAt (sv)");
        assert!(one.is_same_order(&sorter("a.b;asc,address[city];desc,createdAt", Some("sv"))));
        assert!(!one.is_same_order(&sorter("a.b,address[city];desc,createdAt", None)));
        assert!(!sorter("a", None).is_same_order(&sorter("a;desc", None)));
        let from = |from| {
            let order = OrderBy::parse("location;dist-asc", None, Some(from), None, Context::core()).unwrap();
            Sorter::new(&order).unwrap()
        };
        assert!(!from("[0,0]").has_places() && !from("[0,0]").is_same_order(&from("[0,0]")));
        for (order, first, all) in [
            ("modifiedAt;desc", true, true),
            ("modifiedAt", false, false),
            ("createdAt,modifiedAt", true, false),
            ("a,h;desc,createdAt;desc", true, true),
            ("a.modifiedAt", true, true),
            ("id", true, true),
        ] {
            let sorter = sorter(order, None);
            let found = (sorter.hiding_moves_first_back(), sorter.hiding_moves_back());
            assert_eq!(found, (first, all), "{order}");
        }
    }
}
