-- The link: a cosignature whose time does not count stands as `ahead`.
ALTER TABLE cosignature ADD COLUMN standing text NOT NULL DEFAULT 'counted';
-- How far each party's clock was ahead of this node's when it was heard last, in seconds.
CREATE TABLE party_clock (party text PRIMARY KEY, heard bigint NOT NULL, ahead bigint NOT NULL);
-- The newest head of a party's log that another party of one accord holds.
CREATE TABLE cross_head (origin text NOT NULL, teller text NOT NULL, size bigint NOT NULL, checkpoint bytea NOT NULL,
    received bigint NOT NULL, PRIMARY KEY (origin, teller));
-- The proof that a party's log showed two histories, for anybody with its key.
CREATE TABLE equivocation (origin text PRIMARY KEY, proof bytea NOT NULL, found bigint NOT NULL);
-- Payloads stand apart from what is said of them, for a row is written anew whenever its state changes.
CREATE TABLE outbox_payload (of_envelope bytea NOT NULL PRIMARY KEY, bytes bytea NOT NULL);
INSERT INTO outbox_payload SELECT envelope, payload FROM outbox WHERE payload IS NOT NULL;
ALTER TABLE outbox ADD COLUMN size bigint NOT NULL DEFAULT 0;
UPDATE outbox SET size = coalesce(length(payload), 0);
ALTER TABLE outbox DROP COLUMN payload;
CREATE TABLE inbox_payload (of_envelope bytea NOT NULL PRIMARY KEY, bytes bytea NOT NULL);
INSERT INTO inbox_payload SELECT envelope, payload FROM inbox WHERE payload IS NOT NULL;
ALTER TABLE inbox ADD COLUMN size bigint NOT NULL DEFAULT 0;
UPDATE inbox SET size = coalesce(length(payload), 0);
ALTER TABLE inbox DROP COLUMN payload;
-- What waits in a channel, in its order.
CREATE INDEX outbox_waiting ON outbox (channel, epoch, seq, next_attempt) WHERE state IN ('queued', 'sent');
-- Cases: threads of messages between this party and another, and notes that never leave the house.
CREATE TABLE thread (id text NOT NULL PRIMARY KEY, subject text NOT NULL, party text NOT NULL, opener text NOT NULL,
    title text NOT NULL, state text NOT NULL, urgency text, label text NOT NULL, exercise text, disputed bigint NOT NULL,
    due bigint, due_by text, due_what text, own_due bigint, own_what text, messages bigint NOT NULL, opened bigint NOT NULL, changed bigint NOT NULL);
CREATE INDEX thread_by_change ON thread (subject, changed, id);
CREATE INDEX thread_by_any_change ON thread (changed, id);
CREATE INDEX thread_by_own_due ON thread (own_due, id) WHERE own_due IS NOT NULL;
CREATE INDEX thread_by_due ON thread (due) WHERE due IS NOT NULL;
-- received: when the recipient's node had it, in seconds since 1970, by its receipt.
CREATE TABLE message (digest bytea NOT NULL PRIMARY KEY, thread text NOT NULL, author text NOT NULL, seq bigint NOT NULL,
    body text NOT NULL, received bigint, envelope bytea NOT NULL, direction text NOT NULL, recorded bigint NOT NULL);
CREATE INDEX message_by_thread ON message (thread);
CREATE INDEX message_by_envelope ON message (envelope);
CREATE INDEX message_unreceipted ON message (recorded) WHERE received IS NULL;
CREATE TABLE thread_note (id text NOT NULL PRIMARY KEY, thread text NOT NULL, officer text NOT NULL,
    event text NOT NULL, body text NOT NULL, recorded bigint NOT NULL);
CREATE INDEX thread_note_by_thread ON thread_note (thread, recorded);
-- What this party keeps of a thread for itself: words that its officer will say, notes that are sealed and not yet shown.
CREATE TABLE thread_kept (thread text NOT NULL, name text NOT NULL, value text NOT NULL, recorded bigint NOT NULL,
    PRIMARY KEY (thread, name));
