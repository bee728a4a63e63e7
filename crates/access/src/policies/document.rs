//! A document of policies, split into them before Cedar reads any: so that every one that is wrong is named, with its
//! place in the document, and none is too large or too deep to be read.

/// The most that a policy's brackets and signs may be nested. Cedar reads by recursion.
const MAX_DEPTH: usize = 64;
/// The most `&&`, `||`, `+`, `-` and `*` of a policy: a chain of them is nested as deep as it is long.
const MAX_OPERATORS: usize = 500;
/// The most members that are taken of each other: `a.b.c`.
const MAX_MEMBERS: usize = 32;

/// One policy's text within its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// From its first character to its `;`.
    pub(super) text: &'a str,
}

/// What cannot be split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Where, in bytes.
    pub(super) at: usize,
    pub(super) message: &'static str,
}

/// The policies of a document. What follows the last `;` is one more where it is not empty: Cedar says what it lacks.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Unreadable> {
    let mut found = Vec::new();
    let mut start = None;
    let mut depth = 0_usize;
    let mut signs = 0_usize;
    let mut half_operators = 0_usize;
    let mut members = 0_usize;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let comment = letter == '/' && matches!(letters.peek(), Some((_, '/')));
        if comment {
            for (_, letter) in letters.by_ref() {
                if letter == '\n' {
                    break;
                }
            }
            continue;
        }
        if letter.is_whitespace() {
            continue;
        }
        let begun = *start.get_or_insert(at);
        signs = if matches!(letter, '!' | '-') { signs + 1 } else { 0 };
        members = match letter {
            '.' => members + 1,
            '&' | '|' | '+' | '-' | '*' | ',' | ';' | '{' | '}' | '=' | '<' | '>' | '!' | '?' => 0,
            _ => members,
        };
        match letter {
            '"' => skip_text(&mut letters),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '&' | '|' => half_operators += 1,
            '+' | '-' | '*' => half_operators += 2,
            ';' => {
                found.push(Piece {
                    start: begun,
                    text: &text[begun..=at],
                });
                start = None;
                (depth, half_operators) = (0, 0);
            }
            _ => {}
        }
        let message = if depth > MAX_DEPTH || signs > MAX_DEPTH {
            "this is nested more than 64 deep"
        } else if half_operators > 2 * MAX_OPERATORS {
            "a policy has more than 500 operators"
        } else if members > MAX_MEMBERS {
            "more than 32 members are taken of each other"
        } else {
            continue;
        };
        return Err(Unreadable { at, message });
    }
    if let Some(start) = start {
        found.push(Piece {
            start,
            text: &text[start..],
        });
    }
    Ok(found)
}

/// Past the end of a quoted text that has begun.
fn skip_text(letters: &mut impl Iterator<Item = (usize, char)>) {
    while let Some((_, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        pieces(text)
            .unwrap()
            .into_iter()
            .map(|piece| piece.text)
            .collect()
    }

    #[test]
    fn a_policy_ends_at_its_semicolon_and_not_at_one_in_a_text_or_a_comment() {
        assert_eq!(texts(""), [""; 0]);
        assert_eq!(texts(" // only; a comment\n "), [""; 0]);
        assert_eq!(texts("a; b ;c"), ["a;", "b ;", "c"]);
        assert_eq!(texts("a \";\" ; b"), ["a \";\" ;", "b"]);
        assert_eq!(texts("a \"\\\";\" ; b"), ["a \"\\\";\" ;", "b"]);
        assert_eq!(texts("a // ; \" \n x; b"), ["a // ; \" \n x;", "b"]);
        assert_eq!(texts("// \"\na;"), ["a;"]);
        let found = pieces("  a;\n é;").unwrap();
        assert_eq!((found[0].start, found[1].start), (2, 6));
    }

    #[test]
    fn what_is_too_deep_is_refused_before_it_is_read() {
        assert!(pieces(&"(".repeat(64)).is_ok());
        assert_eq!(pieces(&"(".repeat(65)).unwrap_err().at, 64);
        assert_eq!(pieces(&"[{(".repeat(1000)).unwrap_err().at, 64);
        assert!(pieces(&"! ".repeat(65)).is_err());
        assert!(pieces(&"a&&".repeat(500)).is_ok() && pieces(&"a&&".repeat(501)).is_err());
        assert!(pieces(&"a&&b;".repeat(1000)).is_ok());
        assert!(pieces(&"1+".repeat(501)).is_err());
        assert!(pieces(&".a".repeat(32)).is_ok() && pieces(&".a ".repeat(33)).is_err());
        assert!(pieces(&"a.b(c).d(e.f), ".repeat(300)).is_ok());
        assert!(pieces(&"();".repeat(1000)).is_ok());
    }
}
