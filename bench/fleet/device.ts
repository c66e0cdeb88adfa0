import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import type { Attribute } from "../../src/inventory/attributes.ts";

/** How many devices a bench has and what for. The same index is the same device in every run. */
export interface FleetPlan {
  /** The fleet. */
  devices: number;
  /** The first of them: who the load comes from, so that the server has seen all their tokens after a short while. */
  speakers: number;
  /** The first of all: in no deployment while the great one runs. */
  outsiders: number;
  /** Those after the outsiders, in one group: whom the great deployment is for. */
  targets: number;
  /** The first of all devices have key pairs and can authenticate. */
  keyHolders: number;
}

const GREAT_DEPLOYMENT = 100_000;
const MOST_KEYS = 35_000;
const MOST_SPEAKERS = 20_000;

export function planFleet(devices: number): FleetPlan {
  const outsiders = Math.ceil(devices / 2);
  const targets = devices >= GREAT_DEPLOYMENT ? GREAT_DEPLOYMENT : devices - outsiders;
  const speakers = Math.min(devices, MOST_SPEAKERS);
  return { devices, speakers, outsiders, targets, keyHolders: Math.min(devices, MOST_KEYS) };
}

export const DEVICE_TYPE = "bench";
export const FIRST_RELEASE = "release-0";
export const TARGET_GROUP = "targets";

function uuidOf(purpose: string, index: number): string {
  const hex = createHash("sha256").update(`${purpose} ${index}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const deviceIdOf = (index: number): string => uuidOf("device", index);
export const authSetIdOf = (index: number): string => uuidOf("set", index);

const macOf = (index: number) =>
  `02:00:${index
    .toString(16)
    .padStart(8, "0")
    .replace(/(..)(?=.)/g, "$1:")}`;

export const identityOf = (index: number) => ({ mac: macOf(index) });

/** What a device reports of itself; only what it runs and its temperature ever change. */
export function reportOf(index: number, release = FIRST_RELEASE, temperature = "41.50"): Attribute[] {
  const text = (name: string, value: string) => ({ name, value });
  const site = `site-${index % 50}`;
  return [
    text("device_type", DEVICE_TYPE),
    text("artifact_name", release),
    text("rootfs-image.version", release),
    text("mender_client_version", "5.0.2"),
    text("hostname", `${site}-gateway-${index}`),
    text("kernel", "Linux version 6.6.51"),
    text("os", "Poky (Yocto Project Reference Distro) 5.0"),
    text("cpu_model", "ARMv8 Cortex-A72"),
    text("mem_total_kB", "2097152"),
    text("mac_eth0", macOf(index)),
    { name: "ipv4_eth0", value: [`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/8`] },
    text("temperature", temperature),
  ];
}

/** The key pair that belongs to an index: its seed is the hash of the index. */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export interface DeviceKeys {
  privateKey: KeyObject;
  publicPem: string;
}

export function keysOf(index: number): DeviceKeys {
  const seed = createHash("sha256").update(`key ${index}`).digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8, seed]),
    format: "der",
    type: "pkcs8",
  });
  const publicPem = createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString();
  return { privateKey, publicPem };
}

/** A request for a token and the signature that goes with it. */
export function authRequestOf(index: number): { body: string; signature: string } {
  const { privateKey, publicPem } = keysOf(index);
  const id_data = JSON.stringify(identityOf(index));
  const body = JSON.stringify({ id_data, pubkey: publicPem, tenant_token: "", tier: "standard" });
  return { body, signature: sign(null, Buffer.from(body), privateKey).toString("base64") };
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN_HEADER = base64({ alg: "EdDSA", typ: "JWT" });
const TOKEN_LIFE_S = 604_800;

/** The token the server would give the device, signed with the server's own key. */
export const tokenOf = (index: number, serverKey: KeyObject, issuedS: number): string =>
  signedToken({ device: deviceIdOf(index), authSet: authSetIdOf(index) }, serverKey, issuedS);

export function signedToken(
  { device, authSet }: { device: string; authSet: string },
  serverKey: KeyObject,
  issuedS: number,
): string {
  const claims = base64({
    jti: authSet,
    sub: device,
    iss: "Mender",
    iat: issuedS,
    exp: issuedS + TOKEN_LIFE_S,
    "mender.device": true,
    "mender.tenant": "default",
    "mender.plan": "enterprise",
  });
  const signed = `${TOKEN_HEADER}.${claims}`;
  return `${signed}.${sign(null, Buffer.from(signed), serverKey).toString("base64url")}`;
}
