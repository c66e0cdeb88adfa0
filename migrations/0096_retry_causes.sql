-- What the end of a log may tell of that another attempt heals, wherever it failed.
ALTER TABLE deployment_rules ADD COLUMN retry_causes TEXT;
