declare module "../platform/outbox.ts" {
  interface EventKinds {
    /** A tenant was suspended or taken up again; data is `{ status }`. */
    "tenant.status": true;
  }
}

export {};
