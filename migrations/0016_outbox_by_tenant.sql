-- Events lie by tenant, so that the first of each are found without looking at those of the others.
CREATE TABLE outbox_by_tenant (
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- Ids begin with the time an event is due. One that waited for its time gets the id of that time.
INSERT INTO outbox_by_tenant (id, tenant_id, kind, subject, data, created_ms, due_ms, attempts)
SELECT CASE WHEN attempts = 0 THEN printf('%012x', due_ms) || substr(id, 13) ELSE id END,
  tenant_id, kind, subject, data, created_ms, due_ms, attempts FROM outbox;

DROP TABLE outbox;

ALTER TABLE outbox_by_tenant RENAME TO outbox;
