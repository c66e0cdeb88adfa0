-- A connection's version grows with every connect, so that a late goodbye of an old one changes nothing.
CREATE TABLE device_connections (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  connected INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_connections_open ON device_connections (tenant_id, device_id) WHERE connected = 1;

CREATE TABLE device_sessions (
  tenant_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  user_email TEXT NOT NULL,
  kind TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  -- The recording: numbered objects, and the bytes of terminal output in them.
  pieces INTEGER NOT NULL DEFAULT 0,
  recorded_bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_sessions_by_time ON device_sessions (tenant_id, started_ms, session_id);

CREATE INDEX device_sessions_open ON device_sessions (tenant_id, user_id) WHERE ended_ms IS NULL;

CREATE INDEX device_sessions_by_age ON device_sessions (started_ms);
