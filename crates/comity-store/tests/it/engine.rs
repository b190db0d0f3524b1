//! A store under test: on either engine, written to and read as the node does it, closed and opened at will.
//!
//! In scope: making it and its database, and the calls that every test needs. Out of scope: what the answers must be.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use comity_stix::admission::{Limits, admit};
use comity_stix::id::ObjectId;
use comity_store::error::StoreError;
use comity_store::objects::embedded::EmbeddedObjects;
use comity_store::objects::query::{Filter, Page, PageItem, PageQuery, Piece, Versions};
use comity_store::objects::server::ServerObjects;
use comity_store::objects::status::Status;
use comity_store::objects::{
    AppendRequest, Found, NewObject, ObjectStore, Outcome, RemoveRequest, ViewId, ViewSummary,
    WriteRequest, Written,
};
use comity_store::state::State;
use tempfile::TempDir;
use uuid::Uuid;

/// Small segments, so that every test of some length rolls over several.
pub(crate) const SEGMENT_BYTES: u64 = 4096;
/// The view that tests write to when they do not care.
pub(crate) const VIEW: ViewId = ViewId(1);

/// A store under test.
pub(crate) struct Bench {
    store: Option<Box<dyn ObjectStore>>,
    place: Place,
    /// The folder as it was at an earlier moment.
    earlier: Option<TempDir>,
}

enum Place {
    Embedded(TempDir),
    Server(Database),
}

/// Runs a test on the embedded store, and on PostgreSQL where one is given.
pub(crate) fn on_each_engine(test: impl Fn(&mut Bench)) {
    test(&mut Bench::embedded());
    if let Some(mut bench) = Bench::server() {
        println!("on PostgreSQL:");
        test(&mut bench);
    }
}

/// The same for tests of the state.
pub(crate) fn on_each_state(test: impl Fn(&State, &dyn Fn() -> State)) {
    let folder = tempfile::tempdir().unwrap();
    let open = || State::open_embedded(folder.path()).unwrap();
    test(&open(), &open);
    if let Some(database) = Database::create() {
        println!("on PostgreSQL:");
        let open = || State::open_server(&database.url).unwrap();
        test(&open(), &open);
    }
}

impl Bench {
    /// An embedded store in a folder of its own.
    pub(crate) fn embedded() -> Self {
        let mut bench = Self {
            store: None,
            place: Place::Embedded(tempfile::tempdir().unwrap()),
            earlier: None,
        };
        bench.open();
        bench
    }

    /// A store in a database of its own, where a server is given.
    pub(crate) fn server() -> Option<Self> {
        let database = Database::create()?;
        State::open_server(&database.url).unwrap();
        let mut bench = Self {
            store: None,
            place: Place::Server(database),
            earlier: None,
        };
        bench.open();
        Some(bench)
    }

