/** Every limit that a tenant can have; what a value means is its reader's to say. */
export const LIMIT_NAMES = [
  "max_devices",
  "max_micro_devices",
  "max_system_devices",
  "max_test_devices",
  "max_waiting_devices",
  "storage",
  "max_artifact_size_micro_device_tier",
  "remote_sessions",
  "remote_session_bytes",
  "remote_idle_seconds",
  "max_users",
  "rows_a_day",
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];
