import { readFileSync, writeFileSync } from "node:fs";

export const memoryMib = (pid: number, field: "VmRSS" | "VmHWM"): number => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
};

/** From here on the peak is counted anew. */
export const resetPeak = (pid: number) => writeFileSync(`/proc/${pid}/clear_refs`, "5");
