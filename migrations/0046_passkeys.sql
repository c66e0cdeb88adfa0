-- Keys of users' own devices that sign in in place of a password, or beside it.
CREATE TABLE passkeys (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  -- As the browser names it, base64url.
  passkey_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- COSE, base64url.
  public_key TEXT NOT NULL,
  -- Signatures that the device has counted; 0 for ever where it counts none.
  counter INTEGER NOT NULL,
  transports TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER,
  PRIMARY KEY (tenant_id, user_id, passkey_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX passkeys_by_id ON passkeys (passkey_id);

-- Challenges that were answered, until they are too old to be answered again. Those that nobody has answered are not kept.
CREATE TABLE spent_challenges (
  digest TEXT PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_challenges_by_expiry ON spent_challenges (expires_ms);

-- Roles whose holders may do nothing but set up a second factor while they have none: a JSON list of names.
ALTER TABLE tenants ADD COLUMN require_2fa_roles TEXT NOT NULL DEFAULT '[]';
