//! Every check holds of an installation that does as it should, and is violated by one that does not.

use std::collections::BTreeSet;
use std::sync::Arc;

use governance::desk::{
    Activity, Approval, Assessment, Breach, By, Counts, Desk, Ended, Kind, Known, LegalBasis, Level,
    NewBreach, NewRequest, NewRule, Outcome, Party, Processor, Request, Role, Rule, Run, RunState, Settings,
    Transfer,
};
use governance::profiles::{
    CHECKS, Clocks, Facts, Held, People, Profile, Report, Setup, Sight, Standing, Transport, Verdict,
};
use ngsi_ld::{Name, Timestamp};
use query::{Caller, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::Twin;

use crate::desk::{findings, metering};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A desk with one request of each kind and one breach, as they are entered.
fn entered() -> (Vec<Arc<Request>>, Arc<Breach>) {
    let clock = Arc::new(ManualClock::new(at("2026-05-01T12:00:00Z")));
    let twin = Twin::open(Box::new(Memory::new()), clock).unwrap();
    let desk = Desk::open(&twin, Settings::default()).unwrap();
    let ada = By::new(&View::open(Caller::Principal("ada".into()), "x"), true);
    let requests = Kind::ALL.map(|kind| {
        let new = NewRequest {
            kind,
            subject: "A. Wanjiku".into(),
            entities: Vec::new(),
            tenant: None,
            details: String::new(),
            received_at: None,
        };
        desk.receive(&ada, new).unwrap()
    });
    desk.enter(&ada, metering(), &Known::default()).unwrap();
    let new = NewBreach {
        title: "Laptop lost".into(),
        nature: "left in a bus".into(),
        known_at: None,
        risk: Level::Medium,
        people: None,
        data: String::new(),
        consequences: String::new(),
        measures: String::new(),
    };
    (requests.to_vec(), desk.record(&ada, new).unwrap())
}

/// An activity that says everything.
fn complete() -> Activity {
    let mut description = metering();
    description.classes = vec!["personal".into(), "special".into()];
    description.legal_basis = Some(LegalBasis::Consent);
    description.special_condition = "explicit consent".into();
    description.subjects = vec!["households".into()];
    description.recipients = vec!["water company".into()];
    description.retention_days = Some(365);
    description.security = vec!["encrypted disks".into()];
    description.notice = "https://city.example/notice".into();
    description.consent_record = "customer office".into();
    description.automated_decisions = true;
    description.human_review = "at the counter".into();
    description.children = true;
    description.guardian_consent = "signed".into();
    description.role = Role::JointController;
    description.joint_controllers = vec![Party {
        name: "County".into(),
        contact: "c@county.example".into(),
    }];
    description.processors = vec![Processor {
        name: "Host".into(),
        contact: String::new(),
        contract: "2026/1".into(),
    }];
    description.transfers = vec![Transfer {
        country: "MU".into(),
        recipient: "Host".into(),
        safeguard: "clauses".into(),
    }];
    Activity {
        id: "water-metering".into(),
        description,
        assessment: Some(Assessment {
            findings: findings(),
            author: "ada".into(),
            written_at: at("2026-05-01T00:00:00Z"),
            approval: Some(Approval {
                by: "ben".into(),
                at: at("2026-05-01T00:00:00Z"),
            }),
        }),
        made_at: at("2026-05-01T00:00:00Z"),
        changed_at: at("2026-05-01T00:00:00Z"),
        changed_by: "ada".into(),
    }
}

fn exemplary() -> Facts {
    let (requests, breach) = entered();
    let some = |text: &str| Some(text.to_owned());
    Facts {
        now: at("2026-05-03T12:00:00Z"),
        setup: Setup {
            login_required: true,
            audit_recorded: true,
            transport: Transport::Encrypted,
            session_hours: Some(12),
            impact_gate: true,
            controller: some("City of Example"),
            officer: some("dpo@city.example"),
            registration: some("123"),
            data_location: some("KE"),
            profile: some("kenya-dpa"),
        },
        sight: Sight::default(),
        purposes: Some(BTreeSet::from(["service-operation".to_owned()])),
        people: People {
            officers: 1,
            without_second_factor: Vec::new(),
        },
        held: vec![Held {
            of: Name::default_term("Meter"),
            entities: 3,
            class: "personal".into(),
        }],
        activities: vec![Arc::new(complete())],
        requests,
        breaches: vec![breach],
        rules: vec![Arc::new(Rule {
            id: "readings".into(),
            says: NewRule {
                name: "Readings".into(),
                activity: "water-metering".into(),
                types: vec!["Meter".into()],
                keep: "P365D".into(),
                ..NewRule::default()
            },
            made_at: at("2026-05-01T00:00:00Z"),
            changed_at: at("2026-05-01T00:00:00Z"),
            changed_by: "ada".into(),
            ended: None,
        })],
        runs: Vec::new(),
    }
}

fn of(facts: &mut Facts, change: impl FnOnce(&mut Activity)) {
    change(Arc::make_mut(&mut facts.activities[0]));
}

/// Much later, with nothing answered.
fn unanswered(facts: &mut Facts, kind: Kind) {
    facts.requests.retain(|request| request.kind == kind);
    facts.now = at("2026-09-01T00:00:00Z");
}

type Violation = (&'static str, fn(&mut Facts));

/// For each check an installation that does not do as it should.
const VIOLATIONS: &[Violation] = &[
    ("login-required", |facts| facts.setup.login_required = false),
    ("audit-recorded", |facts| facts.setup.audit_recorded = false),
    ("transport-encrypted", |facts| {
        facts.setup.transport = Transport::Plain;
    }),
    ("sessions-end", |facts| facts.setup.session_hours = Some(24 * 30)),
    ("sessions-end", |facts| facts.setup.session_hours = None),
    ("second-factor", |facts| {
        facts.people.without_second_factor = vec!["ada".into()];
    }),
    ("personal-data-closed", |facts| {
        facts.sight.personal = vec!["strangers".into()];
    }),
    ("special-data-closed", |facts| {
        facts.sight.special = vec!["viewers".into()];
    }),
    ("closed-by-default", |facts| {
        facts.sight.unclassified = vec!["viewers".into()];
    }),
    ("controller-named", |facts| facts.setup.controller = None),
    ("officer-named", |facts| facts.people.officers = 0),
    ("officer-named", |facts| facts.setup.officer = Some(" ".into())),
    ("registered-with-authority", |facts| {
        facts.setup.registration = None;
    }),
    ("data-located", |facts| facts.setup.data_location = None),
    ("clocks-of-this-law", |facts| {
        facts.setup.profile = Some("gdpr".into());
    }),
    ("clocks-of-this-law", |facts| facts.setup.profile = None),
    ("clocks-of-this-law", |facts| {
        facts.setup.profile = Some("atlantis".into());
    }),
    ("processing-registered", |facts| {
        facts.held[0].of = Name::default_term("Person");
    }),
    ("processing-registered", |facts| {
        of(facts, |it| it.description.classes = vec!["special".into()]);
    }),
    ("register-complete", |facts| {
        of(facts, |it| it.description.recipients.clear());
    }),
    ("purposes-registered", |facts| {
        facts.purposes = Some(BTreeSet::new());
    }),
    ("purposes-registered", |facts| facts.purposes = None),
    ("legal-basis-named", |facts| {
        of(facts, |it| it.description.legal_basis = None);
    }),
    ("consent-evidenced", |facts| {
        of(facts, |it| it.description.consent_record.clear());
    }),
    ("special-data-justified", |facts| {
        of(facts, |it| it.description.special_condition.clear());
    }),
    ("notice-given", |facts| {
        of(facts, |it| it.description.notice.clear());
    }),
    ("retention-set", |facts| {
        of(facts, |it| it.description.retention_days = None);
    }),
    ("retention-runs", |facts| facts.rules.clear()),
    ("retention-runs", |facts| {
        Arc::make_mut(&mut facts.rules[0]).says.keep = "P366D".into();
    }),
    ("retention-runs", |facts| {
        Arc::make_mut(&mut facts.rules[0]).says.activity = "parking".into();
    }),
    ("retention-runs", |facts| {
        let at = facts.now;
        Arc::make_mut(&mut facts.rules[0]).ended = Some(Ended { by: "ada".into(), at });
    }),
    ("retention-runs", |facts| {
        let outcome = Outcome {
            rule: "readings".into(),
            name: "Readings".into(),
            before: facts.now,
            counts: Counts::default(),
            left: 2,
            proof: String::new(),
        };
        facts.runs.push(Arc::new(Run {
            id: "d-2026-0001".into(),
            by: "system:retention".into(),
            began_at: facts.now,
            ended_at: Some(facts.now),
            state: RunState::Done,
            why: String::new(),
            rules: vec![outcome],
        }));
    }),
    ("security-described", |facts| {
        of(facts, |it| it.description.security.clear());
    }),
    ("processors-bound", |facts| {
        of(facts, |it| it.description.processors[0].contract.clear());
    }),
    ("joint-controllers-named", |facts| {
        of(facts, |it| it.description.joint_controllers[0].contact.clear());
    }),
    ("joint-controllers-named", |facts| {
        of(facts, |it| it.description.joint_controllers.clear());
    }),
    ("transfers-safeguarded", |facts| {
        of(facts, |it| it.description.transfers[0].safeguard.clear());
    }),
    ("automated-decisions-reviewed", |facts| {
        of(facts, |it| it.description.human_review.clear());
    }),
    ("children-protected", |facts| {
        of(facts, |it| it.description.guardian_consent.clear());
    }),
    ("impact-assessed", |facts| of(facts, |it| it.assessment = None)),
    ("impact-assessed", |facts| {
        of(facts, |it| it.assessment.as_mut().unwrap().approval = None);
    }),
    ("impact-assessed", |facts| facts.now = at("2028-01-01T00:00:00Z")),
    ("impact-gated", |facts| facts.setup.impact_gate = false),
    ("impact-gated", |facts| facts.setup.login_required = false),
    ("residual-risk-consulted", |facts| {
        of(facts, |it| {
            it.assessment.as_mut().unwrap().findings.residual = Level::High;
        });
    }),
    ("access-in-time", |facts| unanswered(facts, Kind::Access)),
    ("correction-in-time", |facts| unanswered(facts, Kind::Correction)),
    ("export-in-time", |facts| unanswered(facts, Kind::Export)),
    ("erasure-in-time", |facts| unanswered(facts, Kind::Erasure)),
    ("restriction-in-time", |facts| {
        unanswered(facts, Kind::Restriction);
    }),
    ("objection-in-time", |facts| unanswered(facts, Kind::Objection)),
    ("breaches-notified", |facts| {
        facts.now = at("2026-05-05T00:00:00Z");
    }),
    ("people-told-of-breaches", |facts| {
        Arc::make_mut(&mut facts.breaches[0]).risk = Level::High;
    }),
];

#[test]
fn each_check_holds_as_it_should_and_is_found_violated() {
    let clocks = &Profile::of("kenya-dpa").unwrap().clocks;
    let good = exemplary();
    for check in CHECKS {
        let verdict = check.run(&good, clocks);
        assert!(
            matches!(verdict, Verdict::Holds(_)),
            "{}: {verdict:?}",
            check.name
        );
    }
    for (name, violate) in VIOLATIONS {
        let mut bad = exemplary();
        violate(&mut bad);
        let check = CHECKS.iter().find(|check| check.name == *name).unwrap();
        let Verdict::Violated { found, remedy } = check.run(&bad, clocks) else {
            panic!("{name} finds nothing");
        };
        assert!(!found.is_empty() && !remedy.is_empty(), "{name}");
    }
    let named: BTreeSet<&str> = (Profile::built_in().iter())
        .flat_map(|profile| &profile.articles)
        .flat_map(|article| article.checks.iter().map(String::as_str))
        .collect();
    let violated: BTreeSet<&str> = VIOLATIONS.iter().map(|(name, _)| *name).collect();
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(
        violated, all,
        "every check has a violation, and no name is there twice"
    );
    assert_eq!(all.len(), CHECKS.len());
    assert_eq!(named, all, "every check is one that a law asks for");
}

#[test]
fn a_report_shows_each_violation_at_the_articles_that_name_it() {
    for profile in Profile::built_in() {
        let mut good = exemplary();
        good.setup.profile = Some(profile.id.clone());
        let report = Report::of(profile, &good);
        assert_eq!(report.violated, 0, "{}: {report:#?}", profile.id);
        assert_eq!(report.checked + report.organisational, profile.articles.len());
        let without_checks = profile
            .articles
            .iter()
            .filter(|article| article.checks.is_empty())
            .count();
        assert_eq!(report.organisational, without_checks, "never fulfilled");
        for (name, violate) in VIOLATIONS {
            let mut bad = exemplary();
            bad.setup.profile = Some(profile.id.clone());
            violate(&mut bad);
            let verdict = CHECKS
                .iter()
                .find(|check| check.name == *name)
                .unwrap()
                .run(&bad, &profile.clocks);
            let report = Report::of(profile, &bad);
            for (article, stood) in profile.articles.iter().zip(&report.articles) {
                if article.checks.iter().any(|check| check == name)
                    && matches!(verdict, Verdict::Violated { .. })
                {
                    assert_eq!(
                        stood.standing,
                        Standing::Violated,
                        "{}: {} {name}",
                        profile.id,
                        article.article
                    );
                }
            }
        }
    }
}

#[test]
fn lateness_is_that_of_the_law_that_asks() {
    let (requests, _) = entered();
    let access = requests
        .iter()
        .find(|request| request.kind == Kind::Access)
        .unwrap();
    let now = at("2026-05-10T12:00:00Z");
    assert!(
        access.is_late(&Profile::of("kenya-dpa").unwrap().clocks, now),
        "7 days"
    );
    assert!(
        !access.is_late(&Profile::of("gdpr").unwrap().clocks, now),
        "30 days"
    );
    // What was put off counts as far as that law lets it.
    let mut put_off = (**access).clone();
    put_off.extended_days = 60;
    assert!(put_off.is_late(&Profile::of("kenya-dpa").unwrap().clocks, now));
    assert!(!put_off.is_late(&Profile::of("gdpr").unwrap().clocks, at("2026-07-01T00:00:00Z")));
    // An answer stops the clock.
    put_off.extended_days = 0;
    put_off.closed_at = Some(at("2026-05-02T00:00:00Z"));
    assert!(!put_off.is_late(&Clocks::default(), at("2027-01-01T00:00:00Z")));
}
