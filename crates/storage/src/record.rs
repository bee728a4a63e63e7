//! How attributes, heads and changes are written.
//!
//! An attribute is `name | dataset | flags | value | modifiedAt − base | …`: names and data sets are numbers of
//! the dictionary (0: no data set), and the other times stand relative to `modifiedAt`, where they are usually
//! the same or near.

use std::sync::Arc;

use ngsi_ld::{Attribute, GeoValue, Name, OneOrMany, PropertyValue, Relationship, Timestamp, Uri, Value};
use serde::Deserialize;
use serde::de::value::{Error as DeError, StrDeserializer};

use crate::codec::{DEEPEST, Input, Malformed, Output};
use crate::geometry::{read_geometry, write_geometry};
use crate::names::{Dictionary, Namer};
use crate::{Change, Datasets, EntityKey, Head};

const OBSERVED: u8 = 1;
const UNIT: u8 = 2;
const EXPIRES: u8 = 4;
const INSTANCE: u8 = 8;
const SUBS: u8 = 16;
const CREATED: u8 = 32;

/// Writes an attribute with its name and data set.
pub(crate) fn write_attribute(
    output: &mut Output,
    attribute: &Attribute,
    base: Timestamp,
    namer: &mut Namer,
) {
    output.varint(namer.number(attribute.name.as_str()).into());
    let dataset = attribute
        .dataset_id
        .as_ref()
        .map_or(0, |dataset| namer.number(dataset.as_str()));
    output.varint(dataset.into());
    write_instance(output, attribute, base, namer);
}

/// Writes an attribute without its name and data set.
pub(crate) fn write_instance(output: &mut Output, attribute: &Attribute, base: Timestamp, namer: &mut Namer) {
    let modified = attribute.modified_at;
    let mut flags = 0;
    for (there, flag) in [
        (attribute.observed_at.is_some(), OBSERVED),
        (attribute.unit_code.is_some(), UNIT),
        (attribute.expires_at.is_some(), EXPIRES),
        (attribute.instance_id.is_some(), INSTANCE),
        (!attribute.sub_attributes.is_empty(), SUBS),
        (attribute.created_at != modified, CREATED),
    ] {
        flags |= if there { flag } else { 0 };
    }
    output.byte(flags);
    write_value(output, &attribute.value, namer);
    write_time(output, modified, base);
    if flags & CREATED != 0 {
        write_time(output, attribute.created_at, modified);
    }
    if let Some(observed) = attribute.observed_at {
        write_time(output, observed, modified);
    }
    if let Some(unit) = &attribute.unit_code {
        output.varint(namer.number(unit).into());
    }
    if let Some(expires) = attribute.expires_at {
        write_time(output, expires, modified);
    }
    if let Some(instance) = &attribute.instance_id {
        output.text(instance.as_str());
    }
    if flags & SUBS != 0 {
        output.count(attribute.sub_attributes.len());
        for sub in &attribute.sub_attributes {
            write_attribute(output, sub, modified, namer);
        }
    }
}

/// Reads what [`write_attribute`] wrote.
pub(crate) fn read_attribute(
    input: &mut Input,
    base: Timestamp,
    names: &Dictionary,
    depth: u32,
) -> Result<Attribute, Malformed> {
    let name = names.name(input.varint()?)?;
    let dataset = read_dataset(input.varint()?, names)?;
    read_instance(input, name, dataset, base, names, depth)
}

/// The data set with a number.
pub(crate) fn read_dataset(number: u64, names: &Dictionary) -> Result<Option<Uri>, Malformed> {
    if number == 0 {
        Ok(None)
    } else {
        Ok(Some(uri(names.text(number)?)))
    }
}

