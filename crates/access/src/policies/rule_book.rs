//! The rule book of a city: its policies, checked against each other and against what they speak of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use query::view::Rights;

use super::asked::{Action, Asked};
use super::cedar::{self, Caller, Problem, Schema};
use super::change::Documents;
use super::classes::Classes;
use super::document::pieces;
use super::finding::{Finding, Refused, position};
use super::policy::{PolicyInfo, Rule};
use super::purposes::Purposes;

/// The policies that no city can change.
pub const BUILTIN: &str = include_str!("data/builtin.cedar");
/// What the roles may do until the city says otherwise.
pub const DEFAULT_ROLES: &str = include_str!("data/roles.cedar");

/// The name of the built-in policies' document; their ids begin with it.
const BUILTIN_NAME: &str = "builtin";

/// The stack for reading: for the longest policy that the limits allow, many times over.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// How much there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Policies in all documents together, less the built-in ones.
    pub policies: usize,
    /// Documents of the city.
    pub documents: usize,
    /// Bytes of one document.
    pub document_bytes: usize,
    /// Bytes of one policy.
    pub policy_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            policies: 1_000,
            documents: 100,
            document_bytes: 256 * 1024,
            policy_bytes: 8 * 1024,
        }
    }
}

/// Policies, classes and purposes that fit together. A value: a change makes another one.
#[derive(Clone, Debug)]
pub struct RuleBook {
    schema: Schema,
    rules: Vec<Rule>,
    by_id: HashMap<String, usize>,
    classes: Classes,
    purposes: Purposes,
    odd: Vec<Finding>,
}

impl RuleBook {
    /// What a city starts with.
    pub fn defaults() -> Result<Self, Refused> {
        Self::read(&Documents::default(), Limits::default())
    }

