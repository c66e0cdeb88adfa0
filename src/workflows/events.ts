/** A step of a job is to be carried out. The subject is the job, data its position. */
export const STEP_EVENT = "workflow.step";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [STEP_EVENT]: true;
  }
}
