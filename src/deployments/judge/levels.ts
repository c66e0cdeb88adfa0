/** Chance that a rollout of a release without a fault is stopped, however long it takes and however often one looks. */
export const LEVEL = 0.01;

/** Shares of failed updates that are no more apart than this are no fault; what is surely less apart than that is cleared. */
export const FAILURE_MARGIN = 0.005;
export const CLEARED_MARGIN = 0.03;

/** Odds of silence, of alerts and of extreme values, against devices beside them, that are no fault. */
export const NO_FAULT_ODDS = 1.5;

/** A usual share that a person tells counts as if so many devices had told it. */
export const TOLD_DEVICES = 10_000;
