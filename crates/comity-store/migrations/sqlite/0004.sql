-- The link: a cosignature whose time does not count stands as `ahead`.
ALTER TABLE cosignature ADD COLUMN standing TEXT NOT NULL DEFAULT 'counted';
-- How far each party's clock was ahead of this node's when it was heard last, in seconds.
CREATE TABLE party_clock (party TEXT PRIMARY KEY, heard INTEGER NOT NULL, ahead INTEGER NOT NULL) WITHOUT ROWID;
-- The newest head of a party's log that another party of one accord holds.
CREATE TABLE cross_head (origin TEXT NOT NULL, teller TEXT NOT NULL, size INTEGER NOT NULL, checkpoint BLOB NOT NULL,
    received INTEGER NOT NULL, PRIMARY KEY (origin, teller)) WITHOUT ROWID;
-- The proof that a party's log showed two histories, for anybody with its key.
CREATE TABLE equivocation (origin TEXT PRIMARY KEY, proof BLOB NOT NULL, found INTEGER NOT NULL) WITHOUT ROWID;
-- Payloads stand apart from what is said of them, for a row is written anew whenever its state changes.
CREATE TABLE outbox_payload (of_envelope BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL);
INSERT INTO outbox_payload SELECT envelope, payload FROM outbox WHERE payload IS NOT NULL;
ALTER TABLE outbox ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET size = coalesce(length(payload), 0);
ALTER TABLE outbox DROP COLUMN payload;
CREATE TABLE inbox_payload (of_envelope BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL);
INSERT INTO inbox_payload SELECT envelope, payload FROM inbox WHERE payload IS NOT NULL;
ALTER TABLE inbox ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE inbox SET size = coalesce(length(payload), 0);
ALTER TABLE inbox DROP COLUMN payload;
-- Rows with much in them: in a table WITHOUT ROWID a search reads whole each row that it compares with.
ALTER TABLE part RENAME TO part_before;
CREATE TABLE part (party TEXT NOT NULL, whole TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
    kind TEXT NOT NULL, bytes BLOB NOT NULL, received INTEGER NOT NULL, PRIMARY KEY (party, whole, part));
INSERT INTO part SELECT party, whole, part, parts, kind, bytes, received FROM part_before;
DROP TABLE part_before;
ALTER TABLE deposit RENAME TO deposit_before;
CREATE TABLE deposit (envelope BLOB NOT NULL PRIMARY KEY, depositor TEXT NOT NULL, recipient TEXT NOT NULL,
    message BLOB NOT NULL, state TEXT NOT NULL, received INTEGER NOT NULL);
