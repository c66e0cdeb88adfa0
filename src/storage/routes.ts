import type { App } from "../platform/app.ts";

export function mountStorage(_app: App): void {}
