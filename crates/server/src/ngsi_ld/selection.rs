//! From query parameters, or the body of a query by POST (5.2.23), to what the twin is asked.

use ngsi_ld::context::Context;
use ngsi_ld::query::geo::GeoQuery;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::{Q, is_system};
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Error, Name, Uri};
use query::entity_query::{MAX_PATTERNS, MAX_SELECTORS, check_id_pattern, compile_pattern, compile_patterns};
use query::{Selection, Selector, Sorter};
use serde_json::{Map, Value};

use super::members::{only_of_query, only_of_selector};
use super::parameters::{MAX_NAMES, SelectionParameters, flag, list, shortened, too_many_names};
use crate::problem::{Answer, blocking};

/// Which entities, and in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// What must hold.
    pub selection: Selection,
    /// In which order; nothing: that of creation.
    pub order: Option<OrderBy>,
    /// What else was asked that decides who fits: of histories, the time and the attributes.
    pub besides: String,
}

impl Wanted {
    /// What puts them in their order.
    ///
    /// # Errors
    /// `BadRequestData` for a collation that does not exist.
    pub(crate) fn sorter(&self) -> Result<Option<Sorter>, Error> {
        self.order.as_ref().map(Sorter::new).transpose()
    }

    /// The same among some entities only, in no order of its own.
    pub(crate) fn among(&self, ids: Vec<Uri>) -> Self {
        let mut among = self.clone();
        among.selection.ids = ids;
        among.order = None;
        among
    }

    /// What can be said of an entity by its id, types and scope; its attributes are not looked at.
    pub(crate) fn head(&self) -> Self {
        Self {
            selection: head_only(&self.selection),
            order: self.order.clone(),
            besides: String::new(),
        }
    }
}

fn head_only(selection: &Selection) -> Selection {
    Selection {
        ids: selection.ids.clone(),
        id_pattern: selection.id_pattern.clone(),
        types: selection.types.clone(),
        any: selection.any.clone(),
        scope: selection.scope.clone(),
        ..Selection::default()
    }
}

/// From the query parameters of GET.
pub(crate) fn from_parameters(
    parameters: &SelectionParameters,
    attrs: Option<&str>,
    context: &Context,
) -> Result<Wanted, Error> {
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    let attributes = names("attrs", attrs, context)?;
    let every_type = parameters.types.as_deref() == Some("*");
    if every_type && parameters.local.as_deref() == Some("false") {
        return Err(Error::bad_data(
            "`type=*` is a local query: leave `local=false` out (Table 6.4.3.2-1)",
        ));
    }
    flag("splitEntities", parameters.split_entities.as_deref())?;
    let mut selection = Selection {
        ids: ids(list("id", parameters.id.as_deref())?)?,
        attributes,
        q: question(
            parameters.q.as_deref(),
            parameters.expand_values.as_deref(),
            parameters.json_keys.as_deref(),
            context,
        )?,
        geo: geo(
            text(&parameters.georel),
            text(&parameters.geometry),
            text(&parameters.coordinates),
            text(&parameters.geoproperty),
            context,
        )?,
        scope: parameters.scope_q.as_deref().map(ScopeQuery::parse).transpose()?,
        ..Selection::default()
    };
    if let Some(csf) = parameters.csf.as_deref().filter(|csf| !csf.is_empty()) {
        Q::parse_as("csf", csf, context)?;
    }
    selection.types = types(parameters.types.as_deref(), context)?;
    set_pattern(&mut selection, parameters.id_pattern.as_deref())?;
    let wanted = Wanted {
        selection,
        order: ordering(parameters, context)?,
        besides: String::new(),
    };
    not_too_wide(&wanted, flag("local", parameters.local.as_deref())? || every_type)?;
    Ok(wanted)
}

