//! From text to a policy that can be relied on: read, valid against the schema, and expressible.

use cedar_policy::pst::{Clause, Expr, ResourceConstraint, Var};
use cedar_policy::{PolicyId, PolicySet, ValidationMode, Validator};
use miette::Diagnostic;

use super::expression::{Inexpressible, Stage, inexpressible, truth};
use super::{Policy, Schema};

/// What is wrong with one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Problem {
    /// The policy, where it has an id.
    pub(in super::super) policy: Option<String>,
    /// Where in the policy's text, in bytes.
    pub(in super::super) at: usize,
    pub(in super::super) message: String,
    pub(in super::super) help: Option<String>,
    /// It is odd, not wrong.
    pub(in super::super) odd: bool,
}

/// Reads one policy.
pub(in super::super) fn read(text: &str) -> Result<Policy, Problem> {
    let policy = cedar_policy::Policy::parse(None, text).map_err(|errors| {
        // The first one: the others follow from it as a rule.
        match errors.iter().next() {
            Some(first) => of_diagnostic(None, first),
            None => of_diagnostic(None, &errors),
        }
    })?;
    let problem = |at: usize, message: &str, help: &str| Problem {
        policy: None,
        at,
        message: message.to_owned(),
        help: Some(help.to_owned()),
        odd: false,
    };
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    if !super::super::classes::is_word(&id) {
        let message = if id.is_empty() {
            "it has no `@id`"
        } else {
            "its `@id` cannot be one"
        };
        return Err(problem(
            0,
            message,
            "write `@id(\"planners-see-streets\")` before it: letters, digits, `-`, `_` and `.`, at most 60",
        ));
    }
    let policy = policy.new_id(PolicyId::new(&id));
    let tree = policy.to_pst().map_err(|error| Problem {
        policy: Some(id),
        ..problem(0, &error.to_string(), "write it otherwise")
    })?;
    Ok(Policy { policy, tree })
}

/// What of a policy cannot be decided on the entities of the twin, whoever asks; `text` is the policy's.
pub(in super::super) fn undecidable(policy: &Policy, text: &str) -> Option<Problem> {
    let Inexpressible { expression, help } = expressible(policy).err()?;
    Some(Problem {
        policy: Some(policy.id().to_owned()),
        at: find(text, &expression),
        message: format!("`{expression}` cannot be decided on the entities of the twin"),
        help: Some(help.to_owned()),
        odd: false,
    })
}

/// What the schema says about the policies, each of which was read.
pub(in super::super) fn validate<'a>(
    schema: &Schema,
    policies: impl Iterator<Item = &'a Policy>,
) -> Vec<Problem> {
    let all = PolicySet::from_policies(policies.map(|policy| policy.policy.clone()));
    let all = match all {
        Ok(all) => all,
        Err(error) => {
            return vec![Problem {
                policy: None,
                at: 0,
                message: error.to_string(),
                help: None,
                odd: false,
            }];
        }
    };
    let result = Validator::new(schema.0.clone()).validate(&all, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| {
        let id = AsRef::<str>::as_ref(error.policy_id()).to_owned();
        of_diagnostic(Some(id), error)
    });
    let warnings = result.validation_warnings().map(|warning| Problem {
        odd: true,
        ..of_diagnostic(
            Some(AsRef::<str>::as_ref(warning.policy_id()).to_owned()),
            warning,
        )
    });
    errors.chain(warnings).collect()
}

/// Whether what the policy asks of entities can be expressed, whoever asks.
fn expressible(policy: &Policy) -> Result<(), Inexpressible> {
    let body = policy.tree.body();
    if let ResourceConstraint::In(of) | ResourceConstraint::IsIn(_, of) = &body.resource
        && let cedar_policy::pst::EntityOrSlot::Entity(uid) = of
        && uid.ty.to_string() == "Scope"
        && !super::super::asked::is_scope(&uid.eid)
    {
        let expr = Expr::Literal(cedar_policy::pst::Literal::EntityUID(uid.clone()));
        return inexpressible(
            &expr,
            "write a scope with a leading `/` and without one at the end: `resource in Scope::\"/city/north\"`",
        );
    }
    for clause in body.clauses() {
        let (Clause::When(expr) | Clause::Unless(expr)) = clause;
        truth(expr, Stage::Added)?;
    }
    Ok(())
}

/// Whether a policy reads the hour or the day.
pub(super) fn asks_time(policy: &cedar_policy::pst::Policy) -> bool {
    fn of(expr: &Expr) -> bool {
        match expr {
            Expr::GetAttr { expr, attr } if matches!(**expr, Expr::Var(Var::Context)) => {
                ["hour", "weekday"].contains(&attr.as_str())
            }
            // The whole record: compared, or put into a set.
            Expr::Var(Var::Context) => true,
            Expr::UnaryOp { expr, .. } | Expr::GetAttr { expr, .. } | Expr::Like { expr, .. } => of(expr),
            Expr::HasAttr { expr, .. } => !matches!(**expr, Expr::Var(Var::Context)) && of(expr),
            Expr::BinaryOp { left, right, .. } => of(left) || of(right),
            Expr::Is { expr, in_expr, .. } => of(expr) || in_expr.as_ref().is_some_and(|expr| of(expr)),
            Expr::IfThenElse {
                cond,
                then_expr,
                else_expr,
            } => of(cond) || of(then_expr) || of(else_expr),
            Expr::Set(each) => each.iter().any(|one| of(one)),
            Expr::Record(each) => each.values().any(|one| of(one)),
            _ => false,
        }
    }
    policy.body().clauses().iter().any(|clause| {
        let (Clause::When(expr) | Clause::Unless(expr)) = clause;
        of(expr)
    })
}

fn of_diagnostic(policy: Option<String>, error: &(impl Diagnostic + ?Sized)) -> Problem {
    let at = error
        .labels()
        .and_then(|mut labels| labels.next())
        .map(|label| label.offset());
    let label = (error.labels())
        .and_then(|mut labels| labels.next())
        .and_then(|label| label.label().map(str::to_owned));
    let message = match label {
        Some(label) => format!("{error}: {label}"),
        None => error.to_string(),
    };
    // The policy is named beside the message.
    let beside = |text: String| match &policy {
        Some(id) => [", ", ": "].iter().fold(text, |text, end| {
            text.replace(&format!("for policy `{id}`{end}"), "")
        }),
        None => text,
    };
    let message = beside(message);
    let help = error.help().map(|help| beside(help.to_string()));
    Problem {
        policy,
        at: at.unwrap_or(0),
        message,
        help,
        odd: false,
    }
}

/// An error with what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Where an expression stands in a text, written with whatever spaces and brackets; 0 where it cannot be told.
fn find(text: &str, expression: &str) -> usize {
    let plain = |letter: &char| !letter.is_whitespace() && !matches!(letter, '(' | ')');
    let sought: Vec<char> = expression.chars().filter(plain).collect();
    let letters: Vec<(usize, char)> = text.char_indices().filter(|(_, letter)| plain(letter)).collect();
    (letters.windows(sought.len().max(1)))
        .find(|window| window.iter().map(|(_, letter)| letter).eq(&sought))
        .map_or(0, |window| window[0].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_found_however_it_is_spaced() {
        assert_eq!(find("when { a .b( c ) }", "(a.b(c))"), 7);
        assert_eq!(find("x", "y"), 0);
        assert_eq!(find("", ""), 0);
    }
}
