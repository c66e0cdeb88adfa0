-- Webhooks of our own; what they are told of, and how far they are, is with the receivers of events.
CREATE TABLE webhooks (
  tenant_id TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  name TEXT NOT NULL,
  shape TEXT NOT NULL,
  -- Of the address what everybody may see.
  shown TEXT NOT NULL,
  -- JSON: groups, and terms of a search.
  filter TEXT NOT NULL,
  -- Events that one request tells of at most.
  batch INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  -- JSON, sealed: the address and its keys.
  sealed TEXT NOT NULL,
  -- When the key before the present one ends; null without one.
  old_until_ms INTEGER,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, webhook_id)
) STRICT, WITHOUT ROWID;
