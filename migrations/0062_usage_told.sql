-- Bytes of artifacts and configurations that were handed out.
ALTER TABLE usage_days ADD COLUMN downloaded_bytes INTEGER NOT NULL DEFAULT 0;

-- The number of what was added last: the head of a tenant may come with the same once more.
ALTER TABLE usage_days ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
