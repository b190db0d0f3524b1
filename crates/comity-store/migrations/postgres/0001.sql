CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE account (name text PRIMARY KEY, role text NOT NULL, password text NOT NULL, created bigint NOT NULL);
CREATE TABLE token (digest bytea PRIMARY KEY, account text NOT NULL, created bigint NOT NULL);
CREATE INDEX token_account ON token (account);
CREATE TABLE collection (id text PRIMARY KEY, view_number bigint NOT NULL UNIQUE, title text NOT NULL,
    description text, alias text UNIQUE, created bigint NOT NULL);
CREATE TABLE collection_right (collection text NOT NULL, account text NOT NULL, access text NOT NULL,
    PRIMARY KEY (account, collection));
CREATE TABLE exchange_cursor (source text PRIMARY KEY, cursor_text text NOT NULL, updated bigint NOT NULL);
CREATE TABLE view_state (view_number bigint PRIMARY KEY, next_position bigint NOT NULL, last_added bigint NOT NULL,
    objects bigint NOT NULL, versions bigint NOT NULL, generation bigint NOT NULL);
CREATE TABLE object (view_number bigint NOT NULL, position bigint NOT NULL, added bigint NOT NULL,
    version bigint NOT NULL, version_nanos bigint NOT NULL, flags bigint NOT NULL, uuid bytea NOT NULL,
    type_name text NOT NULL, body bytea NOT NULL, PRIMARY KEY (view_number, position));
ALTER TABLE object ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX object_added ON object (view_number, added);
CREATE INDEX object_uuid ON object (uuid, view_number);
CREATE INDEX object_kind ON object (view_number, type_name, position);
CREATE TABLE object_key (kind bigint NOT NULL, key bigint NOT NULL, view_number bigint NOT NULL,
    position bigint NOT NULL, PRIMARY KEY (kind, key, view_number, position));
CREATE TABLE object_word (word text NOT NULL, view_number bigint NOT NULL, position bigint NOT NULL,
    PRIMARY KEY (word, view_number, position));
CREATE TABLE object_status (id bytea PRIMARY KEY, view_number bigint NOT NULL, requested bigint NOT NULL,
    body text NOT NULL);
CREATE INDEX object_status_requested ON object_status (requested);
