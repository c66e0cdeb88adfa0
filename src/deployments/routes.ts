import type { App } from "../platform/app.ts";

export function mountDeployments(_app: App): void {}
