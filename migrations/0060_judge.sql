-- What the judge found about a deployment, for each thing that it measures.
CREATE TABLE deployment_verdicts (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  measure TEXT NOT NULL,
  -- 'no_evidence', 'worse' or 'cleared'.
  verdict TEXT NOT NULL DEFAULT 'no_evidence',
  -- Natural logarithms of the evidence now, and of what is needed for a verdict.
  ln_evidence REAL NOT NULL DEFAULT 0,
  ln_needed REAL NOT NULL DEFAULT 0,
  -- JSON array of what is usual, as it was at the first look; null before.
  usual TEXT,
  -- JSON array of the numbers at the last look.
  kinds TEXT NOT NULL DEFAULT '[]',
  -- Results at the last look.
  results INTEGER NOT NULL DEFAULT 0,
  looked_ms INTEGER NOT NULL,
  -- 0 once the deployment is over and was looked at.
  open INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, seq, measure)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_verdicts_open ON deployment_verdicts (looked_ms) WHERE open = 1;
