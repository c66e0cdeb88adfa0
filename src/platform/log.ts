export interface Log {
  info(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

const describe = (value: unknown): unknown =>
  value instanceof Error
    ? { message: value.message, stack: value.stack, cause: value.cause && describe(value.cause) }
    : value;

/** One JSON object a line; the platform's log collection takes it from there. */
export function makeLog(base: Record<string, unknown>): Log {
  const write = (level: string, event: string, fields: Record<string, unknown> = {}) => {
    const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, describe(value)]));
    console.log(JSON.stringify({ level, event, ...base, ...plain }));
  };
  return {
    info: (event, fields) => write("info", event, fields),
    error: (event, fields) => write("error", event, fields),
  };
}
