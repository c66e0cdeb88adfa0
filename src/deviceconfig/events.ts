/** A page of the devices of a fleet-wide deployment is to be given theirs; data says which. */
export const MEMBERS_EVENT = "configuration.deploying";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [MEMBERS_EVENT]: true;
  }
}
