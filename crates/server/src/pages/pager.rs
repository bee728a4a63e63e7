//! Long lists, page by page.

use super::language::Argument::Count;
use super::visit::Visit;

/// Which part of a list is shown, and the way to the others.
#[derive(Debug)]
pub(crate) struct Pager {
    /// The index of the first that is shown.
    pub(crate) first: usize,
    /// "Showing 1 to 50 of 4,284".
    pub(crate) text: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl Pager {
    /// For a list of `total`, `size` on a page. A page past the end is the last one.
    pub(crate) fn of(visit: &Visit, total: usize, size: usize) -> Self {
        let pages = total.div_ceil(size).max(1);
        let page = visit.page().min(pages);
        let first = (page - 1) * size;
        let to = |page: usize| visit.address(&visit.path, &[("page", &page.to_string())]);
        let shown = [
            ("from", Count(first + 1)),
            ("to", Count((first + size).min(total))),
            ("all", Count(total)),
        ];
        Self {
            first,
            text: if total == 0 {
                visit.language.text("pager-none")
            } else {
                visit.language.text_with("pager", &shown)
            },
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
        }
    }
}
