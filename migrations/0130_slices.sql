-- A total or a grouping of many devices is counted in slices between which others have their turn. What was found is kept,
-- and until when somebody has taken it on to find it again.
ALTER TABLE inventory_totals ADD COLUMN result TEXT;
ALTER TABLE inventory_totals ADD COLUMN counting_ms INTEGER NOT NULL DEFAULT 0;
