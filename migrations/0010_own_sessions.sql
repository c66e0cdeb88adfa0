-- The sessions of one user, newest first.
CREATE INDEX device_sessions_by_user ON device_sessions (tenant_id, user_id, started_ms, session_id);