/// Reads what [`write_instance`] wrote.
pub(crate) fn read_instance(
    input: &mut Input,
    name: Name,
    dataset_id: Option<Uri>,
    base: Timestamp,
    names: &Dictionary,
    depth: u32,
) -> Result<Attribute, Malformed> {
    if depth > DEEPEST {
        return Err(Malformed("sub-attributes are too deep"));
    }
    let flags = input.byte()?;
    let mut attribute = Attribute::new(name, read_value(input, names)?);
    attribute.dataset_id = dataset_id;
    let modified = read_time(input, base)?;
    attribute.modified_at = modified;
    attribute.created_at = if flags & CREATED == 0 {
        modified
    } else {
        read_time(input, modified)?
    };
    if flags & OBSERVED != 0 {
        attribute.observed_at = Some(read_time(input, modified)?);
    }
    if flags & UNIT != 0 {
        attribute.unit_code = Some((&**names.text(input.varint()?)?).into());
    }
    if flags & EXPIRES != 0 {
        attribute.expires_at = Some(read_time(input, modified)?);
    }
    if flags & INSTANCE != 0 {
        attribute.instance_id = Some(uri(input.text()?));
    }
    if flags & SUBS != 0 {
        let count = input.count()?;
        let subs = (0..count).map(|_| read_attribute(input, modified, names, depth + 1));
        attribute.sub_attributes = subs.collect::<Result<_, _>>()?;
    }
    Ok(attribute)
}

pub(crate) fn write_time(output: &mut Output, time: Timestamp, base: Timestamp) {
    output.zigzag(time.as_micros().wrapping_sub(base.as_micros()));
}

pub(crate) fn read_time(input: &mut Input, base: Timestamp) -> Result<Timestamp, Malformed> {
    Ok(Timestamp::from_micros(
        base.as_micros().wrapping_add(input.zigzag()?),
    ))
}

/// A URI that was one when it was written: it is not parsed again.
fn uri(text: &str) -> Uri {
    let kept = Uri::deserialize(StrDeserializer::<DeError>::new(text));
    kept.unwrap_or_else(|_| Uri::ngsi_ld("unreadable", text)) // a text always deserializes
}

fn write_value(output: &mut Output, value: &Value, namer: &mut Namer) {
    match value {
        Value::Property(PropertyValue::Boolean(value)) => output.byte(u8::from(*value)),
        Value::Property(PropertyValue::Integer(value)) => {
            output.byte(2);
            output.zigzag(*value);
        }
        Value::Property(PropertyValue::Number(value)) => {
            output.byte(3);
            output.float(*value);
        }
        Value::Property(PropertyValue::Text(text)) => {
            output.byte(4);
            output.text(text);
        }
        Value::Property(PropertyValue::Structured(json)) => {
            output.byte(5);
            output.json(json);
        }
        Value::Relationship(relationship) => {
            output.byte(6);
            write_some(output, &relationship.object, |output, target| {
                output.text(target.as_str());
            });
            match &relationship.object_type {
                None => output.byte(0),
                Some(types) => {
                    output.byte(1);
                    write_some(output, types, |output, name| {
                        output.varint(namer.number(name.as_str()).into());
                    });
                }
            }
        }
        Value::Geo(geo) => {
            output.byte(7);
            write_geometry(output, &geo.geometry);
            output.byte(u8::from(geo.source.is_some()));
            if let Some(source) = &geo.source {
                output.json(source);
            }
        }
        Value::Language(texts) => {
            output.byte(8);
            output.members(texts);
        }
        Value::Json(json) => {
            output.byte(9);
            output.json(json);
        }
        Value::Vocab(terms) => {
            output.byte(10);
            write_some(output, terms, |output, term| output.text(term.as_str()));
        }
        Value::List(items) => {
            output.byte(11);
            output.count(items.len());
            for item in items {
                output.json(item);
            }
        }
        Value::ListRelationship(targets) => {
            output.byte(12);
            output.count(targets.len());
            for target in targets {
                output.text(target.as_str());
            }
        }
    }
}