-- Keys: revocations of the own party and of others, each with when it became known here and the newest heads of that
-- party's logs that were cosigned before.
CREATE TABLE revocation (party TEXT NOT NULL, number BIGINT NOT NULL, note BYTEA NOT NULL, known BIGINT NOT NULL,
    held BYTEA NOT NULL, PRIMARY KEY (party, number));
-- Release control: TLP:RED binds to persons, and views are judged again when the accord changes.
-- Where the person of an account is reached: what another party addresses there is that account's to read.
ALTER TABLE account ADD COLUMN address text;
-- The views of a collection that hold what is bound to persons: one an account, and under '' all of it.
CREATE TABLE closed_view (collection text NOT NULL, account text NOT NULL, view_number bigint NOT NULL UNIQUE,
    PRIMARY KEY (collection, account));
-- To whom objects were bound that are gone.
CREATE TABLE closed_gone (object text NOT NULL, account text NOT NULL, PRIMARY KEY (object, account));
-- How far the closed part of a shared collection was judged, what the released view was judged under, and how much of
-- the collection is still to be judged again under it.
ALTER TABLE standing_share ADD COLUMN closed_position bigint NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN terms text;
ALTER TABLE standing_share ADD COLUMN review_from bigint NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN review_to bigint NOT NULL DEFAULT 0;
-- End of release control.
-- Evidence: items, what was done with them in the own house, and those that cross.
CREATE TABLE evidence_item (id text NOT NULL PRIMARY KEY, sha256 bytea NOT NULL, size bigint NOT NULL, item text NOT NULL,
    key bytea, stored bytea, thread text, origin text, added bigint NOT NULL);
CREATE INDEX evidence_item_by_thread ON evidence_item (thread) WHERE thread IS NOT NULL;
CREATE INDEX evidence_item_by_stored ON evidence_item (stored) WHERE stored IS NOT NULL;
CREATE TABLE evidence_custody (item text NOT NULL, place bigint NOT NULL, at bigint NOT NULL, officer text NOT NULL,
    event text NOT NULL, prev bytea, PRIMARY KEY (item, place));
CREATE TABLE evidence_transfer (thread text NOT NULL, direction text NOT NULL, item text NOT NULL, party text NOT NULL,
    state text NOT NULL, reason text, began bigint NOT NULL, PRIMARY KEY (thread, direction));
CREATE INDEX evidence_transfer_by_state ON evidence_transfer (state, party, began);
-- End of evidence.
-- Points of contact: the own profile's versions, checks that are planned (due: seconds since 1970, told to nobody), candidates.
CREATE TABLE own_profile (version bigint NOT NULL PRIMARY KEY, body text NOT NULL, note text NOT NULL, officer text NOT NULL,
    recorded bigint NOT NULL);
CREATE TABLE planned_check (party text NOT NULL, contact text NOT NULL, kind text NOT NULL, slot bigint NOT NULL,
    due bigint NOT NULL, thread text NOT NULL, state text NOT NULL, PRIMARY KEY (party, contact, kind));
CREATE TABLE contact_candidate (id text NOT NULL PRIMARY KEY, party text, address text NOT NULL, source text NOT NULL,
    expires bigint NOT NULL, remarks text NOT NULL, state text NOT NULL, code bytea, officer text NOT NULL,
    recorded bigint NOT NULL, changed bigint NOT NULL);
-- Mail that came: one row for each time that the receiving server took one; the raw bytes are files, by their SHA-256. copy_of:
-- an earlier mail of the same bytes. sender: nothing where it is not known, empty for the null reverse-path.
CREATE TABLE mail (id text NOT NULL PRIMARY KEY, sha256 bytea NOT NULL, size bigint NOT NULL, state text NOT NULL, reason text,
    copy_of text, protocol text NOT NULL, client text, helo text, sender text, options text NOT NULL, tls text, cipher text,
    server_name text, received bigint NOT NULL, changed bigint NOT NULL);
CREATE INDEX mail_by_sha256 ON mail (sha256);
CREATE INDEX mail_by_state ON mail (state, received);
CREATE INDEX mail_by_time ON mail (received, id);
-- known_as: what the address is here, by whatever keeps addresses.
CREATE TABLE mail_recipient (mail text NOT NULL, place bigint NOT NULL, address text NOT NULL, known_as text NOT NULL, party text,
    PRIMARY KEY (mail, place));
