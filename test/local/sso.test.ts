import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser } from "./browser.ts";
import { OpenIdProvider } from "./openid-provider.ts";
import { Operator } from "./operator.ts";
import { SamlProvider } from "./saml-provider.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";

const USERADM = "/api/management/v1/useradm";

interface User {
  email: string;
  roles: string[];
  sso?: { id: string; kind: string; subject: string }[];
}

let server: LocalServer;
let admin: Operator;

beforeAll(async () => {
  server = await LocalServer.start(newFolder());
  admin = await Operator.login(server, server.ready.adminPassword ?? "");
});

afterAll(cleanUp);

/** What the login form is told about an address. */
async function destinationOf(email: string): Promise<unknown> {
  const basic = Buffer.from(`${email}:`).toString("base64");
  const answer = await fetch(`${server.ready.url}${USERADM}/auth/login`, {
    method: "POST",
    headers: { Authorization: `Basic ${basic}` },
  });
  return answer.status === 200 ? answer.json() : answer.status;
}

const whoIs = async (token: string): Promise<User> => {
  const headers = { Authorization: `Bearer ${token}` };
  return (await (await fetch(`${server.ready.url}${USERADM}/users/me`, { headers })).json()) as User;
};

/** Goes to where single sign-on starts, and does what the pages ask for, as this person. */
async function signInAt(path: string, person: string, browser = new Browser()): Promise<Browser> {
  const ui = `${server.ready.url}/ui/`;
  let page = await browser.go(`${server.ready.url}${USERADM}${path}`, undefined, ui);
  while (!page.url.startsWith(ui)) {
    const { action, fields } = page.form();
    const filled = "login" in fields ? { ...fields, login: person, password: "any" } : fields;
    page = await browser.go(action, filled, ui);
  }
  return browser;
}

const idIn = (created: Response) => created.headers.get("location")?.split("/").at(-1) ?? "";

describe("a real provider of OpenID Connect", () => {
  let provider: OpenIdProvider;
  let id: string;

  beforeAll(async () => {
    provider = await OpenIdProvider.start();
    const created = await admin.call("POST", "/v1/useradm/sso/idp/metadata", {
      name: "ours",
      client_id: "edgemend",
      client_secret: "a secret of the two",
      well_known_url: provider.wellKnownUrl,
    });
    expect(created.status).toBe(201);
    id = idIn(created);
    provider.addClient({
      client_id: "edgemend",
      client_secret: "a secret of the two",
      redirect_uris: [`${server.ready.url}${USERADM}/oidc/${id}/login`],
    });
  });

  afterAll(() => provider.stop());

  const signIn = (person: string) => signInAt(`/oidc/${id}/start`, person);

  test("signs in a user who was made without a password, by the subject ever after", async () => {
    expect((await admin.call("POST", "/v1/useradm/users", { email: "ada@example.com" })).status).toBe(201);
    expect(await destinationOf("ada@example.com")).toEqual({ id, kind: "sso/oidc" });
    const token = (await signIn("ada")).cookie("JWT") ?? "";
    expect(await whoIs(token)).toMatchObject({
      email: "ada@example.com",
      verified: true,
      sso: [{ id, kind: "sso/oidc", subject: "ada" }],
    });
  });

  test("is told of people whom nobody knows, unless they become users, with roles by their groups", async () => {
    const refused = await signIn("eve");
    expect([refused.cookie("JWT"), refused.cookie("error")]).toEqual([
      undefined,
      "there is no user of this address here",
    ]);
    const mapping = {
      create_users: true,
      roles_attribute: "groups",
      roles: { builders: ["RBAC_ROLE_CI"], watchers: ["RBAC_ROLE_OBSERVER"] },
      default_roles: [],
    };
    const path = `/v1/useradm/sso/idp/metadata/${id}/mapping`;
    expect((await admin.call("PUT", path, mapping)).status).toBe(204);
    provider.groups = ["builders", "others"];
    expect((await whoIs((await signIn("eve")).cookie("JWT") ?? "")).roles).toEqual(["RBAC_ROLE_CI"]);
    provider.groups = ["watchers"];
    expect((await whoIs((await signIn("eve")).cookie("JWT") ?? "")).roles).toEqual(["RBAC_ROLE_OBSERVER"]);
  });

  test("may change its keys", async () => {
    provider.groups = ["watchers"];
    await provider.changeKeys();
    expect((await signIn("ada")).cookie("error")).toBe(undefined);
  });
});

describe("a real SAML provider", () => {
  let provider: SamlProvider;
  let id: string;

  beforeAll(async () => {
    provider = await SamlProvider.start();
    const path = `${server.ready.url}${USERADM}/sso/idp/metadata`;
    const headers = {
      Authorization: `Bearer ${admin.token}`,
      "Content-Type": "application/samlmetadata+xml",
    };
    // Our addresses are wanted before there is anything to tell.
    id = idIn(await fetch(path, { method: "POST", headers, body: "" }));
    expect((await fetch(`${server.ready.url}${USERADM}/auth/sso/${id}/login`)).status).toBe(422);
    const body = `<IdentityProviderUrl>${provider.metadataUrl}</IdentityProviderUrl>`;
    expect((await fetch(`${path}/${id}`, { method: "PUT", headers, body })).status).toBe(204);
    provider.trust(await (await admin.call("GET", `/v1/useradm/sso/sp/metadata/${id}`)).text());
  });

  afterAll(() => provider.stop());

  test("signs in a user who was made without a password", async () => {
    const email = "grace@example.com";
    expect((await admin.call("POST", "/v1/useradm/users", { email })).status).toBe(201);
    const browser = await signInAt(`/auth/sso/${id}/login`, email);
    expect(browser.cookie("error")).toBeUndefined();
    expect(await whoIs(browser.cookie("JWT") ?? "")).toMatchObject({
      email,
      sso: [{ id, kind: "sso/saml", subject: email }],
    });
  });

  test("vouches for nobody whom nobody knows", async () => {
    const browser = await signInAt(`/auth/sso/${id}/login`, "mallory@example.com");
    expect([browser.cookie("JWT"), browser.cookie("error")]).toEqual([
      undefined,
      "there is no user of this address here",
    ]);
  });
});
