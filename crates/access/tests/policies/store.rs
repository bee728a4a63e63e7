//! Documents in a tenant's own store.

use access::policies::{Action, Asked, Kind, Limits, Policies, PolicyStore, StoreError, Subject};
use ngsi_ld::{Entity, Name, Uri};
use storage::{Embedded, Environment};
use twin::{Row, Twin};

fn twin(folder: &std::path::Path) -> Twin {
    let engine = Embedded::open(folder, "city", Environment::real(1)).unwrap();
    Twin::open(Box::new(engine), Environment::real(1).clock).unwrap()
}

#[test]
fn they_outlive_the_process_and_a_row_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stop = Entity::new(Uri::ngsi_ld("GtfsStop", "1"), Name::default_term("GtfsStop"));
    let asked = Asked::new(Subject::new(Kind::User, "ada", "city", ["viewer"]), Action::Read);
    let sees = |policies: &Policies| {
        policies
            .rights(&asked)
            .of(&stop)
            .to_attribute(&Name::default_term("name"))
    };
    {
        let twin = twin(folder.path());
        let policies = Policies::open(&twin, Limits::default()).unwrap();
        assert!(sees(&policies));
        let forbid = "@id(\"no\") forbid (principal, action, resource) when { resource.types.contains(\"GtfsStop\") };";
        policies.change(&twin, "no.cedar", Some(forbid)).unwrap();
        policies.change(&twin, "passing.cedar", Some("")).unwrap();
        policies.change(&twin, "passing.cedar", None).unwrap();
    }
    {
        let twin = twin(folder.path());
        let policies = Policies::open(&twin, Limits::default()).unwrap();
        assert!(!sees(&policies));
        assert_eq!(
            policies.documents().policies().keys().collect::<Vec<_>>(),
            ["no.cedar"]
        );
        twin.store_rows_blocking(vec![Row::put("access-policies", "new.cedar", [9, b'x'])])
            .unwrap();
        assert!(matches!(twin.load(), Err(StoreError::Unreadable { name, .. }) if name == "new.cedar"));
        assert!(Policies::open(&twin, Limits::default()).is_err());
        twin.store_rows_blocking(vec![Row::put("access-policies", "new.cedar", [])])
            .unwrap();
        assert!(twin.load().is_err());
    }
}
