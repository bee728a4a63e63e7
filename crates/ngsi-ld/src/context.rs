//! @context: compiled once into a term map, then used to expand and compact names.

use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;

use crate::error::Error;
use crate::name::Name;

/// Where the documents of remote @contexts come from. Implementations keep their own cache and guard.
pub trait ContextSource {
    /// The JSON document at `url`: an object with an `@context` member.
    fn document(&self, url: &str) -> Result<Json, Error>;
}

/// The source that knows only the core @contexts, v1.3 to v1.9 and without version.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl ContextSource for BuiltIn {
    fn document(&self, _url: &str) -> Result<Json, Error> {
        todo!()
    }
}

/// A compiled @context. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context(Arc<()>);

impl Context {
    /// The core @context, v1.9 (4.4).
    pub fn core() -> &'static Self {
        static CORE: OnceLock<Context> = OnceLock::new();
        CORE.get_or_init(|| Self(Arc::new(())))
    }

    /// Compiles the value of an `@context` member: a URL, an object, or an array of these. The core @context
    /// applies last and wins (4.4, 5.5.7).
    pub fn compile(_json: &Json, _source: &dyn ContextSource) -> Result<Self, Error> {
        todo!()
    }

    /// What a response carries as `@context`: a URL, an object, or an array of these that ends with the core's URL.
    pub fn to_json(&self) -> &Json {
        todo!()
    }

    /// Expands a term, a compact IRI or an IRI to a name. `id` and `type` give `@id` and `@type`.
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
