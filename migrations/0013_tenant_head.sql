-- How often device tokens of the tenant were revoked: tells a head that holds an older list to read it again.
ALTER TABLE tenants ADD COLUMN revocations INTEGER NOT NULL DEFAULT 0;

-- Authentication sets whose tokens were ended, for as long as such a token could otherwise be valid. Sets that are gone
-- stay here. Kept by triggers, so that no way of ending a token can forget it.
CREATE TABLE token_revocations (
  tenant_id TEXT NOT NULL,
  auth_set_id TEXT NOT NULL,
  revoked_s INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, auth_set_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_revocations_by_age ON token_revocations (revoked_s);

CREATE TRIGGER auth_sets_revoked AFTER UPDATE OF status, tokens_revoked_s ON auth_sets
WHEN new.tokens_revoked_s <> old.tokens_revoked_s OR (old.status = 'accepted' AND new.status <> 'accepted')
BEGIN
  INSERT INTO token_revocations (tenant_id, auth_set_id, revoked_s)
  VALUES (new.tenant_id, new.auth_set_id, max(new.tokens_revoked_s, unixepoch()))
  ON CONFLICT (tenant_id, auth_set_id) DO UPDATE SET revoked_s = excluded.revoked_s;
  UPDATE tenants SET revocations = revocations + 1 WHERE tenant_id = new.tenant_id;
 END;

CREATE TRIGGER auth_sets_removed AFTER DELETE ON auth_sets
WHEN old.status = 'accepted'
BEGIN
  INSERT INTO token_revocations (tenant_id, auth_set_id, revoked_s)
  VALUES (old.tenant_id, old.auth_set_id, max(old.tokens_revoked_s, unixepoch()))
  ON CONFLICT (tenant_id, auth_set_id) DO UPDATE SET revoked_s = excluded.revoked_s;
  UPDATE tenants SET revocations = revocations + 1 WHERE tenant_id = old.tenant_id;
 END;

-- Tokens ended before this list was kept are not in it: devices of an older installation authenticate anew.
UPDATE tenants SET device_tokens_revoked_s = unixepoch();
