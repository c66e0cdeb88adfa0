-- Which provider vouched for whoever opened a session; null where it was a password or a passkey.
ALTER TABLE user_tokens ADD COLUMN provider_id TEXT;
