/** What is told of the installation, in the order in which it is told. */
export interface Family {
  type: "counter" | "gauge" | "histogram";
  help: string;
  unit?: "seconds";
}

export const FAMILIES = {
  edgemend_requests: { type: "counter", help: "Requests answered, by part of the API and kind of answer" },
  edgemend_request_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "How long requests waited for their answer",
  },
  edgemend_database_trips: { type: "counter", help: "Round trips to the database" },
  edgemend_database_rows_read: { type: "counter", help: "Rows that the database read" },
  edgemend_database_rows_written: { type: "counter", help: "Rows that the database wrote" },
  edgemend_object_calls: { type: "counter", help: "Calls of objects of tenants and devices" },
  edgemend_tenant_requests: {
    type: "gauge",
    help: "Requests of this hour beyond idle checks, of the tenants that have the most",
  },
  edgemend_tenants: { type: "gauge", help: "Tenants of the installation" },
  edgemend_tenants_active: { type: "gauge", help: "Tenants with such requests in this hour, up to 1000" },
  edgemend_devices: { type: "gauge", help: "Devices by status" },
  edgemend_devices_connected: { type: "gauge", help: "Devices with an open socket, up to 10000" },
  edgemend_sessions_open: { type: "gauge", help: "Remote sessions that are open, up to 10000" },
  edgemend_outbox_events: { type: "gauge", help: "Events that are due and not handled, up to 10000" },
  edgemend_outbox_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "How long the oldest of those events is due",
  },
  edgemend_jobs: { type: "gauge", help: "Jobs that are not done, by status, up to 10000 each" },
  edgemend_job_age_seconds: { type: "gauge", unit: "seconds", help: "Age of the oldest job that waits" },
  edgemend_database_bytes: { type: "gauge", help: "Size of each database that tenants live in" },
  edgemend_journal_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "How long the oldest change waits that is in no journal yet",
  },
  edgemend_receivers_failing: { type: "gauge", help: "Receivers of events that failed the last time" },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;
