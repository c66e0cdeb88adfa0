-- When an artifact came; modified_ms moves with its description. Ids are random, so lists go by this.
ALTER TABLE artifacts ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;

UPDATE artifacts SET created_ms = modified_ms;

DROP INDEX artifacts_by_name;

CREATE INDEX artifacts_by_name ON artifacts (tenant_id, name, created_ms);

DROP INDEX artifacts_by_change;

CREATE INDEX artifacts_by_change ON artifacts (tenant_id, modified_ms, created_ms);
