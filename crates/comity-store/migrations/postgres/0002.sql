-- Accounts that belong to another party see what was released to it.
ALTER TABLE account ADD COLUMN party text;
-- A collection that holds what one party sent, and the label that binds all of a collection.
ALTER TABLE collection ADD COLUMN source text;
ALTER TABLE collection ADD COLUMN label text;

-- The views of a collection that belong to one party: what was released to it, and what it posted.
CREATE TABLE party_view (collection text NOT NULL, party text NOT NULL, released bigint NOT NULL UNIQUE,
    posted bigint NOT NULL UNIQUE, PRIMARY KEY (collection, party));

CREATE TABLE party (name text PRIMARY KEY, state text NOT NULL, origin text NOT NULL UNIQUE, card bytea NOT NULL,
    serial bigint NOT NULL, changed bigint NOT NULL, link_url text, last_sent bigint NOT NULL,
    last_heard bigint NOT NULL);
CREATE TABLE party_card (party text NOT NULL, serial bigint NOT NULL, card bytea NOT NULL, taken bigint NOT NULL,
    PRIMARY KEY (party, serial));

CREATE TABLE accord (name text NOT NULL, version bigint NOT NULL, text text NOT NULL, agreement bytea NOT NULL,
    state text NOT NULL, changed bigint NOT NULL, PRIMARY KEY (name, version));

-- The node's own log: one row an epoch.
CREATE TABLE ledger_log (epoch bigint PRIMARY KEY, origin text NOT NULL, size bigint NOT NULL, root bytea NOT NULL,
    opened bigint NOT NULL);
CREATE TABLE ledger_entry (epoch bigint NOT NULL, position bigint NOT NULL, kind text NOT NULL, leaf bytea NOT NULL,
    envelope bytea, created bigint NOT NULL, PRIMARY KEY (epoch, position));
CREATE INDEX ledger_entry_envelope ON ledger_entry (envelope);
-- Hash tiles of the own log and of those that are mirrored.
CREATE TABLE ledger_tile (origin text NOT NULL, level bigint NOT NULL, number bigint NOT NULL, hashes bytea NOT NULL,
    PRIMARY KEY (origin, level, number));

-- What is known of other logs.
CREATE TABLE peer_log (origin text PRIMARY KEY, party text NOT NULL, epoch bigint NOT NULL, size bigint NOT NULL,
    root bytea NOT NULL, checkpoint bytea NOT NULL, cosigned bigint NOT NULL, mirrored bigint NOT NULL,
    state text NOT NULL, evidence bytea);
-- Cosignatures by others on the own log.
CREATE TABLE cosignature (epoch bigint NOT NULL, size bigint NOT NULL, party text NOT NULL, lines bytea NOT NULL,
    received bigint NOT NULL, PRIMARY KEY (epoch, size, party));

CREATE TABLE channel (channel text NOT NULL, epoch bigint NOT NULL, direction text NOT NULL, party text NOT NULL,
    lane text NOT NULL, seq bigint NOT NULL, last bytea, PRIMARY KEY (direction, channel, epoch));

-- Envelopes that this node sends.
CREATE TABLE outbox (envelope bytea PRIMARY KEY, party text NOT NULL, lane text NOT NULL, channel text NOT NULL,
    epoch bigint NOT NULL, seq bigint NOT NULL, kind text NOT NULL, position bigint NOT NULL, header bytea NOT NULL,
    blind bytea NOT NULL, opening bytea, payload bytea, state text NOT NULL, reason text, created bigint NOT NULL,
    due bigint, attempts bigint NOT NULL, next_attempt bigint NOT NULL, changed bigint NOT NULL);
CREATE INDEX outbox_due ON outbox (party, state, next_attempt);
CREATE INDEX outbox_place ON outbox (channel, epoch, seq);

-- Envelopes that this node received.
CREATE TABLE inbox (envelope bytea PRIMARY KEY, party text NOT NULL, origin text NOT NULL, epoch bigint NOT NULL,
    lane text NOT NULL, channel text NOT NULL, seq bigint NOT NULL, kind text NOT NULL, header bytea NOT NULL,
    blind bytea NOT NULL, opening bytea, payload bytea, proof bytea NOT NULL, state text NOT NULL, outcome text,
    received bigint NOT NULL);
CREATE UNIQUE INDEX inbox_place ON inbox (channel, epoch, seq);
CREATE INDEX inbox_state ON inbox (state, received);

-- Receipts: given (for an envelope of the inbox) and received (for one of the outbox).
CREATE TABLE receipt (envelope bytea PRIMARY KEY, direction text NOT NULL, party text NOT NULL, header bytea NOT NULL,
    blind bytea NOT NULL, opening bytea NOT NULL, payload bytea NOT NULL, proof bytea, epoch bigint NOT NULL,
    position bigint NOT NULL, size bigint NOT NULL, owed bigint NOT NULL, next_attempt bigint NOT NULL,
    attempts bigint NOT NULL, changed bigint NOT NULL);
CREATE INDEX receipt_owed ON receipt (party, owed, next_attempt);

-- Whose an object is that did not originate here.
CREATE TABLE object_source (id text NOT NULL, party text NOT NULL, label text, onward bigint NOT NULL,
    persons text, received bigint NOT NULL, PRIMARY KEY (id, party));

-- Each decision to release or not.
CREATE TABLE release_decision (number bigint PRIMARY KEY, object text NOT NULL, version text NOT NULL,
    party text NOT NULL, outlet text NOT NULL, verdict text NOT NULL, rule text NOT NULL, label text NOT NULL,
    released text, reason text NOT NULL, collection text, envelope bytea, approval text, decided bigint NOT NULL);
CREATE INDEX release_decision_object ON release_decision (object, party);
CREATE INDEX release_decision_released ON release_decision (released);
-- What waits for a second person.
CREATE TABLE approval (id text PRIMARY KEY, party text NOT NULL, request text NOT NULL, asked_by text NOT NULL,
    state text NOT NULL, decided_by text, asked bigint NOT NULL, decided bigint);
-- Collections that are shared with a party as they grow.
CREATE TABLE standing_share (collection text NOT NULL, party text NOT NULL, outlet text NOT NULL,
    position bigint NOT NULL, persons text, PRIMARY KEY (collection, party, outlet));

CREATE TABLE recall (id text NOT NULL, party text NOT NULL, direction text NOT NULL, objects text NOT NULL,
    reason text NOT NULL, state text NOT NULL, answer text, asked bigint NOT NULL, due bigint,
    changed bigint NOT NULL, PRIMARY KEY (id, party, direction));

-- Parts of large payloads until the whole is there.
CREATE TABLE part (party text NOT NULL, whole text NOT NULL, part bigint NOT NULL, parts bigint NOT NULL,
    kind text NOT NULL, bytes bytea NOT NULL, received bigint NOT NULL, PRIMARY KEY (party, whole, part));
-- Envelopes kept for a third party.
CREATE TABLE deposit (envelope bytea PRIMARY KEY, depositor text NOT NULL, recipient text NOT NULL,
    message bytea NOT NULL, state text NOT NULL, received bigint NOT NULL);
