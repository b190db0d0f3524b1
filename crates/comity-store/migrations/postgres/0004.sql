-- Release control: TLP:RED binds to persons, and views are judged again when the accord changes.
-- Where the person of an account is reached: what another party addresses there is that account's to read.
ALTER TABLE account ADD COLUMN address text;
-- The views of a collection that hold what is bound to persons: one an account, and under '' all of it.
CREATE TABLE closed_view (collection text NOT NULL, account text NOT NULL, view_number bigint NOT NULL UNIQUE,
    PRIMARY KEY (collection, account));
-- How far the closed part of a shared collection was judged, what the released view was judged under, and how much of
-- the collection is still to be judged again under it.
ALTER TABLE standing_share ADD COLUMN closed_position bigint NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN terms text;
ALTER TABLE standing_share ADD COLUMN review_from bigint NOT NULL DEFAULT 0;
ALTER TABLE standing_share ADD COLUMN review_to bigint NOT NULL DEFAULT 0;
-- End of release control.
