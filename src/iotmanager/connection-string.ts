/** How a hub of Azure is reached and with whose key, as its console shows it (protocol notes, iot-manager 1). */
export interface ConnectionString {
  hostName: string;
  keyName: string | undefined;
  deviceId: string | undefined;
  /** Base64. */
  key: string;
}

const KEYS = [
  "HostName",
  "DeviceId",
  "ModuleId",
  "SharedAccessKeyName",
  "SharedAccessKey",
  "SharedAccessSignature",
] as const;
type Key = (typeof KEYS)[number];

const isKey = (name: string): name is Key => KEYS.some((key) => key === name);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The parts, or what is wrong with the text. */
export function parseConnectionString(text: string): ConnectionString | string {
  const parts = new Map<Key, string>();
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    if (at < 0) return "invalid connection string format";
    const name = part.slice(0, at);
    if (!isKey(name)) return `invalid connection string key: ${name}`;
    parts.set(name, part.slice(at + 1));
  }
  const hostName = parts.get("HostName") ?? "";
  if (hostName === "") return "connection string is missing HostName";
  const [keyName, deviceId] = [parts.get("SharedAccessKeyName"), parts.get("DeviceId")];
  if (!keyName && !deviceId) return "one of DeviceId and SharedAccessKeyName is required";
  const key = parts.get("SharedAccessKey") ?? "";
  if (key === "" || !BASE64.test(key)) return "SharedAccessKey is not a base64 string";
  return { hostName, keyName, deviceId, key };
}

/** Characters of base64 that three bytes take. */
const SHOWN_KEY = 4;

/** The same text with hardly anything of the key. */
export const maskedConnectionString = (text: string): string =>
  text.replace(/(^|;)(SharedAccessKey|SharedAccessSignature)=([^;]*)/g, (_, before, name, value) => {
    return `${before}${name}=${String(value).slice(0, SHOWN_KEY)}...<omitted>`;
  });

/** Label by label, `*` stands for one. */
function matches(host: string, pattern: string): boolean {
  const [labels, wanted] = [host.toLowerCase().split("."), pattern.toLowerCase().split(".")];
  return labels.length === wanted.length && wanted.every((label, i) => label === "*" || label === labels[i]);
}

/** A host, which may come with a port. */
const HOST = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?$/i;

export function isTrustedHost(hostName: string, trusted: readonly string[]): boolean {
  const host = HOST.exec(hostName)?.[1];
  return host !== undefined && trusted.some((pattern) => matches(host, pattern));
}
