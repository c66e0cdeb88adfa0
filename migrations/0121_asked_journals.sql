-- 1 if the operator said whether there is to be a journal; the setting of the installation decides otherwise.
ALTER TABLE journals ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
