import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../../platform/app.ts";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { Fault } from "../../platform/fault.ts";
import { userRoute } from "../../platform/route.ts";
import {
  absentBody,
  faultResponses,
  hasBody,
  jsonBody,
  jsonContent,
  mediaTypeOf,
  uuidText,
  wholeBody,
} from "../../platform/wire.ts";
import { parseOidc } from "./oidc-settings.ts";
import { MAX_DOCUMENT } from "./provider-content.ts";
import type { Provider } from "./provider-store.ts";
import {
  createProvider,
  getProvider,
  listProviders,
  removeProvider,
  replaceProvider,
  setMapping,
  withServiceKey,
  type SentDocument,
} from "./providers.ts";
import { serviceMetadata } from "./saml-metadata.ts";
import { Mapping, OIDC_SETTINGS_TEXT, ProviderInList } from "./schema.ts";

const BASE = "/api/management/v1/useradm/sso";
const tags = ["useradm"];
const feature = "sso";
const params = z.object({ id: uuidText });

/** Clients compare these for equality: no character set may follow. */
const TYPES = { oidc: "application/json", saml: "application/samlmetadata+xml" } as const;

const bounds = { maxBytes: MAX_DOCUMENT };
const body = {
  required: true,
  content: {
    [TYPES.saml]: { schema: { type: "string" as const } },
    [TYPES.oidc]: { schema: OIDC_SETTINGS_TEXT },
  },
};

const list = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/idp/metadata`,
  tags,
  feature,
  summary: "List the identity providers that the tenant uses",
  responses: {
    200: { description: "Providers", content: jsonContent(z.array(ProviderInList)) },
    ...faultResponses(401, 403),
  },
});

const create = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/idp/metadata`,
  tags,
  feature,
  summary: "Add an identity provider: SAML metadata, or settings of OpenID Connect",
  body: bounds,
  request: { body },
  responses: {
    201: { description: "Added; `Location` names it" },
    ...faultResponses(400, 401, 403, 409, 413, 415, 422),
  },
});

const get = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/idp/metadata/{id}`,
  tags,
  feature,
  summary: "Get an identity provider as it was sent; a client secret is masked",
  request: { params },
  responses: {
    200: {
      description: "The document",
      content: { [TYPES.saml]: { schema: z.string() }, [TYPES.oidc]: { schema: z.object({}) } },
    },
    ...faultResponses(400, 401, 403, 404),
  },
});

const replace = userRoute("settings:manage", {
  method: "put",
  path: `${BASE}/idp/metadata/{id}`,
  tags,
  feature,
  summary: "Replace an identity provider; its addresses stay",
  body: bounds,
  request: { params, body },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 401, 403, 404, 413, 415) },
});

const remove = userRoute("settings:manage", {
  method: "delete",
  path: `${BASE}/idp/metadata/{id}`,
  tags,
  feature,
  summary: "Remove an identity provider",
  request: { params },
  responses: { 204: { description: "Removed" }, ...faultResponses(400, 401, 403, 404) },
});

const service = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/sp/metadata/{id}`,
  tags,
  feature,
  summary: "Get our own SAML metadata for an identity provider",
  request: { params },
  responses: {
    200: { description: "Metadata", content: { [TYPES.saml]: { schema: z.string() } } },
    204: { description: "The provider has no SAML metadata yet" },
    ...faultResponses(400, 401, 403, 404),
  },
});

const MAPPING = `${BASE}/idp/metadata/{id}/mapping`;
const extension = ["useradm extensions"];

const getMapping = userRoute("settings:manage", {
  method: "get",
  path: MAPPING,
  tags: extension,
  feature,
  summary: "Get how people whom a provider vouches for become users and get roles",
  request: { params },
  responses: {
    200: { description: "The mapping", content: jsonContent(Mapping) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const putMapping = userRoute("settings:manage", {
  method: "put",
  path: MAPPING,
  tags: extension,
  feature,
  summary: "Set how people whom a provider vouches for become users and get roles",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(Mapping) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 404, 415) },
});

async function textOf(c: Context<AppEnv>): Promise<string> {
  const bytes = await wholeBody(c.req.arrayBuffer());
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw new Fault("bad_request", "the metadata are not in UTF-8", { cause });
  }
}

/** Only SAML metadata may be empty: to learn our addresses before there are any. */
async function sentDocument(c: Context<AppEnv>): Promise<SentDocument> {
  if (!hasBody(c) && !c.req.header("content-type")) throw absentBody("");
  const type = mediaTypeOf(c);
  if (type === TYPES.saml || type === "application/xml") return { kind: "saml", text: await textOf(c) };
  if (type === TYPES.oidc) return { kind: "oidc", oidc: parseOidc(await textOf(c)) };
  throw new Fault("unsupported_media", `Bad Content-Type, expected '${TYPES.saml}' or '${TYPES.oidc}'`);
}

const toListed = ({ id, issuer, validUntilMs }: Provider): z.input<typeof ProviderInList> => ({
  id,
  issuer,
  ...(validUntilMs === null ? {} : { valid_until: rfc3339(validUntilMs) }),
});

const NO_STORE = { "Cache-Control": "no-store" };

export function mountProviders(app: App): void {
  app.openapi(list, async (c) => c.json((await listProviders(c.var.deps, userOf(c))).map(toListed), 200));

  app.openapi(create, async (c) => {
    const id = await createProvider(c.var.deps, userOf(c), await sentDocument(c));
    return c.body(null, 201, { Location: `${create.path}/${id}` });
  });

  app.openapi(get, async (c) => {
    const { kind, document } = await getProvider(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(document, 200, { "Content-Type": TYPES[kind], ...NO_STORE });
  });

  app.openapi(replace, async (c) => {
    const sent = await sentDocument(c);
    await replaceProvider(c.var.deps, userOf(c), { id: c.req.valid("param").id, sent });
    return c.body(null, 204);
  });

  app.openapi(remove, async (c) => {
    await removeProvider(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });

  app.openapi(service, async (c) => {
    const provider = await withServiceKey(c.var.deps, userOf(c), c.req.valid("param").id);
    if (provider.kind !== "saml" || provider.issuer === "") return c.body(null, 204);
    return c.body(serviceMetadata(c.var.deps, provider), 200, { "Content-Type": TYPES.saml });
  });

  app.openapi(getMapping, async (c) => {
    const { mapping } = await getProvider(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.json(mapping, 200);
  });

  app.openapi(putMapping, async (c) => {
    const { id } = c.req.valid("param");
    await setMapping(c.var.deps, userOf(c), { id, mapping: c.req.valid("json") });
    return c.body(null, 204);
  });
}
