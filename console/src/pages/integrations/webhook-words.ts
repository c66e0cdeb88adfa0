import type { components } from "../../api/schema.d.ts";
import { plain } from "../../parts/text.ts";
import type { Tone } from "../../parts/state.tsx";

export type Webhook = components["schemas"]["Webhook"];
type Attempt = components["schemas"]["WebhookTest"];

export const BASE = "/api/management/v1/webhooks";

/** Kinds of events, by the beginnings of their types. */
export const KINDS = [
  ["device.*", "Devices"],
  ["deployment.*", "Deployments"],
  ["rollout.*", "Settings of rollouts"],
  ["configuration.*", "Configurations"],
  ["alert.*", "Alerts"],
  ["session.*", "Remote sessions"],
  ["user.*", "Users"],
  ["role.*", "Roles"],
  ["token.*", "Tokens"],
  ["tenant.*", "The organization"],
] as const;

export const SHAPES = [
  ["cloudevents", "a program (CloudEvents)"],
  ["slack", "Slack"],
  ["teams", "Teams"],
  ["mail", "e-mail"],
] as const;

export const shapeTitle = (shape: Webhook["shape"]): string =>
  SHAPES.find(([name]) => name === shape)?.[1] ?? shape;

/** What the receiver made of it. */
export const outcomeOf = ({ success, status_code: code, error }: Attempt): string =>
  plain([success ? "delivered" : "failed", code, error].filter((one) => one !== undefined).join(" "));

/** How it goes with a receiver. */
export function standingOf({ enabled, state }: Webhook): readonly [tone: Tone, text: string] {
  if (!enabled) return ["idle", "off"];
  if (state.failures > 0) return ["bad", `failed ${state.failures} times in a row`];
  return state.held > 0 ? ["warn", `${state.held} not delivered yet`] : ["good", "on"];
}
