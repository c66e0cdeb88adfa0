/** Why a request must not go to an address; undefined if it may. */
export function refusedTarget(text: string, options: { local: boolean }): string | undefined {
  if (!URL.canParse(text)) return "the address is not a URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the address is not of the web";
  if (options.local) return undefined;
  if (url.protocol !== "https:") return "only https addresses are called";
  return isPrivateHost(url.hostname) ? "private addresses are not called" : undefined;
}

const PRIVATE_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/i;

/** The URL parser has turned every spelling of an IPv4 address into the dotted one and IPv6 into the short one. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "");
  if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateV4(host.split(".").map(Number));
  return PRIVATE_NAME.test(host) || !host.includes(".");
}

function isPrivateV4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
  if (a === 100 && b >= 64 && b < 128) return true;
  if (a === 169 && b === 254) return true;
  if (a === 172 && b >= 16 && b < 32) return true;
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return true;
  return (
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) || (a === 203 && b === 0 && c === 113)
  );
}

/** Only global unicast is public, and of that not what carries an IPv4 address inside. */
function isPrivateV6(address: string): boolean {
  const first = Number.parseInt(address.split(":")[0] || "0", 16);
  if (first < 0x2000 || first > 0x3fff) return true;
  return (
    first === 0x2002 ||
    address.startsWith("2001:0:") ||
    address.startsWith("2001::") ||
    address.startsWith("2001:db8")
  );
}
