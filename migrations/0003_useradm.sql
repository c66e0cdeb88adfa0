CREATE TABLE users (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  -- Lower case; one account an address in the whole installation, because login names no tenant.
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  -- A list of role names; an empty one is unrestricted.
  roles TEXT NOT NULL DEFAULT '[]',
  -- Counts updates, so that one based on an older state is refused.
  revision INTEGER NOT NULL DEFAULT 1,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  login_ms INTEGER,
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;

-- Tokens that are alive, by the id in their `jti` claim. The token itself is never stored and cannot be made from this.
CREATE TABLE user_tokens (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  -- Set for personal access tokens, null for sessions.
  name TEXT,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  last_used_ms INTEGER,
  PRIMARY KEY (tenant_id, user_id, token_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX personal_tokens_by_name ON user_tokens (tenant_id, user_id, name) WHERE name IS NOT NULL;

-- Free-form documents of the web UI: one of the tenant (owner is empty) and one for each user.
CREATE TABLE settings (
  tenant_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  etag TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (tenant_id, owner)
) STRICT, WITHOUT ROWID;

-- Failed logins by a digest of the account or the address. Rows exist only for what failed lately.
CREATE TABLE login_failures (
  subject TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  blocked_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_failures_by_time ON login_failures (last_ms);
