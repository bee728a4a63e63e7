//! From the JSON of an @context to a term map: the parts of the JSON-LD 1.1 Context Processing Algorithm
//! (<https://www.w3.org/TR/json-ld11-api/#context-processing-algorithms>) that names need. Scoped contexts are
//! refused, as 5.5.7 asks.

use std::collections::HashMap;

use hashbrown::HashMap as Terms;
use serde_json::{Map, Value as Json};

use super::{Coercion, Context, ContextSource, Term, core};
use crate::error::Error;
use crate::name::{DEFAULT_CONTEXT, Name};

/// Keywords that stand in no context but as members of definitions (JSON-LD 1.1, "keyword redefinition").
const REDEFINED: [&str; 12] = [
    "@id",
    "@value",
    "@list",
    "@set",
    "@graph",
    "@index",
    "@reverse",
    "@container",
    "@json",
    "@none",
    "@nest",
    "@included",
];

/// How deep documents may name documents.
const MAX_DEPTH: usize = 8;
/// How many documents one @context may name in all.
const MAX_DOCUMENTS: usize = 64;
/// How many terms one @context may define in all.
const MAX_TERMS: usize = 100_000;
/// How many definitions may lead from a term to its IRI.
const MAX_CHAIN: usize = 32;

/// A term map in the making.
pub(super) struct Builder<'s> {
    pub(super) terms: Terms<Box<str>, Term>,
    vocab: Option<String>,
    /// The core @context, whose prefixes and terms everybody may use; none while it is made itself.
    core: Option<&'s Context>,
    source: &'s dyn ContextSource,
    documents: usize,
    /// Whether one of the documents names the core @context.
    pub(super) names_core: bool,
    /// The URLs that are being read, outermost first.
    open: Vec<String>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(core: Option<&'s Context>, source: &'s dyn ContextSource) -> Self {
        Self {
            terms: Terms::new(),
            vocab: None,
            core,
            source,
            documents: 0,
            names_core: false,
            open: Vec::new(),
        }
    }

    /// Applies one element of an @context after those before it.
    pub(super) fn apply(&mut self, json: &Json, depth: usize) -> Result<(), Error> {
        if depth > 2 * MAX_DEPTH {
            return Err(self.refuse("arrays are nested too deep; write one array of URLs and objects"));
        }
        match json {
            Json::Null => {
                self.terms.clear();
                self.vocab = None;
                Ok(())
            }
            Json::String(url) => self.document(url, depth),
            Json::Array(elements) => elements
                .iter()
                .try_for_each(|element| self.apply(element, depth + 1)),
            Json::Object(object) => match object.get("@context") {
                Some(inner) => self.apply(inner, depth + 1),
                None => self.definitions(object, depth),
            },
            Json::Bool(_) | Json::Number(_) => Err(self.refuse(&format!(
                "`{json}` is no @context; give a URL, an object or an array of these"
            ))),
        }
    }

    fn document(&mut self, url: &str, depth: usize) -> Result<(), Error> {
        if self.core.is_some() && core::version_of(url).is_some() {
            self.names_core |= !self.open.is_empty();
            return Ok(()); // it applies last, whatever its place (4.4)
        }
        if !url.contains(':') {
            return Err(self.refuse(&format!("`{url}` is a relative URL; write the whole of it")));
        }
        if self.open.iter().any(|open| open == url) {
            return Err(self.refuse(&format!(
                "`{url}` names itself, through {}",
                self.open.join(" → ")
            )));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.refuse(&format!("documents name each other more than {MAX_DEPTH} deep")));
        }
        self.documents += 1;
        if self.documents > MAX_DOCUMENTS {
            return Err(self.refuse(&format!("it takes more than {MAX_DOCUMENTS} documents")));
        }
        let document = self.source.document(url)?;
        let Some(inner) = document.get("@context") else {
            return Err(Error::bad_data(format!(
                "the document at `{url}` is no @context: it has no member `@context` (5.5.6)"
            )));
        };
        self.open.push(url.to_owned());
        self.apply(inner, depth + 1)?;
        self.open.pop();
        Ok(())
    }

    fn definitions(&mut self, local: &Map<String, Json>, depth: usize) -> Result<(), Error> {
        if self.terms.len() + local.len() > MAX_TERMS {
            return Err(self.refuse(&format!("it defines more than {MAX_TERMS} terms")));
        }
        if let Some(url) = local.get("@import").and_then(Json::as_str) {
            self.document(url, depth)?;
        }
        match local.get("@vocab") {
            None => {}
            Some(Json::Null) => self.vocab = None,
            Some(Json::String(vocab)) => self.vocab = Some(self.iri(vocab, local, &mut HashMap::new(), 0)?),
            Some(_) => return Err(self.refuse("`@vocab` is neither an IRI nor null")),
        }
        if local
            .get("@base")
            .is_some_and(|base| !base.is_string() && !base.is_null())
        {
            return Err(self.refuse("`@base` is neither an IRI nor null"));
        }
        let mut state = HashMap::with_capacity(local.len());
        for term in local.keys() {
            self.define(term, local, &mut state, 0)?;
        }
        Ok(())
    }

    /// Create Term Definition. `state` holds `false` for terms that are being defined and `true` for those done.
    fn define<'l>(
        &mut self,
        term: &'l str,
        local: &'l Map<String, Json>,
        state: &mut HashMap<&'l str, bool>,
        chain: usize,
    ) -> Result<(), Error> {
        match state.get(term) {
            Some(true) => return Ok(()),
            Some(false) => {
                return Err(self.refuse(&format!("the definition of `{term}` leads back to itself")));
            }
            None if REDEFINED.contains(&term) => {
                return Err(self.refuse(&format!(
                    "`{term}` is a keyword of JSON-LD, and cannot be defined anew"
                )));
            }
            None if term.starts_with('@') => return Ok(()),
            None if chain > MAX_CHAIN => {
                return Err(self.refuse(&format!(
                    "more than {MAX_CHAIN} definitions lead from `{term}` to its IRI"
                )));
            }
            None if term.is_empty() => return Err(self.refuse("the empty string is no term")),
            None => {}
        }
        state.insert(term, false);
        let Some((term, value)) = local.get_key_value(term) else {
            return Ok(());
        };
        if value.get("@context").is_some() {
            return Err(self.refuse(&format!(
                "the definition of `{term}` holds an @context of its own; scoped contexts are not for NGSI-LD (5.5.7)"
            )));
        }
        let (id, definition, simple) = match value {
            Json::Null => (Some(&Json::Null), None, false),
            Json::String(_) => (Some(value), None, true),
            Json::Object(definition) if definition.contains_key("@reverse") => {
                (Some(&Json::Null), Some(definition), false)
            }
            Json::Object(definition) => (definition.get("@id"), Some(definition), false),
            _ => {
                return Err(self.refuse(&format!(
                    "the definition of `{term}` is neither an IRI nor an object"
                )));
            }
        };
        let iri = match id {
            Some(Json::Null) => None, // the term is taken back
            Some(Json::String(id)) if id != term => Some(self.iri(id, local, state, chain)?),
            Some(Json::String(_)) | None => Some(self.own_iri(term, local, state, chain)?),
            Some(_) => return Err(self.refuse(&format!("the `@id` of `{term}` is not a string"))),
        };
        match iri {
            None => {
                self.terms.remove(term.as_str());
            }
            Some(iri) => {
                let gen_delim = iri.ends_with([':', '/', '?', '#', '[', ']', '@']);
                let declared = definition
                    .and_then(|d| d.get("@prefix"))
                    .and_then(Json::as_bool)
                    .unwrap_or(false);
                let prefix = !term.contains([':', '/']) && (declared || (simple && gen_delim));
                let coercion = match definition.and_then(|d| d.get("@type")).and_then(Json::as_str) {
                    None => Coercion::None,
                    Some("@id") => Coercion::Id,
                    Some("@vocab") => Coercion::Vocab,
                    Some("@json") => Coercion::Json,
                    Some(datatype) => {
                        Coercion::Datatype(Name::from_iri(self.iri(datatype, local, state, chain)?))
                    }
                };
                self.terms.insert(
                    term.as_str().into(),
                    Term {
                        name: Name::from_iri(iri),
                        coercion,
                        prefix,
                    },
                );
            }
        }
        state.insert(term, true);
        Ok(())
    }

    /// The IRI of a term whose definition gives none, or gives the term itself.
    fn own_iri<'l>(
        &mut self,
        term: &'l str,
        local: &'l Map<String, Json>,
        state: &mut HashMap<&'l str, bool>,
        chain: usize,
    ) -> Result<String, Error> {
        if let Some((prefix, rest)) = term.split_once(':').filter(|(prefix, _)| !prefix.is_empty()) {
            return self.compact_iri(term, prefix, rest, local, state, chain);
        }
        Ok(self.in_vocabulary(term))
    }

    /// IRI expansion of a value inside a definition, with `vocab` true.
    fn iri<'l>(
        &mut self,
        value: &'l str,
        local: &'l Map<String, Json>,
        state: &mut HashMap<&'l str, bool>,
        chain: usize,
    ) -> Result<String, Error> {
        if value.starts_with('@') {
            return Ok(value.to_owned());
        }
        if local.contains_key(value) && !state.get(value).copied().unwrap_or(false) {
            self.define(value, local, state, chain + 1)?;
        }
        if let Some(term) = self.terms.get(value) {
            return Ok(term.name.as_str().to_owned());
        }
        if let Some((prefix, rest)) = value.split_once(':').filter(|(prefix, _)| !prefix.is_empty()) {
            return self.compact_iri(value, prefix, rest, local, state, chain);
        }
        if let Some(term) = self.core.and_then(|core| core.term(value)) {
            return Ok(term.name.as_str().to_owned());
        }
        Ok(self.in_vocabulary(value))
    }

    fn compact_iri<'l>(
        &mut self,
        whole: &str,
        prefix: &'l str,
        rest: &str,
        local: &'l Map<String, Json>,
        state: &mut HashMap<&'l str, bool>,
        chain: usize,
    ) -> Result<String, Error> {
        if prefix == "_" || rest.starts_with("//") {
            return Ok(whole.to_owned());
        }
        if local.contains_key(prefix) && !state.get(prefix).copied().unwrap_or(false) {
            self.define(prefix, local, state, chain + 1)?;
        }
        let term = self
            .terms
            .get(prefix)
            .or_else(|| self.core.and_then(|core| core.term(prefix)));
        Ok(match term {
            Some(term) if term.prefix => format!("{}{rest}", term.name),
            _ => whole.to_owned(),
        })
    }

    fn in_vocabulary(&self, term: &str) -> String {
        format!("{}{term}", self.vocab.as_deref().unwrap_or(DEFAULT_CONTEXT))
    }

    fn refuse(&self, what: &str) -> Error {
        match self.open.last() {
            None => Error::bad_data(format!("`/@context`: {what}")),
            Some(url) => Error::bad_data(format!("the @context at `{url}`: {what}")),
        }
    }
}