    /// Whether this is the embedded engine.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.place, Place::Embedded(_))
    }

    /// The folder of the embedded engine.
    pub(crate) fn folder(&self) -> &Path {
        match &self.place {
            Place::Embedded(folder) => folder.path(),
            Place::Server(_) => panic!("a server's store has no folder"),
        }
    }

    /// The database of the server engine.
    pub(crate) fn database(&self) -> &Database {
        match &self.place {
            Place::Server(database) => database,
            Place::Embedded(_) => panic!("an embedded store has no database"),
        }
    }

    fn open(&mut self) {
        let store: Box<dyn ObjectStore> = match &self.place {
            Place::Embedded(folder) => {
                Box::new(EmbeddedObjects::open_with(folder.path(), SEGMENT_BYTES).unwrap())
            }
            Place::Server(database) => Box::new(ServerObjects::open(&database.url).unwrap()),
        };
        self.store = Some(store);
    }

    /// Closes the store.
    pub(crate) fn close(&mut self) {
        self.store.take().unwrap().close().unwrap();
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(&mut self) {
        self.close();
        self.open();
    }

    /// Goes on with what a crash at this moment would leave behind, after `damage` has been done to it.
    pub(crate) fn crash(&mut self, damage: impl FnOnce(&Path)) {
        let copy = copy_of_open(self.folder());
        damage(copy.path());
        self.store = None;
        self.place = Place::Embedded(copy);
        self.open();
    }

    /// Remembers what the disk holds by now, for a later [`Bench::cut_power`].
    pub(crate) fn remember(&mut self) {
        self.earlier = Some(copy_of_open(self.folder()));
    }

    /// A power cut loses what was written since the remembered moment, but for the log, which is synced: the index
    /// always, the views where `views_too`. (An index is never newer than the views that were synced before it.)
    pub(crate) fn cut_power(&mut self, views_too: bool) {
        let Some(earlier) = self.earlier.take() else {
            return self.crash(|_| {});
        };
        self.crash(|folder| {
            let lost =
                |name: &str| name.starts_with("index.") || views_too && name.starts_with("view-");
            for place in [folder, earlier.path()] {
                for item in std::fs::read_dir(place).unwrap() {
                    let item = item.unwrap();
                    if !lost(item.file_name().to_str().unwrap()) {
                        continue;
                    }
                    if place == folder {
                        std::fs::remove_file(item.path()).unwrap();
                    } else {
                        std::fs::copy(item.path(), folder.join(item.file_name())).unwrap();
                    }
                }
            }
        });
    }

    /// The store itself.
    pub(crate) fn store(&self) -> &dyn ObjectStore {
        self.store.as_deref().unwrap()
    }

    /// Hands a request over without waiting for its answer.
    pub(crate) fn submit(&self, request: WriteRequest) -> Receiver<Result<Written, StoreError>> {
        submit(self.store(), request)
    }

    /// Adds objects to [`VIEW`] and answers what became of each.
    pub(crate) fn add(&self, objects: &[String]) -> Vec<Outcome> {
        self.append(append(VIEW, 0, objects)).0
    }

    /// Adds objects as the request says.
    pub(crate) fn append(&self, request: AppendRequest) -> (Vec<Outcome>, Option<Status>) {
        match self.submit(WriteRequest::Append(request)).recv().unwrap() {
            Ok(Written::Appended { outcomes, status }) => (outcomes, status),
            other => panic!("{other:?}"),
        }
    }

    /// Removes what a query takes in, and answers how many versions that were.
    pub(crate) fn remove(&self, query: PageQuery) -> usize {
        let request = WriteRequest::Remove(RemoveRequest { query });
        match self.submit(request).recv().unwrap() {
            Ok(Written::Removed { versions }) => versions,
            other => panic!("{other:?}"),
        }
    }

    /// The objects of one page.
    pub(crate) fn page(&self, query: &PageQuery) -> (Vec<String>, Page) {
        let page = self.store().page(query, false).unwrap();
        (objects_of(&page), page)
    }

    /// All objects that a query takes in, on as many pages as it needs; manifest and pages are compared on the way.
    pub(crate) fn all(&self, query: &PageQuery) -> Vec<String> {
        all_pages(self.store(), query)
            .into_iter()
            .map(|(_, json)| json)
            .collect()
    }

    /// What [`VIEW`] shows when nothing in particular is asked for.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.all(&query(VIEW))
    }

    /// The manifest of what a query takes in.
    pub(crate) fn items(&self, query: &PageQuery) -> Vec<PageItem> {
        self.store().items(query).unwrap().0
    }

    /// Counts of [`VIEW`]: objects, versions.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let ViewSummary {
            objects, versions, ..
        } = self.store().summary(VIEW).unwrap();
        (objects, versions)
    }

    /// Fails unless the store finds itself whole.
    pub(crate) fn check(&self) {
        let report = self.store().check().unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

/// Hands a request to a store.
pub(crate) fn submit(
    store: &dyn ObjectStore,
    request: WriteRequest,
) -> Receiver<Result<Written, StoreError>> {
    let (answer, wait) = channel();
    store.submit(
        request,
        Box::new(move |written| {
            let _ = answer.send(written);
        }),
    );
    wait
}

/// A request to add objects.
pub(crate) fn append(view: ViewId, requested: i64, objects: &[String]) -> AppendRequest {
    AppendRequest {
        view,
        status: None,
        requested,
        objects: objects.iter().map(|json| admitted(json)).collect(),
        refused: Vec::new(),
        recorded: Vec::new(),
        only_new_ids: false,
    }
}

/// An object that has passed admission.
pub(crate) fn admitted(json: &str) -> NewObject {
    NewObject {
        admitted: admit(json, &Limits::EXCHANGE).unwrap(),
        json: json.to_owned(),
    }
}

/// A query for what a view shows when nothing in particular is asked for.
pub(crate) fn query(view: ViewId) -> PageQuery {
    PageQuery {
        view,
        added_after: None,
        after: None,
        limit: 10_000,
        filter: Filter::default(),
    }
}

/// The same for all versions.
pub(crate) fn every_version(view: ViewId) -> PageQuery {
    let mut query = query(view);
    query.filter.versions = Versions::All;
    query
}

/// A query for one object.
pub(crate) fn of_object(id: &str) -> PageQuery {
    let mut query = query(VIEW);
    query.filter.ids = vec![object_id(id)];
    query
}

/// A parsed id.
pub(crate) fn object_id(id: &str) -> ObjectId {
    ObjectId::parse(id).unwrap()
}

/// The JSON texts of found objects.
pub(crate) fn texts(found: &[Found]) -> Vec<String> {
    found.iter().map(|found| found.json.clone()).collect()
}

/// Every item and object that a query takes in, by `next` from page to page.
pub(crate) fn all_pages(store: &dyn ObjectStore, query: &PageQuery) -> Vec<(PageItem, String)> {
    let mut query = query.clone();
    let mut out: Vec<(PageItem, String)> = Vec::new();
    loop {
        let page = store.page(&query, false).unwrap();
        let (items, more) = store.items(&query).unwrap();
        let objects = objects_of(&page);
        assert!(page.count <= query.limit);
        assert_eq!(page.count, objects.len());
        assert_eq!((items.len(), more), (page.count, page.more));
        assert_eq!(page.next.is_some(), page.more, "next goes with more");
        assert_eq!(items.first().map(|item| item.added), page.first_added);
        assert_eq!(items.last().map(|item| item.added), page.last_added);
        out.extend(items.into_iter().zip(objects));
        if !page.more {
            break;
        }
        query.after = page.next;
    }
    let rising =
        |of: fn(&PageItem) -> i64| out.windows(2).all(|pair| of(&pair[0].0) < of(&pair[1].0));
    assert!(rising(|item| item.added), "date_added rises strictly");
    assert!(rising(|item| item.position as i64), "positions rise");
    out
}

/// The plain bytes of a page.
pub(crate) fn bytes_of(page: &Page) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in &page.body {
        match piece {
            Piece::Plain(bytes) => out.extend_from_slice(bytes),
            Piece::Ready(ready) => {
                let plain = inflate(&ready.deflate);
                assert_eq!(plain.len(), ready.length as usize);
                assert_eq!(crc32fast::hash(&plain), ready.crc);
                out.extend_from_slice(&plain);
            }
        }
    }
    out
}

