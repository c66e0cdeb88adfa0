import type { App } from "../platform/app.ts";

export function mountDeviceauth(_app: App): void {}
