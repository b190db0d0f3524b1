//! Doing commands.
//!
//! In scope: each command's call of the use case that it names, and the answer as plain data.
//! Out of scope: deciding anything.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use comity_stix::admission::ObservableValue;
use comity_stix::id::ObjectId;
use comity_stix::timestamp::Timestamp;
use comity_stix::version;
use comity_store::error::StoreError;
use comity_store::objects::query::{Filter, PageQuery, Versions};
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::{Collection, Rights};
use comity_store::state::cursor;
use serde_json::{Value, json};

use crate::command::{
    Answer, CheckAnswer, CollectionAnswer, Command, FOUND_MAX, FailureAnswer, FoundAnswer, Look,
    MATCH_MAX, MATCH_OBJECTS_MAX, PAGE_OBJECTS_MAX, Refusal, RefusalKind, RightAnswer, SHOWN_MAX,
    TakenAnswer,
};
use crate::intake::Taken;
use crate::joined::texts;
use crate::node::Node;
use crate::operation::noted;
use crate::person::Person;
use crate::reading::Asked;
use crate::refusal::{ObjectRefusal, refusal};

/// Values that are looked up in one go: every object that is found is compared with each of them.
const MATCHED_AT_ONCE: usize = 250;

/// What a command comes to: any error becomes a refusal with its whole chain of reasons.
pub(crate) type Done = Result<Answer, Box<dyn Error + Send + Sync>>;

impl Node {
    /// Does a command of the operator, and writes down those that change who may do what. May take long: for a thread that
    /// may wait.
    pub fn execute(&self, command: Command) -> Answer {
        let noted = noted::of_command(&command);
        let answer = self.execute_unnoted(command);
        let Some((operation, target)) = noted else {
            return answer;
        };
        let operator = Person::operator(self.inner.clock.now());
        match self.note_outcome(&operator, (operation, &target), &answer) {
            Ok(()) => answer,
            Err(error) => Answer::Refused(refusal(&error)),
        }
    }