/// From the body of a query by POST, on a thread that may be held: making patterns takes its time.
pub(crate) async fn read_query(query: &Map<String, Value>, local: bool, context: &Context) -> Answer<Wanted> {
    let patterns = within_bounds(query)?;
    if patterns == 0 {
        return Ok(from_query(query, local, context)?);
    }
    let (query, context) = (query.clone(), context.clone());
    Ok(blocking(move || from_query(&query, local, &context)).await??)
}

/// Refuses a Query with more selectors, patterns or ids than are looked at; gives the number of its patterns.
pub(crate) fn within_bounds(query: &Map<String, Value>) -> Result<usize, Error> {
    let Some(Value::Array(selectors)) = query.get("entities") else {
        return Ok(0);
    };
    let patterns = selectors
        .iter()
        .filter(|one| one.get("idPattern").is_some())
        .count();
    let of = |one: &Value| match one.get("id") {
        Some(Value::Array(ids)) => ids.len(),
        _ => 1,
    };
    let ids = selectors.iter().map(of).sum();
    for (what, given, most) in [
        ("selectors", selectors.len(), MAX_SELECTORS),
        ("of `idPattern`", patterns, MAX_PATTERNS),
        ("ids", ids, MAX_NAMES),
    ] {
        if given > most {
            return Err(Error::too_complex(format!(
                "`entities` has {given} {what}, and a query has at most {most}: ask several"
            )));
        }
    }
    Ok(patterns)
}

/// From the body of a query by POST.
pub(crate) fn from_query(
    query: &Map<String, Value>,
    local: bool,
    context: &Context,
) -> Result<Wanted, Error> {
    match query.get("type").and_then(Value::as_str) {
        Some("Query") => {}
        _ => return Err(Error::bad_data("the body's `type` must be `Query` (5.2.23)")),
    }
    only_of_query(query)?;
    within_bounds(query)?;
    let mut selection = Selection {
        attributes: text_list(query, "attrs")?
            .iter()
            .map(|name| attribute("attrs", name, context))
            .collect::<Result<_, _>>()?,
        q: question(
            text(query, "q")?,
            text(query, "expandValues")?,
            text(query, "jsonKeys")?,
            context,
        )?,
        scope: text(query, "scopeQ")?.map(ScopeQuery::parse).transpose()?,
        ..Selection::default()
    };
    if let Some(geo_q) = query.get("geoQ") {
        let geo_q = geo_q
            .as_object()
            .ok_or_else(|| Error::bad_data("`geoQ` is an object (5.2.13)"))?;
        let member = |name| text(geo_q, name).map(|text| text.map(str::to_owned));
        let coordinates = match geo_q.get("coordinates") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(array @ Value::Array(_)) => Some(array.to_string()),
            Some(_) => {
                return Err(Error::bad_data(
                    "`geoQ.coordinates` is an array, or an array as text",
                ));
            }
            None => None,
        };
        selection.geo = geo(
            member("georel")?,
            member("geometry")?,
            coordinates,
            member("geoproperty")?,
            context,
        )?;
    }
    let (mut any, mut every_type) = (Vec::new(), false);
    match query.get("entities") {
        None => {}
        Some(Value::Array(selectors)) if !selectors.is_empty() => {
            for (index, selector) in selectors.iter().enumerate() {
                let (one, every) = selector_of(selector, context).map_err(|error| Error {
                    detail: format!("/entities/{index}: {}", error.detail),
                    ..error
                })?;
                every_type |= every;
                any.push(one);
            }
            set_patterns(&mut any, selectors)?;
        }
        Some(_) => {
            return Err(Error::bad_data(
                "`entities` is an array of at least one selector (5.2.33)",
            ));
        }
    }
    if any.len() == 1 {
        let one = any.remove(0);
        selection.ids = one.ids().to_vec();
        selection.id_pattern = one.id_pattern;
        selection.types = Some(one.types).filter(|_| !every_type);
    }
    selection.any = any;
    if let Some(csf) = text(query, "csf")? {
        Q::parse_as("csf", csf, context)?;
    }
    if query
        .get("splitEntities")
        .is_some_and(|split| !split.is_boolean())
    {
        return Err(Error::bad_data("`splitEntities` is `true` or `false`"));
    }
    let order = query.get("ordering");
    let order = order
        .map(|ordering| OrderBy::from_json(ordering, context))
        .transpose()?;
    let wanted = Wanted {
        selection,
        order,
        besides: String::new(),
    };
    not_too_wide(&wanted, local || every_type)?;
    Ok(wanted)
}

