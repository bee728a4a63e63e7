//! What a subscription to registrations asks for (5.11.2.4, 5.12).

use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::subscription::{EntitySelector, Subscription};
use ngsi_ld::{Error, Name};

use super::{EntitySpecification, RegistrationQuery};
use crate::entity_query::compile_patterns;

impl RegistrationQuery {
    /// The question that a subscription puts to every registration. Its `q` is for the sources themselves.
    ///
    /// # Errors
    /// For a regular expression that cannot be used.
    pub fn subscribed(subscription: &Subscription) -> Result<Self, Error> {
        let (attributes, omitted) = attributes(subscription);
        Ok(Self {
            entities: specifications(subscription.entities.as_deref().unwrap_or_default())?,
            attributes,
            omitted,
            geo: subscription.geo.as_ref().map(|geo| geo.query.clone()),
            scope: subscription.scope.as_ref().map(|scope| scope.tree.clone()),
            csf: subscription.csf.as_ref().map(|csf| csf.tree.clone()),
            temporal: subscription.temporal.clone(),
            dataset_ids: subscription.dataset_ids.clone().unwrap_or_default(),
            operation: None,
            via: Vec::new(),
        })
    }
}

fn specifications(selectors: &[EntitySelector]) -> Result<Vec<EntitySpecification>, Error> {
    // `id` goes before `idPattern` (5.2.33).
    let patterns: Vec<Option<&str>> = selectors
        .iter()
        .map(|selector| selector.id_pattern.as_deref().filter(|_| selector.ids.is_empty()))
        .collect();
    let patterns = compile_patterns(&patterns)?;
    let one = |(selector, id_pattern): (&EntitySelector, _)| EntitySpecification {
        ids: selector.ids.clone(),
        id_pattern,
        types: Some(selector.types.clone()),
    };
    Ok(selectors.iter().zip(patterns).map(one).collect())
}

/// The attributes that are asked for, and those that are not wanted. Where no attributes are watched, all are; where
/// none are named for the notification, all are: then every attribute will do (5.11.2.4).
fn attributes(subscription: &Subscription) -> (Vec<Name>, Vec<Name>) {
    let params = &subscription.notification;
    let Some(watched) = &subscription.watched_attributes else {
        return (Vec::new(), Vec::new());
    };
    let told = match (&params.attributes, &params.pick) {
        (Some(names), _) => names.clone(),
        (None, Some(pick)) => attributes_of(pick.picked()),
        (None, None) => Vec::new(),
    };
    if told.is_empty() {
        let omitted = params.omit.as_ref().map(Projection::omitted);
        let mut omitted = attributes_of(omitted.unwrap_or_default());
        omitted.retain(|name| !watched.contains(name));
        return (Vec::new(), omitted);
    }
    let mut asked = watched.clone();
    asked.extend(told.into_iter().filter(|name| !watched.contains(name)));
    (asked, Vec::new())
}

/// The attributes among members: `id`, `type` and `scope` say nothing of a source.
fn attributes_of(mut names: Vec<Name>) -> Vec<Name> {
    names.retain(|name| {
        let own = name.as_str().strip_prefix(NGSI_LD);
        !name.as_str().starts_with('@') && own != Some("scope")
    });
    names
}
