-- The link: a cosignature whose time does not count stands as `ahead`.
ALTER TABLE cosignature ADD COLUMN standing text NOT NULL DEFAULT 'counted';
-- How far each party's clock was ahead of this node's when it was heard last, in seconds.
CREATE TABLE party_clock (party text PRIMARY KEY, heard bigint NOT NULL, ahead bigint NOT NULL);
-- The newest head of a party's log that another party of one accord holds.
CREATE TABLE cross_head (origin text NOT NULL, teller text NOT NULL, size bigint NOT NULL, checkpoint bytea NOT NULL,
    received bigint NOT NULL, PRIMARY KEY (origin, teller));
-- The proof that a party's log showed two histories, for anybody with its key.
CREATE TABLE equivocation (origin text PRIMARY KEY, proof bytea NOT NULL, found bigint NOT NULL);
-- What waits in a channel, in its order.
CREATE INDEX outbox_waiting ON outbox (channel, epoch, seq, next_attempt) WHERE state IN ('queued', 'sent');
