use super::*;
use ngsi_ld::ErrorKind;

/// A web of documents that counts its visitors.
struct Web(HashMap<&'static str, Json>, Mutex<Vec<String>>);

impl Net for Web {
    fn get(&self, url: &str, _: NetLimits) -> Result<Vec<u8>, NetError> {
        self.1.lock().push(url.to_owned());
        let document = self.0.get(url).ok_or_else(|| NetError("404 Not Found".into()))?;
        Ok(document.to_string().into_bytes())
    }
}

fn web(documents: &[(&'static str, Json)]) -> Arc<Web> {
    Arc::new(Web(documents.iter().cloned().collect(), Mutex::default()))
}

#[test]
fn a_document_is_fetched_once() {
    let net = web(&[(
        "http://a.example/c",
        json!({"@context": {"speed": "http://a.example/speed"}}),
    )]);
    let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
    for _ in 0..3 {
        let context = contexts.resolve_url("http://a.example/c").unwrap();
        assert_eq!(context.expand("speed").as_str(), "http://a.example/speed");
    }
    contexts
        .resolve(&json!(["http://a.example/c", {"x": "http://x.example/x"}]))
        .unwrap();
    assert_eq!(*net.1.lock(), ["http://a.example/c"]);
}

#[test]
fn what_the_operator_gave_comes_first_also_inside_others() {
    let net = web(&[(
        "http://a.example/outer",
        json!({"@context": ["http://a.example/inner", {"b": "http://a.example/b"}]}),
    )]);
    let given = [(
        "http://a.example/inner".to_owned(),
        json!({"@context": {"a": "http://given.example/a"}}),
    )];
    let contexts = Contexts::new(given, Arc::clone(&net) as Arc<dyn Net>);
    let context = contexts.resolve_url("http://a.example/outer").unwrap();
    assert_eq!(context.expand("a").as_str(), "http://given.example/a");
    assert_eq!(*net.1.lock(), ["http://a.example/outer"]);
}

#[test]
fn what_takes_too_long_together_is_not_asked_for() {
    let net = web(&[(
        "http://a.example/c",
        json!({"@context": {"a": "http://a.example/a"}}),
    )]);
    let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
    let error = contexts
        .resolve_until(&json!("http://a.example/c"), Instant::now())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::LdContextNotAvailable);
    assert!(error.detail.contains("contexts.static"), "{error}");
    assert_eq!(net.1.lock().len(), 0);
    // Nor is that held against the document.
    assert!(contexts.resolve_url("http://a.example/c").is_ok());
}

#[test]
fn it_is_known_what_needs_the_network() {
    let net = web(&[(
        "http://a.example/c",
        json!({"@context": {"a": "http://a.example/a"}}),
    )]);
    let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
    let inline = json!([ngsi_ld::context::CORE_URL, {"b": "http://a.example/b"}]);
    assert!(contexts.resolve_here(&inline).unwrap().is_ok());
    assert!(contexts.resolve_here(&json!(7)).unwrap().is_err());
    let (remote, missing) = (json!("http://a.example/c"), json!("http://a.example/none"));
    assert!(contexts.resolve_here(&remote).is_none());
    assert!(contexts.resolve_here(&missing).is_none());
    assert_eq!(net.1.lock().len(), 0);
    contexts.resolve(&remote).unwrap();
    contexts.resolve(&missing).unwrap_err();
    assert!(contexts.resolve_here(&remote).unwrap().is_ok());
    assert!(
        contexts
            .resolve_here(&json!([remote, {"b": "http://a.example/b"}]))
            .unwrap()
            .is_ok()
    );
    assert!(
        contexts.resolve_here(&missing).unwrap().is_err(),
        "it is remembered"
    );
}

#[test]
fn the_core_context_needs_no_network() {
    let contexts = Contexts::offline([]);
    let core = contexts
        .resolve_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld")
        .unwrap();
    assert_eq!(
        core.expand("location").as_str(),
        "https://uri.etsi.org/ngsi-ld/location"
    );
}

#[test]
fn what_cannot_be_had_is_said_and_not_asked_for_again_at_once() {
    let net = web(&[]);
    let contexts = Contexts::new([], Arc::clone(&net) as Arc<dyn Net>);
    for _ in 0..2 {
        let error = contexts.resolve_url("http://a.example/none").unwrap_err();
        assert_eq!(error.kind, ErrorKind::LdContextNotAvailable);
        assert!(
            error.detail.contains("http://a.example/none") && error.detail.contains("404"),
            "{error}"
        );
    }
    assert_eq!(net.1.lock().len(), 1);
    let error = Contexts::offline([])
        .resolve_url("http://a.example/none")
        .unwrap_err();
    assert!(error.detail.contains("contexts.static"), "{error}");
}
