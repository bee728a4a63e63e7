//! Evaluation: partial, once for a question, and in full, once for an entity that is to be explained.

use cedar_policy::pst::Clause;
use cedar_policy::{
    Authorizer, Decision, EntityTypeName, PartialEntities, PartialEntityUid, PartialRequest, PolicySet,
    Request,
};
use query::view::Condition;

use super::super::asked::Asked;
use super::entities::{all as entities, context, uid};
use super::expression::{MAX_TESTS, Stage, truth};
use super::read::chain;
use super::truth::{all, any, size};
use super::{Policy, Schema};

/// Why a question could not be evaluated. Nothing is permitted then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in super::super) struct Unevaluated(String);

/// Of which entities the policies permit what is asked, for each class of attributes.
pub(in super::super) fn conditions<'a>(
    schema: &Schema,
    policies: impl Iterator<Item = &'a Policy>,
    asked: &Asked,
    classes: impl Iterator<Item = &'a str>,
) -> Result<Vec<Condition>, Unevaluated> {
    let known = entities(schema, asked, None).map_err(Unevaluated)?;
    let known =
        PartialEntities::from_concrete(known, &schema.0).map_err(|error| Unevaluated(chain(&error)))?;
    let policies = set(policies)?;
    classes
        .map(|class| of_class(schema, &policies, asked, class, &known))
        .collect()
}

fn of_class(
    schema: &Schema,
    policies: &PolicySet,
    asked: &Asked,
    class: &str,
    known: &PartialEntities,
) -> Result<Condition, Unevaluated> {
    let entity: EntityTypeName = "NgsiEntity".parse().map_err(|error| Unevaluated(chain(&error)))?;
    let request = PartialRequest::new(
        PartialEntityUid::from_concrete(
            uid(asked.subject.kind.name(), &asked.subject.id).map_err(Unevaluated)?,
        ),
        uid("Action", asked.action.name()).map_err(Unevaluated)?,
        PartialEntityUid::new(entity, None),
        Some(context(asked, class).map_err(Unevaluated)?),
        &schema.0,
    )
    .map_err(|error| Unevaluated(chain(&error)))?;
    let response = policies
        .tpe(&request, known, &schema.0)
        .map_err(|error| Unevaluated(chain(&error)))?;
    if response.true_forbids().next().is_some() {
        return Ok(Condition::Never);
    }
    let mut permits = Vec::new();
    let mut forbids = Vec::new();
    if response.true_permits().next().is_some() {
        permits.push(Condition::Always);
    }
    for policy in response.residual_policies() {
        let permits_it = policy.effect() == cedar_policy::Effect::Permit;
        match of_residual(&policy, asked) {
            Ok(condition) if permits_it => permits.push(condition),
            Ok(condition) => forbids.push(condition),
            Err(reason) => {
                // It was expressible when it was added, so this is a fault of ours, or it grew past all bounds: what it
                // permits is not permitted, and what it forbids is.
                let id = AsRef::<str>::as_ref(policy.id());
                tracing::error!(
                    policy = id,
                    reason,
                    "a policy could not be compiled, and is taken at its most restrictive"
                );
                if !permits_it {
                    return Ok(Condition::Never);
                }
            }
        }
    }
    let condition = all([any(permits), any(forbids).negated()]);
    if size(&condition) > 4 * MAX_TESTS {
        return Err(Unevaluated(
            "the policies together consist of too many tests".to_owned(),
        ));
    }
    Ok(condition)
}

fn of_residual(policy: &cedar_policy::Policy, asked: &Asked) -> Result<Condition, String> {
    let tree = policy.to_pst().map_err(|error| chain(&error))?;
    let stage = Stage::Asked {
        tenant: &asked.tenant,
    };
    let mut holds = Vec::new();
    for clause in tree.body().clauses() {
        let found = match clause {
            Clause::When(expr) => truth(expr, stage),
            Clause::Unless(expr) => truth(expr, stage).map(super::truth::Truth::not),
        };
        holds.push(
            found
                .map_err(|not| format!("`{}`: {}", not.expression, not.help))?
                .holds,
        );
    }
    Ok(all(holds))
}

/// Which of the policies are satisfied for this entity. Those that fail are not.
pub(in super::super) fn satisfied<'a>(
    schema: &Schema,
    policies: impl Iterator<Item = &'a Policy>,
    asked: &Asked,
    class: &str,
    entity: &ngsi_ld::Entity,
) -> Result<Satisfied, Unevaluated> {
    let known = entities(schema, asked, Some(entity)).map_err(Unevaluated)?;
    let request = Request::new(
        uid(asked.subject.kind.name(), &asked.subject.id).map_err(Unevaluated)?,
        uid("Action", asked.action.name()).map_err(Unevaluated)?,
        uid("NgsiEntity", entity.id.as_str()).map_err(Unevaluated)?,
        context(asked, class).map_err(Unevaluated)?,
        Some(&schema.0),
    )
    .map_err(|error| Unevaluated(chain(&error)))?;
    let (permitting, forbidding): (Vec<&Policy>, Vec<&Policy>) =
        policies.partition(|policy| policy.permits());
    let everything = set(permitting.iter().chain(&forbidding).copied())?;
    let authorizer = Authorizer::new();
    let allowed = authorizer.is_authorized(&request, &everything, &known).decision() == Decision::Allow;
    // Cedar names what decided; to name also the permits that a forbid overrode, they are asked alone.
    let named = |policies: Vec<&Policy>| -> Result<Vec<String>, Unevaluated> {
        let response = authorizer.is_authorized(&request, &set(policies.into_iter())?, &known);
        let mut ids: Vec<String> = (response.diagnostics().reason())
            .map(|id| AsRef::<str>::as_ref(id).to_owned())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    };
    Ok(Satisfied {
        allowed,
        permits: named(permitting)?,
        forbids: named(forbidding)?,
    })
}

/// The policies that are satisfied, by id, and what Cedar decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Satisfied {
    pub(in super::super) allowed: bool,
    pub(in super::super) permits: Vec<String>,
    pub(in super::super) forbids: Vec<String>,
}

fn set<'a>(policies: impl Iterator<Item = &'a Policy>) -> Result<PolicySet, Unevaluated> {
    PolicySet::from_policies(policies.map(|policy| policy.policy.clone()))
        .map_err(|error| Unevaluated(chain(&error)))
}
