//! What legal profiles look at, gathered from the parts of an installation: for the gap report and for `mapacha doctor`.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use access::policies::{Classes, DEFAULT_CLASSES};
use access::{Access, Assurance, Kind, Permission, Person, PolicyViews, Principal, Reach, Role};
use governance::desk::Desk;
use governance::profiles::{Facts, Held, People, Setup, Sight, Transport};
use ngsi_ld::{Entity, Name, Uri};
use query::view::{Class, Classification};
use query::{Caller, Purpose, Selection, View};
use twin::{Reader as _, Tenants};

/// The parts of an installation.
pub struct Installation<'a> {
    /// The twins of all tenants.
    pub tenants: &'a Tenants,
    /// The desk.
    pub desk: &'a Desk,
    /// The accounts, where people log in.
    pub access: Option<&'a Access>,
    /// What they see.
    pub views: Option<&'a PolicyViews>,
    /// Whether what is done is recorded.
    pub audit_recorded: bool,
    /// Where it listens.
    pub listen: IpAddr,
    /// By which address others know it.
    pub public_url: Option<&'a str>,
}

impl Installation<'_> {
    /// What profiles look at. Looks at every entity of every tenant: for a thread that may wait.
    ///
    /// # Errors
    /// When a twin cannot be read.
    pub fn facts(&self) -> Result<Facts, twin::Error> {
        let rules = self.views.map(|views| views.policies().rules());
        let started;
        let classification: &Classification = if let Some(rules) = &rules {
            rules.classes().classification()
        } else {
            // What a city starts with; it is read by a test of its crate.
            started = Classes::parse("classification", DEFAULT_CLASSES)
                .map_err(|error| twin::Error::Storage(error.to_string()))?;
            started.classification()
        };
        let held = self.held(classification)?;
        Ok(Facts {
            now: self.desk.now(),
            setup: self.setup(),
            sight: self.sight(classification, &held),
            purposes: rules
                .as_ref()
                .map(|rules| rules.purposes().names().map(str::to_owned).collect()),
            people: self
                .access
                .map(|access| people(&access.people()))
                .unwrap_or_default(),
            held,
            activities: self.desk.activities(),
            requests: self.desk.requests(),
            breaches: self.desk.breaches(),
            rules: self.desk.rules(),
            runs: self.desk.runs(),
        })
    }

    fn setup(&self) -> Setup {
        let settings = self.desk.settings();
        let transport = match self.public_url {
            Some(url) if url.starts_with("https://") => Transport::Encrypted,
            None if self.listen.is_loopback() => Transport::Here,
            Some(_) | None => Transport::Plain,
        };
        let hours = |access: &Access| access.settings().longest.as_secs().div_ceil(3_600);
        Setup {
            login_required: self.access.is_some(),
            audit_recorded: self.audit_recorded,
            transport,
            session_hours: self
                .access
                .map(|access| u32::try_from(hours(access)).unwrap_or(u32::MAX)),
            impact_gate: settings.impact_gate,
            controller: settings.controller.clone(),
            officer: settings.officer.clone(),
            registration: settings.registration.clone(),
            data_location: settings.data_location.clone(),
            profile: settings.profile.clone(),
        }
    }

    /// The types of which entities are there whose attributes are about people.
    fn held(&self, classification: &Classification) -> Result<Vec<Held>, twin::Error> {
        let personal = [classification.class("personal"), classification.class("special")];
        let view = View::open(Caller::System("governance"), "supervision");
        let mut held: BTreeMap<String, (Name, usize, Class)> = BTreeMap::new();
        let names = self.tenants.names();
        let tenants = std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str())));
        for twin in tenants.filter_map(|name| self.tenants.get(name)) {
            twin.scan(&view, &Selection::default(), &mut |entity| {
                let classes =
                    (entity.attributes.iter()).map(|one| classification.class_of(entity, &one.name));
                let worst = classes
                    .filter(|class| personal.contains(&Some(*class)))
                    .max_by_key(|class| class.0);
                if let Some(class) = worst {
                    for of in &entity.types {
                        let entry = held.entry(of.as_str().to_owned());
                        let (_, count, most) = entry.or_insert_with(|| (of.clone(), 0, class));
                        *count += 1;
                        if class.0 > most.0 {
                            *most = class;
                        }
                    }
                }
                true
            })?;
        }
        let word = |class: Class| {
            classification
                .classes()
                .get(usize::from(class.0))
                .map(ToString::to_string)
        };
        Ok(held
            .into_values()
            .map(|(of, entities, class)| Held {
                of,
                entities,
                class: word(class).unwrap_or_default(),
            })
            .collect())
    }

    /// Who sees what nobody gave them: a stranger, and somebody who only has the role of a viewer. Asked of a thing of
    /// an unknown type, and of every type that is there.
    fn sight(&self, classification: &Classification, held: &[Held]) -> Sight {
        let Some(views) = self.views else {
            let everybody = || vec!["everybody".to_owned()];
            return Sight {
                personal: everybody(),
                special: everybody(),
                unclassified: everybody(),
            };
        };
        let viewer = Principal {
            owes_second_factor: false,
            id: "somebody".into(),
            kind: Kind::Person,
            name: "somebody".into(),
            roles: vec![Role::Viewer],
            groups: Vec::new(),
            reach: Reach::default(),
            assurance: Assurance::One,
            authenticated_at: self.desk.now(),
            purpose: None,
            break_glass: None,
            permissions: Role::Viewer.permissions(),
        };
        let unknown = Name::from_iri("urn:mapacha:nobody-has-classified-this");
        let of_type = |of: &Name| Entity::new(Uri::ngsi_ld("Probe", "1"), of.clone());
        let probes: Vec<Entity> = std::iter::once(of_type(&unknown))
            .chain(held.iter().map(|held| of_type(&held.of)))
            .collect();
        let purpose = Purpose("service-operation".into());
        let mut sight = Sight::default();
        for (who, words) in [(None, "strangers"), (Some(&viewer), "viewers")] {
            let view = views.of(who, None, &purpose);
            let sees = |class: Option<Class>| {
                class.is_some_and(|class| {
                    let seen =
                        |rights: &query::view::Rights| probes.iter().any(|probe| rights.of(probe).to(class));
                    seen(view.read()) || seen(view.history())
                })
            };
            if sees(classification.class("personal")) {
                sight.personal.push(words.to_owned());
            }
            if sees(classification.class("special")) {
                sight.special.push(words.to_owned());
            }
            if view.read().of(&probes[0]).to_attribute(&unknown) {
                sight.unclassified.push(words.to_owned());
            }
        }
        sight
    }
}

/// Those who keep it, as far as a law asks.
fn people(all: &[Person]) -> People {
    let can_log_in = |person: &&Person| !person.disabled && !person.invited;
    let manages = |person: &&Person| {
        person.permissions.has(Permission::UsersManage) || person.permissions.has(Permission::PoliciesManage)
    };
    let is_officer = |person: &&Person| {
        person.permissions.has(Permission::GovernanceManage)
            && !person.permissions.has(Permission::UsersManage)
    };
    let active: Vec<&Person> = all.iter().filter(can_log_in).collect();
    People {
        officers: active.iter().copied().filter(is_officer).count(),
        without_second_factor: (active.iter().copied())
            .filter(|person| manages(person) && !person.second_factor)
            .map(|person| person.name.clone())
            .collect(),
    }
}

/// The names of people by their ids, for those who read records.
pub(crate) fn names(access: Option<&Access>) -> HashMap<Arc<str>, String> {
    let people = access.map(Access::people).unwrap_or_default();
    people
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect()
}
