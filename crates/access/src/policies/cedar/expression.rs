//! Conditions of policies as predicates on entities: what Cedar's expressions ask of `resource`, in the words of
//! [`query::view::Condition`]. The same walk says of a policy that is being added whether it can be expressed at all, and
//! of a residual of partial evaluation what it is.

use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp, Var};
use query::view::Condition;

use super::leaf::{self, Known, SetOf};
use super::number::Decimal;
use super::truth::{Truth, all, any};

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 100;
/// Of how many tests the predicate of one policy may consist.
pub(super) const MAX_TESTS: usize = 2_000;

/// What of an expression is known already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage<'a> {
    /// The policy is being added: what does not concern the entity will be known when it is asked.
    Added,
    /// It was partially evaluated for a question in this tenant: all but the entity is known.
    Asked {
        /// The tenant whose entities are asked for.
        tenant: &'a str,
    },
}

/// An expression that no predicate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inexpressible {
    /// The expression, as Cedar writes it.
    pub(super) expression: String,
    /// What can be written instead.
    pub(super) help: &'static str,
}

type Result<T> = std::result::Result<T, Inexpressible>;

/// The predicate that an expression is.
pub(super) fn truth(expr: &Expr, stage: Stage<'_>) -> Result<Truth> {
    Walk { stage }.truth(expr, 0)
}

pub(super) fn inexpressible<T>(expr: &Expr, help: &'static str) -> Result<T> {
    let written = expr.to_string();
    let mut expression: String = written.chars().take(200).collect();
    if expression.len() < written.len() {
        expression.push('…');
    }
    Err(Inexpressible { expression, help })
}

const COMPARE: &str = "compare `resource.id`, or ask a set with `contains`, `containsAny` or `containsAll`; numbers are compared with \
    `.highest` or `.lowest` and `greaterThan`, `greaterThanOrEqual`, `lessThan`, `lessThanOrEqual`";

const NAMES: &str = "write names as a request without @context does (`Streetlight`), or as full IRIs";

struct Walk<'a> {
    stage: Stage<'a>,
}

