-- Roles and permission sets of tenants; the built-in ones are code. `definition` is the object of the wire.
CREATE TABLE roles (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE permission_sets (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- What a personal token may not do although its user may: JSON, or null for a token with all rights of its user.
ALTER TABLE user_tokens ADD COLUMN limits TEXT;

-- A user without roles was unrestricted. Now that is said, so that no role means no rights.
UPDATE users SET roles = '["RBAC_ROLE_PERMIT_ALL"]' WHERE roles = '[]';
