//! What somebody sees: asked anew when the hour changes where they live.

use access::{PolicyViews, Role};
use jiff::tz::TimeZone;
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::{Caller, Purpose};
use twin::Views as _;

use crate::support::Rig;

/// 17:45 in Kathmandu (UTC+5:45) is 12:00 in Greenwich, where no hour begins at 12:15.
const OFFICE_HOURS: &str = "@id(\"office-hours\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource)\n\
     when { resource.types.contains(\"Secret\") && context.hour < 18 };\n";

fn secret() -> Entity {
    Entity::new(Uri::ngsi_ld("Secret", "1"), Name::default_term("Secret"))
        .with(Attribute::property(Name::default_term("colour"), "red"))
}

#[test]
fn an_hour_ends_where_the_city_is_also_half_past_and_quarter_to() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let zone = TimeZone::get("Asia/Kathmandu").unwrap();
    let views = PolicyViews::open(rig.access.clone(), rig.twin.clone(), zone).unwrap();
    let asking = rig.access.principal(&ada.id).unwrap();
    views
        .change_policies(&asking, "hours.cedar", Some(OFFICE_HOURS))
        .unwrap();
    let purpose = Purpose("service-operation".into());
    let caller = Caller::Principal(ada.id);
    let sees = || {
        let view = views.of(Some(&asking), None, &purpose);
        let told = views.view_of(&caller, &purpose, None).unwrap();
        let secret = secret();
        assert_eq!(view.of(&secret).is_some(), told.of(&secret).is_some());
        assert!(views.known(Some(&asking), None, &purpose).is_some());
        view.of(&secret).is_some()
    };
    assert!(sees());
    let epoch = views.epoch();
    rig.wait_s(14 * 60 + 59);
    assert!(sees());
    assert_eq!(views.epoch(), epoch);
    rig.wait_s(1);
    assert_ne!(views.epoch(), epoch);
    assert!(views.known(Some(&asking), None, &purpose).is_none());
    assert!(!sees());
}
