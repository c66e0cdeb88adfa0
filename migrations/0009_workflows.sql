-- Definitions registered by the operator, for the whole installation. Every version stays: jobs finish with the one they
-- began with.
CREATE TABLE workflow_definitions (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  definition TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- Ids sort by the time they were made. `step` is the task that is due, `attempt` how often it failed, `run` how often the job was begun: together they say
-- which message is the current one.
CREATE TABLE jobs (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  workflow TEXT NOT NULL,
  version INTEGER NOT NULL,
  -- What it is about, for domains that look for their own jobs.
  subject TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'done', 'failed', 'cancelled')),
  input TEXT NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  run INTEGER NOT NULL DEFAULT 1,
  -- Until then a request of the current step may be on its way.
  leased_ms INTEGER NOT NULL DEFAULT 0,
  failure TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, job_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX jobs_by_id ON jobs (job_id);

CREATE INDEX jobs_by_subject ON jobs (tenant_id, subject) WHERE subject IS NOT NULL;

CREATE INDEX jobs_by_status ON jobs (status, job_id);

CREATE INDEX jobs_by_workflow ON jobs (workflow, job_id);

CREATE TABLE job_results (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  result TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, job_id, step),
  FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, job_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Artifacts that were promised under this id; the job of the same subject makes them. The source stays until it did.
CREATE TABLE artifact_generations (
  tenant_id TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  -- JSON: list of device types, what the form asked for, and who asked.
  device_types TEXT NOT NULL,
  payload TEXT NOT NULL,
  actor TEXT NOT NULL,
  source_key TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  written INTEGER NOT NULL DEFAULT 0,
  finished_ms INTEGER,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, artifact_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_generations_by_time ON artifact_generations (created_ms);
