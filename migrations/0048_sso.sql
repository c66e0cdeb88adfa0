-- Who vouches for users besides their passwords: a provider of OpenID Connect or of SAML.
CREATE TABLE sso_providers (
  tenant_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  -- `oidc` or `saml`.
  kind TEXT NOT NULL,
  -- As it was sent; of OpenID Connect without the secret of the client.
  document TEXT NOT NULL,
  -- Encrypted by a key that is not in the database.
  client_secret TEXT,
  -- Empty while there is nothing but our own addresses.
  issuer TEXT NOT NULL,
  -- What is needed of the document, or of what was fetched from the address in it.
  details TEXT NOT NULL,
  valid_until_ms INTEGER,
  fetched_ms INTEGER,
  -- How people become users and get roles.
  mapping TEXT NOT NULL DEFAULT '{}',
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, provider_id)
) STRICT, WITHOUT ROWID;

-- Addresses at providers name no tenant.
CREATE UNIQUE INDEX sso_providers_by_id ON sso_providers (provider_id);

-- Whom a provider means by which user. An address alone is nobody.
CREATE TABLE sso_identities (
  tenant_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX sso_identities_by_user ON sso_identities (tenant_id, user_id);

-- Requests that were answered, so that no answer is taken twice.
CREATE TABLE sso_answered (
  tenant_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sso_answered_by_expiry ON sso_answered (expires_ms);

-- Of a tenant that lets its users in through a provider only: the one user who may still use a password.
CREATE TABLE sso_rules (
  tenant_id TEXT PRIMARY KEY,
  break_glass TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose providers a tenant shares in place of its own.
CREATE TABLE sso_shares (
  tenant_id TEXT PRIMARY KEY,
  source_tenant_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sso_shares_by_source ON sso_shares (source_tenant_id, tenant_id);
