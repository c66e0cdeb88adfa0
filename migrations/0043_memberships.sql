-- Users of a tenant whose home is another: the tenant that their row in `users` names. Roles are per membership.
CREATE TABLE memberships (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  home_id TEXT NOT NULL,
  -- As in `users`.
  roles TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id, home_id);

-- Somebody who is assigned to a further tenant is named by the id alone.
CREATE INDEX users_by_id ON users (user_id);