-- End of mail that came.
-- What mails came to: how sure it is who sent each, and what became of what it carries. reasons, authentication, acts: JSON.
-- label, subject: what the mail says of itself; persons: where it is TLP:RED the addresses that it is to, a JSON list.
CREATE TABLE mail_judged (mail text NOT NULL PRIMARY KEY, level text NOT NULL, party text, leaked bigint NOT NULL, reasons text NOT NULL,
    authentication text NOT NULL, acts text NOT NULL, answer text, label text, subject text, persons text, judged bigint NOT NULL);
CREATE INDEX mail_judged_by_leak ON mail_judged (leaked, judged);
-- begun: how often a mail was begun and not ended; pauses: how often it was put off; due: when it is to be tried again.
CREATE TABLE mail_try (mail text NOT NULL PRIMARY KEY, begun bigint NOT NULL, pauses bigint NOT NULL, due bigint NOT NULL);
CREATE TABLE mail_proposal (id text NOT NULL PRIMARY KEY, mail text NOT NULL, place bigint NOT NULL, kind text NOT NULL, detail text NOT NULL,
    state text NOT NULL, outcome text, officer text, role text, proposed bigint NOT NULL, settled bigint);
CREATE INDEX mail_proposal_by_mail ON mail_proposal (mail, place);
CREATE INDEX mail_proposal_by_state ON mail_proposal (state, proposed);
-- End of what mails came to.
-- Designated addresses: rows decide whether mail is taken; the first is no address, and is read in place of those that are not there.
-- Its texts are as long as those of others, so that reading it takes as long.
-- expires, created, changed, at, first: seconds since 1970; party and domain: to which the token is bound.
CREATE TABLE mail_address (id bytea NOT NULL PRIMARY KEY, address text NOT NULL, purpose text NOT NULL, party text NOT NULL,
    domain text NOT NULL, thread text NOT NULL, standing text NOT NULL, expires bigint, uses_allowed bigint, uses bigint NOT NULL,
    given text, replaced_by bytea, reference text, remark text NOT NULL, officer text NOT NULL, created bigint NOT NULL,
    changed bigint NOT NULL);
CREATE INDEX mail_address_by_party ON mail_address (party, created);
CREATE INDEX mail_address_by_given ON mail_address (given) WHERE given IS NOT NULL;
INSERT INTO mail_address (id, address, purpose, party, domain, thread, standing, uses, remark, officer, created, changed)
    VALUES ('\x0000000000', 'contact+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@in.nobody.example', 'contact', 'nobody', 'in.nobody.example', '',
        'decoy', 0, '', 'nobody', 0, 0);
CREATE TABLE mail_address_event (address bytea NOT NULL, place bigint NOT NULL, at bigint NOT NULL, officer text NOT NULL,
    event text NOT NULL, detail text NOT NULL, PRIMARY KEY (address, place));
CREATE TABLE mail_promotion (given text NOT NULL PRIMARY KEY, asked_by text NOT NULL, asked bigint NOT NULL);
CREATE TABLE mail_seen (address bytea NOT NULL, message_id text NOT NULL, signature bytea NOT NULL, body bytea NOT NULL,
    first bigint NOT NULL, PRIMARY KEY (address, message_id, signature, body));
CREATE INDEX mail_seen_by_signature ON mail_seen (address, signature);
-- End of designated addresses.
-- The OpenPGP certificates that are registered for parties. registered: seconds since 1970.
CREATE TABLE mail_certificate (party TEXT NOT NULL, fingerprint TEXT NOT NULL, certificate BYTEA NOT NULL, way TEXT NOT NULL,
    officer TEXT NOT NULL, registered BIGINT NOT NULL, PRIMARY KEY (party, fingerprint));
