-- What was erased, and why: the note that the ledger holds in its place.
CREATE TABLE tombstone (envelope bytea PRIMARY KEY, note bytea NOT NULL, blind bytea NOT NULL, epoch bigint NOT NULL,
    position bigint NOT NULL, erased bigint NOT NULL);
-- Witnesses that are no parties; their cosignatures stand in the table of cosignatures under `witness:NAME`.
CREATE TABLE witness (name text NOT NULL PRIMARY KEY, vkey text NOT NULL, url text NOT NULL, size bigint NOT NULL);
