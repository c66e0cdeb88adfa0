-- `disabled`, `unverified` while a secret is set up, `enabled`.
ALTER TABLE users ADD COLUMN tfa_status TEXT NOT NULL DEFAULT 'disabled';
-- Encrypted by a key that is not in the database.
ALTER TABLE users ADD COLUMN tfa_secret TEXT;
-- The time step of the last code that logged in: it and earlier ones log in no more.
ALTER TABLE users ADD COLUMN tfa_step INTEGER NOT NULL DEFAULT 0;
-- Digests of the recovery codes that are left.
ALTER TABLE users ADD COLUMN tfa_recovery TEXT NOT NULL DEFAULT '[]';

-- Whether users without a second factor may do nothing but set one up.
ALTER TABLE tenants ADD COLUMN require_2fa INTEGER NOT NULL DEFAULT 0;

-- Where a session was opened.
ALTER TABLE user_tokens ADD COLUMN user_agent TEXT;
ALTER TABLE user_tokens ADD COLUMN network TEXT;
