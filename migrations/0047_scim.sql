-- What an identity provider calls a user.
ALTER TABLE users ADD COLUMN external_id TEXT;
-- Since when the user may not sign in; null for one who may.
ALTER TABLE users ADD COLUMN suspended_ms INTEGER;

CREATE UNIQUE INDEX users_by_external_id ON users (tenant_id, external_id) WHERE external_id IS NOT NULL;

-- Tokens by which an identity provider keeps a tenant's users. Only their digests are here.
CREATE TABLE scim_tokens (
  tenant_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER,
  PRIMARY KEY (tenant_id, token_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX scim_tokens_by_digest ON scim_tokens (digest);
