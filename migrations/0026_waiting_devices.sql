-- When a waiting device was last heard of, coarsely: whoever has been silent the longest goes first when there is no room.
ALTER TABLE devices ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;

UPDATE devices SET seen_ms = created_ms WHERE status = 'pending';

CREATE INDEX devices_waiting ON devices (tenant_id, seen_ms) WHERE status = 'pending' AND provisioned = 0;

-- Waiting devices that had to go because there were too many, in the last hour (since 1970) in which any had to.
CREATE TABLE waiting_removals (
  tenant_id TEXT PRIMARY KEY,
  hour INTEGER NOT NULL,
  devices INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A life of 0 is one without end; a tenant without a row has the default.
ALTER TABLE admission_settings ADD COLUMN refuse_weak_keys INTEGER NOT NULL DEFAULT 0;
