-- When the user was last proved to read the mails of the address; null before.
ALTER TABLE users ADD COLUMN verified_ms INTEGER;

-- Links that were sent by mail, each for one user, purpose and address. What opens them is not here: only its digest is.
CREATE TABLE account_secrets (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  -- The address it is sent to; worth nothing once the user has another, except for a change to this one.
  email TEXT NOT NULL,
  -- Null until it is sent.
  digest TEXT,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER,
  PRIMARY KEY (tenant_id, user_id, secret_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX account_secrets_by_digest ON account_secrets (digest) WHERE digest IS NOT NULL;
CREATE INDEX account_secrets_by_expiry ON account_secrets (expires_ms);