    /// Reads all documents. All that is wrong is named; then nothing is taken.
    pub fn read(documents: &Documents, limits: Limits) -> Result<Self, Refused> {
        let failed = |reason: &str| {
            let help = "send the documents to those who maintain this program";
            Refused(vec![Finding::of_document(
                "policies",
                format!("they could not be read: {reason}"),
                help,
            )])
        };
        // Cedar reads by recursion, as deep as a text is long; what it read is not more than a hundred deep
        // afterwards.
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new()
                .name("policies".into())
                .stack_size(STACK_BYTES);
            match reader.spawn_scoped(scope, || Self::read_here(documents, limits)) {
                Ok(reading) => reading
                    .join()
                    .unwrap_or_else(|_| Err(failed("the reader broke off"))),
                Err(error) => Err(failed(&error.to_string())),
            }
        })
    }

    fn read_here(documents: &Documents, limits: Limits) -> Result<Self, Refused> {
        let classes = Classes::parse("classification", documents.classification());
        let purposes = Purposes::parse("purposes", documents.purposes());
        let (classes, purposes) = match (classes, purposes) {
            (Ok(classes), Ok(purposes)) => (classes, purposes),
            (Err(Refused(mut one)), Err(Refused(other))) => {
                one.extend(other);
                return Err(Refused(one));
            }
            (Err(refused), _) | (_, Err(refused)) => return Err(refused),
        };
        let schema = Schema::new(classes.names(), purposes.names()).map_err(|error| {
            Refused(vec![Finding::of_document(
                "schema",
                error,
                "name classes and purposes otherwise",
            )])
        })?;
        let mut reading = Reading {
            limits,
            rules: Vec::new(),
            by_id: HashMap::new(),
            findings: Vec::new(),
        };
        let city = documents.policies();
        if city.len() > limits.documents {
            reading.findings.push(Finding::of_document(
                "policies",
                format!("there are {} documents", city.len()),
                &format!("keep {} at most", limits.documents),
            ));
        }
        reading.document(BUILTIN_NAME, BUILTIN);
        let builtin = reading.rules.len();
        reading.document("roles", documents.roles());
        for (name, text) in city {
            reading.document(name, text);
        }
        if reading.rules.len() - builtin > limits.policies {
            reading.findings.push(Finding::of_document(
                "policies",
                format!("there are {} policies", reading.rules.len() - builtin),
                &format!("keep {} at most", limits.policies),
            ));
            return Err(Refused(reading.findings));
        }
        let texts: HashMap<&str, &str> = [(BUILTIN_NAME, BUILTIN), ("roles", documents.roles())]
            .into_iter()
            .chain(city.iter().map(|(name, text)| (name.as_str(), text.as_str())))
            .collect();
        let located = |rule: Option<&Rule>, problem: Problem| match rule {
            Some(rule) => {
                let document = rule.info.document.as_str();
                finding(
                    document,
                    texts.get(document).copied().unwrap_or_default(),
                    rule.start,
                    problem,
                )
            }
            None => finding("policies", "", 0, problem),
        };
        let mut odd = Vec::new();
        let mut invalid = HashSet::new();
        for problem in cedar::validate(&schema, reading.rules.iter().map(|rule| &rule.policy)) {
            let at = problem
                .policy
                .as_ref()
                .and_then(|id| reading.by_id.get(id))
                .copied();
            let is_odd = problem.odd;
            let finding = located(at.and_then(|at| reading.rules.get(at)), problem);
            if is_odd {
                odd.push(finding);
            } else {
                invalid.extend(at);
                reading.findings.push(finding);
            }
        }
        for (at, rule) in reading.rules.iter().enumerate() {
            // Of what is not valid the schema says more.
            if !invalid.contains(&at)
                && let Some(problem) = cedar::undecidable(&rule.policy, &rule.info.text)
            {
                reading.findings.push(located(Some(rule), problem));
            }
        }
        if !reading.findings.is_empty() {
            return Err(Refused(reading.findings));
        }
        Ok(Self {
            schema,
            rules: reading.rules,
            by_id: reading.by_id,
            classes,
            purposes,
            odd,
        })
    }

    /// The policies, the built-in ones first.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.rules.iter().map(|rule| &rule.info)
    }

    /// The policy of that id.
    pub fn policy(&self, id: &str) -> Option<&PolicyInfo> {
        self.by_id
            .get(id)
            .and_then(|at| self.rules.get(*at))
            .map(|rule| &rule.info)
    }

    /// The classes of attributes.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The purposes.
    pub fn purposes(&self) -> &Purposes {
        &self.purposes
    }

    /// What is odd about the policies, but not wrong: one that can never apply, a letter that looks like another.
    pub fn odd(&self) -> &[Finding] {
        &self.odd
    }

    /// Whether what may be done depends on the hour and the day: then it is to be asked again as they change.
    pub fn asks_time(&self, asked: &Asked) -> bool {
        self.concerned(asked).any(|rule| rule.asks_time)
    }

    /// What is permitted: for each class of attributes a predicate on entities. Where that cannot be told (a
    /// purpose that there is not, a fault), nothing is, and the reason is logged. It takes milliseconds: see
    /// [`super::Policies::rights`].
    pub fn rights(&self, asked: &Asked) -> Rights {
        let rules = self.concerned(asked).map(|rule| &rule.policy);
        match cedar::conditions(&self.schema, rules, asked, self.classes.names()) {
            Ok(conditions) => Rights::by_class(Arc::clone(self.classes.classification()), conditions),
            Err(error) => {
                tracing::error!(%error, action = asked.action.name(), "policies could not be evaluated, so nothing is permitted");
                Rights::none()
            }
        }
    }

    pub(super) fn satisfied(
        &self,
        asked: &Asked,
        class: &str,
        entity: &ngsi_ld::Entity,
    ) -> Result<cedar::Satisfied, cedar::Unevaluated> {
        let rules = self.rules.iter().map(|rule| &rule.policy);
        cedar::satisfied(&self.schema, rules, asked, class, entity)
    }

    /// One bit for each action for which what may be done may depend on the time.
    pub(super) fn timed_actions(&self) -> [bool; Action::ALL.len()] {
        Action::ALL.map(|action| {
            self.rules
                .iter()
                .any(|rule| rule.asks_time && rule.scope.covers(action))
        })
    }

    /// Whether the same policies concern a question as in another rule book; they may decide otherwise where the classes
    /// differ.
    pub(super) fn says_the_same(&self, other: &Self, asked: &Asked) -> bool {
        let texts = self.concerned(asked).map(|rule| &rule.info.text);
        texts.eq(other.concerned(asked).map(|rule| &rule.info.text))
    }

    fn concerned(&self, asked: &Asked) -> impl Iterator<Item = &Rule> {
        let caller = Caller::new(&asked.subject);
        self.rules
            .iter()
            .filter(move |rule| rule.scope.concerns(asked.action, &caller))
    }
}

