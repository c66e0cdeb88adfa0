-- In which database the rows of a tenant are. Kept in the directory; a tenant without a row is at home in the directory itself.
CREATE TABLE tenant_homes (
  tenant_id TEXT PRIMARY KEY,
  -- The binding of the database.
  home TEXT NOT NULL,
  jurisdiction TEXT,
  -- Grows with every change of the tenant's own rows; what the home has a copy of.
  changed INTEGER NOT NULL DEFAULT 1,
  copied INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_homes_uncopied ON tenant_homes (tenant_id) WHERE copied <> changed;

-- What a database knows by itself about tenants that came or go, so that nobody reads or writes at the wrong place.
CREATE TABLE tenant_doors (
  tenant_id TEXT PRIMARY KEY,
  -- open; reading: nothing is written; shut: nothing is read either.
  state TEXT NOT NULL DEFAULT 'open',
  -- How new the copy of the tenant's own rows is.
  copied INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A tenant that lives elsewhere has a copy of these rows at home.
CREATE TRIGGER tenants_changed AFTER UPDATE ON tenants
WHEN EXISTS (SELECT 1 FROM tenant_homes h WHERE h.tenant_id = NEW.tenant_id) BEGIN
  UPDATE tenant_homes SET changed = changed + 1 WHERE tenant_id = NEW.tenant_id;
 END;
CREATE TRIGGER tenant_limits_added AFTER INSERT ON tenant_limits
WHEN EXISTS (SELECT 1 FROM tenant_homes h WHERE h.tenant_id = NEW.tenant_id) BEGIN
  UPDATE tenant_homes SET changed = changed + 1 WHERE tenant_id = NEW.tenant_id;
 END;
CREATE TRIGGER tenant_limits_changed AFTER UPDATE ON tenant_limits
WHEN EXISTS (SELECT 1 FROM tenant_homes h WHERE h.tenant_id = NEW.tenant_id) BEGIN
  UPDATE tenant_homes SET changed = changed + 1 WHERE tenant_id = NEW.tenant_id;
 END;
CREATE TRIGGER tenant_limits_removed AFTER DELETE ON tenant_limits
WHEN EXISTS (SELECT 1 FROM tenant_homes h WHERE h.tenant_id = OLD.tenant_id) BEGIN
  UPDATE tenant_homes SET changed = changed + 1 WHERE tenant_id = OLD.tenant_id;
 END;