impl Walk<'_> {
    fn truth(&self, expr: &Expr, depth: usize) -> Result<Truth> {
        if depth > MAX_DEPTH {
            return inexpressible(expr, "write it flatter: it is nested more than 100 deep");
        }
        let found = self.node(expr, depth)?;
        if found.size() > MAX_TESTS {
            return inexpressible(
                expr,
                "split it into several policies: it consists of more than 2000 tests",
            );
        }
        Ok(found)
    }

    fn node(&self, expr: &Expr, depth: usize) -> Result<Truth> {
        let below = |expr: &Expr| self.truth(expr, depth + 1);
        match expr {
            Expr::Literal(Literal::Bool(value)) => Ok(Truth::constant(*value)),
            Expr::ResidualError => Ok(Truth::error()),
            expr if !concerns_entity(expr, 0)? => match self.stage {
                Stage::Added => Ok(Truth::constant(true)),
                Stage::Asked { .. } => inexpressible(expr, "ask of what is known when somebody asks"),
            },
            Expr::UnaryOp {
                op: UnaryOp::Not,
                expr,
            } => Ok(below(expr)?.not()),
            Expr::BinaryOp { op, left, right } => match op {
                BinaryOp::And => Ok(below(left)?.and(below(right)?)),
                BinaryOp::Or => Ok(below(left)?.or(below(right)?)),
                BinaryOp::Eq => self.equality(expr, left, right),
                BinaryOp::NotEq => Ok(self.equality(expr, left, right)?.not()),
                BinaryOp::In if is_entity(left) => self.membership(expr, right),
                BinaryOp::HasTag if is_entity(left) => Ok(Truth::total(leaf::exists(&self.key(right)?))),
                BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny => {
                    self.sets(expr, *op, left, right)
                }
                BinaryOp::DecimalLessThan
                | BinaryOp::DecimalLessEq
                | BinaryOp::DecimalGreater
                | BinaryOp::DecimalGreaterEq => self.numbers(expr, *op, left, right),
                _ => inexpressible(expr, COMPARE),
            },
            Expr::Is {
                expr: of,
                entity_type,
                in_expr,
            } if is_entity(of) => {
                let of_type = entity_type.to_string() == "NgsiEntity";
                let inside = in_expr
                    .as_ref()
                    .map(|inside| self.membership(expr, inside))
                    .transpose()?;
                Ok(Truth::constant(of_type).and(inside.unwrap_or(Truth::constant(true))))
            }
            Expr::IfThenElse {
                cond,
                then_expr,
                else_expr,
            } => Ok(below(cond)?.choose(below(then_expr)?, below(else_expr)?)),
            Expr::HasAttr { expr: of, attrs } if is_entity(of) && attrs.len() == 1 => Ok(Truth::constant(
                ["id", "types", "owner"].contains(&attrs.head.as_str()),
            )),
            Expr::HasAttr { expr: of, attrs } if attrs.len() == 1 => match tag(of) {
                Some(key) => {
                    let exists = leaf::exists(&self.key(key)?);
                    let has = ["texts", "flags", "highest", "lowest"].contains(&attrs.head.as_str());
                    Ok(Truth {
                        holds: if has { exists.clone() } else { Condition::Never },
                        defined: exists,
                    })
                }
                None => inexpressible(expr, COMPARE),
            },
            Expr::Like { .. } => inexpressible(
                expr,
                "no pattern is matched on entities; name types, ids, scopes or texts",
            ),
            _ => inexpressible(expr, COMPARE),
        }
    }

    /// `resource.id == "…"`, `resource == NgsiEntity::"…"`, either way round.
    fn equality(&self, expr: &Expr, left: &Expr, right: &Expr) -> Result<Truth> {
        let (entity, other) = if concerns_entity(left, 0)? {
            (left, right)
        } else {
            (right, left)
        };
        if concerns_entity(other, 0)? {
            return inexpressible(
                expr,
                "compare the entity with something that is not of the entity",
            );
        }
        if is_id(entity) || is_entity(entity) {
            return Ok(Truth::total(leaf::id(&self.known(other)?)));
        }
        inexpressible(expr, COMPARE)
    }

    /// `resource in …`.
    fn membership(&self, expr: &Expr, right: &Expr) -> Result<Truth> {
        let tenant = match self.stage {
            Stage::Added => None,
            Stage::Asked { tenant } => Some(tenant),
        };
        let found = match self.known(right)? {
            Known::Set(of) => of
                .iter()
                .map(|one| leaf::inside(one, tenant))
                .collect::<Option<Vec<_>>>()
                .map(any),
            one => leaf::inside(&one, tenant),
        };
        match found {
            Some(condition) => Ok(Truth::total(condition)),
            None => inexpressible(
                expr,
                "write a scope with a leading `/` and without one at the end: `resource in Scope::\"/city/north\"`",
            ),
        }
    }

    fn sets(&self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Result<Truth> {
        if let Some(set) = self.set_of(left)? {
            let known = self.known(right)?;
            let each = |known: &Known| -> Result<Vec<Condition>> {
                match known {
                    Known::Set(of) => of.iter().map(|one| self.holds_one(expr, &set, one)).collect(),
                    Known::Later => Ok(vec![Condition::Always]),
                    one => Ok(vec![self.holds_one(expr, &set, one)?]),
                }
            };
            let asked = match op {
                BinaryOp::Contains => self.holds_one(expr, &set, &known)?,
                BinaryOp::ContainsAll => all(each(&known)?),
                _ => any(each(&known)?),
            };
            let defined = set.defined();
            return Ok(Truth {
                holds: all([asked, defined.clone()]),
                defined,
            });
        }
        match op {
            // It is the same the other way round.
            BinaryOp::ContainsAny if self.set_of(right)?.is_some() && !concerns_entity(left, 0)? => {
                self.sets(expr, op, right, left)
            }
            BinaryOp::Contains if is_id(right) || is_entity(right) => match self.known(left)? {
                Known::Set(of) => Ok(Truth::total(any(of.iter().map(leaf::id)))),
                _ => Ok(Truth::constant(true)),
            },
            _ => inexpressible(expr, COMPARE),
        }
    }

    fn holds_one(&self, expr: &Expr, set: &SetOf, known: &Known) -> Result<Condition> {
        match (self.stage, leaf::is_written_well(set, known)) {
            (Stage::Added, false) => inexpressible(expr, NAMES),
            _ => Ok(leaf::has(set, known)),
        }
    }

    /// `resource.types`, `resource.owner`, `resource.getTag("…").texts`, `… .flags`.
    fn set_of(&self, expr: &Expr) -> Result<Option<SetOf>> {
        let Expr::GetAttr { expr: of, attr } = expr else {
            return Ok(None);
        };
        if is_entity(of) {
            return Ok(match attr.as_str() {
                "types" => Some(SetOf::Types),
                "owner" => Some(SetOf::Owner),
                _ => None,
            });
        }
        let Some(key) = tag(of) else { return Ok(None) };
        let key = self.key(key)?;
        Ok(match attr.as_str() {
            "texts" => Some(SetOf::Texts(key)),
            "flags" => Some(SetOf::Flags(key)),
            _ => None,
        })
    }

    /// `resource.getTag("…").highest.greaterThan(decimal("…"))` and its like, either way round.
    fn numbers(&self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Result<Truth> {
        let bound = |expr: &Expr| match expr {
            Expr::GetAttr { expr: of, attr } if ["highest", "lowest"].contains(&attr.as_str()) => {
                tag(of).map(|key| (key.clone(), attr == "highest"))
            }
            _ => None,
        };
        let (key, highest, other, op) = match (bound(left), bound(right)) {
            (Some((key, highest)), None) => (key, highest, right, op),
            (None, Some((key, highest))) => (key, highest, left, turned(op)),
            _ => return inexpressible(expr, COMPARE),
        };
        let named = match other {
            Expr::UnaryOp {
                op: UnaryOp::Decimal,
                expr,
            } => match &**expr {
                Expr::Literal(Literal::String(text)) => Decimal::parse(text),
                _ => None,
            },
            _ => None,
        };
        let Some(named) = named else {
            return inexpressible(
                expr,
                "compare with a number below 100 000 000 000, of four places at most: `decimal(\"12.5\")`",
            );
        };
        let key = self.key(&key)?;
        let from = |least: Decimal| leaf::number(&key, least.value(), f64::INFINITY);
        let to = |most: Decimal| leaf::number(&key, f64::NEG_INFINITY, most.value());
        let condition = match (highest, op) {
            (true, BinaryOp::DecimalGreaterEq) => from(named),
            (true, BinaryOp::DecimalGreater) => from(named.above()),
            (true, BinaryOp::DecimalLessThan) => from(named).negated(),
            (true, _) => from(named.above()).negated(),
            (false, BinaryOp::DecimalLessEq) => to(named),
            (false, BinaryOp::DecimalLessThan) => to(named.below()),
            (false, BinaryOp::DecimalGreater) => to(named).negated(),
            (false, _) => to(named.below()).negated(),
        };
        let defined = leaf::exists(&key);
        Ok(Truth {
            holds: all([condition, defined.clone()]),
            defined,
        })
    }

    /// The name of an attribute.
    fn key(&self, expr: &Expr) -> Result<Known> {
        let key = self.known(expr)?;
        match (self.stage, leaf::is_name(&key)) {
            (Stage::Added, false) => inexpressible(expr, NAMES),
            _ => Ok(key),
        }
    }

    /// What stands beside the entity: a value, or that it will be one.
    fn known(&self, expr: &Expr) -> Result<Known> {
        if concerns_entity(expr, 0)? {
            return inexpressible(
                expr,
                "compare the entity with something that is not of the entity",
            );
        }
        if let Some(known) = value(expr) {
            return Ok(known);
        }
        match self.stage {
            Stage::Added => Ok(Known::Later),
            Stage::Asked { .. } => inexpressible(expr, "ask of what is known when somebody asks"),
        }
    }
}

/// A value that is written out.
fn value(expr: &Expr) -> Option<Known> {
    match expr {
        Expr::Literal(Literal::Bool(value)) => Some(Known::Flag(*value)),
        Expr::Literal(Literal::String(text)) => Some(Known::Text(text.as_str().into())),
        Expr::Literal(Literal::EntityUID(uid)) => {
            Some(Known::Entity(uid.ty.to_string(), uid.eid.as_str().into()))
        }
        Expr::Set(of) => of
            .iter()
            .map(|one| value(one))
            .collect::<Option<Vec<_>>>()
            .map(Known::Set),
        _ => None,
    }
}

fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::DecimalLessThan => BinaryOp::DecimalGreater,
        BinaryOp::DecimalLessEq => BinaryOp::DecimalGreaterEq,
        BinaryOp::DecimalGreater => BinaryOp::DecimalLessThan,
        _ => BinaryOp::DecimalLessEq,
    }
}

