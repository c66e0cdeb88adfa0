-- Of two saved filters that give a device a value, the one with the greater priority wins.
ALTER TABLE configuration_defaults ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
