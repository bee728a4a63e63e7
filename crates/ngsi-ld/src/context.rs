//! @context: compiled once into a term map, then used to expand and compact names.

use std::sync::{Arc, OnceLock};

use crate::name::Name;

/// A compiled @context. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context(Arc<()>);

impl Context {
    /// The core @context, v1.9 (4.4).
    pub fn core() -> &'static Self {
        static CORE: OnceLock<Context> = OnceLock::new();
        CORE.get_or_init(|| Self(Arc::new(())))
    }

    /// Expands a term, a compact IRI or an IRI to a name.
    pub fn expand(&self, term: &str) -> Name {
        let _ = term;
        todo!()
    }

    /// The shortest text that expands to `name` again.
    pub fn compact(&self, name: &Name) -> String {
        let _ = name;
        todo!()
    }
}
