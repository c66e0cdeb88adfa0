declare module "../platform/outbox.ts" {
  interface EventKinds {
    /** An artifact is gone; what it stored follows. Data is `{ name }`. */
    "artifact.deleted": true;
  }
}

export {};