fn is_entity(expr: &Expr) -> bool {
    matches!(expr, Expr::Var(Var::Resource))
}

fn is_id(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == "id" && is_entity(expr))
}

/// The key of `resource.getTag(…)`.
fn tag(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::BinaryOp {
            op: BinaryOp::GetTag,
            left,
            right,
        } if is_entity(left) => Some(right),
        _ => None,
    }
}

/// Whether an expression speaks of the entity. What does not is known once somebody asks; but for `in`, which is known
/// of those who ask and of nobody else.
fn concerns_entity(expr: &Expr, depth: usize) -> Result<bool> {
    if depth > MAX_DEPTH {
        return inexpressible(expr, "write it flatter: it is nested more than 100 deep");
    }
    let any_of = |of: &mut dyn Iterator<Item = &Expr>| -> Result<bool> {
        let mut concerns = false;
        for one in of {
            concerns |= concerns_entity(one, depth + 1)?;
        }
        Ok(concerns)
    };
    let asks = |expr: &Expr| match expr {
        Expr::Var(_) => true,
        Expr::GetAttr { expr, attr } => attr == "tenant" && matches!(**expr, Expr::Var(Var::Context)),
        _ => false,
    };
    match expr {
        Expr::Literal(_) | Expr::ResidualError => Ok(false),
        Expr::Var(var) => Ok(matches!(var, Var::Resource)),
        Expr::UnaryOp { expr, .. }
        | Expr::GetAttr { expr, .. }
        | Expr::HasAttr { expr, .. }
        | Expr::Like { expr, .. } => concerns_entity(expr, depth + 1),
        Expr::BinaryOp {
            op: BinaryOp::In,
            left,
            ..
        } if !asks(left) => inexpressible(
            expr,
            "ask with `in` of `principal`, `action`, `resource` or `context.tenant`",
        ),
        Expr::BinaryOp { left, right, .. } => any_of(&mut [&**left, &**right].into_iter()),
        Expr::Is { expr, in_expr, .. } => any_of(&mut std::iter::once(&**expr).chain(in_expr.as_deref())),
        Expr::IfThenElse {
            cond,
            then_expr,
            else_expr,
        } => any_of(&mut [&**cond, &**then_expr, &**else_expr].into_iter()),
        Expr::Set(of) => any_of(&mut of.iter().map(|one| &**one)),
        Expr::Record(of) => any_of(&mut of.values().map(|one| &**one)),
        _ => inexpressible(expr, "this cannot stand in a policy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;
    use query::view::Test;

    /// What the condition of a policy becomes in the tenant `t`.
    fn of(condition: &str) -> Result<Truth> {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(None, text).unwrap().to_pst().unwrap();
        let cedar_policy::pst::Clause::When(expr) = &policy.body().clauses()[0] else {
            unreachable!("it is a `when`")
        };
        truth(expr, Stage::Asked { tenant: "t" })
    }

    fn attribute(term: &str, test: Test) -> Condition {
        Condition::Attribute(ngsi_ld::Name::default_term(term), test)
    }

    #[test]
    fn what_is_asked_of_an_entity_becomes_a_test() {
        let lamp = || Condition::Type(ngsi_ld::Name::default_term("Lamp"));
        let id = || Condition::Id(ngsi_ld::Uri::parse("urn:x:1").unwrap());
        for (condition, expected) in [
            ("resource.types.contains(\"Lamp\")", lamp()),
            ("resource.types.containsAny([\"Lamp\"])", lamp()),
            ("[\"Lamp\"].containsAny(resource.types)", lamp()),
            ("resource.types.containsAll([])", Condition::Always),
            ("!resource.types.contains(\"Lamp\")", lamp().negated()),
            ("resource.id == \"urn:x:1\"", id()),
            ("\"urn:x:1\" != resource.id", id().negated()),
            ("resource == NgsiEntity::\"urn:x:1\"", id()),
            ("[\"urn:x:1\", \"none\"].contains(resource.id)", id()),
            ("resource in Scope::\"/a\"", Condition::Scope("/a".into())),
            (
                "resource is NgsiEntity in Scope::\"/a\"",
                Condition::Scope("/a".into()),
            ),
            (
                "resource in [Scope::\"/a\", Scope::\"/b\"]",
                Condition::Any([Condition::Scope("/a".into()), Condition::Scope("/b".into())].into()),
            ),
            ("resource in Tenant::\"t\"", Condition::Always),
            ("resource in Tenant::\"u\"", Condition::Never),
            (
                "resource.owner.contains(\"ada\")",
                attribute("owner", Test::Is("ada".into())),
            ),
            (
                "resource.hasTag(\"n\") && resource.getTag(\"n\").texts.contains(\"x\")",
                attribute("n", Test::Is("x".into())),
            ),
            (
                "resource.hasTag(\"n\") && resource.getTag(\"n\").flags.contains(true)",
                attribute("n", Test::Flag(true)),
            ),
            (
                "resource.hasTag(\"n\") && resource.getTag(\"n\").highest.greaterThanOrEqual(decimal(\"1.5\"))",
                attribute("n", Test::Between(1.5, f64::INFINITY)),
            ),
            (
                "resource.hasTag(\"n\") && decimal(\"1.5\").greaterThan(resource.getTag(\"n\").lowest)",
                attribute("n", Test::Between(f64::NEG_INFINITY, 1.4999)),
            ),
            (
                "if resource.types.contains(\"Lamp\") then true else false",
                lamp(),
            ),
            ("true && (resource.types.contains(\"Lamp\") || false)", lamp()),
        ] {
            assert_eq!(of(condition), Ok(Truth::total(expected)), "{condition}");
        }
    }

    #[test]
    fn what_no_test_says_is_refused_with_the_expression() {
        for (condition, expression) in [
            ("resource.id like \"urn:*\"", "resource.id like \"urn:*\""),
            ("resource.types == [\"Lamp\"]", "resource.types == [\"Lamp\"]"),
            (
                "[\"a\"].containsAll(resource.types)",
                "[\"a\"].containsAll(resource.types)",
            ),
            ("resource.id == resource.id", "resource.id == resource.id"),
            ("resource.types.isEmpty()", "resource.types.isEmpty()"),
            ("resource in Scope::\"north\"", "resource in Scope::\"north\""),
            ("resource in Scope::\"/north/\"", "resource in Scope::\"/north/\""),
            (
                "Scope::\"/a\" in Scope::\"/\" && resource in Scope::\"/\"",
                "Scope::\"/a\" in Scope::\"/\"",
            ),
            (
                "resource.getTag(\"n\").highest.lessThan(decimal(\"100000000000.0\"))",
                "resource.getTag(\"n\").highest.lessThan(decimal(\"100000000000.0\"))",
            ),
        ] {
            let refused = of(condition).unwrap_err();
            let plain = |text: &str| text.replace(['(', ')', ' '], "");
            assert_eq!(plain(&refused.expression), plain(expression), "{condition}");
        }
    }

    #[test]
    fn what_grows_without_bound_is_refused() {
        let deep = format!(
            "{}true{}",
            "if resource.id == \"urn:x:1\" then (".repeat(20),
            ") else false".repeat(20)
        );
        assert!(of(&deep).is_ok());
        let wide: Vec<String> = (0..3000).map(|number| format!("\"T{number}\"")).collect();
        assert!(of(&format!("resource.types.containsAny([{}])", wide.join(","))).is_err());
    }
}
