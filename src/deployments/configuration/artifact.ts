const SHOWN = 3;

function redact(value: unknown): unknown {
  if (typeof value === "string") return value.length > SHOWN ? `${value.slice(0, SHOWN)}...<omitted>` : value;
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(inner)]));
  }
  return value;
}

/** The configuration of a deployment as lists show it: base64 of the JSON, long values cut (protocol notes, deviceconfig 5). */
export function redactedConfiguration(stored: string): string {
  return Buffer.from(JSON.stringify(redact(JSON.parse(stored)))).toString("base64");
}
