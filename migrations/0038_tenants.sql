-- What a tenant has besides its plan: a list of names.
ALTER TABLE tenants ADD COLUMN addons TEXT NOT NULL DEFAULT '["configure","troubleshoot","monitor"]';
-- Until then everything is allowed; null for no trial.
ALTER TABLE tenants ADD COLUMN trial_ends_ms INTEGER;
ALTER TABLE tenants ADD COLUMN service_provider INTEGER NOT NULL DEFAULT 0;
-- The service provider whose child it is.
ALTER TABLE tenants ADD COLUMN parent_id TEXT;
-- Children that a service provider may have; null for any number.
ALTER TABLE tenants ADD COLUMN max_children INTEGER;
-- What was told at sign-up, and what an operator sets: JSON objects as on the wire.
ALTER TABLE tenants ADD COLUMN additional_info TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tenants ADD COLUMN api_limits TEXT;
ALTER TABLE tenants ADD COLUMN binary_delta INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN cancelled_ms INTEGER;
-- When it is to be suspended, and when removed for good; null for never.
ALTER TABLE tenants ADD COLUMN suspend_at_ms INTEGER;
ALTER TABLE tenants ADD COLUMN remove_at_ms INTEGER;

CREATE INDEX tenants_by_parent ON tenants (parent_id, tenant_id) WHERE parent_id IS NOT NULL;
CREATE INDEX tenants_to_suspend ON tenants (suspend_at_ms) WHERE suspend_at_ms IS NOT NULL;
CREATE INDEX tenants_to_remove ON tenants (remove_at_ms) WHERE remove_at_ms IS NOT NULL;
