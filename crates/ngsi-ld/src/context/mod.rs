//! @context: compiled once into a term map, then used to expand and compact names.

mod compile;
mod core;
mod restore;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use hashbrown::HashMap;
use serde_json::Value as Json;

use crate::error::Error;
use crate::name::{DEFAULT_CONTEXT, Name, is_simple_name};

pub use self::core::CORE_URL;

/// Where the documents of remote @contexts come from. Implementations keep their own cache and guard.
pub trait ContextSource {
    /// The JSON document at `url`: an object with an `@context` member.
    fn document(&self, url: &str) -> Result<Json, Error>;
}

/// The source that knows only the core @contexts, v1.3 to v1.9 and that without version.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl ContextSource for BuiltIn {
    fn document(&self, url: &str) -> Result<Json, Error> {
        core::version_of(url).map(core::document).ok_or_else(|| {
            Error::context(format!(
                "the @context at `{url}` cannot be had: only the core @context is built in; give the terms inside \
                 the request, or host the @context here"
            ))
        })
    }
}

/// A compiled @context. Cheap to clone; two are equal when they were made from the same JSON.
#[derive(Clone, Debug)]
pub struct Context(Arc<Compiled>);

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.json == other.0.json
    }
}

#[derive(Debug)]
struct Compiled {
    terms: HashMap<Box<str>, Term>,
    /// For each IRI the term that stands for it.
    names: HashMap<Name, Box<str>>,
    /// IRI and term of each prefix, the longest IRI first.
    prefixes: Vec<(Box<str>, Box<str>)>,
    /// What was compiled; see [`Context::to_json`].
    json: Json,
    /// Names of terms that are not defined, so that they too are shared.
    others: RwLock<HashMap<Box<str>, Name>>,
}

/// How many undefined terms a context remembers; more are expanded anew each time.
const MAX_OTHERS: usize = 4096;

#[derive(Clone, Debug)]
struct Term {
    name: Name,
    coercion: Coercion,
    prefix: bool,
}

/// How an @context reads the strings that stand under a term (`@type` of its definition).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Coercion {
    /// As they are.
    #[default]
    None,
    /// As IRIs: the term is a Relationship's.
    Id,
    /// As terms of a vocabulary.
    Vocab,
    /// As JSON.
    Json,
    /// As a literal of this datatype.
    Datatype(Name),
}

