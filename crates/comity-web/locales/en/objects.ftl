# Objects and searching.
object = Object
objects = Objects
added = Added
no-label = none on it
search-none = Nothing that you may see carries or says { $what }.
search-none-hint = Values are found as people write them, also with [.] and hxxp. Ask for less, or look at another spelling.
search-by-value = { $n ->
    [one] One object carries this value
   *[other] { $n } objects carry this value
}
search-by-words = { $n ->
    [one] One object says this
   *[other] { $n } objects say this
}
search-by-words-some = Objects that say this, the newest first
bulk-title = Check many values
bulk-values = Values, one a line
bulk-hint = Up to 50,000 addresses, names, hashes or links, as people write them.
bulk-check = Check
bulk-file = As a CSV file
bulk-known = { $known } of { $all } values are known.
bulk-none = No value was given.
bulk-shown = The first { $n } are shown, those that are known in front; the file has all.
newest = Newest object
not-known = Not known
collections = Collections
collections-none = There is no collection that you may read.
collections-none-hint = Whoever manages the node makes collections and says who reads them.
collections-choose = Choose a collection.
parts-of-object = Parts of this object
tab-summary = Summary
tab-relations = Relations
tab-versions = Versions
tab-releases = Releases
tab-raw = As received
key-facts = Key facts
identifier = Identifier
held-in = Held in
relations-of = Relations of this object
relations-none = Nothing that you may see refers to this object, and it refers to nothing.
as-table = The same as a table
from = From
relation = Relation
to = To
graph-left-out = { $n ->
    [one] One more is not drawn.
   *[other] { $n } more are not drawn.
}
modified = Changed at its source
versions-difference = What changes between two versions
version = Version
releases-none = No decision about this object was made yet.
releases-none-hint = When somebody shares it, each party's answer stands here with the rule that decided.
verdict = Verdict
rule = Rule
decided = Decided

# One value, and that it was seen.
state-known = Known
value-answer = What is known
value-searched = Looked for
value-from = From
value-own = this party
value-first = First known here
value-last = Newest
value-sighted = Sightings
value-last-sighted = Last seen
value-first-sighted = First seen
value-benign = Said to be harmless
value-benign-none = by nobody
value-may-go = May go to
value-may-go-none = nobody: there is no verified party
value-may-go-hint = Judged on what you may see. The release review judges again, and nothing leaves by looking.
value-by-rule = by { $rule }
value-unknown = Nothing that you may see carries { $value }.
value-unknown-hint = Objects were looked for by each reading above, in every collection that you may read. A party may know it: ask with a request.
value-search-words = Look for it in texts and titles
value-ask = Ask a party
value-sightings = Sightings
value-sightings-none = Nobody has said that it was seen.
value-days = Each bar is a day, up to today; the newest sightings stand below.
value-day = Day
value-count = How often
value-where = Where
value-objects = Objects in which it occurs
value-more = The newest { $n } are shown; there are more.
value-threads = Cases and requests that name it
sighting-new = Share a sighting
sighting-nowhere = You may write to no collection. Whoever manages the node gives rights.
sighting-hint = It becomes an object of this party. Nothing leaves before the release review.
sighting-of = Sighting of
sighting-made = a new indicator made of this value
sighting-zone = In the zone { $zone }
sighting-last-hint = Empty: seen once.
sighting-no-label = none: what each accord says of objects without a label counts
sighting-into = Collection
sighting-note = What else is to be said
sighting-parties = Then review its release to
sighting-parties-hint = Each party has a review of its own. Nothing leaves before you say so there.
sighting-do = Record the sighting
state-not-known = Not known
search-threads = Requests, cases and other threads
search-mails = Mails
search-parties = Parties
search-envelopes = Envelopes
search-entries = Entries of the ledger
search-cut = The newest { $n } are shown: ask for less.
ledger-entry = Entry
objects-import = Add objects
objects-import-hint = What is there already is not added again.
objects-import-text = What to add
objects-import-text-hint = STIX (a bundle, objects, one a line), a table with the columns type and value, or values one a line. 4 MiB at most.
objects-import-label-hint = For tables and values, which have none of their own. Without one, what is made of them has none.
objects-import-as-said = As each object says
objects-import-take = Add
objects-import-done = What became of it
objects-import-added = Added
objects-import-unchanged = There already
objects-import-failed = Not taken
objects-import-problems = Why not
objects-import-look = Look at the collection
objects-import-more = Add more
