//! What is wrong with a text that an officer wrote: where, what, and what to do.

use std::fmt;

/// One thing that is wrong, or at least odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The document it is in.
    pub document: String,
    /// The policy it is in, by its `@id`, where it got so far.
    pub policy: Option<String>,
    /// The line, from 1; 0 where the document as a whole is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 where the line or the document as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// About a document as a whole, or a key of it that the message names.
    pub(super) fn of_document(document: &str, message: impl Into<String>, help: &str) -> Self {
        Self {
            document: document.to_owned(),
            policy: None,
            line: 0,
            column: 0,
            message: message.into(),
            help: Some(help.to_owned()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        if let Some(policy) = &self.policy {
            write!(f, ": policy `{policy}`")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// A text was refused; nothing of it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<Finding>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// Line and column, both from 1, of a byte of a text.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let text = "é1\nab\n";
        for (at, place) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (2, (1, 2)),
            (4, (2, 1)),
            (6, (2, 3)),
            (7, (3, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(position(text, at), place, "{at}");
        }
    }

    #[test]
    fn it_says_where_what_and_what_to_do() {
        let finding = Finding {
            document: "north.cedar".into(),
            policy: Some("lamps".into()),
            line: 3,
            column: 7,
            message: "there is no class `opn`".into(),
            help: Some("did you mean `open`?".into()),
        };
        assert_eq!(
            Refused(vec![finding]).to_string(),
            "north.cedar:3:7: policy `lamps`: there is no class `opn`; did you mean `open`?"
        );
    }
}
