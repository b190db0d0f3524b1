//! Random scripts: few objects, few times, few views, so that everything meets everything.
//!
//! In scope: the steps, and how they are written to a store. Out of scope: what they must answer (`map`).

use comity_stix::admission::{ObservableValue, ValueKind};
use comity_stix::id::ObjectId;
use comity_stix::timestamp::Timestamp;
use comity_store::objects::query::{Filter, PageQuery, SpecVersions, Versions};
use comity_store::objects::{ViewId, WriteRequest};
use proptest::prelude::*;

use crate::engine::{append, new_status, object_id};
use crate::sample;

/// Views of one script.
pub(crate) const VIEWS: u32 = 3;
/// Words that names are made of.
pub(crate) const WORDS: [&str; 4] = ["worm", "loader", "攻击", "café"];
const OBJECTS: u32 = 5;
const MINUTES: u32 = 5;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add(Vec<Request>),
    Remove(Query),
    Page(Query),
    /// The disk holds everything by now; see [`Crash::PowerCut`].
    Remember,
    Reopen,
    Crash(Crash),
}

#[derive(Clone, Debug)]
pub(crate) enum Crash {
    Killed,
    /// What was not synced since [`Step::Remember`] is lost.
    PowerCut {
        views_too: bool,
    },
    /// A torn record, in 255ths of a whole one.
    Torn(u8),
    IndexLost,
    ViewsLost,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) view: u32,
    pub(crate) requested: i64,
    pub(crate) only_new_ids: bool,
    pub(crate) objects: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) view: u32,
    pub(crate) added_after: Option<i64>,
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
    pub(crate) filter: Filter,
}

impl Request {
    pub(crate) fn to_write(&self, first_view: u32) -> WriteRequest {
        let mut request = append(
            view_id(self.view, first_view),
            self.requested,
            &self.objects,
        );
        request.only_new_ids = self.only_new_ids;
        request.status = Some(new_status());
        WriteRequest::Append(request)
    }
}

impl Query {
    pub(crate) fn to_query(&self, first_view: u32) -> PageQuery {
        PageQuery {
            view: view_id(self.view, first_view),
            added_after: self.added_after,
            after: self.after,
            limit: self.limit,
            filter: self.filter.clone(),
        }
    }
}

/// The number of a script's view in the store.
pub(crate) fn view_id(view: u32, first_view: u32) -> ViewId {
    ViewId(first_view + view)
}

/// Every id that a script can name.
pub(crate) fn all_ids() -> Vec<ObjectId> {
    let both = (0..OBJECTS).flat_map(|n| [sample::indicator_id(n), sample::address_id(n)]);
    both.map(|id| object_id(&id)).collect()
}

/// Values that objects of a script can carry.
pub(crate) fn all_values() -> Vec<ObservableValue> {
    let addresses =
        (0..OBJECTS).map(|n| ObservableValue::new(ValueKind::Ipv4, &format!("198.51.100.{n}")));
    let hosts = (0..OBJECTS)
        .map(|n| ObservableValue::new(ValueKind::Domain, &format!("host-{n}.example.com")));
    addresses.chain(hosts).collect()
}

/// A random script.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..30)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => proptest::collection::vec(request(), 1..4).prop_map(Step::Add),
        3 => query().prop_map(Step::Remove),
        8 => query().prop_map(Step::Page),
        2 => Just(Step::Remember),
        1 => Just(Step::Reopen),
        3 => crash().prop_map(Step::Crash),
    ]
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        3 => Just(Crash::Killed),
        4 => any::<bool>().prop_map(|views_too| Crash::PowerCut { views_too }),
        2 => any::<u8>().prop_map(Crash::Torn),
        1 => Just(Crash::IndexLost),
        1 => Just(Crash::ViewsLost),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let objects = proptest::collection::vec(object(), 0..6);
    (0..VIEWS, 0..40_i64, prop::bool::weighted(0.1), objects).prop_map(
        |(view, requested, only_new_ids, objects)| Request {
            view,
            requested,
            only_new_ids,
            objects,
        },
    )
}

fn object() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(&WORDS[..]);
    let number = 0..OBJECTS;
    prop_oneof![
        5 => (number.clone(), 0..MINUTES, word(), prop::option::weighted(0.2, word())).prop_map(|(n, minute, one, two)| {
            sample::indicator_named(n, minute, &format!("{one} {}", two.unwrap_or_default()))
        }),
        2 => (number.clone(), 0..MINUTES).prop_map(|(n, minute)| sample::indicator_20(n, minute)),
        2 => (number.clone(), 0..3_u32).prop_map(|(n, note)| sample::address(n, note)),
        1 => (number.clone(), number).prop_map(|(a, b)| {
            sample::relationship(a * OBJECTS + b, &sample::indicator_id(a), &sample::address_id(b))
        }),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let place = (
        prop::option::weighted(0.2, 0..60_i64),
        prop::option::weighted(0.2, 0..20_u64),
    );
    let limit = prop_oneof![1..5_usize, Just(1000), Just(100_000)];
    (0..VIEWS, place, limit, filter()).prop_map(|(view, (added_after, after), limit, filter)| {
        Query {
            view,
            added_after,
            after,
            limit,
            filter,
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let ids = prop::option::weighted(
        0.3,
        proptest::collection::vec(prop::sample::select(all_ids()), 1..4),
    );
    let types = prop::sample::subsequence(
        vec!["indicator", "ipv4-addr", "relationship", "malware"],
        1..3,
    );
    let types = prop::option::weighted(0.3, types);
    let spec = prop_oneof![
        3 => Just(SpecVersions::Latest),
        2 => any::<(bool, bool)>().prop_map(|(v20, v21)| SpecVersions::Only { v20, v21 }),
    ];
    (ids, types, versions(), spec).prop_map(|(ids, types, versions, spec_versions)| Filter {
        ids: ids.unwrap_or_default(),
        types: types
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        versions,
        spec_versions,
    })
}

fn versions() -> impl Strategy<Value = Versions> {
    let exact = proptest::collection::vec(
        (0..MINUTES).prop_map(|minute| {
            let at = Timestamp::parse(&sample::version(minute)).unwrap();
            (at.micros(), at.sub_micro_nanos())
        }),
        0..3,
    );
    prop_oneof![
        3 => Just(Versions::default()),
        2 => Just(Versions::All),
        3 => (any::<bool>(), any::<bool>(), exact).prop_map(|(last, first, exact)| Versions::Some { last, first, exact }),
    ]
}