/// `q`, with the values expanded that `expandValues` names and `jsonKeys` does not (4.9).
fn question(
    q: Option<&str>,
    expand_values: Option<&str>,
    json_keys: Option<&str>,
    context: &Context,
) -> Result<Option<Q>, Error> {
    let given = |text: Option<&'_ str>| text.map(str::to_owned).filter(|text| !text.is_empty());
    let mut expanded = names("expandValues", given(expand_values).as_deref(), context)?;
    let keys = names("jsonKeys", given(json_keys).as_deref(), context)?;
    expanded.retain(|name| !keys.contains(name));
    let Some(q) = q else { return Ok(None) };
    let mut q = Q::parse(q, context)?;
    q.expand_values(&expanded, context);
    Ok(Some(q))
}

/// The ordering (4.23). A collation beside nothing to order is looked at all the same (5.7.2.4).
fn ordering(parameters: &SelectionParameters, context: &Context) -> Result<Option<OrderBy>, Error> {
    let (collation, from) = (parameters.collation.as_deref(), parameters.order_from.as_deref());
    let geometry = parameters.order_geometry.as_deref();
    let given = parameters.order_by.as_deref().filter(|text| !text.is_empty());
    let Some(order_by) = given else {
        if collation.is_some() || from.is_some() || geometry.is_some() {
            let order = OrderBy::parse("id", collation, from, geometry, context)?;
            Sorter::new(&order)?;
        }
        return Ok(None);
    };
    OrderBy::parse(order_by, collation, from, geometry, context).map(Some)
}

/// One EntitySelector (5.2.33), and whether its type is `*`.
fn selector_of(selector: &Value, context: &Context) -> Result<(Selector, bool), Error> {
    let selector = selector
        .as_object()
        .ok_or_else(|| Error::bad_data("a selector is an object"))?;
    only_of_selector(selector)?;
    let type_text = text(selector, "type")?.ok_or_else(|| Error::bad_data("a selector needs a `type`"))?;
    let ids = match selector.get("id") {
        None => Vec::new(),
        Some(Value::String(id)) => ids(vec![id.as_str()])?,
        Some(Value::Array(_)) => ids(text_list(selector, "id")?)?,
        Some(_) => return Err(Error::bad_data("`id` is a URI or an array of URIs")),
    };
    if let Some(pattern) = text(selector, "idPattern")? {
        check_id_pattern(pattern)?;
    }
    let selector = Selector::new(ids, TypeSelection::parse(type_text, context)?);
    Ok((selector, type_text == "*"))
}

/// A selection of types alone, for the `type` parameter of operations on one entity.
pub(crate) fn types(text: Option<&str>, context: &Context) -> Result<Option<TypeSelection>, Error> {
    text.filter(|text| *text != "*")
        .map(|text| TypeSelection::parse(text, context))
        .transpose()
}

/// 5.7.2.4: without a type, an attribute, a `q` or a geo-query the question is too wide, unless it is local.
fn not_too_wide(wanted: &Wanted, local: bool) -> Result<(), Error> {
    let Selection {
        types,
        attributes,
        q,
        geo,
        any,
        ..
    } = &wanted.selection;
    if local
        || types.is_some()
        || attributes.iter().any(|name| !is_system(name))
        || q.as_ref().is_some_and(Q::has_user_attribute)
        || geo.is_some()
        || !any.is_empty()
    {
        return Ok(());
    }
    Err(Error::bad_data(
        "the query is too wide: give at least one of `type`, `attrs`, `q` and `georel`, or say `local=true`",
    ))
}

