-- The step of a move that a door was last turned by: who is late turns it no more.
ALTER TABLE tenant_doors ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
