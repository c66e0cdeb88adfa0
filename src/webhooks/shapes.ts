import { cloudEvent, type StreamEvent } from "../events/index.ts";
import { EVENT_TYPES } from "../platform/event-types.ts";
import type { TenantId } from "../platform/ids.ts";
import { oneLine } from "../platform/mail.ts";

export const SHAPES = ["cloudevents", "slack", "teams", "mail"] as const;
export type Shape = (typeof SHAPES)[number];

/** Longest that a line for people gets. */
const MAX_LINE = 300;
const MAX_LINES = 20;

const cut = (text: string): string => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE - 1)}…` : text);

/** An event in a line for people. */
function lineOf(event: StreamEvent): string {
  const { type, device, deployment, subject, group, data } = event;
  const about = [
    device !== undefined && `device ${device}`,
    deployment !== undefined && `deployment ${deployment}`,
    subject !== undefined && subject,
    group !== undefined && `group ${group}`,
  ].filter((text) => text !== false);
  const told = Object.entries(data)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .map(([name, value]) => `${name} ${String(value)}`);
  return cut(oneLine(`${type}: ${[...about, ...told].join(", ") || EVENT_TYPES[type].when}`));
}

/** The lines of some events; of many the rest as a number. */
const linesOf = (events: readonly StreamEvent[]): string[] => [
  ...events.slice(0, MAX_LINES).map(lineOf),
  ...(events.length > MAX_LINES ? [`and ${events.length - MAX_LINES} more`] : []),
];

export interface Payload {
  contentType: string;
  body: string;
}

const json = (value: unknown): Payload => ({ contentType: "application/json", body: JSON.stringify(value) });

/** Slack takes these three for marks of its own. */
const forSlack = (line: string): string =>
  line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const cards = (lines: readonly string[]) => ({
  type: "message",
  attachments: [
    {
      contentType: "application/vnd.microsoft.card.adaptive",
      content: {
        $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        type: "AdaptiveCard",
        version: "1.4",
        body: lines.map((text) => ({
          type: "TextBlock",
          text: text.replaceAll(/([\\*_[\]`~])/g, "\\$1"),
          wrap: true,
        })),
      },
    },
  ],
});

/** What a receiver of a shape is sent; one event alone comes without a list around it. */
export function payloadOf(
  shape: Exclude<Shape, "mail">,
  tenant: TenantId,
  events: readonly StreamEvent[],
  isList: boolean,
): Payload {
  if (shape === "slack") return json({ text: linesOf(events).map(forSlack).join("\n") });
  if (shape === "teams") return json(cards(linesOf(events)));
  const told = events.map((event) => cloudEvent(tenant, event));
  return isList
    ? { contentType: "application/cloudevents-batch+json", body: JSON.stringify(told) }
    : { contentType: "application/cloudevents+json", body: JSON.stringify(told[0]) };
}

export const mailOf = (name: string, events: readonly StreamEvent[]) => {
  const [first] = events;
  const subject = events.length === 1 && first ? lineOf(first) : `${events.length} events`;
  return { subject: cut(oneLine(`${name}: ${subject}`)), text: `${linesOf(events).join("\n")}\n` };
};
