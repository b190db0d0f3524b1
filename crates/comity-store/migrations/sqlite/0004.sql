-- Cases: threads of messages between this party and another, and notes that never leave the house.
CREATE TABLE thread (id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, party TEXT NOT NULL, opener TEXT NOT NULL,
    title TEXT NOT NULL, state TEXT NOT NULL, urgency TEXT, label TEXT NOT NULL, exercise TEXT, disputed INTEGER NOT NULL,
    due INTEGER, due_by TEXT, due_what TEXT, messages INTEGER NOT NULL, opened INTEGER NOT NULL, changed INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX thread_by_change ON thread (subject, changed);
CREATE INDEX thread_by_due ON thread (due) WHERE due IS NOT NULL;
-- received: when the recipient's node had it, in seconds since 1970, by its receipt.
CREATE TABLE message (digest BLOB NOT NULL PRIMARY KEY, thread TEXT NOT NULL, author TEXT NOT NULL, seq INTEGER NOT NULL,
    body TEXT NOT NULL, received INTEGER, envelope BLOB NOT NULL, direction TEXT NOT NULL, recorded INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX message_by_thread ON message (thread);
CREATE INDEX message_by_envelope ON message (envelope);
CREATE INDEX message_unreceipted ON message (recorded) WHERE received IS NULL;
CREATE TABLE thread_note (id TEXT NOT NULL PRIMARY KEY, thread TEXT NOT NULL, officer TEXT NOT NULL, body TEXT NOT NULL,
    recorded INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX thread_note_by_thread ON thread_note (thread, recorded);
-- Keys: revocations of the own party and of others, each with when it became known here and the newest heads of that
-- party's logs that were cosigned before.
CREATE TABLE revocation (party TEXT NOT NULL, number INTEGER NOT NULL, note BLOB NOT NULL, known INTEGER NOT NULL,
    held BLOB NOT NULL, PRIMARY KEY (party, number)) WITHOUT ROWID;
