import type { ConfigurationValues } from "./schema.ts";

const SHOWN = 3;

/** Values as logs may show them: enough to recognise, not enough to use (protocol notes, deviceconfig 5). */
export const masked = (values: ConfigurationValues): ConfigurationValues =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value.length > SHOWN ? `${value.slice(0, SHOWN)}...<omitted>` : value,
    ]),
  );