-- End of certificates.
-- Mail that leaves: what it is, where it stands, and what the server said that took it. The bytes are written once, with the row, and
-- stay as they are: whoever sends it again sends the same. sender: MAIL FROM, empty for the null reverse-path. next_attempt: when it is
-- tried, or, while it is being sent, until when whoever sends it has it for itself; since: from when it is counted how long nobody
-- took it. Times are microseconds since 1970.
CREATE TABLE mail_out (id text NOT NULL PRIMARY KEY, party text, recipient text NOT NULL, sender text NOT NULL, reply_to text,
    kind text NOT NULL, thread text, reference text NOT NULL, answers text, subject text NOT NULL, label text, protection text NOT NULL,
    message_id text NOT NULL UNIQUE, sha256 bytea NOT NULL, size bigint NOT NULL, officer text NOT NULL, made bigint NOT NULL,
    state text NOT NULL, reason text, attempts bigint NOT NULL, since bigint NOT NULL, next_attempt bigint NOT NULL, sent bigint, host text, tls text,
    verified text, answer text, receipted bigint, receipt_level text, changed bigint NOT NULL);
CREATE INDEX mail_out_waiting ON mail_out (next_attempt) WHERE state IN ('queued', 'delayed', 'sending');
CREATE INDEX mail_out_by_time ON mail_out (made, id);
CREATE INDEX mail_out_by_reference ON mail_out (reference);
CREATE TABLE mail_out_payload (of_mail text NOT NULL PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE mail_out_event (mail text NOT NULL, place bigint NOT NULL, at bigint NOT NULL, event text NOT NULL, detail text NOT NULL,
    PRIMARY KEY (mail, place));
-- Policies of MTA-STS (RFC 8461 section 3.3) that other domains had, by domain; expires: microseconds since 1970.
CREATE TABLE mail_sts (domain text NOT NULL PRIMARY KEY, record_id text NOT NULL, policy text NOT NULL, fetched bigint NOT NULL,
    expires bigint NOT NULL);
-- End of mail that leaves.
-- Signing in. Times are microseconds since 1970; of every secret only its SHA-256 is kept. That of one-time codes is kept itself, for
-- both sides compute with it.
CREATE TABLE session (digest bytea NOT NULL PRIMARY KEY, id text NOT NULL UNIQUE, account text NOT NULL, means text NOT NULL,
    created bigint NOT NULL, seen bigint NOT NULL, expires bigint NOT NULL, place text NOT NULL, agent text NOT NULL);
CREATE INDEX session_by_account ON session (account, created);
CREATE INDEX session_by_expiry ON session (expires);
ALTER TABLE token ADD COLUMN id text NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN scope text NOT NULL DEFAULT 'all';
ALTER TABLE token ADD COLUMN expires bigint;
ALTER TABLE token ADD COLUMN seen bigint;
UPDATE token SET id = encode(substring(digest from 1 for 6), 'hex');
CREATE UNIQUE INDEX token_by_id ON token (id);
CREATE TABLE second_factor (account text NOT NULL PRIMARY KEY, secret bytea NOT NULL, created bigint NOT NULL, confirmed bigint,
    last_step bigint NOT NULL);
CREATE TABLE recovery_code (account text NOT NULL, digest bytea NOT NULL, PRIMARY KEY (account, digest));
-- Links by which an account is made, once. The first account's has no name of an account.
CREATE TABLE welcome_link (digest bytea NOT NULL PRIMARY KEY, account text NOT NULL UNIQUE, role text NOT NULL, address text,
    invited_by text NOT NULL, created bigint NOT NULL, expires bigint NOT NULL);
-- Who did what. The newest row is never removed, so that no number is given twice.
CREATE TABLE audit (id bigint NOT NULL PRIMARY KEY, at bigint NOT NULL, account text NOT NULL, way text NOT NULL, place text NOT NULL,
    operation text NOT NULL, target text NOT NULL, outcome text NOT NULL);
CREATE INDEX audit_by_account ON audit (account, id);
CREATE INDEX audit_by_operation ON audit (operation, id);
CREATE INDEX audit_by_time ON audit (at);
-- What accounts were granted, as the notes that leaves of the own log stand for.
CREATE TABLE grant_note (id bytea NOT NULL PRIMARY KEY, epoch bigint NOT NULL, position bigint NOT NULL, note bytea NOT NULL,
    blind bytea NOT NULL, opening bytea NOT NULL, content bytea NOT NULL, made bigint NOT NULL);
CREATE UNIQUE INDEX grant_note_by_place ON grant_note (epoch, position);
-- End of signing in.
-- Calls that are to be done once. answer: JSON; none while it is not known what the call came to.
CREATE TABLE repeated_call (account text NOT NULL, key text NOT NULL, digest bytea NOT NULL, answer text, at bigint NOT NULL,
    PRIMARY KEY (account, key));
CREATE INDEX repeated_call_by_time ON repeated_call (at);
-- End of calls that are to be done once.
-- Acts that wait for a second person. arguments: a JSON object; asked, decided: microseconds since 1970.
CREATE TABLE held_act (id TEXT NOT NULL PRIMARY KEY, operation TEXT NOT NULL, arguments TEXT NOT NULL, asked_by TEXT NOT NULL,
    reason TEXT NOT NULL, state TEXT NOT NULL, asked BIGINT NOT NULL, decided_by TEXT, decided BIGINT, outcome TEXT);
CREATE INDEX held_act_by_time ON held_act (asked);
-- End of acts that wait for a second person.
-- Which cases speak of going into which, wholly or in part: whoever shows one looks at those alone.
CREATE TABLE case_lead (into_case text NOT NULL, from_case text NOT NULL, PRIMARY KEY (into_case, from_case));
-- End of which cases speak of which.
-- Passkeys (WebAuthn Level 2). public_key: the credential public key as the authenticator wrote it, a COSE_Key. counter: the signature
-- counter, and flags: the flags, of its newest answer. Times are microseconds since 1970.
CREATE TABLE passkey (credential bytea NOT NULL PRIMARY KEY, id text NOT NULL UNIQUE, account text NOT NULL, name text NOT NULL,
    relying_party text NOT NULL, user_handle bytea NOT NULL, public_key bytea NOT NULL, counter bigint NOT NULL, flags bigint NOT NULL,
    created bigint NOT NULL, seen bigint);
CREATE INDEX passkey_by_account ON passkey (account, created);
-- End of passkeys.
-- Who accounts are at a provider of identities (OpenID Connect). Times are microseconds since 1970.
CREATE TABLE identity (issuer text NOT NULL, subject text NOT NULL, id text NOT NULL UNIQUE, account text NOT NULL, created bigint NOT NULL,
    seen bigint, PRIMARY KEY (issuer, subject));
CREATE INDEX identity_by_account ON identity (account, created);
-- End of identities.
-- Client certificates are pinned beside tokens: kind is token or certificate, and the digest that of what is shown.
ALTER TABLE token ADD COLUMN kind text NOT NULL DEFAULT 'token';
-- End of client certificates.
-- By what threads are found: the words of their titles and numbers, and, behind a sign of equality, the objects and values that they name.
CREATE TABLE thread_word (word TEXT NOT NULL, thread TEXT NOT NULL, PRIMARY KEY (word, thread));
-- End of words of threads.
-- Lists that are read a stretch at a time, the newest first.
CREATE INDEX outbox_by_time ON outbox (created, seq, envelope);
CREATE INDEX outbox_undelivered ON outbox (created, seq, envelope) WHERE state = 'refused';
CREATE INDEX inbox_by_time ON inbox (received, seq, envelope);
-- End of lists that are read a stretch at a time.
-- Releases that can be taken back for a while before they leave.
ALTER TABLE approval ADD COLUMN leaves bigint;
ALTER TABLE approval ADD COLUMN reason text;
CREATE INDEX approval_by_state ON approval (state, leaves);
-- End of releases that can be taken back.
-- What has its receipt and stands in the log from a place on.
CREATE INDEX outbox_by_position ON outbox (party, epoch, position);
-- Which envelopes with a party count, without looking at them.
CREATE INDEX outbox_by_kind ON outbox (party, kind, state, envelope);
CREATE INDEX inbox_by_kind ON inbox (party, kind, state, envelope);
CREATE INDEX receipt_by_party ON receipt (party, direction, envelope);
