import type { z } from "@hono/zod-openapi";
import { jsonContent } from "../platform/wire.ts";

export const BASE = "/api/operator/v1";
export const tags = ["operator"];

export const ok = <T extends z.ZodType>(description: string, content: T) => ({
  200: { description, content: jsonContent(content) },
});

export const made = <T extends z.ZodType>(description: string, content: T) => ({
  201: { description, content: jsonContent(content) },
});

export const body = <T extends z.ZodType>(content: T) =>
  ({ required: true, content: jsonContent(content) }) as const;