fn inflate(deflated: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    // An empty final stored block ends the stream.
    let whole = [deflated, &[1, 0, 0, 0xff, 0xff]].concat();
    let mut plain = Vec::new();
    flate2::read::DeflateDecoder::new(whole.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

/// The objects of a page, each as its exact text.
pub(crate) fn objects_of(page: &Page) -> Vec<String> {
    let body = String::from_utf8(bytes_of(page)).unwrap();
    let raw: Vec<Box<serde_json::value::RawValue>> =
        serde_json::from_str(&format!("[{body}]")).unwrap();
    let objects: Vec<String> = raw.into_iter().map(|raw| raw.get().to_owned()).collect();
    assert_eq!(
        objects.join(","),
        body,
        "nothing stands between objects but a comma"
    );
    objects
}

/// A copy of a store's folder as a crash would leave it: the index first, since the log may run ahead of it and never
/// the other way round.
pub(crate) fn copy_of_open(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-shm"))
        .collect();
    let rank = |name: &String| match name.split(['.', '-']).next().unwrap() {
        "index" => (0, name.clone()),
        "view" => (1, name.clone()),
        _ => (2, name.clone()),
    };
    names.sort_by_key(rank);
    for name in names {
        std::fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

/// A database of one test, removed with it.
pub(crate) struct Database {
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// Makes one, or says that there is no server.
    pub(crate) fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = server_url() else {
            println!("skipped: on PostgreSQL, because COMITY_TEST_POSTGRES is not set");
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("comity_store_{}_{number}", std::process::id());
        run_on(&server, &format!("CREATE DATABASE {name}"));
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        Some(Self { name, url })
    }

    /// Runs statements in it.
    pub(crate) fn run(&self, statements: &str) {
        run_on(&self.url, statements);
    }

    /// Breaks every other connection to it, as a restart of the server does.
    pub(crate) fn break_connections(&self) {
        self.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = server_url() {
            run_on(
                &server,
                &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            );
        }
    }
}

fn run_on(url: &str, statements: &str) {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.batch_execute(statements).unwrap();
}

/// A PostgreSQL server on which tests may make databases.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told of the programs around them by the environment"
)]
fn server_url() -> Option<String> {
    std::env::var("COMITY_TEST_POSTGRES")
        .ok()
        .filter(|value| !value.is_empty())
}

/// A status id that no other request has.
pub(crate) fn new_status() -> Uuid {
    Uuid::new_v4()
}
