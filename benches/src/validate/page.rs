//! Parts of a page between markers: `<!-- made: NAME -->` and `<!-- end -->`.

fn bounds(text: &str, name: &str) -> Option<(usize, usize)> {
    let marker = format!("<!-- made: {name} -->");
    let begin = text.find(&marker)? + marker.len();
    let end = begin + text[begin..].find("<!-- end -->")?;
    Some((begin, end))
}

/// What stands between the markers.
#[cfg(test)]
pub(super) fn part<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    bounds(text, name).map(|(begin, end)| &text[begin..end])
}

/// The page with another part; `None`: it has no such part.
pub(super) fn replace(text: &str, name: &str, part: &str) -> Option<String> {
    let (begin, end) = bounds(text, name)?;
    Some(format!(
        "{}\n\n{}\n\n{}",
        &text[..begin],
        part.trim(),
        &text[end..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_and_found_again() {
        let page = "A\n<!-- made: x -->\nold\n<!-- end -->\nB\n<!-- made: y --><!-- end -->";
        let page = replace(page, "x", "new").unwrap();
        assert_eq!(part(&page, "x"), Some("\n\nnew\n\n"));
        assert_eq!(replace(&page, "x", "new").as_deref(), Some(page.as_str()));
        assert!(page.starts_with("A\n") && page.contains("\nB\n") && !page.contains("old"));
        assert_eq!(replace(&page, "z", ""), None);
    }
}
