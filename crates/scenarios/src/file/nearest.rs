//! "Did you mean".

/// The nearest of the candidates to a text, where one is near enough to have been meant.
pub(crate) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = clip(text);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let limit = (candidate.chars().count() / 3).clamp(1, 6).max(2);
        let bound = best.map_or(limit, |(edits, _)| limit.min(edits));
        if let Some(edits) = edits_within(text, clip(candidate), bound)
            && best.is_none_or(|(least, first)| (edits, candidate) < (least, first))
        {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// What to do about a word that is none of the candidates: the nearest, else all of them, else a hint.
pub(crate) fn did_you_mean<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
    hint: &str,
) -> String {
    if let Some(near) = nearest(text, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() || all.len() > 20 {
        hint.to_owned()
    } else {
        format!("it is one of {}", listed(&all))
    }
}

/// `a`, `b` or `c`.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// At most so much of a text is looked at.
fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(200).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// The edits between two texts (Levenshtein), where they are no more than a bound.
fn edits_within(a: &str, b: &str, bound: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count().abs_diff(b.len()) > bound {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut()?, i + 1);
        let mut least = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = *row.get(j + 1)?;
            let edits = substituted.min(diagonal + 1).min(row.get(j)? + 1);
            *row.get_mut(j + 1)? = edits;
            least = least.min(edits);
        }
        if least > bound {
            return None;
        }
    }
    row.last().copied().filter(|edits| *edits <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_meant() {
        let words = ["kerb-ramp", "new-stop", "new-line"];
        assert_eq!(nearest("kerb-rmap", words), Some("kerb-ramp"));
        assert_eq!(nearest("new_stop", words), Some("new-stop"));
        assert_eq!(nearest("cost", ["cost", "owner"]), Some("cost"));
        assert_eq!(nearest("metro", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(
            did_you_mean("metro", words, "look"),
            "it is one of `kerb-ramp`, `new-stop` or `new-line`"
        );
        assert_eq!(did_you_mean("metro", [], "look"), "look");
    }

    #[test]
    fn edits_are_counted_up_to_a_bound() {
        assert_eq!(edits_within("kitten", "sitting", 3), Some(3));
        assert_eq!(edits_within("kitten", "sitting", 2), None);
        assert_eq!(edits_within("ä", "a", 1), Some(1));
    }
}
