//! Custody of an evidence item as CASE 1.4 over UCO 1.4, in JSON-LD: what case management tools of others read.
//!
//! The item is an `observable:File` with its hashes; each event is an `investigation:InvestigativeAction` with a
//! `investigation:ProvenanceRecord` as its result. What proves an event (its digest, its envelope, and the proof that it stands in a
//! ledger) is attached to the action: as `core:externalReference`, and as a `core:Annotation` that holds the whole proof file.
//!
//! Names of things are UUIDs made of what they are, so the same custody gives the same document.
//!
//! In scope: the document. Out of scope: what is true of the item.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// An item with its custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// Its name.
    pub id: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// Its digests: the method as UCO spells it, and hexadecimal digits.
    pub hashes: Vec<(&'static str, String)>,
    /// Its label.
    pub label: String,
    /// From where it is.
    pub source: String,
    /// On which legal basis it was acquired.
    pub legal_basis: String,
    /// The items from which it was made, by SHA-256.
    pub parents: Vec<String>,
    /// What happened to it, in order.
    pub acts: Vec<Act>,
    /// What does not fit.
    pub gaps: Vec<String>,
}

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// How it is found: `bravo/3`.
    pub place: String,
    /// Its word.
    pub event: String,
    /// When, `2026-12-01T00:00:00Z`.
    pub at: String,
    /// Which party did it.
    pub party: String,
    /// Who, by function.
    pub officer: String,
    /// What is said of it, as JSON.
    pub content: String,
    /// The tool that was used, and its version.
    pub tool: Option<(String, Option<String>)>,
    /// What else identifies it: what kind of number, and the number.
    pub references: Vec<(String, String)>,
    /// The proof that it stands in a ledger, or why there is none.
    pub proof: Result<String, String>,
}

