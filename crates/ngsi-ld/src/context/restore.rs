//! A compiled @context on disk: whoever keeps something that is to be written with an @context later keeps this, and
//! needs no network then.

use hashbrown::HashMap;
use serde_json::{Value as Json, json};

use super::{Coercion, Context, Term};
use crate::error::Error;
use crate::name::Name;

impl Context {
    /// An @context without the core's, in which each of these names has a plain term: `n0`, `n1`, … For what is read by
    /// nobody else.
    pub(crate) fn numbered(names: &[Name]) -> Self {
        let term = |(number, name): (usize, &Name)| {
            let term = Term {
                name: name.clone(),
                coercion: Coercion::None,
                prefix: false,
            };
            (format!("n{number}").into(), term)
        };
        Self::finish(names.iter().enumerate().map(term).collect(), None, Json::Null)
    }

    /// What it was made from and every term that it adds to the core @context. [`Context::restore`] makes the same of
    /// it again.
    pub fn dump(&self) -> Json {
        let core = Self::core();
        let mut terms: Vec<(&str, Json)> = self
            .0
            .terms
            .iter()
            .filter(|(text, _)| !core.0.terms.contains_key(*text))
            .map(|(text, term)| (&**text, dump_term(term)))
            .collect();
        terms.sort_by(|a, b| a.0.cmp(b.0));
        let terms: serde_json::Map<String, Json> = terms
            .into_iter()
            .map(|(text, term)| (text.to_owned(), term))
            .collect();
        json!({"@context": self.to_json(), "terms": terms})
    }

    /// The @context that [`Context::dump`] gave this.
    ///
    /// # Errors
    /// `BadRequestData` for anything else.
    pub fn restore(dump: &Json) -> Result<Self, Error> {
        let wrong = || Error::bad_data("a stored @context is damaged");
        let json = dump.get("@context").ok_or_else(wrong)?;
        if json == Self::core().to_json() {
            return Ok(Self::core().clone());
        }
        let mut terms = HashMap::new();
        for (text, term) in dump.get("terms").and_then(Json::as_object).ok_or_else(wrong)? {
            terms.insert(text.as_str().into(), restore_term(term).ok_or_else(wrong)?);
        }
        Ok(Self::finish(terms, Some(Self::core()), json.clone()))
    }
}

fn dump_term(term: &Term) -> Json {
    let coercion = match &term.coercion {
        Coercion::None => Json::Null,
        Coercion::Id => "@id".into(),
        Coercion::Vocab => "@vocab".into(),
        Coercion::Json => "@json".into(),
        Coercion::Datatype(name) => name.as_str().into(),
    };
    json!([term.name.as_str(), coercion, term.prefix])
}

fn restore_term(json: &Json) -> Option<Term> {
    let coercion = match json.get(1)? {
        Json::Null => Coercion::None,
        Json::String(text) => match text.as_str() {
            "@id" => Coercion::Id,
            "@vocab" => Coercion::Vocab,
            "@json" => Coercion::Json,
            name => Coercion::Datatype(Name::from_iri(name)),
        },
        _ => return None,
    };
    Some(Term {
        name: Name::from_iri(json.get(0)?.as_str()?),
        coercion,
        prefix: json.get(2)?.as_bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::BuiltIn;

    #[test]
    fn what_is_restored_expands_and_compacts_alike() {
        let context = Context::compile(
            &json!([{
                "a": "https://a.example/a",
                "p": "https://p.example/",
                "rel": {"@id": "https://a.example/rel", "@type": "@id"},
                "word": {"@id": "p:word", "@type": "@vocab"},
                "day": {"@id": "p:day", "@type": "https://t.example/Day"},
                "raw": {"@id": "p:raw", "@type": "@json"},
            }]),
            &BuiltIn,
        )
        .unwrap();
        let restored = Context::restore(&context.dump()).unwrap();
        assert_eq!(restored.to_json(), context.to_json());
        for term in [
            "a",
            "p:x",
            "rel",
            "word",
            "day",
            "raw",
            "other",
            "location",
            "https://p.example/y",
        ] {
            let name = context.expand(term);
            assert_eq!(restored.expand(term), name, "{term}");
            assert_eq!(restored.compact(&name), context.compact(&name), "{term}");
            assert_eq!(restored.coercion(term), context.coercion(term), "{term}");
        }
        assert_eq!(restored.dump(), context.dump());
        assert!(Context::restore(&Context::core().dump()).unwrap().is_core());
        // One that stands under a URL of its own is not the core's.
        let hosted = context.at("https://city.example/contexts/1");
        let restored = Context::restore(&hosted.dump()).unwrap();
        assert_eq!(restored.to_json(), hosted.to_json());
        assert_eq!(restored.expand("a"), context.expand("a"));
        assert_eq!(restored.dump(), hosted.dump());
        for bad in [
            json!(null),
            json!({"@context": []}),
            json!({"@context": [], "terms": {"a": [1, null, true]}}),
        ] {
            assert!(Context::restore(&bad).is_err(), "{bad}");
        }
    }
}
