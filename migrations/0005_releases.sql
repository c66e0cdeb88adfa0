-- Every key in the bucket has its row from before the first byte until after it is gone, so that a crash at any
-- point leaves something to sweep. `writing`: a request is sending it. `collecting`: parts of a resumable upload.
-- `stored`: whole. `doomed`: nothing refers to it any more, and nothing may again.
CREATE TABLE objects (
  tenant_id TEXT NOT NULL,
  object_key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('writing', 'collecting', 'stored', 'doomed')),
  multipart_id TEXT,
  size INTEGER NOT NULL DEFAULT 0,
  -- Where the payload of an artifact lies in the object, so that an identical one is stored once.
  payload_sha256 TEXT,
  payload_offset INTEGER,
  payload_size INTEGER,
  alive_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, object_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX objects_in_motion ON objects (tenant_id, state, alive_ms) WHERE state <> 'stored';

CREATE INDEX objects_by_payload ON objects (tenant_id, payload_sha256) WHERE payload_sha256 IS NOT NULL;

CREATE TABLE artifacts (
  tenant_id TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  -- JSON lists.
  device_types TEXT NOT NULL,
  update_types TEXT NOT NULL,
  -- The artifact object of the wire without description and time of change.
  image TEXT NOT NULL,
  -- JSON list of [object key, offset, length]: the bytes of the artifact in order.
  layout TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, artifact_id)
) STRICT;

CREATE INDEX artifacts_by_name ON artifacts (tenant_id, name, artifact_id);

CREATE INDEX artifacts_by_change ON artifacts (tenant_id, modified_ms, artifact_id);

CREATE TABLE artifact_objects (
  tenant_id TEXT NOT NULL,
  object_key TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, object_key, artifact_id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES artifacts (tenant_id, artifact_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_objects_by_artifact ON artifact_objects (tenant_id, artifact_id);

-- One row for each combination of depends values, as a digest: a name may have each only once.
CREATE TABLE artifact_combinations (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  combination TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name, combination),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES artifacts (tenant_id, artifact_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_combinations_by_artifact ON artifact_combinations (tenant_id, artifact_id);

CREATE TABLE artifact_device_types (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  device_type TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name, device_type, artifact_id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES artifacts (tenant_id, artifact_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_device_types_by_artifact ON artifact_device_types (tenant_id, artifact_id);

CREATE TABLE releases (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  artifacts_count INTEGER NOT NULL,
  -- JSON lists.
  device_types TEXT NOT NULL,
  update_types TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  notes TEXT NOT NULL DEFAULT '',
  modified_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX releases_by_change ON releases (tenant_id, modified_ms, name);

CREATE INDEX releases_by_count ON releases (tenant_id, artifacts_count, name);

CREATE TABLE release_tags (
  tenant_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (tenant_id, tag, name),
  FOREIGN KEY (tenant_id, name) REFERENCES releases (tenant_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX release_tags_by_release ON release_tags (tenant_id, name);

-- Every update type ever seen; it never shrinks.
CREATE TABLE update_types (
  tenant_id TEXT NOT NULL,
  update_type TEXT NOT NULL,
  PRIMARY KEY (tenant_id, update_type)
) STRICT, WITHOUT ROWID;

-- Bytes of stored objects.
CREATE TABLE storage_usage (
  tenant_id TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

-- Uploads that go to the storage by link, whole or in parts. `open` → `verifying` → `done` or `failed`.
CREATE TABLE uploads (
  tenant_id TEXT NOT NULL,
  upload_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'verifying', 'done', 'failed')),
  -- `collecting` as long as parts may come, else the whole object.
  object_key TEXT NOT NULL,
  description TEXT,
  -- Who asked for it, as JSON, for the audit entry of the job.
  actor TEXT NOT NULL,
  failure TEXT,
  -- How often a job began to verify it, and until when the one at work may be silent.
  attempts INTEGER NOT NULL DEFAULT 0,
  leased_until_ms INTEGER NOT NULL DEFAULT 0,
  expires_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, upload_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_by_expiry ON uploads (expires_ms);

CREATE TABLE upload_parts (
  tenant_id TEXT NOT NULL,
  upload_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, upload_id, part),
  FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads (tenant_id, upload_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Where the nightly look for objects without a record goes on.
CREATE TABLE orphan_sweep (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  after_key TEXT NOT NULL
) STRICT;

CREATE TABLE storage_settings (
  tenant_id TEXT PRIMARY KEY,
  settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Public keys (PEM) whose signature on an artifact is checked at upload.
CREATE TABLE artifact_keys (
  tenant_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  name TEXT NOT NULL,
  pem TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, key_id)
) STRICT, WITHOUT ROWID;
