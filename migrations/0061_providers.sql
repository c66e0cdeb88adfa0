-- Roles that an identity provider made as groups (SCIM), by what it calls them. The role keeps its name when the group gets
-- another one.
CREATE TABLE scim_groups (
  tenant_id TEXT NOT NULL,
  role TEXT NOT NULL,
  display_name TEXT NOT NULL,
  external_id TEXT,
  PRIMARY KEY (tenant_id, role)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX scim_groups_by_display_name ON scim_groups (tenant_id, display_name);

-- What a provider calls a session that it vouched for (`sid`), so that it can end it.
ALTER TABLE user_tokens ADD COLUMN provider_session TEXT;

CREATE INDEX user_tokens_by_provider_session ON user_tokens (provider_id, provider_session)
  WHERE provider_session IS NOT NULL;

-- Of a provider of SAML: our key for what it encrypts and what we sign, as JSON; the private part is encrypted by a key that
-- is not in the database.
ALTER TABLE sso_providers ADD COLUMN service_key TEXT;
