import type { App } from "../platform/app.ts";

export function mountTenants(_app: App): void {}
