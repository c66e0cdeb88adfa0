-- Devices that can wait with the installation may begin before their window opens.
ALTER TABLE deployment_rules ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
