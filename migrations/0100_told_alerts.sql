-- As what the world knows a subject, where that is not its level: it goes up and down, or its device raises too much.
ALTER TABLE monitor_latest ADD COLUMN told TEXT;

CREATE INDEX monitor_latest_untold ON monitor_latest (tenant_id, changes_since_ms) WHERE told IS NOT NULL;
