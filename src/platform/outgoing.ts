/** Where requests may go that users and operators ask this server to send. Every such request passes here. */

export interface OutgoingOptions {
  /** A server on one's own machine may call its neighbours. */
  local: boolean;
  /** Without TLS, too. */
  plain?: boolean;
  /** This installation, which is not to be called in anybody's name. */
  ownOrigin?: string | undefined;
}

/** Why a request must not go to an address; undefined if it may. */
export function refusedTarget(
  text: string,
  { local, plain = false, ownOrigin }: OutgoingOptions,
): string | undefined {
  if (!URL.canParse(text)) return "the address is not a URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the address is not of the web";
  if (local) return undefined;
  if (url.protocol !== "https:" && !plain) return "only https addresses are called";
  if (url.port !== "" && NOT_OF_THE_WEB.has(Number(url.port))) return "the port is not of the web";
  if (isPrivateHost(url.hostname)) return "private addresses are not called";
  return isOwnHost(url.hostname, ownOrigin) ? "this server is not called" : undefined;
}

/** Ports of mail, shells, files, databases and control planes, which take what was meant as HTTP for something else. */
const NOT_OF_THE_WEB: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 427, 445, 465, 512,
  513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1080,
  1433, 1521, 1719, 1720, 1723, 2049, 2222, 2375, 2376, 2379, 2380, 2525, 3306, 3389, 3659, 4045, 4190, 5060,
  5061, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092,
  9200, 9300, 10080, 10250, 11211, 27017,
]);

/** Names that no public resolver answers, or only with what is inside; as a whole or as the end of a name. */
const PRIVATE_NAMES = [
  [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "lan",
    "home",
    "home.arpa",
    "corp",
  ],
  ["workgroup", "domain", "mail", "host", "svc", "consul", "test", "invalid", "onion", "alt", "arpa"],
  // Public names that stand for addresses written in them, or for the machine that asks.
  ["nip.io", "sslip.io", "xip.io", "traefik.me", "local.gd", "1u.ms", "rbndr.us", "backname.io"],
  [
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "fuf.me",
    "lacolhost.com",
    "localho.st",
    "localhost.direct",
    "yoogle.com",
  ],
].flat();

const endsWithName = (host: string, name: string): boolean => host === name || host.endsWith(`.${name}`);

/** A name without its root; the parser has made one dot of every full stop, and small letters of all. */
const bare = (hostname: string): string => hostname.toLowerCase().replace(/\.+$/, "");

/** The URL parser has turned every spelling of an IPv4 address into the dotted one and IPv6 into the short one. */
function isPrivateHost(hostname: string): boolean {
  const host = bare(hostname);
  if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateV4(host.split(".").map(Number));
  if (!host.includes(".") || host.includes("..") || host.startsWith(".")) return true;
  return PRIVATE_NAMES.some((name) => endsWithName(host, name));
}

/** Blocks that are no public machine's: numbers of the first bytes, and how many bits of them count. */
const PRIVATE_V4: readonly (readonly [address: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

const numberOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

const isPrivateV4 = (bytes: readonly number[]): boolean =>
  PRIVATE_V4.some(([address, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(numberOf(bytes) / size) === Math.floor(numberOf(address.split(".").map(Number)) / size);
  });

/** The eight groups of an address as the URL parser writes it. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = (text: string) =>
    text
      .split(":")
      .filter((group) => group !== "")
      .map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return groups(head);
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/**
 * Only global unicast is public: mapped and translated IPv4 addresses lie outside. Of it not what protocols of their own
 * use (`2001::/23`), documentation, and what carries an IPv4 address inside.
 */
function isPrivateV6(address: string): boolean {
  const [first = 0, second = 0] = groupsOf(address);
  if (first < 0x2000 || first > 0x3fff) return true;
  if (first === 0x2001) return second < 0x0200 || second === 0x0db8;
  return first === 0x2002 || (first === 0x3fff && second < 0x1000);
}

function isOwnHost(hostname: string, ownOrigin: string | undefined): boolean {
  return (
    ownOrigin !== undefined && URL.canParse(ownOrigin) && bare(new URL(ownOrigin).hostname) === bare(hostname)
  );
}
