-- Accounts that belong to another party see what was released to it.
ALTER TABLE account ADD COLUMN party TEXT;
-- A collection that holds what one party sent, and the label that binds all of a collection.
ALTER TABLE collection ADD COLUMN source TEXT;
ALTER TABLE collection ADD COLUMN label TEXT;

-- The views of a collection that belong to one party: what was released to it, and what it posted.
CREATE TABLE party_view (collection TEXT NOT NULL, party TEXT NOT NULL, released INTEGER NOT NULL UNIQUE,
    posted INTEGER NOT NULL UNIQUE, PRIMARY KEY (collection, party)) WITHOUT ROWID;

CREATE TABLE party (name TEXT PRIMARY KEY, state TEXT NOT NULL, origin TEXT NOT NULL UNIQUE, card BLOB NOT NULL,
    serial INTEGER NOT NULL, changed INTEGER NOT NULL, link_url TEXT, last_sent INTEGER NOT NULL,
    last_heard INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE party_card (party TEXT NOT NULL, serial INTEGER NOT NULL, card BLOB NOT NULL, taken INTEGER NOT NULL,
    PRIMARY KEY (party, serial)) WITHOUT ROWID;

CREATE TABLE accord (name TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL, agreement BLOB NOT NULL,
    state TEXT NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (name, version)) WITHOUT ROWID;

-- The node's own log: one row an epoch.
CREATE TABLE ledger_log (epoch INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    opened INTEGER NOT NULL);
CREATE TABLE ledger_entry (epoch INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, leaf BLOB NOT NULL,
    envelope BLOB, created INTEGER NOT NULL, PRIMARY KEY (epoch, position)) WITHOUT ROWID;
CREATE INDEX ledger_entry_envelope ON ledger_entry (envelope);
-- Hash tiles of the own log and of those that are mirrored.
CREATE TABLE ledger_tile (origin TEXT NOT NULL, level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (origin, level, number)) WITHOUT ROWID;

-- What is known of other logs.
CREATE TABLE peer_log (origin TEXT PRIMARY KEY, party TEXT NOT NULL, epoch INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, checkpoint BLOB NOT NULL, cosigned INTEGER NOT NULL, mirrored INTEGER NOT NULL,
    state TEXT NOT NULL, evidence BLOB) WITHOUT ROWID;
-- Cosignatures by others on the own log.
CREATE TABLE cosignature (epoch INTEGER NOT NULL, size INTEGER NOT NULL, party TEXT NOT NULL, lines BLOB NOT NULL,
    received INTEGER NOT NULL, PRIMARY KEY (epoch, size, party)) WITHOUT ROWID;

CREATE TABLE channel (channel TEXT NOT NULL, epoch INTEGER NOT NULL, direction TEXT NOT NULL, party TEXT NOT NULL,
    lane TEXT NOT NULL, seq INTEGER NOT NULL, last BLOB, PRIMARY KEY (direction, channel, epoch)) WITHOUT ROWID;

-- Envelopes that this node sends.
CREATE TABLE outbox (envelope BLOB PRIMARY KEY, party TEXT NOT NULL, lane TEXT NOT NULL, channel TEXT NOT NULL,
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL, header BLOB NOT NULL,
    blind BLOB NOT NULL, opening BLOB, payload BLOB, state TEXT NOT NULL, reason TEXT, created INTEGER NOT NULL,
    due INTEGER, attempts INTEGER NOT NULL, next_attempt INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (party, state, next_attempt);
CREATE INDEX outbox_place ON outbox (channel, epoch, seq);

-- Envelopes that this node received.
CREATE TABLE inbox (envelope BLOB PRIMARY KEY, party TEXT NOT NULL, origin TEXT NOT NULL, epoch INTEGER NOT NULL,
    lane TEXT NOT NULL, channel TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, header BLOB NOT NULL,
    blind BLOB NOT NULL, opening BLOB, payload BLOB, proof BLOB NOT NULL, state TEXT NOT NULL, outcome TEXT,
    received INTEGER NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX inbox_place ON inbox (channel, epoch, seq);
CREATE INDEX inbox_state ON inbox (state, received);

-- Receipts: given (for an envelope of the inbox) and received (for one of the outbox).
CREATE TABLE receipt (envelope BLOB PRIMARY KEY, direction TEXT NOT NULL, party TEXT NOT NULL, header BLOB NOT NULL,
    blind BLOB NOT NULL, opening BLOB NOT NULL, payload BLOB NOT NULL, proof BLOB, epoch INTEGER NOT NULL,
    position INTEGER NOT NULL, size INTEGER NOT NULL, owed INTEGER NOT NULL, next_attempt INTEGER NOT NULL,
    attempts INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX receipt_owed ON receipt (party, owed, next_attempt);

-- Whose an object is that did not originate here.
CREATE TABLE object_source (id TEXT NOT NULL, party TEXT NOT NULL, label TEXT, onward INTEGER NOT NULL,
    persons TEXT, received INTEGER NOT NULL, PRIMARY KEY (id, party)) WITHOUT ROWID;

-- Each decision to release or not.
CREATE TABLE release_decision (number INTEGER PRIMARY KEY, object TEXT NOT NULL, version TEXT NOT NULL,
    party TEXT NOT NULL, outlet TEXT NOT NULL, verdict TEXT NOT NULL, rule TEXT NOT NULL, label TEXT NOT NULL,
    released TEXT, reason TEXT NOT NULL, collection TEXT, envelope BLOB, approval TEXT, decided INTEGER NOT NULL);
CREATE INDEX release_decision_object ON release_decision (object, party);
CREATE INDEX release_decision_released ON release_decision (released);
-- What waits for a second person.
CREATE TABLE approval (id TEXT PRIMARY KEY, party TEXT NOT NULL, request TEXT NOT NULL, asked_by TEXT NOT NULL,
    state TEXT NOT NULL, decided_by TEXT, asked INTEGER NOT NULL, decided INTEGER) WITHOUT ROWID;
-- Collections that are shared with a party as they grow.
CREATE TABLE standing_share (collection TEXT NOT NULL, party TEXT NOT NULL, outlet TEXT NOT NULL,
    position INTEGER NOT NULL, persons TEXT, PRIMARY KEY (collection, party, outlet)) WITHOUT ROWID;

CREATE TABLE recall (id TEXT NOT NULL, party TEXT NOT NULL, direction TEXT NOT NULL, objects TEXT NOT NULL,
    reason TEXT NOT NULL, state TEXT NOT NULL, answer TEXT, asked INTEGER NOT NULL, due INTEGER,
    changed INTEGER NOT NULL, PRIMARY KEY (id, party, direction)) WITHOUT ROWID;

-- Parts of large payloads until the whole is there.
CREATE TABLE part (party TEXT NOT NULL, whole TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
    kind TEXT NOT NULL, bytes BLOB NOT NULL, received INTEGER NOT NULL, PRIMARY KEY (party, whole, part)) WITHOUT ROWID;
-- Envelopes kept for a third party.
CREATE TABLE deposit (envelope BLOB PRIMARY KEY, depositor TEXT NOT NULL, recipient TEXT NOT NULL,
    message BLOB NOT NULL, state TEXT NOT NULL, received INTEGER NOT NULL) WITHOUT ROWID;