pub(crate) fn ids(texts: Vec<&str>) -> Result<Vec<Uri>, Error> {
    texts
        .into_iter()
        .map(|text| Uri::parse(text).map_err(Error::from))
        .collect()
}

/// The patterns of selectors, which share a bound as those of a subscription do.
fn set_patterns(any: &mut [Selector], selectors: &[Value]) -> Result<(), Error> {
    let pattern = |(one, selector): (&Selector, &'_ Value)| {
        let pattern = selector.get("idPattern").and_then(Value::as_str);
        pattern.filter(|_| one.ids().is_empty()).map(str::to_owned)
    };
    let patterns: Vec<Option<String>> = any.iter().zip(selectors).map(pattern).collect();
    let patterns: Vec<Option<&str>> = patterns.iter().map(Option::as_deref).collect();
    for (one, pattern) in any.iter_mut().zip(compile_patterns(&patterns)?) {
        one.id_pattern = pattern;
    }
    Ok(())
}

/// `id` takes precedence over `idPattern` (5.2.33).
pub(crate) fn set_pattern(selection: &mut Selection, pattern: Option<&str>) -> Result<(), Error> {
    if let Some(pattern) = pattern.filter(|_| selection.ids.is_empty()) {
        check_id_pattern(pattern)?;
        selection.id_pattern = Some(compile_pattern("idPattern", pattern)?);
    }
    Ok(())
}

pub(crate) fn geo(
    georel: Option<String>,
    geometry: Option<String>,
    coordinates: Option<String>,
    property: Option<String>,
    context: &Context,
) -> Result<Option<GeoQuery>, Error> {
    match (georel, geometry, coordinates) {
        (None, None, None) => Ok(None),
        (Some(georel), Some(geometry), Some(coordinates)) => {
            let property = property
                .map(|name| attribute("geoproperty", &name, context))
                .transpose()?;
            GeoQuery::parse(&georel, &geometry, &coordinates, property).map(Some)
        }
        _ => Err(Error::bad_data(
            "a geo-query has all three of `georel`, `geometry` and `coordinates`",
        )),
    }
}

/// The attribute names of a comma-separated list, expanded.
pub(crate) fn names(parameter: &str, text: Option<&str>, context: &Context) -> Result<Vec<Name>, Error> {
    list(parameter, text)?
        .into_iter()
        .map(|name| attribute(parameter, name, context))
        .collect()
}

/// An attribute's name, expanded.
pub(crate) fn attribute(parameter: &str, name: &str, context: &Context) -> Result<Name, Error> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\"'=;(){}".contains(c);
    if name.is_empty() || name.chars().any(odd) {
        return Err(Error::bad_data(format!(
            "`{parameter}`: `{}` is not the name of an attribute",
            shortened(name)
        )));
    }
    let expanded = context.expand(name);
    if expanded.as_str().starts_with('@') {
        return Err(Error::bad_data(format!(
            "`{parameter}`: `{}` is a member of every entity, not an attribute",
            shortened(name)
        )));
    }
    Ok(expanded)
}

/// A member that is a text, if it is there.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::bad_data(format!("`{name}` is a string"))),
    }
}

/// A member that is an array of texts (not an empty one), or one text with commas; nothing is the empty list.
pub(crate) fn text_list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a str>, Error> {
    match object.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => list(name, Some(text)),
        Some(Value::Array(items)) if items.len() > MAX_NAMES => Err(too_many_names(name)),
        Some(Value::Array(items)) if !items.is_empty() => items
            .iter()
            .map(|item| {
                item.as_str()
                    .ok_or_else(|| Error::bad_data(format!("`{name}` is an array of strings")))
            })
            .collect(),
        Some(_) => Err(Error::bad_data(format!(
            "`{name}` is an array of at least one string"
        ))),
    }
}