fn read_value(input: &mut Input, names: &Dictionary) -> Result<Value, Malformed> {
    Ok(match input.byte()? {
        0 => Value::Property(PropertyValue::Boolean(false)),
        1 => Value::Property(PropertyValue::Boolean(true)),
        2 => Value::Property(PropertyValue::Integer(input.zigzag()?)),
        3 => Value::Property(PropertyValue::Number(input.float()?)),
        4 => Value::Property(PropertyValue::Text(input.text()?.into())),
        5 => Value::Property(PropertyValue::Structured(Box::new(input.json(0)?))),
        6 => {
            let object = read_some(input, |input| Ok(uri(input.text()?)))?;
            let object_type = match input.byte()? {
                0 => None,
                1 => Some(Box::new(read_some(input, |input| names.name(input.varint()?))?)),
                _ => return Err(Malformed("no such kind of relationship")),
            };
            Value::Relationship(Relationship { object, object_type })
        }
        7 => {
            let geometry = read_geometry(input, 0)?;
            let source = if input.byte()? == 0 {
                None
            } else {
                Some(Box::new(input.json(0)?))
            };
            Value::Geo(Arc::new(GeoValue::new(geometry, source)))
        }
        8 => Value::Language(Box::new(input.members(0)?)),
        9 => Value::Json(Box::new(input.json(0)?)),
        10 => Value::Vocab(read_some(input, |input| Ok(Name::from_iri(input.text()?)))?),
        11 => {
            let count = input.count()?;
            Value::List((0..count).map(|_| input.json(0)).collect::<Result<_, _>>()?)
        }
        12 => {
            let count = input.count()?;
            Value::ListRelationship(
                (0..count)
                    .map(|_| Ok(uri(input.text()?)))
                    .collect::<Result<_, _>>()?,
            )
        }
        _ => return Err(Malformed("no such kind of value")),
    })
}

/// Zero for one bare value, else the number of values plus one.
fn write_some<T>(output: &mut Output, some: &OneOrMany<T>, mut write: impl FnMut(&mut Output, &T)) {
    output.count(match some {
        OneOrMany::One(_) => 0,
        OneOrMany::Many(many) => many.len() + 1,
    });
    for one in some.as_slice() {
        write(output, one);
    }
}

fn read_some<T>(
    input: &mut Input,
    mut read: impl FnMut(&mut Input) -> Result<T, Malformed>,
) -> Result<OneOrMany<T>, Malformed> {
    match input.varint()? {
        0 => Ok(OneOrMany::One(read(input)?)),
        more => Ok(OneOrMany::Many(
            (1..more).map(|_| read(input)).collect::<Result<_, _>>()?,
        )),
    }
}

/// Writes a head.
pub(crate) fn write_head(output: &mut Output, head: &Head, namer: &mut Namer) {
    output.byte(u8::from(head.expires_at.is_some()) | u8::from(head.temporal_only) << 1);
    output.text(head.id.as_str());
    output.count(head.types.len());
    for name in &head.types {
        output.varint(namer.number(name.as_str()).into());
    }
    output.count(head.scope.len());
    for scope in &head.scope {
        output.text(scope);
    }
    output.zigzag(head.modified_at.as_micros());
    write_time(output, head.created_at, head.modified_at);
    if let Some(expires) = head.expires_at {
        write_time(output, expires, head.modified_at);
    }
}

/// Reads what [`write_head`] wrote.
pub(crate) fn read_head(input: &mut Input, names: &Dictionary) -> Result<Head, Malformed> {
    let flags = input.byte()?;
    let id = uri(input.text()?);
    let count = input.count()?;
    let types = (0..count)
        .map(|_| names.name(input.varint()?))
        .collect::<Result<_, _>>()?;
    let count = input.count()?;
    let scope = (0..count)
        .map(|_| Ok(input.text()?.into()))
        .collect::<Result<_, _>>()?;
    let modified_at = Timestamp::from_micros(input.zigzag()?);
    let created_at = read_time(input, modified_at)?;
    let expires_at = if flags & 1 == 0 {
        None
    } else {
        Some(read_time(input, modified_at)?)
    };
    Ok(Head {
        id,
        types,
        scope,
        created_at,
        modified_at,
        expires_at,
        temporal_only: flags & 2 != 0,
    })
}

