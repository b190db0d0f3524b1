-- The link: a cosignature whose time does not count stands as `ahead`.
ALTER TABLE cosignature ADD COLUMN standing TEXT NOT NULL DEFAULT 'counted';
-- How far each party's clock was ahead of this node's when it was heard last, in seconds.
CREATE TABLE party_clock (party TEXT PRIMARY KEY, heard INTEGER NOT NULL, ahead INTEGER NOT NULL) WITHOUT ROWID;
-- The newest head of a party's log that another party of one accord holds.
CREATE TABLE cross_head (origin TEXT NOT NULL, teller TEXT NOT NULL, size INTEGER NOT NULL, checkpoint BLOB NOT NULL,
    received INTEGER NOT NULL, PRIMARY KEY (origin, teller)) WITHOUT ROWID;
-- The proof that a party's log showed two histories, for anybody with its key.
CREATE TABLE equivocation (origin TEXT PRIMARY KEY, proof BLOB NOT NULL, found INTEGER NOT NULL) WITHOUT ROWID;
-- What waits in a channel, in its order.
CREATE INDEX outbox_waiting ON outbox (channel, epoch, seq, next_attempt) WHERE state IN ('queued', 'sent');
