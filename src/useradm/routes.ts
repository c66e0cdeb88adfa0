import type { App } from "../platform/app.ts";

export function mountUseradm(_app: App): void {}
