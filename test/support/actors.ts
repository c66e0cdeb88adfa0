import { asDeviceId, asTenantId, newId, type TenantId } from "../../src/platform/ids.ts";
import { hashPassword } from "../../src/useradm/passwords.ts";
import { signToken } from "../../src/platform/tokens.ts";
import { env, type Answer, type Call, type Server } from "./server.ts";

export interface TestUser {
  id: string;
  email: string;
  tenant: TenantId;
  token: string;
}

/** A tenant that exists, made directly in the store. */
export async function aTenant(server: Server, id = newId()): Promise<TenantId> {
  await env.DB.prepare(
    "INSERT OR IGNORE INTO tenants (tenant_id, name, tenant_token, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?)",
  )
    .bind(id, `tenant ${id}`, `token-of-${id}`, server.now, server.now)
    .run();
  return asTenantId(id);
}

/** Hashes take their time, and tests use few passwords. */
const hashes = new Map<string, Promise<string>>();
const hashOf = async (server: Server, password: string): Promise<string> => {
  const hash = hashes.get(password) ?? hashPassword(await server.deps(), password);
  hashes.set(password, hash);
  return hash;
};

/** A user with a live session, and a password if one is given, in a tenant that exists afterwards. Without roles it may do everything. */
export async function aUser(
  server: Server,
  options: {
    tenant?: string;
    roles?: string[];
    email?: string;
    password?: string;
    isVerified?: boolean;
  } = {},
): Promise<TestUser> {
  const tenant = await aTenant(server, options.tenant ?? "default");
  const [id, tokenId] = [newId(), newId()];
  const email = options.email ?? `${id}@example.com`;
  const hash = options.password === undefined ? "" : await hashOf(server, options.password);
  const nowS = Math.floor(server.now / 1000);
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO users (tenant_id, user_id, email, password_hash, roles, created_ms, updated_ms, verified_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ).bind(
      tenant,
      id,
      email,
      hash,
      JSON.stringify(options.roles ?? ["RBAC_ROLE_PERMIT_ALL"]),
      server.now,
      server.now,
      options.isVerified ? server.now : null,
    ),
    env.DB.prepare(
      "INSERT INTO user_tokens (tenant_id, user_id, token_id, created_ms) VALUES (?, ?, ?, ?)",
    ).bind(tenant, id, tokenId, server.now),
  ]);
  const { keys } = await server.deps();
  const token = await signToken(keys, {
    jti: tokenId,
    sub: id,
    iss: "mender.useradm",
    iat: nowS,
    exp: nowS + 604_800,
    scp: "mender.*",
    "mender.user": true,
    "mender.tenant": tenant,
  });
  return { id, email, tenant, token };
}

/** Logs in as the web interface and the command-line client do. */
export const logIn = (server: Server, email: string, password: string, options: Call = {}): Promise<Answer> =>
  server.call("POST", "/api/management/v1/useradm/auth/login", {
    ...options,
    headers: { Authorization: `Basic ${btoa(`${email}:${password}`)}`, ...options.headers },
  });

export interface TestDevice {
  id: string;
  authSet: string;
  tenant: TenantId;
  token: string;
}

/** An accepted device with a live token, made directly in the store of device authentication. */
export async function aDevice(
  server: Server,
  options: { tenant?: string; status?: string; id?: string } = {},
): Promise<TestDevice> {
  const tenant = await aTenant(server, options.tenant ?? "default");
  const id = options.id ?? newId();
  const authSet = newId();
  const status = options.status ?? "accepted";
  const nowS = Math.floor(server.now / 1000);
  const identity = JSON.stringify({ mac: id });
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
    ).bind(tenant, id, `hash-${id}`, identity, status, server.now, server.now),
    env.DB.prepare(
      "INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ).bind(tenant, authSet, id, `key-${id}`, `key of ${id}`, status, server.now),
  ]);
  const { keys } = await server.deps();
  const token = await signToken(keys, {
    jti: authSet,
    sub: asDeviceId(id),
    iss: "Mender",
    iat: nowS,
    exp: nowS + 604_800,
    "mender.device": true,
    "mender.tenant": tenant,
  });
  return { id, authSet, tenant, token };
}
