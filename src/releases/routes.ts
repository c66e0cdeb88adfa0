import type { App } from "../platform/app.ts";

export function mountReleases(_app: App): void {}