INSERT INTO deposit SELECT envelope, depositor, recipient, message, state, received FROM deposit_before;
DROP TABLE deposit_before;
ALTER TABLE ledger_tile RENAME TO ledger_tile_before;
CREATE TABLE ledger_tile (origin TEXT NOT NULL, level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (origin, level, number));
INSERT INTO ledger_tile SELECT origin, level, number, hashes FROM ledger_tile_before;
DROP TABLE ledger_tile_before;
-- What waits in a channel, in its order.
CREATE INDEX outbox_waiting ON outbox (channel, epoch, seq, next_attempt) WHERE state IN ('queued', 'sent');
-- Cases: threads of messages between this party and another, and notes that never leave the house.
CREATE TABLE thread (id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, party TEXT NOT NULL, opener TEXT NOT NULL,
    title TEXT NOT NULL, state TEXT NOT NULL, urgency TEXT, label TEXT NOT NULL, exercise TEXT, disputed INTEGER NOT NULL,
    due INTEGER, due_by TEXT, due_what TEXT, own_due INTEGER, own_what TEXT, messages INTEGER NOT NULL, opened INTEGER NOT NULL, changed INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX thread_by_change ON thread (subject, changed, id);
CREATE INDEX thread_by_any_change ON thread (changed, id);
CREATE INDEX thread_by_own_due ON thread (own_due, id) WHERE own_due IS NOT NULL;
CREATE INDEX thread_by_due ON thread (due) WHERE due IS NOT NULL;
-- received: when the recipient's node had it, in seconds since 1970, by its receipt.
CREATE TABLE message (digest BLOB NOT NULL PRIMARY KEY, thread TEXT NOT NULL, author TEXT NOT NULL, seq INTEGER NOT NULL,
    body TEXT NOT NULL, received INTEGER, envelope BLOB NOT NULL, direction TEXT NOT NULL, recorded INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX message_by_thread ON message (thread);
CREATE INDEX message_by_envelope ON message (envelope);
CREATE INDEX message_unreceipted ON message (recorded) WHERE received IS NULL;
CREATE TABLE thread_note (id TEXT NOT NULL PRIMARY KEY, thread TEXT NOT NULL, officer TEXT NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL, recorded INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX thread_note_by_thread ON thread_note (thread, recorded);
-- What this party keeps of a thread for itself: words that its officer will say, notes that are sealed and not yet shown.
CREATE TABLE thread_kept (thread TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, recorded INTEGER NOT NULL,
    PRIMARY KEY (thread, name)) WITHOUT ROWID;
-- Keys: revocations of the own party and of others, each with when it became known here and the newest heads of that
-- party's logs that were cosigned before.
CREATE TABLE revocation (party TEXT NOT NULL, number INTEGER NOT NULL, note BLOB NOT NULL, known INTEGER NOT NULL,
    held BLOB NOT NULL, PRIMARY KEY (party, number)) WITHOUT ROWID;
-- Release control: TLP:RED binds to persons, and views are judged again when the accord changes.
-- Where the person of an account is reached: what another party addresses there is that account's to read.
ALTER TABLE account ADD COLUMN address TEXT;
-- The views of a collection that hold what is bound to persons: one an account, and under '' all of it.
CREATE TABLE closed_view (collection TEXT NOT NULL, account TEXT NOT NULL, view_number INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (collection, account)) WITHOUT ROWID;
-- To whom objects were bound that are gone.
CREATE TABLE closed_gone (object TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (object, account)) WITHOUT ROWID;
-- How far the closed part of a shared collection was judged, what the released view was judged under, and how much of
-- the collection is still to be judged again under it.
ALTER TABLE standing_share ADD COLUMN closed_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN terms TEXT;
ALTER TABLE standing_share ADD COLUMN review_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN review_to INTEGER NOT NULL DEFAULT 0;
-- End of release control.
-- Evidence: items, what was done with them in the own house, and those that cross.
CREATE TABLE evidence_item (id TEXT NOT NULL PRIMARY KEY, sha256 BLOB NOT NULL, size INTEGER NOT NULL, item TEXT NOT NULL,
    key BLOB, stored BLOB, thread TEXT, origin TEXT, added INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX evidence_item_by_thread ON evidence_item (thread) WHERE thread IS NOT NULL;
CREATE INDEX evidence_item_by_stored ON evidence_item (stored) WHERE stored IS NOT NULL;
CREATE TABLE evidence_custody (item TEXT NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, officer TEXT NOT NULL,
    event TEXT NOT NULL, prev BLOB, PRIMARY KEY (item, place)) WITHOUT ROWID;
CREATE TABLE evidence_transfer (thread TEXT NOT NULL, direction TEXT NOT NULL, item TEXT NOT NULL, party TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT, began INTEGER NOT NULL, PRIMARY KEY (thread, direction)) WITHOUT ROWID;
CREATE INDEX evidence_transfer_by_state ON evidence_transfer (state, party, began);
-- End of evidence.
-- Points of contact: the own profile's versions, checks that are planned (due: seconds since 1970, told to nobody), candidates.
CREATE TABLE own_profile (version INTEGER NOT NULL PRIMARY KEY, body TEXT NOT NULL, note TEXT NOT NULL, officer TEXT NOT NULL,
    recorded INTEGER NOT NULL);
CREATE TABLE planned_check (party TEXT NOT NULL, contact TEXT NOT NULL, kind TEXT NOT NULL, slot INTEGER NOT NULL,
    due INTEGER NOT NULL, thread TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (party, contact, kind)) WITHOUT ROWID;
CREATE TABLE contact_candidate (id TEXT NOT NULL PRIMARY KEY, party TEXT, address TEXT NOT NULL, source TEXT NOT NULL,
    expires INTEGER NOT NULL, remarks TEXT NOT NULL, state TEXT NOT NULL, code BLOB, officer TEXT NOT NULL,
    recorded INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
-- Mail that came: one row for each time that the receiving server took one; the raw bytes are files, by their SHA-256. copy_of:
-- an earlier mail of the same bytes. sender: nothing where it is not known, empty for the null reverse-path.
CREATE TABLE mail (id TEXT NOT NULL PRIMARY KEY, sha256 BLOB NOT NULL, size INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT,
    copy_of TEXT, protocol TEXT NOT NULL, client TEXT, helo TEXT, sender TEXT, options TEXT NOT NULL, tls TEXT, cipher TEXT,
    server_name TEXT, received INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX mail_by_sha256 ON mail (sha256);
CREATE INDEX mail_by_state ON mail (state, received);
CREATE INDEX mail_by_time ON mail (received, id);
-- known_as: what the address is here, by whatever keeps addresses.
CREATE TABLE mail_recipient (mail TEXT NOT NULL, place INTEGER NOT NULL, address TEXT NOT NULL, known_as TEXT NOT NULL, party TEXT,
    PRIMARY KEY (mail, place)) WITHOUT ROWID;
-- End of mail that came.
-- What mails came to: how sure it is who sent each, and what became of what it carries. reasons, authentication, acts: JSON.
-- label, subject: what the mail says of itself; persons: where it is TLP:RED the addresses that it is to, a JSON list.
CREATE TABLE mail_judged (mail TEXT NOT NULL PRIMARY KEY, level TEXT NOT NULL, party TEXT, leaked INTEGER NOT NULL, reasons TEXT NOT NULL,
    authentication TEXT NOT NULL, acts TEXT NOT NULL, answer TEXT, label TEXT, subject TEXT, persons TEXT, judged INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX mail_judged_by_leak ON mail_judged (leaked, judged);
-- begun: how often a mail was begun and not ended; pauses: how often it was put off; due: when it is to be tried again.
CREATE TABLE mail_try (mail TEXT NOT NULL PRIMARY KEY, begun INTEGER NOT NULL, pauses INTEGER NOT NULL, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mail_proposal (id TEXT NOT NULL PRIMARY KEY, mail TEXT NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
    state TEXT NOT NULL, outcome TEXT, officer TEXT, role TEXT, proposed INTEGER NOT NULL, settled INTEGER) WITHOUT ROWID;
CREATE INDEX mail_proposal_by_mail ON mail_proposal (mail, place);
CREATE INDEX mail_proposal_by_state ON mail_proposal (state, proposed);
-- End of what mails came to.
-- Designated addresses: rows decide whether mail is taken; the first is no address, and is read in place of those that are not there.
-- Its texts are as long as those of others, so that reading it takes as long.
-- expires, created, changed, at, first: seconds since 1970; party and domain: to which the token is bound.
CREATE TABLE mail_address (id BLOB NOT NULL PRIMARY KEY, address TEXT NOT NULL, purpose TEXT NOT NULL, party TEXT NOT NULL,
    domain TEXT NOT NULL, thread TEXT NOT NULL, standing TEXT NOT NULL, expires INTEGER, uses_allowed INTEGER, uses INTEGER NOT NULL,
    given TEXT, replaced_by BLOB, reference TEXT, remark TEXT NOT NULL, officer TEXT NOT NULL, created INTEGER NOT NULL,
    changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX mail_address_by_party ON mail_address (party, created);
CREATE INDEX mail_address_by_given ON mail_address (given) WHERE given IS NOT NULL;
INSERT INTO mail_address (id, address, purpose, party, domain, thread, standing, uses, remark, officer, created, changed)
    VALUES (X'0000000000', 'contact+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@in.nobody.example', 'contact', 'nobody', 'in.nobody.example', '',
        'decoy', 0, '', 'nobody', 0, 0);
CREATE TABLE mail_address_event (address BLOB NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, officer TEXT NOT NULL,
    event TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (address, place)) WITHOUT ROWID;
CREATE TABLE mail_promotion (given TEXT NOT NULL PRIMARY KEY, asked_by TEXT NOT NULL, asked INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mail_seen (address BLOB NOT NULL, message_id TEXT NOT NULL, signature BLOB NOT NULL, body BLOB NOT NULL,
    first INTEGER NOT NULL, PRIMARY KEY (address, message_id, signature, body)) WITHOUT ROWID;
CREATE INDEX mail_seen_by_signature ON mail_seen (address, signature);
-- End of designated addresses.
-- The OpenPGP certificates that are registered for parties. registered: seconds since 1970.
CREATE TABLE mail_certificate (party TEXT NOT NULL, fingerprint TEXT NOT NULL, certificate BLOB NOT NULL, way TEXT NOT NULL,
    officer TEXT NOT NULL, registered INTEGER NOT NULL, PRIMARY KEY (party, fingerprint));
-- End of certificates.
-- Mail that leaves: what it is, where it stands, and what the server said that took it. The bytes are written once, with the row, and
-- stay as they are: whoever sends it again sends the same. sender: MAIL FROM, empty for the null reverse-path. next_attempt: when it is
-- tried, or, while it is being sent, until when whoever sends it has it for itself; since: from when it is counted how long nobody
-- took it. Times are microseconds since 1970.
CREATE TABLE mail_out (id TEXT NOT NULL PRIMARY KEY, party TEXT, recipient TEXT NOT NULL, sender TEXT NOT NULL, reply_to TEXT,
    kind TEXT NOT NULL, thread TEXT, reference TEXT NOT NULL, answers TEXT, subject TEXT NOT NULL, label TEXT, protection TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE, sha256 BLOB NOT NULL, size INTEGER NOT NULL, officer TEXT NOT NULL, made INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT, attempts INTEGER NOT NULL, since INTEGER NOT NULL, next_attempt INTEGER NOT NULL, sent INTEGER, host TEXT, tls TEXT,
    verified TEXT, answer TEXT, receipted INTEGER, receipt_level TEXT, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX mail_out_waiting ON mail_out (next_attempt) WHERE state IN ('queued', 'delayed', 'sending');
CREATE INDEX mail_out_by_time ON mail_out (made, id);
CREATE INDEX mail_out_by_reference ON mail_out (reference);
CREATE TABLE mail_out_payload (of_mail TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE mail_out_event (mail TEXT NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (mail, place)) WITHOUT ROWID;
-- Policies of MTA-STS (RFC 8461 section 3.3) that other domains had, by domain; expires: microseconds since 1970.
CREATE TABLE mail_sts (domain TEXT NOT NULL PRIMARY KEY, record_id TEXT NOT NULL, policy TEXT NOT NULL, fetched INTEGER NOT NULL,
    expires INTEGER NOT NULL) WITHOUT ROWID;
-- End of mail that leaves.
-- Signing in. Times are microseconds since 1970; of every secret only its SHA-256 is kept. That of one-time codes is kept itself, for
-- both sides compute with it.
CREATE TABLE session (digest BLOB NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, means TEXT NOT NULL,
    created INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL, place TEXT NOT NULL, agent TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account, created);
CREATE INDEX session_by_expiry ON session (expires);
ALTER TABLE token ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'all';
ALTER TABLE token ADD COLUMN expires INTEGER;
ALTER TABLE token ADD COLUMN seen INTEGER;
UPDATE token SET id = lower(hex(substr(digest, 1, 6)));
CREATE UNIQUE INDEX token_by_id ON token (id);
CREATE TABLE second_factor (account TEXT NOT NULL PRIMARY KEY, secret BLOB NOT NULL, created INTEGER NOT NULL, confirmed INTEGER,
    last_step INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE recovery_code (account TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (account, digest)) WITHOUT ROWID;
-- Links by which an account is made, once. The first account's has no name of an account.
CREATE TABLE welcome_link (digest BLOB NOT NULL PRIMARY KEY, account TEXT NOT NULL UNIQUE, role TEXT NOT NULL, address TEXT,
    invited_by TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
-- Who did what. The newest row is never removed, so that no number is given twice.
CREATE TABLE audit (id INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL, account TEXT NOT NULL, way TEXT NOT NULL, place TEXT NOT NULL,
    operation TEXT NOT NULL, target TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX audit_by_account ON audit (account, id);
CREATE INDEX audit_by_operation ON audit (operation, id);
CREATE INDEX audit_by_time ON audit (at);
-- What accounts were granted, as the notes that leaves of the own log stand for.
CREATE TABLE grant_note (id BLOB NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL, note BLOB NOT NULL,
    blind BLOB NOT NULL, opening BLOB NOT NULL, content BLOB NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX grant_note_by_place ON grant_note (epoch, position);
-- End of signing in.
-- Calls that are to be done once. answer: JSON; none while it is not known what the call came to.
CREATE TABLE repeated_call (account TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, answer TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (account, key)) WITHOUT ROWID;
CREATE INDEX repeated_call_by_time ON repeated_call (at);
-- End of calls that are to be done once.
-- Acts that wait for a second person. arguments: a JSON object; asked, decided: microseconds since 1970.
CREATE TABLE held_act (id TEXT NOT NULL PRIMARY KEY, operation TEXT NOT NULL, arguments TEXT NOT NULL, asked_by TEXT NOT NULL,
    reason TEXT NOT NULL, state TEXT NOT NULL, asked INTEGER NOT NULL, decided_by TEXT, decided INTEGER, outcome TEXT);
CREATE INDEX held_act_by_time ON held_act (asked);
-- End of acts that wait for a second person.
-- Which cases speak of going into which, wholly or in part: whoever shows one looks at those alone.
CREATE TABLE case_lead (into_case TEXT NOT NULL, from_case TEXT NOT NULL, PRIMARY KEY (into_case, from_case)) WITHOUT ROWID;
-- End of which cases speak of which.
-- Passkeys (WebAuthn Level 2). public_key: the credential public key as the authenticator wrote it, a COSE_Key. counter: the signature
-- counter, and flags: the flags, of its newest answer. Times are microseconds since 1970.
CREATE TABLE passkey (credential BLOB NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, name TEXT NOT NULL,
    relying_party TEXT NOT NULL, user_handle BLOB NOT NULL, public_key BLOB NOT NULL, counter INTEGER NOT NULL, flags INTEGER NOT NULL,
    created INTEGER NOT NULL, seen INTEGER) WITHOUT ROWID;
CREATE INDEX passkey_by_account ON passkey (account, created);
-- End of passkeys.
-- Who accounts are at a provider of identities (OpenID Connect). Times are microseconds since 1970.
CREATE TABLE identity (issuer TEXT NOT NULL, subject TEXT NOT NULL, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
    seen INTEGER, PRIMARY KEY (issuer, subject)) WITHOUT ROWID;
CREATE INDEX identity_by_account ON identity (account, created);
-- End of identities.
-- Client certificates are pinned beside tokens: kind is token or certificate, and the digest that of what is shown.
ALTER TABLE token ADD COLUMN kind TEXT NOT NULL DEFAULT 'token';
-- End of client certificates.
-- By what threads are found: the words of their titles and numbers, and, behind a sign of equality, the objects and values that they name.
CREATE TABLE thread_word (word TEXT NOT NULL, thread TEXT NOT NULL, PRIMARY KEY (word, thread)) WITHOUT ROWID;
-- End of words of threads.
-- Lists that are read a stretch at a time, the newest first.
CREATE INDEX outbox_by_time ON outbox (created, seq, envelope);
CREATE INDEX outbox_undelivered ON outbox (created, seq, envelope) WHERE state = 'refused';
CREATE INDEX inbox_by_time ON inbox (received, seq, envelope);
-- End of lists that are read a stretch at a time.
-- Releases that can be taken back for a while before they leave.
ALTER TABLE approval ADD COLUMN leaves INTEGER;
ALTER TABLE approval ADD COLUMN reason TEXT;
CREATE INDEX approval_by_state ON approval (state, leaves);
-- End of releases that can be taken back.
-- What has its receipt and stands in the log from a place on.
CREATE INDEX outbox_by_position ON outbox (party, epoch, position);
-- Which envelopes with a party count, without looking at them.
CREATE INDEX outbox_by_kind ON outbox (party, kind, state, envelope);
CREATE INDEX inbox_by_kind ON inbox (party, kind, state, envelope);
CREATE INDEX receipt_by_party ON receipt (party, direction, envelope);
