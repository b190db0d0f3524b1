-- Keys: revocations of the own party and of others, each with when it became known here and the newest heads of that
-- party's logs that were cosigned before.
CREATE TABLE revocation (party TEXT NOT NULL, number INTEGER NOT NULL, note BLOB NOT NULL, known INTEGER NOT NULL,
    held BLOB NOT NULL, PRIMARY KEY (party, number)) WITHOUT ROWID;