struct Reading {
    limits: Limits,
    rules: Vec<Rule>,
    by_id: HashMap<String, usize>,
    findings: Vec<Finding>,
}

impl Reading {
    fn document(&mut self, name: &str, text: &str) {
        if text.len() > self.limits.document_bytes {
            self.findings.push(Finding::of_document(
                name,
                format!("it has {} bytes", text.len()),
                &format!("split it: {} at most", self.limits.document_bytes),
            ));
            return;
        }
        let pieces = match pieces(text) {
            Ok(pieces) => pieces,
            Err(unreadable) => {
                let (line, column) = position(text, unreadable.at);
                self.findings.push(Finding {
                    document: name.to_owned(),
                    policy: None,
                    line,
                    column,
                    message: unreadable.message.to_owned(),
                    help: Some("write it flatter".to_owned()),
                });
                return;
            }
        };
        for piece in pieces {
            // Past the limit they are counted, and no more.
            if self.rules.len() > self.limits.policies + 100 {
                return;
            }
            let problem = |policy: Option<&str>, message: String, help: String| Problem {
                policy: policy.map(str::to_owned),
                at: 0,
                message,
                help: Some(help),
                odd: false,
            };
            let read = if piece.text.len() > self.limits.policy_bytes {
                let help = format!("split it: {} at most", self.limits.policy_bytes);
                Err(problem(
                    None,
                    format!("a policy has {} bytes", piece.text.len()),
                    help,
                ))
            } else {
                cedar::read(piece.text)
            };
            let checked = read.and_then(|policy| {
                let id = policy.id();
                if let Some(before) = self.by_id.get(id).and_then(|at| self.rules.get(*at)) {
                    let place = format!("{}:{}", before.info.document, before.info.line);
                    return Err(problem(
                        Some(id),
                        format!("there is one with this `@id` at {place}"),
                        "rename one of them".into(),
                    ));
                }
                if name != BUILTIN_NAME && id.starts_with("builtin.") {
                    let help = "choose an `@id` that does not begin with `builtin.`".into();
                    return Err(problem(
                        Some(id),
                        "it is called as what no city can change".into(),
                        help,
                    ));
                }
                Ok(policy)
            });
            match checked {
                Ok(policy) => {
                    let (line, _) = position(text, piece.start);
                    self.by_id.insert(policy.id().to_owned(), self.rules.len());
                    self.rules
                        .push(Rule::new(policy, name, line, piece.start, piece.text));
                }
                Err(problem) => self.findings.push(finding(name, text, piece.start, problem)),
            }
        }
    }
}

fn finding(document: &str, text: &str, start: usize, problem: Problem) -> Finding {
    let (line, column) = position(text, start + problem.at);
    Finding {
        document: document.to_owned(),
        policy: problem.policy,
        line,
        column,
        message: problem.message,
        help: problem.help,
    }
}

/// Documents by name.
pub(super) type Texts = BTreeMap<String, String>;