impl Context {
    /// The core @context, v1.9 (4.4).
    pub fn core() -> &'static Self {
        static CORE: OnceLock<Context> = OnceLock::new();
        CORE.get_or_init(|| {
            let mut builder = compile::Builder::new(None, &BuiltIn);
            // The table is ours and a test holds it against the published documents: nothing in it can be refused.
            let done = builder.apply(&core::document(core::NEWEST), 0);
            debug_assert!(done.is_ok(), "{done:?}");
            Self::finish(builder.terms, None, Json::from(CORE_URL))
        })
    }

    /// Compiles the value of an `@context` member: a URL, an object, or an array of these. The core @context
    /// applies last and wins (4.4, 5.5.7). Refused: documents that name each other in a circle, more than 8 deep
    /// or more than 64 in all; more than 100 000 terms.
    pub fn compile(json: &Json, source: &dyn ContextSource) -> Result<Self, Error> {
        let core = Self::core();
        let elements = match json {
            Json::Array(elements) => elements.as_slice(),
            Json::Null => &[],
            one => std::slice::from_ref(one),
        };
        let is_core = |element: &&Json| {
            element
                .as_str()
                .is_some_and(|url| core::version_of(url).is_some())
        };
        if elements.iter().all(|element| is_core(&element)) {
            return Ok(core.clone());
        }
        let mut builder = compile::Builder::new(Some(core), source);
        builder.apply(json, 0)?;
        let own_last = elements.iter().filter(|element| !is_core(element)).cloned();
        let core_url = elements
            .iter()
            .rfind(is_core)
            .cloned()
            .unwrap_or_else(|| Json::from(CORE_URL));
        let mut own: Vec<Json> = own_last.collect();
        // One document that names the core @context itself says all by its URL.
        let json = match own.as_slice() {
            [Json::String(_)] if builder.names_core => own.swap_remove(0),
            _ => Json::Array(own.into_iter().chain([core_url]).collect()),
        };
        Ok(Self::finish(builder.terms, Some(core), json))
    }

    fn finish(mut terms: HashMap<Box<str>, Term>, core: Option<&Self>, json: Json) -> Self {
        if let Some(Self(core)) = core {
            terms.extend(core.terms.iter().map(|(text, term)| (text.clone(), term.clone())));
        }
        let mut names: HashMap<Name, Box<str>> = HashMap::with_capacity(terms.len());
        let better = |new: &str, old: &str| (new.len(), new) < (old.len(), old);
        for (text, term) in &terms {
            match names.get_mut(&term.name) {
                Some(present) if better(text, present) => *present = text.clone(),
                Some(_) => {}
                None => {
                    names.insert(term.name.clone(), text.clone());
                }
            }
        }
        // What the core calls by a term of its own is called so by everybody.
        if let Some(Self(core)) = core {
            names.extend(core.names.iter().map(|(name, text)| (name.clone(), text.clone())));
        }
        let mut prefixes: Vec<_> = terms
            .iter()
            .filter(|(_, term)| term.prefix)
            .map(|(text, term)| (Box::from(term.name.as_str()), text.clone()))
            .collect();
        prefixes.sort_by(|(a, at), (b, bt): &(Box<str>, Box<str>)| (b.len(), a, at).cmp(&(a.len(), b, bt)));
        Self(Arc::new(Compiled {
            terms,
            names,
            prefixes,
            json,
            others: RwLock::default(),
        }))
    }

    fn term(&self, text: &str) -> Option<&Term> {
        self.0.terms.get(text)
    }

    /// What a response carries as `@context`: the core's URL, that of a document that names the core itself, or an
    /// array that ends with the core's.
    pub fn to_json(&self) -> &Json {
        &self.0.json
    }

    /// The URL for a `Link` header, if one URL is all there is beside the core @context.
    pub fn link(&self) -> Option<&str> {
        match &self.0.json {
            Json::String(url) => Some(url),
            Json::Array(elements) if elements.len() <= 2 => elements.first().and_then(Json::as_str),
            _ => None,
        }
    }

    /// The same under a URL at which it can be had from now on.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self(Arc::new(Compiled {
            terms: self.0.terms.clone(),
            names: self.0.names.clone(),
            prefixes: self.0.prefixes.clone(),
            json: Json::from(url),
            others: RwLock::default(),
        }))
    }

    /// Whether it is the core @context and nothing else.
    pub fn is_core(&self) -> bool {
        Arc::ptr_eq(&self.0, &Self::core().0)
    }

    /// How strings under a term are to be read.
    pub fn coercion(&self, term: &str) -> &Coercion {
        self.term(term).map_or(&Coercion::None, |term| &term.coercion)
    }

    /// Expands a term, a compact IRI or an IRI to a name. `id` and `type` give `@id` and `@type`.
    pub fn expand(&self, term: &str) -> Name {
        if let Some(term) = self.term(term) {
            return term.name.clone();
        }
        let remembered = self
            .0
            .others
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(term)
            .cloned();
        if let Some(name) = remembered {
            return name;
        }
        let name = self.expand_other(term);
        let mut others = self.0.others.write().unwrap_or_else(PoisonError::into_inner);
        if others.len() < MAX_OTHERS && term.len() <= 256 {
            others.insert(term.into(), name.clone());
        }
        name
    }

    fn expand_other(&self, term: &str) -> Name {
        if term.starts_with('@') {
            return Name::from_iri(term);
        }
        let Some((prefix, rest)) = term.split_once(':').filter(|(prefix, _)| !prefix.is_empty()) else {
            return Name::default_term(term);
        };
        match self.term(prefix) {
            Some(found) if found.prefix && !rest.starts_with("//") => {
                Name::from_iri(format!("{}{rest}", found.name))
            }
            _ => Name::from_iri(term),
        }
    }

    /// The shortest text that expands to `name` again: a term, what follows the default vocabulary, a compact IRI;
    /// else the IRI itself.
    pub fn compact(&self, name: &Name) -> String {
        if let Some(term) = self.0.names.get(name) {
            return term.clone().into_string();
        }
        let iri = name.as_str();
        if let Some(rest) = iri.strip_prefix(DEFAULT_CONTEXT)
            && !rest.is_empty()
            && !rest.contains(':')
            && !rest.starts_with('@')
            && self.term(rest).is_none()
        {
            return rest.to_owned();
        }
        let candidates = self.0.prefixes.iter().filter_map(|(prefix, term)| {
            let rest = iri
                .strip_prefix(&**prefix)
                .filter(|rest| !rest.is_empty() && !rest.starts_with("//"))?;
            Some(format!("{term}:{rest}"))
        });
        candidates
            .filter(|text| self.term(text).is_none())
            .min_by(|a, b| (a.len(), a).cmp(&(b.len(), b)))
            .unwrap_or_else(|| iri.to_owned())
    }

    /// [`compact`](Self::compact) for the names of attributes and entity types. Of those a text that stands alone has
    /// to be a name (4.6.2), or readers refuse it: where it is none, the whole IRI is written. The terms of a
    /// VocabProperty are under no such rule, which is why there are two of these.
    pub fn compact_name(&self, name: &Name) -> String {
        let text = self.compact(name);
        if text.contains(':') || is_simple_name(&text) {
            text
        } else {
            name.as_str().to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
