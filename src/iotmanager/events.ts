/** Integrations of the tenant may have something to be told. */
export const DELIVERIES_DUE = "integrations.deliveries_due";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [DELIVERIES_DUE]: true;
  }
}
