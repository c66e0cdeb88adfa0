const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const GROUPS = 8;
/** One customer usually holds a whole /64 of IPv6. */
const NETWORK_GROUPS = 4;

/** The last four bytes of an address in dotted form, as two groups. */
function dottedGroups(text: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
  return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
}

const groupsOf = (text: string): string[] =>
  text === ""
    ? []
    : text
        .split(":")
        .flatMap((group) => (IPV4.test(group) ? dottedGroups(group) : [group.replace(/^0+(?=.)/, "")]));

/** The eight groups of an IPv6 address; undefined for what is none. */
function ipv6Groups(address: string): string[] | undefined {
  const [text = ""] = address.toLowerCase().split("%");
  const [head = "", tail, ...more] = text.split("::");
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const missing = GROUPS - first.length - last.length;
  const groups = [...first, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...last];
  const isWhole = tail === undefined ? missing === 0 : missing >= 0 && more.length === 0;
  return isWhole && groups.every((group) => /^[0-9a-f]{1,4}$/.test(group)) ? groups : undefined;
}

/** An IPv4 address inside an IPv6 one, as sockets that take both show it. */
function mappedIpv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return undefined;
  const [high = 0, low = 0] = groups.slice(6).map((group) => parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/**
 * What an address is counted by: an IPv4 address, or the /64 of an IPv6 address, in one spelling. Undefined for what is
 * no address.
 */
export function networkOf(address: string): string | undefined {
  const text = address.trim();
  if (IPV4.test(text)) return text;
  const groups = text.includes(":") ? ipv6Groups(text) : undefined;
  return groups && (mappedIpv4(groups) ?? groups.slice(0, NETWORK_GROUPS).join(":"));
}

/** Address and port of a socket's text, for example `192.0.2.1:5000` or `[2001:db8::1]:5000`. */
export function splitPeer(peer: string): { address: string; port: string } {
  const colon = peer.lastIndexOf(":");
  return { address: peer.slice(0, colon).replace(/^\[|\]$/g, ""), port: peer.slice(colon + 1) };
}

/** Bits of what `networkOf` tells of an address: all of an IPv4 one, of an IPv6 one its network. */
function bitsOf(network: string): string {
  const [radix, width] = network.includes(".") ? [10, 8] : [16, 16];
  return network
    .split(/[.:]/)
    .map((part) => parseInt(part, radix).toString(2).padStart(width, "0"))
    .join("");
}

/** An address range as `192.0.2.0/24` or `2001:db8::/32`, of a single address without its length; undefined for what is none. */
export function rangeOf(text: string): { family: 4 | 6; bits: string } | undefined {
  const [, address = "", length] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const network = networkOf(address);
  if (network === undefined) return undefined;
  const isV4 = network.includes(".");
  if (isV4 && network.split(".").some((part) => Number(part) > 255)) return undefined;
  const bits = bitsOf(network);
  const taken = length === undefined ? bits.length : Number(length);
  return taken <= bits.length ? { family: isV4 ? 4 : 6, bits: bits.slice(0, taken) } : undefined;
}

/** Whether a network, as `networkOf` tells it, is within one of the ranges. */
export function isWithinNetworks(network: string, ranges: readonly string[]): boolean {
  const bits = bitsOf(network);
  const family = network.includes(".") ? 4 : 6;
  return ranges.some((text) => {
    const range = rangeOf(text);
    return range?.family === family && bits.startsWith(range.bits);
  });
}
