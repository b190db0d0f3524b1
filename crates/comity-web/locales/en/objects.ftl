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