/// The entity that a change concerns; none for a row of a system table.
pub(crate) fn key_of(change: &Change) -> Option<EntityKey> {
    match change {
        Change::Head(key, _)
        | Change::Attribute(key, _)
        | Change::RemoveAttribute(key, ..)
        | Change::Delete(key, _)
        | Change::Last(key, _)
        | Change::History(key, _)
        | Change::Forget(key, _)
        | Change::ForgetSeries(key, ..)
        | Change::Erase(key, _) => Some(*key),
        Change::System(..) => None,
    }
}

/// Writes a change without the entity that it concerns. Rows of system tables do not pass here.
pub(crate) fn write_change(output: &mut Output, change: &Change, namer: &mut Namer) {
    let epoch = Timestamp::from_micros(0);
    match change {
        Change::Head(_, head) => {
            output.byte(0);
            write_head(output, head, namer);
        }
        Change::Attribute(_, attribute) => {
            output.byte(1);
            write_attribute(output, attribute, epoch, namer);
        }
        Change::RemoveAttribute(_, name, dataset, at) => {
            output.byte(2);
            output.varint(namer.number(name.as_str()).into());
            output.varint(
                dataset
                    .as_ref()
                    .map_or(0, |dataset| namer.number(dataset.as_str()))
                    .into(),
            );
            write_time(output, *at, epoch);
        }
        Change::Delete(_, at) => {
            output.byte(3);
            write_time(output, *at, epoch);
        }
        Change::History(_, attribute) => {
            output.byte(4);
            write_attribute(output, attribute, epoch, namer);
        }
        Change::Erase(_, at) => {
            output.byte(5);
            write_time(output, *at, epoch);
        }
        Change::Forget(_, attribute) => {
            output.byte(6);
            write_attribute(output, attribute, epoch, namer);
        }
        Change::ForgetSeries(_, name, datasets) => {
            output.byte(7);
            output.varint(namer.number(name.as_str()).into());
            match datasets {
                Datasets::All => output.byte(0),
                Datasets::Only(dataset) => {
                    output.byte(1);
                    let number = dataset
                        .as_ref()
                        .map_or(0, |dataset| namer.number(dataset.as_str()));
                    output.varint(number.into());
                }
            }
        }
        Change::Last(_, attributes) => {
            output.byte(8);
            output.count(attributes.len());
            for attribute in attributes {
                write_attribute(output, attribute, epoch, namer);
            }
        }
        Change::System(..) => {}
    }
}

/// Reads what [`write_change`] wrote.
pub(crate) fn read_change(
    input: &mut Input,
    key: EntityKey,
    names: &Dictionary,
) -> Result<Change, Malformed> {
    let epoch = Timestamp::from_micros(0);
    Ok(match input.byte()? {
        0 => Change::Head(key, read_head(input, names)?),
        1 => Change::Attribute(key, read_attribute(input, epoch, names, 0)?),
        2 => {
            let name = names.name(input.varint()?)?;
            let dataset = read_dataset(input.varint()?, names)?;
            Change::RemoveAttribute(key, name, dataset, read_time(input, epoch)?)
        }
        3 => Change::Delete(key, read_time(input, epoch)?),
        4 => Change::History(key, read_attribute(input, epoch, names, 0)?),
        5 => Change::Erase(key, read_time(input, epoch)?),
        6 => Change::Forget(key, read_attribute(input, epoch, names, 0)?),
        7 => {
            let name = names.name(input.varint()?)?;
            let datasets = match input.byte()? {
                0 => Datasets::All,
                1 => Datasets::Only(read_dataset(input.varint()?, names)?),
                _ => return Err(Malformed("no such choice of data sets")),
            };
            Change::ForgetSeries(key, name, datasets)
        }
        8 => {
            let count = input.count()?;
            let mut attributes = Vec::with_capacity(count.min(1_024));
            for _ in 0..count {
                attributes.push(read_attribute(input, epoch, names, 0)?);
            }
            Change::Last(key, attributes)
        }
        _ => return Err(Malformed("no such kind of change")),
    })
}
