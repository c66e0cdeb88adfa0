import { z } from "@hono/zod-openapi";
import { CredentialsWire } from "./credentials.ts";
import { EVENT_TYPES, PROVIDERS, SCOPES } from "./words.ts";

const MAX_DESCRIPTION = 1024;

const Description = z
  .string({ error: "must be a text" })
  .max(MAX_DESCRIPTION, { error: `the length must be no more than ${MAX_DESCRIPTION}` })
  .optional();

const Scopes = z
  .array(z.enum(SCOPES, { error: "must be a valid value" }), { error: "must be a list" })
  .max(SCOPES.length, { error: `must have no more than ${SCOPES.length}` })
  .optional()
  .openapi({
    description: "What it is told of; without any, of what happens to devices and not of their inventory",
  });

const ProviderName = z.enum(PROVIDERS, { error: "must be a valid value" });

export const NewIntegration = z
  .object({
    provider: ProviderName,
    credentials: CredentialsWire,
    description: Description,
    scopes: Scopes,
  })
  .openapi("NewIntegration");

export const Integration = z
  .object({
    id: z.string(),
    provider: ProviderName,
    credentials: CredentialsWire,
    description: z.string().optional(),
    scopes: z.array(z.string()).optional(),
  })
  .openapi("Integration");

export const IntegrationEvent = z
  .object({
    id: z.string(),
    type: z.enum(EVENT_TYPES),
    data: z.unknown(),
    time: z.string(),
    delivery_statuses: z.array(
      z.object({
        integration_id: z.string(),
        success: z.boolean(),
        status_code: z.number().optional(),
        error: z.string().optional(),
      }),
    ),
  })
  .openapi("IntegrationEvent");

/** What a cloud keeps of a device; members are the user's own. */
const StateValues = z.record(z.string(), z.unknown(), { error: "must be an object" });

export const DeviceState = z
  .object({ desired: StateValues.optional(), reported: StateValues.optional() })
  .openapi("DeviceState");