/// Namespaces of the prefixes that are used.
const PREFIXES: &[(&str, &str)] = &[
    (
        "case-investigation",
        "https://ontology.caseontology.org/case/investigation/",
    ),
    (
        "uco-action",
        "https://ontology.unifiedcyberontology.org/uco/action/",
    ),
    (
        "uco-core",
        "https://ontology.unifiedcyberontology.org/uco/core/",
    ),
    (
        "uco-identity",
        "https://ontology.unifiedcyberontology.org/uco/identity/",
    ),
    (
        "uco-marking",
        "https://ontology.unifiedcyberontology.org/uco/marking/",
    ),
    (
        "uco-observable",
        "https://ontology.unifiedcyberontology.org/uco/observable/",
    ),
    (
        "uco-tool",
        "https://ontology.unifiedcyberontology.org/uco/tool/",
    ),
    (
        "uco-types",
        "https://ontology.unifiedcyberontology.org/uco/types/",
    ),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// What only characterises something else, and so is no member of a bundle (`core:UcoInherentCharacterizationThing`).
const CHARACTERISTICS: &[&str] = &[
    "uco-core:ExternalReference",
    "uco-marking:StatementMarking",
    "uco-observable:ContentDataFacet",
    "uco-observable:FileFacet",
    "uco-types:Hash",
];

/// Under which the names of things are made.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f5c_31a4_7c1e_4f0e_9a63_0d5b_8c1f_77e2);

/// The document.
pub fn document(exhibit: &Exhibit) -> Value {
    let mut graph = Graph {
        of: exhibit.id.clone(),
        things: Vec::new(),
    };
    let file = graph.file(exhibit);
    let authorization = graph.add(
        "authorization",
        "case-investigation:Authorization",
        json!({
            "case-investigation:authorizationType": "legal basis",
            "case-investigation:authorizationIdentifier": exhibit.legal_basis,
        }),
    );
    let mut actions = Vec::new();
    for (act, place) in exhibit.acts.iter().zip(1_usize..) {
        let before = actions.last().cloned();
        actions.push(graph.act(exhibit, (act, place), &file, before.as_ref()));
    }
    let gaps = exhibit.gaps.iter().zip(1_usize..);
    for (gap, place) in gaps {
        graph.add(
            &format!("gap {place}"),
            "uco-core:Annotation",
            json!({ "uco-core:statement": gap, "uco-core:object": [file.clone()], "uco-core:tag": "custody gap" }),
        );
    }
    graph.add(
        "investigation",
        "case-investigation:Investigation",
        json!({
            "uco-core:name": format!("custody of {}", exhibit.id),
            "case-investigation:relevantAuthorization": [authorization],
            "uco-core:object": std::iter::once(file).chain(actions).collect::<Vec<_>>(),
        }),
    );
    let objects = graph.things.iter().filter(|thing| {
        let class = thing.get("@type").and_then(Value::as_str);
        class.is_none_or(|class| !CHARACTERISTICS.contains(&class))
    });
    let all: Vec<Value> = objects
        .map(|thing| json!({ "@id": thing.get("@id") }))
        .collect();
    graph.add(
        "bundle",
        "uco-core:Bundle",
        json!({
            "uco-core:description": "Custody of an evidence item, with the proofs of its events", "uco-core:object": all,
        }),
    );
    let context: Map<String, Value> = PREFIXES
        .iter()
        .map(|(prefix, namespace)| ((*prefix).to_owned(), json!(namespace)))
        .collect();
    json!({ "@context": context, "@graph": graph.things })
}

/// The things of a document.
struct Graph {
    of: String,
    things: Vec<Value>,
}

impl Graph {
    /// The name of a thing.
    fn name(&self, what: &str) -> Value {
        let name = format!("{}\n{what}", self.of);
        let uuid = Uuid::new_v5(&NAMESPACE, name.as_bytes());
        json!({ "@id": format!("urn:uuid:{}", uuid.hyphenated()) })
    }

    /// Adds a thing, unless it is there.
    fn add(&mut self, what: &str, class: &str, members: Value) -> Value {
        let name = self.name(what);
        let known = self
            .things
            .iter()
            .any(|thing| thing.get("@id") == name.get("@id"));
        if !known && let (Value::Object(id), Value::Object(members)) = (name.clone(), members) {
            let class = std::iter::once(("@type".to_owned(), json!(class)));
            self.things.push(Value::Object(
                id.into_iter().chain(class).chain(members).collect(),
            ));
        }
        name
    }

    fn file(&mut self, exhibit: &Exhibit) -> Value {
        let marking = self.add(
            "statement",
            "uco-marking:StatementMarking",
            json!({ "uco-marking:definitionType": "statement", "uco-marking:statement": exhibit.label }),
        );
        let label = self.add(
            "label",
            "uco-marking:MarkingDefinition",
            json!({ "uco-marking:definitionType": "statement", "uco-marking:definition": [marking] }),
        );
        let hashes: Vec<Value> = exhibit
            .hashes
            .iter()
            .map(|(method, digits)| self.hash(method, digits))
            .collect();
        let size = json!({ "@type": "xsd:integer", "@value": exhibit.size.to_string() });
        let plain = self.add(
            "file facet",
            "uco-observable:FileFacet",
            json!({ "uco-observable:sizeInBytes": size }),
        );
        let content = self.add(
            "content facet",
            "uco-observable:ContentDataFacet",
            json!({
                "uco-observable:sizeInBytes": size, "uco-observable:mimeType": exhibit.media_type, "uco-observable:hash": hashes,
            }),
        );
        let file = self.add(
            "file",
            "uco-observable:File",
            json!({
                "uco-core:name": exhibit.id, "uco-core:description": format!("Source: {}", exhibit.source),
                "uco-core:objectMarking": [label], "uco-core:hasFacet": [plain, content],
            }),
        );
        for sha256 in &exhibit.parents {
            let hash = self.hash("SHA256", sha256);
            let facet = self.add(
                &format!("content facet {sha256}"),
                "uco-observable:ContentDataFacet",
                json!({ "uco-observable:hash": [hash] }),
            );
            let parent = self.add(
                &format!("file {sha256}"),
                "uco-observable:File",
                json!({ "uco-core:hasFacet": [facet] }),
            );
            self.add(
                &format!("derived {sha256}"),
                "uco-observable:ObservableRelationship",
                json!({
                    "uco-core:kindOfRelationship": "Derived_From", "uco-core:source": [file.clone()], "uco-core:target": [parent],
                    "uco-core:isDirectional": true,
                }),
            );
        }
        file
    }

    fn hash(&mut self, method: &str, digits: &str) -> Value {
        self.add(
            &format!("hash {method} {digits}"),
            "uco-types:Hash",
            json!({
                "uco-types:hashMethod": method, "uco-types:hashValue": { "@type": "xsd:hexBinary", "@value": digits },
            }),
        )
    }

    fn act(
        &mut self,
        exhibit: &Exhibit,
        (act, place): (&Act, usize),
        file: &Value,
        before: Option<&Value>,
    ) -> Value {
        let party = self.add(
            &format!("party {}", act.party),
            "uco-identity:Organization",
            json!({ "uco-core:name": act.party }),
        );
        let officer = self.add(
            &format!("officer {} {}", act.party, act.officer),
            "uco-identity:Identity",
            json!({ "uco-core:name": format!("{}, {}", act.officer, act.party) }),
        );
        let tool = act.tool.as_ref().map(|(name, version)| {
            let mut said = json!({ "uco-core:name": name });
            if let (Some(said), Some(version)) = (said.as_object_mut(), version) {
                said.insert("uco-tool:version".to_owned(), json!(version));
            }
            self.add(&format!("tool {name} {version:?}"), "uco-tool:Tool", said)
        });
        let record = self.add(
            &format!("record {place}"),
            "case-investigation:ProvenanceRecord",
            json!({
                "case-investigation:exhibitNumber": exhibit.id, "uco-core:object": [file.clone()],
                "uco-core:description": format!("{} {}", act.event, act.content),
            }),
        );
        let references = act.references.iter().map(|(kind, number)| {
            self.add(
                &format!("reference {kind} {number}"),
                "uco-core:ExternalReference",
                json!({ "uco-core:definingContext": kind, "uco-core:externalIdentifier": number }),
            )
        });
        let references: Vec<Value> = references.collect();
        let time = json!({ "@type": "xsd:dateTime", "@value": act.at });
        let mut said = json!({
            "uco-core:name": act.event, "uco-core:description": format!("{}: {}", act.place, act.content),
            "uco-action:startTime": time, "uco-action:endTime": time, "uco-action:performer": party,
            "uco-action:participant": [officer], "uco-action:object": [file.clone()], "uco-action:result": [record],
            "uco-core:externalReference": references,
        });
        if let Some(said) = said.as_object_mut() {
            let tool = tool.map(|tool| ("uco-action:instrument".to_owned(), json!([tool])));
            let before = before.map(|before| {
                (
                    "case-investigation:wasInformedBy".to_owned(),
                    json!([before]),
                )
            });
            said.extend(tool.into_iter().chain(before));
        }
        let action = self.add(
            &format!("act {place}"),
            "case-investigation:InvestigativeAction",
            said,
        );
        let (statement, tag) = match &act.proof {
            Ok(proof) => (proof.as_str(), "comity-proof/v1"),
            Err(why) => (why.as_str(), "no inclusion proof"),
        };
        self.add(
            &format!("proof {place}"),
            "uco-core:Annotation",
            json!({ "uco-core:statement": statement, "uco-core:object": [action.clone()], "uco-core:tag": tag }),
        );
        action
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(event: &str) -> Act {
        Act {
            place: "alpha/1".to_owned(),
            event: event.to_owned(),
            at: "2026-12-01T00:00:00Z".to_owned(),
            party: "alpha".to_owned(),
            officer: "lab".to_owned(),
            content: "{}".to_owned(),
            tool: Some(("imager".to_owned(), Some("4".to_owned()))),
            references: vec![("SHA-256 of the message".to_owned(), "ab".to_owned())],
            proof: Ok("{}".to_owned()),
        }
    }

    fn exhibit() -> Exhibit {
        Exhibit {
            id: "evidence--1".to_owned(),
            size: 3,
            media_type: "text/plain".to_owned(),
            hashes: vec![("SHA256", "ab".repeat(32))],
            label: "TLP:AMBER".to_owned(),
            source: "mail server".to_owned(),
            legal_basis: "order 7".to_owned(),
            parents: vec!["cd".repeat(32)],
            acts: vec![act("acquired"), act("verified")],
            gaps: vec!["a gap".to_owned()],
        }
    }

    #[test]
    fn each_thing_stands_once_and_every_name_leads_to_one() {
        let made = document(&exhibit());
        assert_eq!(
            made,
            document(&exhibit()),
            "the same custody, the same document"
        );
        let things = made["@graph"].as_array().unwrap();
        let mut names: Vec<&str> = things
            .iter()
            .map(|thing| thing["@id"].as_str().unwrap())
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let text = made.to_string();
        for named in text.split("\"@id\":\"").skip(1) {
            let name = named.split('"').next().unwrap();
            assert!(names.binary_search(&name).is_ok(), "{name}");
        }
        let of = |class: &str| {
            things
                .iter()
                .filter(|thing| thing["@type"] == class)
                .count()
        };
        assert_eq!(of("case-investigation:InvestigativeAction"), 2);
        assert_eq!(of("case-investigation:ProvenanceRecord"), 2);
        assert_eq!(of("uco-core:Annotation"), 3);
        assert_eq!(of("uco-tool:Tool"), 1);
    }
}
