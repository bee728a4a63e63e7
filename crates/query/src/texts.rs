//! Comparisons of `q` that are decided text by text: once for each text that an index holds, and not for each entity.

use std::fmt;

use ngsi_ld::query::q::{Operand, Operator, Q};
use ngsi_ld::{Error, Name};

use crate::evaluate::Test;
use crate::target::{Scalar, Target};

/// A comparison with the texts of an attribute itself: a pattern, an order, a range. Every entity of which it holds has a
/// text that it takes; of those that have one, it may not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct TextTest {
    operator: Operator,
    operand: Operand,
}

/// A [`TextTest`] made ready for many texts.
#[derive(Debug)]
pub struct PreparedTest(Test);

impl TextTest {
    /// The attribute and the comparison, if a term is one.
    pub(crate) fn of(term: &Q) -> Option<(&Name, Self)> {
        let Q::Compare(path, operator, operands) = term else {
            return None;
        };
        let ([attribute], []) = (&*path.attributes, &*path.members) else {
            return None;
        };
        // What is no string is compared with other things than texts, by what it means.
        let is_text = |operand: &Operand| matches!(operand, Operand::Text(_));
        let is_range =
            |operand: &Operand| matches!(operand, Operand::Range(from, to) if is_text(from) && is_text(to));
        let [operand] = &**operands else {
            return None;
        };
        let is = match operator {
            Operator::Matches
            | Operator::NotMatches
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual => is_text(operand),
            // Other than by a range, the texts themselves are found.
            Operator::Equal => is_range(operand),
            Operator::NotEqual => false,
        };
        let test = Self {
            operator: *operator,
            operand: operand.clone(),
        };
        is.then_some((attribute, test))
    }

    /// Makes it ready.
    ///
    /// # Errors
    /// `BadRequestData` where the pattern is no regular expression, or too large.
    pub fn prepare(&self) -> Result<PreparedTest, Error> {
        Test::new(self.operator, std::slice::from_ref(&self.operand)).map(PreparedTest)
    }
}

impl PreparedTest {
    /// Whether it holds of a text.
    pub fn takes(&self, text: &str) -> bool {
        self.0.holds(&Target::One(Scalar::Text(text)))
    }
}

impl fmt::Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.operator.as_str(), self.operand)
    }
}
