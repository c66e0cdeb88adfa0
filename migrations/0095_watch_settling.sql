-- Who was silent, or had an alert, when the last watch ended: looked at once more, for what lasts.
ALTER TABLE deployment_watches ADD COLUMN settling TEXT;