    /// Does a command that whoever calls writes down.
    pub(crate) fn execute_unnoted(&self, command: Command) -> Answer {
        self.perform(command)
            .unwrap_or_else(|error| Answer::Refused(refusal(error.as_ref())))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table of commands, a line or two each"
    )]
    fn perform(&self, command: Command) -> Done {
        match command {
            Command::Held(_) => Ok(Answer::Refused(Refusal {
                message: "what waits for a second person is decided by a person who is signed in"
                    .to_owned(),
                hint: "open the page \"Second person\", or ask by REST".to_owned(),
                kind: RefusalKind::No,
            })),
            Command::Account(command) => self.perform_on_accounts(command),
            Command::SignIn(command) => self.perform_on_sign_in(command),
            Command::Look(look) => self.perform_look(look),
            Command::Sighting(asked) => {
                let all = self.collections()?;
                Ok(Answer::Document(self.add_sighting(
                    (&all, &all),
                    &[],
                    &asked,
                )?))
            }
            Command::CreateCollection {
                title,
                description,
                alias,
            } => {
                let made =
                    self.create_collection(&title, description.as_deref(), alias.as_deref())?;
                Ok(Answer::Collection(self.collection_answer(&made)?))
            }
            Command::ListCollections => {
                let all = self.collections()?;
                let all = all
                    .iter()
                    .map(|collection| self.collection_answer(collection));
                Ok(Answer::Collections(all.collect::<Result<_, _>>()?))
            }
            Command::Grant {
                collection,
                user,
                read,
                write,
                by,
            } => {
                self.grant(&by, &collection, &user, Rights { read, write })?;
                Ok(Answer::Done)
            }
            Command::Take {
                collection,
                objects,
                only_new_ids,
            } => {
                let collection = self.collection(&collection)?;
                // Whoever holds the node's disk reads it; nobody is named for it yet.
                Ok(taken_answer(self.take_into(
                    &collection,
                    objects,
                    only_new_ids,
                    &[],
                )?))
            }
            Command::ImportText {
                collection,
                text,
                label,
            } => self.import_text(
                &self.collection(&collection)?,
                (&text, label.as_deref()),
                &[],
            ),
            Command::Page {
                collection,
                after,
                all_versions,
                open_only,
                limit,
            } => {
                let mut held = self.collection(&collection)?;
                if open_only {
                    held.closed = None;
                }
                self.command_page(&held, after, all_versions, limit)
            }
            Command::Cursor { source } => Ok(Answer::Cursor(
                self.inner.state.read(|tx| cursor::find(tx, &source))?,
            )),
            Command::PutCursor { source, cursor } => {
                let now = self.inner.clock.now();
                self.inner
                    .state
                    .write(|tx| cursor::put(tx, &source, &cursor, now))?;
                Ok(Answer::Done)
            }
            Command::Revoke { id } => self.command_revoke(&id),
            Command::Check => self.command_check(),
            Command::Exchange(command) => Ok(Answer::Document(self.exchange(command)?)),
            Command::Key(command) => Ok(Answer::Document(self.key(command)?)),
            Command::Ledger(command) => Ok(Answer::Document(self.ledger(command)?)),
            Command::Case(command) => Ok(Answer::Document(self.case(command)?)),
            Command::Contact(command) => Ok(Answer::Document(self.contact(command)?)),
            Command::Mail(command) => Ok(Answer::Document(self.mail(command)?)),
            Command::Address(command) => Ok(Answer::Document(self.address(command)?)),
            Command::OpenPgp(command) => Ok(Answer::Document(self.openpgp(command)?)),
        }
    }

    fn perform_look(&self, look: Look) -> Done {
        self.look(&self.collections()?, look)
    }

    /// Objects that are found in these collections.
    pub(crate) fn look(&self, collections: &[Collection], look: Look) -> Done {
        let views: Vec<ViewId> = collections.iter().flat_map(Collection::all_views).collect();
        let objects = &self.inner.objects;
        let found = match look {
            Look::Match { values, each } => {
                let each = each.map_or(MATCH_OBJECTS_MAX, |each| each.clamp(1, MATCH_OBJECTS_MAX));
                return self.match_values(&views, collections, (&values, each));
            }
            Look::Recent { account } => return Ok(Answer::Document(self.recent(&account)?)),
            Look::Anything { text } => return Ok(Answer::Document(self.anything(&text, true)?)),
            Look::Value { value } => {
                return Ok(Answer::Document(self.value_shown(collections, &value)?));
            }
            Look::Show { id } => objects.newest(&views, &parse_id(&id)?)?,
            Look::Versions { id } => self.versions_in(&views, &parse_id(&id)?)?,
            Look::FindValues { values } => {
                let values: Vec<ObservableValue> = values
                    .iter()
                    .flat_map(|text| ObservableValue::detect(text))
                    .collect();
                objects.by_value(&views, &values, FOUND_MAX)?
            }
            Look::Search { text, limit } => {
                let limit = limit.unwrap_or(FOUND_MAX).min(FOUND_MAX);
                objects.search(&views, &text, limit)?
            }
            Look::ShowSeveral { ids } => {
                if ids.len() > SHOWN_MAX {
                    return Err(too_many("objects", ids.len(), SHOWN_MAX));
                }
                let mut all = Vec::new();
                for id in &ids {
                    all.extend(objects.newest(&views, &parse_id(id)?)?);
                }
                all
            }
            Look::Neighbours { id } => objects.neighbours(&views, &parse_id(&id)?, FOUND_MAX)?,
        };
        let found = found
            .into_iter()
            .map(|found| found_answer(found, collections));
        Ok(Answer::Found(found.collect()))
    }

    /// Every version of an object that these views hold, the newest first, at most [`FOUND_MAX`].
    fn versions_in(&self, views: &[ViewId], id: &ObjectId) -> Result<Vec<Found>, StoreError> {
        let mut all = Vec::new();
        for view in views {
            let query = PageQuery {
                view: *view,
                added_after: None,
                after: None,
                limit: FOUND_MAX,
                filter: Filter {
                    ids: vec![id.clone()],
                    versions: Versions::All,
                    ..Filter::default()
                },
            };
            all.extend(self.found(&query)?.0);
        }
        all.sort_by(|one, other| other.item.version.cmp(&one.item.version));
        all.truncate(FOUND_MAX);
        Ok(all)
    }

    /// Which of these values some object carries. What no object carries is left out of the answer.
    fn match_values(
        &self,
        views: &[ViewId],
        collections: &[Collection],
        (values, each): (&[String], usize),
    ) -> Done {
        if values.len() > MATCH_MAX {
            return Err(too_many("values", values.len(), MATCH_MAX));
        }
        let mut found: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for some in values.chunks(MATCHED_AT_ONCE) {
            let mut asked: HashMap<ObservableValue, Vec<&str>> = HashMap::new();
            for text in some {
                for value in ObservableValue::detect(text) {
                    asked.entry(value).or_default().push(text);
                }
            }
            let (all, texts): (Vec<ObservableValue>, Vec<Vec<&str>>) = asked.into_iter().unzip();
            let of_each = self.inner.objects.by_each_value(views, &all, each)?;
            for (texts, of_value) in texts.iter().zip(of_each) {
                for one in of_value {
                    let answer = found_answer(one, collections);
                    let object: Value = serde_json::from_str(&answer.object)?;
                    for text in texts {
                        let objects = found.entry(text).or_default();
                        // Where a text may be read as two values, one object may carry both.
                        let same = |row: &Value| {
                            row.pointer("/object/id") == object.get("id")
                                && row.get("collection").and_then(Value::as_str)
                                    == Some(answer.collection.as_str())
                        };
                        let known = objects.iter().any(same);
                        if objects.len() < each && !known {
                            objects.push(json!({
                                "collection": answer.collection, "date_added": answer.date_added, "object": object,
                            }));
                        }
                    }
                }
            }
        }
        let rows = found.into_iter();
        let rows = rows.map(|(value, objects)| json!({ "value": value, "objects": objects }));
        Ok(Answer::Document(rows.collect()))
    }

    pub(crate) fn command_page(
        &self,
        collection: &Collection,
        after: Option<u64>,
        all_versions: bool,
        limit: Option<usize>,
    ) -> Done {
        let versions = if all_versions {
            Versions::All
        } else {
            Versions::default()
        };
        let filter = Filter {
            versions,
            ..Filter::default()
        };
        let asked = Asked {
            added_after: None,
            after,
            limit: Some(limit.map_or(PAGE_OBJECTS_MAX, |limit| limit.clamp(1, PAGE_OBJECTS_MAX))),
            filter,
        };
        let page = self.page_of(collection, asked, false)?;
        Ok(Answer::Page {
            objects: texts(&page)?,
            next: page.next,
        })
    }

    /// Adds a revoked version to every collection that holds the object. Only the newest version's text is changed.
    fn command_revoke(&self, id: &str) -> Done {
        self.revoke_in(&self.collections()?, id)
    }

    /// Adds a revoked version to each of these collections that holds the object.
    pub(crate) fn revoke_in(&self, collections: &[Collection], id: &str) -> Done {
        let views: Vec<ViewId> = collections.iter().flat_map(Collection::all_views).collect();
        let held = self.inner.objects.newest(&views, &parse_id(id)?)?;
        if held.is_empty() {
            return Err(ObjectRefusal::NotHeld(id.to_owned()).into());
        }
        let now =
            Timestamp::from_micros(self.inner.clock.now()).ok_or("the clock is out of range")?;
        let mut revoked = 0;
        for found in held.into_iter().filter(|found| !found.item.revoked) {
            let text = version::revoke(&found.json, now)?;
            let taken = self.take_revoked(collections, &found, text)?;
            if let Some(failure) = taken.failures.first() {
                let reason = failure.message.clone().unwrap_or_default();
                let id = id.to_owned();
                return Err(ObjectRefusal::NotTaken { id, reason }.into());
            }
            revoked += 1;
        }
        Ok(Answer::Count(revoked))
    }

    /// A revoked version enters where the object stands; of what is bound to persons it goes to whoever reads that.
    fn take_revoked(
        &self,
        collections: &[Collection],
        found: &Found,
        text: String,
    ) -> Result<Taken, Box<dyn Error + Send + Sync>> {
        let holder = collections.iter().find(|held| held.shows(found.view));
        let closed = holder.filter(|held| held.closed == Some(found.view));
        Ok(match closed {
            Some(held) => {
                let readers = self.readers_of(held, &found.item.id)?;
                self.take_closed(held, &[text], false, &readers)?
            }
            None => self.take(found.view, vec![text], false)?,
        })
    }

    fn command_check(&self) -> Done {
        let mut report = self.inner.objects.check()?;
        report.problems.extend(self.check_mail()?);
        report.problems.extend(self.mail_leaks()?);
        let identity = self.identity().clone();
        Ok(Answer::Checked(CheckAnswer {
            party: identity.party,
            domain: identity.domain,
            objects: report.objects,
            bytes: report.bytes,
            collections: u64::try_from(self.collections()?.len()).unwrap_or(u64::MAX),
            problems: report.problems,
            alarms: self.mail_key_alarms()?,
        }))
    }

    pub(crate) fn collection_answer(
        &self,
        collection: &Collection,
    ) -> Result<CollectionAnswer, Box<dyn Error + Send + Sync>> {
        let summary = self.summary(collection)?;
        let rights = self.collection_rights(&collection.id)?.into_iter();
        Ok(CollectionAnswer {
            id: collection.id.to_string(),
            title: collection.title.clone(),
            description: collection.description.clone(),
            alias: collection.alias.clone(),
            objects: summary.objects,
            versions: summary.versions,
            rights: rights
                .map(|(user, r)| RightAnswer {
                    user,
                    read: r.read,
                    write: r.write,
                })
                .collect(),
        })
    }
}

fn too_many(what: &'static str, asked: usize, max: usize) -> Box<dyn Error + Send + Sync> {
    ObjectRefusal::TooMany { what, asked, max }.into()
}

fn parse_id(id: &str) -> Result<ObjectId, ObjectRefusal> {
    ObjectId::parse(id).map_err(|error| {
        let (text, reason) = (id.to_owned(), error.to_string());
        ObjectRefusal::BadId { text, reason }
    })
}

pub(crate) fn taken_answer(taken: Taken) -> Answer {
    let failures = taken.failures.into_iter();
    Answer::Taken(TakenAnswer {
        added: taken.added,
        unchanged: taken.unchanged,
        failures: failures
            .map(|detail| FailureAnswer {
                id: detail.id,
                message: detail.message.unwrap_or_default(),
            })
            .collect(),
    })
}

fn found_answer(found: Found, collections: &[Collection]) -> FoundAnswer {
    let holder = collections
        .iter()
        .find(|collection| collection.shows(found.view));
    FoundAnswer {
        collection: holder.map_or_else(String::new, |collection| collection.id.to_string()),
        date_added: Timestamp::from_micros(found.item.added)
            .map_or_else(String::new, |at| at.to_string()),
        object: found.json,
    }
}
