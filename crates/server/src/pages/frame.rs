//! What stands around every page: title, navigation, languages.

use super::accounts::break_glass::alarms;
use super::language::Language;
use super::visit::Visit;
use crate::App;

/// Where in the site a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Indicators,
    Scenarios,
    Map,
    Entities,
    Account,
    Users,
    Policies,
    Emergency,
    None,
}

/// What stands around every page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) items: [Item; 5],
    pub(crate) style: String,
    pub(crate) icon: String,
    pub(crate) languages: Vec<Choice>,
    pub(crate) version: String,
    /// Who visits, where people log in.
    pub(crate) who: Option<Who>,
    /// Whether the visitor may work at the desk of data protection.
    pub(crate) desk: bool,
    /// Who has wider rights for a while, for those whom it concerns.
    pub(crate) alarms: Vec<String>,
    /// Whether people log in here, and nobody did.
    pub(crate) stranger: bool,
    /// What a form has to carry to be taken as one of this session.
    pub(crate) form_token: String,
}

/// Who visits.
pub(crate) struct Who {
    pub(crate) name: String,
    /// Whether on the page of one's own account.
    pub(crate) at_account: bool,
    /// To the list of accounts, for who may manage them, and whether one is there.
    pub(crate) users: Option<bool>,
    /// To the policies, for who answers for them, and whether one is there.
    pub(crate) policies: Option<bool>,
    /// To the page of emergencies, for whom it is for, and whether one is there.
    pub(crate) emergency: Option<bool>,
}

/// A language to switch to, on the same page.
pub(crate) struct Choice {
    pub(crate) language: Language,
    pub(crate) address: String,
    pub(crate) current: bool,
}

/// A link of the navigation.
pub(crate) struct Item {
    pub(crate) address: &'static str,
    pub(crate) text: String,
    pub(crate) current: bool,
}

impl Frame {
    /// Around the page of a visit.
    pub(crate) fn new(visit: &Visit, place: Place, title: String) -> Self {
        let mut frame = Self::bare(&visit.app, visit.language, title);
        frame.items = items(place, visit.language);
        frame.desk = crate::desk::may(&visit.app, visit.who.as_deref());
        frame.stranger = visit.app.config.views.is_some() && visit.who.is_none();
        frame.who = visit.who.as_ref().map(|who| Who {
            name: who.name.to_string(),
            at_account: place == Place::Account,
            users: who
                .may(access::Permission::UsersManage)
                .then_some(place == Place::Users),
            policies: who
                .may(access::Permission::PoliciesManage)
                .then_some(place == Place::Policies),
            emergency: [access::Permission::BreakGlass, access::Permission::AuditRead]
                .into_iter()
                .any(|needed| who.may(needed))
                .then_some(place == Place::Emergency),
        });
        if let (Some(access), Some(session)) = (visit.app.config.access(), &visit.session) {
            frame.form_token = access.form_token(session);
        }
        if let (Some(access), Some(who)) = (visit.app.config.access(), &visit.who) {
            frame.alarms = alarms(visit.language, access, who);
        }
        frame.languages = Language::all()
            .map(|language| Choice {
                language,
                address: visit.address(&visit.path, &[("lang", language.tag())]),
                current: language == visit.language,
            })
            .collect();
        frame
    }

    /// Without what only a visit can tell.
    pub(crate) fn bare(app: &App, language: Language, title: String) -> Self {
        Self {
            title,
            items: items(Place::None, language),
            style: ui::path_of("style.css").unwrap_or_default(),
            icon: ui::path_of("icon.svg").unwrap_or_default(),
            languages: Vec::new(),
            version: app.config.version.clone(),
            who: None,
            desk: false,
            alarms: Vec::new(),
            stranger: false,
            form_token: String::new(),
        }
    }
}

fn items(place: Place, language: Language) -> [Item; 5] {
    [
        ("/", "nav-overview", Place::Overview),
        ("/kpi", "nav-indicators", Place::Indicators),
        ("/scenarios", "nav-scenarios", Place::Scenarios),
        ("/map", "nav-map", Place::Map),
        ("/entities", "nav-entities", Place::Entities),
    ]
    .map(|(address, key, at)| Item {
        address,
        text: language.text(key),
        current: at == place,
    })
}
