-- Schema 2: order of items, requests in several posts, tags, events, periodic jobs, holds, clean-up in two steps.
--
-- Times and sizes as in schema 1.

-- A new version of what may have arrived is held ("after") until the item it follows is settled. Kept afterwards.
ALTER TABLE item ADD COLUMN waits_for INTEGER;
-- What is too large for one request goes in several: post says in which, the first posts_done of them are stored.
ALTER TABLE item ADD COLUMN posts_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE item_part ADD COLUMN post INTEGER NOT NULL DEFAULT 0;
-- Clean-up deletes only what it had marked a day of running time before. NULL: not marked.
ALTER TABLE item ADD COLUMN marked INTEGER;
ALTER TABLE item ADD COLUMN marked_boot INTEGER;
ALTER TABLE item ADD COLUMN marked_boot_id TEXT;

CREATE INDEX item_by_waits_for ON item (waits_for) WHERE waits_for IS NOT NULL;
-- What an account that was refused keeps.
CREATE INDEX item_by_secret ON item (secret_id) WHERE secret_id IS NOT NULL AND state IN (1, 3);
CREATE INDEX item_held ON item (hold, secret_id, form) WHERE state = 4;
CREATE INDEX item_settled ON item (state, changed) WHERE state IN (5, 6);
CREATE INDEX item_marked ON item (marked) WHERE marked IS NOT NULL;

-- The same rows as before. A list of four has SQLite make a table of them at each update of an item.
DROP INDEX item_reason;
CREATE INDEX item_reason ON item (state = 3, changed) WHERE state < 5 AND reason_code IS NOT NULL;

-- The item of which the draft will be a new version.
ALTER TABLE draft ADD COLUMN edits INTEGER;
CREATE INDEX draft_by_edits ON draft (edits) WHERE edits IS NOT NULL;
ALTER TABLE draft ADD COLUMN marked INTEGER;
ALTER TABLE draft ADD COLUMN marked_boot INTEGER;
ALTER TABLE draft ADD COLUMN marked_boot_id TEXT;

-- What a server's yes is: 0 any 2xx, 1 2xx with JSON, 2 also 302 and 303. After a lost answer: 0 send again, 1 ask.
ALTER TABLE server ADD COLUMN success INTEGER NOT NULL DEFAULT 0 CHECK (success BETWEEN 0 AND 2);
ALTER TABLE server ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1));

-- What keeps more than one item: an account that was refused, a form without access, a proxy, a host.
CREATE TABLE hold (
  kind    TEXT NOT NULL, -- as in item.hold
  subject TEXT NOT NULL, -- secret id, row of the form, …; '' where there is only one
  code    TEXT,          -- as in item.reason_code
  words   TEXT,
  since   INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- Where the events of a tag go.
CREATE TABLE tag (
  name      TEXT PRIMARY KEY,
  url       TEXT NOT NULL,
  headers   TEXT NOT NULL,
  secret_id TEXT,
  reach     INTEGER NOT NULL,
  batch_max INTEGER NOT NULL, -- events in the next item at most; halved when a server refuses one
  added     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Not yet frozen: item is NULL. Deleted with the receipt of the item it was frozen into.
CREATE TABLE event (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  tag     TEXT NOT NULL,
  data    TEXT NOT NULL, -- one JSON value
  created INTEGER NOT NULL,
  item    INTEGER REFERENCES item (id)
) STRICT;

CREATE INDEX event_free ON event (tag, id) WHERE item IS NULL;
CREATE INDEX event_by_item ON event (item, id) WHERE item IS NOT NULL;

-- How many are not yet frozen, so that nobody counts them.
CREATE TABLE event_count (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  n  INTEGER NOT NULL CHECK (n >= 0)
) STRICT;

INSERT INTO event_count (id, n) VALUES (1, 0);

CREATE TRIGGER event_count_insert AFTER INSERT ON event WHEN NEW.item IS NULL
BEGIN
  UPDATE event_count SET n = n + 1;
END;

CREATE TRIGGER event_count_update AFTER UPDATE OF item ON event WHEN (NEW.item IS NULL) <> (OLD.item IS NULL)
BEGIN
  UPDATE event_count SET n = n + CASE WHEN NEW.item IS NULL THEN 1 ELSE -1 END;
END;

CREATE TRIGGER event_count_delete AFTER DELETE ON event WHEN OLD.item IS NULL
BEGIN
  UPDATE event_count SET n = n - 1;
END;

-- Identities that an edit took from an item before it was delivered: an import knows them.
CREATE TABLE replaced (
  uid  TEXT PRIMARY KEY,
  item INTEGER NOT NULL -- may be gone by now
) STRICT, WITHOUT ROWID;

-- A wish to be told once the network is there: one a tag.
CREATE TABLE registration (
  tag         TEXT PRIMARY KEY,
  bus_name    TEXT,             -- activated and told; NULL: whoever listens
  created     INTEGER NOT NULL,
  revision    INTEGER NOT NULL, -- grows when it is registered again: then one answer does not settle it
  attempts    INTEGER NOT NULL, -- announcements that failed
  last_try    INTEGER NOT NULL,
  last_result TEXT,             -- as periodic.last_result
  due_boot    INTEGER NOT NULL,
  due_boot_id TEXT NOT NULL,
  next_try    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE periodic (
  name          TEXT PRIMARY KEY,
  bus_name      TEXT,           -- of another program; NULL: built in, or whoever listens
  min_interval  INTEGER NOT NULL, -- ms
  registered    INTEGER NOT NULL,
  last_run      INTEGER NOT NULL,
  last_boot     INTEGER NOT NULL,
  last_boot_id  TEXT NOT NULL,
  last_result   TEXT              -- NULL: it went well
) STRICT, WITHOUT ROWID;

-- Files that a form version needs beside itself, as its server's manifest lists them; kept while the form is.
CREATE TABLE form_media (
  form   INTEGER NOT NULL REFERENCES form (id),
  name   TEXT NOT NULL,
  hash   TEXT NOT NULL, -- as the manifest says: MD5 in hex
  sha256 TEXT NOT NULL REFERENCES blob (sha256),
  url    TEXT NOT NULL,
  PRIMARY KEY (form, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX form_media_by_blob ON form_media (sha256);
