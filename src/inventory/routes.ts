import type { App } from "../platform/app.ts";

export function mountInventory(_app: App): void {}
