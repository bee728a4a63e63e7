//! Reading a query text from left to right, within limits.

use crate::error::Error;

/// The longest text that is parsed, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;
/// The deepest nesting of parentheses.
pub const MAX_DEPTH: usize = 32;
/// The most terms in one text.
pub const MAX_TERMS: usize = 200;

/// A place in a text that is being parsed.
pub(super) struct Cursor<'a> {
    parameter: &'static str,
    example: &'static str,
    text: &'a str,
    position: usize,
    depth: usize,
    terms: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`, the value of `parameter`; errors show `example`.
    pub(super) fn new(parameter: &'static str, example: &'static str, text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_LENGTH {
            return Err(Error::too_complex(format!(
                "`{parameter}` has {} bytes, at most {MAX_LENGTH} are accepted: ask several smaller queries",
                text.len()
            )));
        }
        let mut cursor = Self {
            parameter,
            example,
            text,
            position: 0,
            depth: 0,
            terms: 0,
        };
        cursor.skip_spaces();
        if cursor.at_end() {
            Err(cursor.expected("a term"))
        } else {
            Ok(cursor)
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes on by so many bytes, which must be whole characters.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.position += bytes;
    }

    /// Goes past `token` if it stands here.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let here = self.rest().starts_with(token);
        if here {
            self.position += token.len();
        }
        here
    }

    pub(super) fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    /// Takes what stands here as long as `keep` holds.
    pub(super) fn take_while(&mut self, mut keep: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or("")
    }

    /// Counts a term.
    pub(super) fn count_term(&mut self) -> Result<(), Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            let parameter = self.parameter;
            return Err(Error::too_complex(format!(
                "`{parameter}` has more than {MAX_TERMS} terms: ask several queries"
            )));
        }
        Ok(())
    }

    /// Counts an opening parenthesis or brace.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::too_complex(format!(
                "`{}`, at character {}: more than {MAX_DEPTH} parentheses or braces inside one another",
                self.parameter,
                self.character(self.position)
            )));
        }
        Ok(())
    }

    /// Counts a closing one.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// This place, for [`Self::expected_at`].
    pub(super) fn mark(&self) -> usize {
        self.position
    }

    /// Goes back to a place that was marked.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.position = mark;
    }

    /// What is wrong here: something else was expected.
    pub(super) fn expected(&self, what: &str) -> Error {
        self.expected_at(self.position, what)
    }

    /// What is wrong at an earlier place.
    pub(super) fn expected_at(&self, mark: usize, what: &str) -> Error {
        let rest = self.text.get(mark..).unwrap_or("");
        let found: String = rest.chars().take(20).collect();
        let found = if found.is_empty() {
            "the end".to_owned()
        } else {
            format!("{found:?}")
        };
        self.wrong_at(mark, &format!("expected {what}, found {found}"))
    }

    /// What is wrong here.
    pub(super) fn wrong(&self, detail: &str) -> Error {
        self.wrong_at(self.position, detail)
    }

    fn wrong_at(&self, mark: usize, detail: &str) -> Error {
        let (parameter, at, example) = (self.parameter, self.character(mark), self.example);
        Error::bad_data(format!(
            "`{parameter}`, at character {at}: {detail}; an example: `{example}`"
        ))
    }

    fn character(&self, position: usize) -> usize {
        self.text.get(..position).unwrap_or(self.text).chars().count() + 1
    }
}
