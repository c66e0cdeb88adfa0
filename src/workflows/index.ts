export { buryEvent } from "./dead-letters.ts";
export { forgetOldJobs } from "./jobs.ts";
export { mountWorkflows } from "./routes.ts";
export { STEP_EVENT } from "./events.ts";
export { runStep } from "./run.ts";
export { jobAbout, startBuiltIn } from "./workflows.ts";
