-- Keys: revocations of the own party and of others, each with when it became known here and the newest heads of that
-- party's logs that were cosigned before.
CREATE TABLE revocation (party TEXT NOT NULL, number BIGINT NOT NULL, note BYTEA NOT NULL, known BIGINT NOT NULL,
    held BYTEA NOT NULL, PRIMARY KEY (party, number));
