-- Schema 1: settings, servers, forms, drafts, blobs, the outbox and its receipts.
--
-- Times are unix ms unless the name says boot (ms since the boot named beside it); 0 = never or none. Sizes are
-- bytes. Ids are never used twice (AUTOINCREMENT): other programs remember them.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('store-id', lower(hex(randomblob(16))));

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE server (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  title     TEXT NOT NULL,
  url       TEXT NOT NULL,
  protocol  INTEGER NOT NULL,
  reach     INTEGER NOT NULL,
  user      TEXT,
  secret_id TEXT,
  added     INTEGER NOT NULL,
  refreshed INTEGER NOT NULL
) STRICT;

-- A row is never deleted: drafts and items were begun with exactly this version.
CREATE TABLE form (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  form_id    TEXT NOT NULL,
  version    TEXT NOT NULL,
  title      TEXT NOT NULL,
  md5        TEXT NOT NULL,
  server     INTEGER REFERENCES server (id), -- NULL: added from a file
  submit_url TEXT,
  added      INTEGER NOT NULL,
  hidden     INTEGER NOT NULL CHECK (hidden IN (0, 1)),
  xml        BLOB NOT NULL -- last, so that lists do not read its pages
) STRICT;

CREATE INDEX form_by_form_id ON form (form_id, server);
CREATE INDEX form_by_server ON form (server);

-- A file blobs/SHA256. Unused since: when clean-up first saw no reference to it.
CREATE TABLE blob (
  sha256              TEXT PRIMARY KEY CHECK (length(sha256) = 64),
  size                INTEGER NOT NULL,
  unused_since        INTEGER,
  unused_since_boot   INTEGER,
  unused_boot_id      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE draft (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  uid       TEXT NOT NULL UNIQUE,
  form      INTEGER NOT NULL REFERENCES form (id),
  title     TEXT NOT NULL,
  revision  INTEGER NOT NULL,
  position  TEXT,
  created   INTEGER NOT NULL,
  saved     INTEGER NOT NULL,
  discarded INTEGER NOT NULL, -- when; 0 = it is not
  instance  BLOB NOT NULL
) STRICT;

CREATE INDEX draft_by_form ON draft (form);
CREATE INDEX draft_by_saved ON draft (discarded, saved);

CREATE TABLE draft_file (
  draft      INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  media_type TEXT,
  sha256     TEXT NOT NULL REFERENCES blob (sha256),
  PRIMARY KEY (draft, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX draft_file_by_blob ON draft_file (sha256);

-- What the server answered. Outlives the item's own row, so it does not refer to it.
CREATE TABLE receipt (
  item        INTEGER PRIMARY KEY,
  uid         TEXT NOT NULL,
  instance_id TEXT,
  url         TEXT NOT NULL,
  status      INTEGER NOT NULL,
  headers     TEXT NOT NULL,
  body        TEXT,
  time        INTEGER NOT NULL
) STRICT;

CREATE INDEX receipt_by_uid ON receipt (uid);

-- state: 1 pending, 2 sending, 3 failed, 4 held, 5 discarded, 6 sent.
CREATE TABLE item (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  uid             TEXT NOT NULL UNIQUE,
  kind            INTEGER NOT NULL,
  protocol        INTEGER NOT NULL,
  title           TEXT NOT NULL,
  tag             TEXT NOT NULL,
  method          TEXT NOT NULL,
  url             TEXT NOT NULL,
  host            TEXT NOT NULL,
  reach           INTEGER NOT NULL,
  headers         TEXT NOT NULL,
  boundary        TEXT,
  meta            TEXT,
  secret_id       TEXT,
  form            INTEGER REFERENCES form (id),
  instance_id     TEXT,
  body_size       INTEGER NOT NULL,
  created         INTEGER NOT NULL,

  state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
  state_before    INTEGER NOT NULL,
  reason_code     TEXT,
  reason          TEXT,
  status          INTEGER NOT NULL,
  hold            TEXT,
  attempts        INTEGER NOT NULL,
  slow_step       INTEGER NOT NULL,
  due_boot        INTEGER NOT NULL,
  due_boot_id     TEXT NOT NULL, -- '' = none
  not_before      INTEGER NOT NULL,
  next_try        INTEGER NOT NULL,
  manual          INTEGER NOT NULL CHECK (manual IN (0, 1)),
  maybe_delivered INTEGER NOT NULL CHECK (maybe_delivered IN (0, 1)),
  last_try        INTEGER NOT NULL,
  changed         INTEGER NOT NULL,

  -- Which queue it waits in. NULL: it is not tried by itself; 1: at once; 2: not before due_boot; 3: not before
  -- not_before either. A failure that is the item's own fault is not tried again by itself.
  queue           INTEGER GENERATED ALWAYS AS (
    CASE
      WHEN state NOT IN (1, 3) THEN NULL
      WHEN state = 3 AND substr(coalesce(reason_code, ''), 1, 5) = 'item-' THEN NULL
      WHEN not_before <> 0 THEN 3
      WHEN due_boot <> 0 THEN 2
      ELSE 1
    END) VIRTUAL,

  -- A sent item has its receipt, checked at the commit.
  receipt         INTEGER GENERATED ALWAYS AS (CASE state WHEN 6 THEN id END) VIRTUAL
                  REFERENCES receipt (item) DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- Lists: newest first within a state. The id is the order of creation.
CREATE INDEX item_by_state ON item (state);
CREATE INDEX item_by_tag ON item (tag, state);
CREATE INDEX item_by_form ON item (form, state) WHERE form IS NOT NULL;
-- Due order within a host, one index a queue.
CREATE INDEX item_queue_now ON item (host, manual DESC) WHERE queue = 1;
CREATE INDEX item_queue_due ON item (host, due_boot_id, due_boot) WHERE queue = 2;
CREATE INDEX item_queue_not_before ON item (host, not_before, due_boot_id, due_boot) WHERE queue = 3;
-- The status line.
CREATE INDEX item_next_try ON item (next_try) WHERE state IN (1, 3) AND next_try > 0;
CREATE INDEX item_reason ON item (state = 3, changed) WHERE state IN (1, 2, 3, 4) AND reason_code IS NOT NULL;

-- One part with name NULL is the whole body.
CREATE TABLE item_part (
  item       INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  name       TEXT,
  filename   TEXT,
  media_type TEXT,
  sha256     TEXT REFERENCES blob (sha256),
  size       INTEGER NOT NULL,
  data       BLOB,
  UNIQUE (item, position),
  CHECK ((data IS NULL) <> (sha256 IS NULL))
) STRICT;

CREATE INDEX item_part_by_blob ON item_part (sha256) WHERE sha256 IS NOT NULL;

-- How many items are in each state: every program asks for it after every change.
CREATE TABLE item_count (
  state INTEGER PRIMARY KEY,
  n     INTEGER NOT NULL CHECK (n >= 0)
) STRICT;

INSERT INTO item_count (state, n) VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0);

CREATE TRIGGER item_count_insert AFTER INSERT ON item
BEGIN
  UPDATE item_count SET n = n + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER item_count_update AFTER UPDATE OF state ON item WHEN NEW.state <> OLD.state
BEGIN
  UPDATE item_count SET n = n - 1 WHERE state = OLD.state;
  UPDATE item_count SET n = n + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER item_count_delete AFTER DELETE ON item
BEGIN
  UPDATE item_count SET n = n - 1 WHERE state = OLD.state;
END;
