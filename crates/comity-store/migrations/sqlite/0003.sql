-- What was erased, and why: the note that the ledger holds in its place.
CREATE TABLE tombstone (envelope BLOB PRIMARY KEY, note BLOB NOT NULL, blind BLOB NOT NULL, epoch INTEGER NOT NULL,
    position INTEGER NOT NULL, erased INTEGER NOT NULL) WITHOUT ROWID;
-- Witnesses that are no parties; their cosignatures stand in the table of cosignatures under `witness:NAME`.
CREATE TABLE witness (name TEXT NOT NULL PRIMARY KEY, vkey TEXT NOT NULL, url TEXT NOT NULL, size INTEGER NOT NULL)
    WITHOUT ROWID;
