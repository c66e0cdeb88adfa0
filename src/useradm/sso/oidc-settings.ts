import { allowInsecureRequests, processDiscoveryResponse, type AuthorizationServer } from "oauth4webapi";
import type { z } from "zod";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { askOutside, NotFetched } from "../../platform/outgoing-request.ts";
import { seal, unseal } from "../../platform/seal.ts";
import { describeIssues, parseJsonBody } from "../../platform/wire.ts";
import { fetched, MAX_DOCUMENT, type Content } from "./provider-content.ts";
import type { Provider } from "./provider-store.ts";
import { OidcSettings, ServerDetails } from "./schema.ts";

/** What a provider publishes of itself, as the library takes it. */
type Server = AuthorizationServer & { authorization_endpoint: string; jwks_uri: string };

export interface OidcDetails {
  server: Server;
  clientId: string;
  wellKnownUrl: string | null;
}

/** Of a provider of this kind; only this file writes them. */
export const oidcDetails = ({ details }: Pick<Provider, "details">) => details as OidcDetails;

/** Shown in place of the secret; sent back, it leaves the secret as it is. */
const SECRET_MASK = "********";

const DISCOVERY = "/.well-known/openid-configuration";

const sealContext = (id: string) => `sso client of ${id}`;

/** The secret of our client; undefined for a client without one, or if no key opens it. */
export const clientSecretOf = async (deps: Deps, provider: Provider): Promise<string | undefined> =>
  provider.clientSecret === null
    ? undefined
    : unseal(deps.keys, provider.clientSecret, sealContext(provider.id));

/** Reads what a provider publishes of itself. Its issuer must be where that is published, or anybody could claim to be it. */
async function discover(deps: Deps, wellKnownUrl: string): Promise<Server> {
  if (!wellKnownUrl.endsWith(DISCOVERY)) throw new NotFetched(`the address must end with ${DISCOVERY}`);
  const issuer = new URL(wellKnownUrl.slice(0, -DISCOVERY.length));
  const headers = { Accept: "application/json" };
  const response = await askOutside(deps, wellKnownUrl, { headers }, MAX_DOCUMENT);
  let published: unknown;
  try {
    published = await processDiscoveryResponse(issuer, response);
  } catch (cause) {
    throw new NotFetched("it is no discovery document, or that of another issuer", { cause });
  }
  const server = ServerDetails.safeParse(published);
  if (!server.success) throw new NotFetched(describeIssues(server.error.issues));
  return server.data as Server; // a member that is not there is absent
}

async function sealedSecret(
  deps: Deps,
  { id, clientSecret }: Pick<Provider, "id" | "clientSecret">,
  told: string | null | undefined,
): Promise<string | null> {
  if (!told) return null;
  return told === SECRET_MASK ? clientSecret : seal(deps.keys, told, sealContext(id));
}

/** The document as it is kept: as it was sent, but for the secret. */
function keptDocument(text: string, value: object, secret: string | null | undefined): string {
  return secret ? JSON.stringify({ ...value, client_secret: SECRET_MASK }, null, 2) : text;
}

/** Settings as they were sent, and what they say. */
export interface OidcDocument {
  text: string;
  value: object;
  settings: z.output<typeof OidcSettings>;
}

export function parseOidc(text: string): OidcDocument {
  const value = parseJsonBody(text);
  const parsed = OidcSettings.safeParse(value);
  if (!parsed.success) throw new Fault("bad_request", describeIssues(parsed.error.issues));
  return { text, value: value as object, settings: parsed.data }; // the schema has seen that it is one
}

export async function readOidc(
  deps: Deps,
  { text, value, settings: sent }: OidcDocument,
  before: Pick<Provider, "id" | "clientSecret">,
): Promise<Content> {
  const { client_id, client_secret, well_known_url, settings } = sent;
  const server =
    (settings as Server | null | undefined) ?? (await fetched(discover(deps, well_known_url ?? "")));
  const details: OidcDetails = { server, clientId: client_id ?? "", wellKnownUrl: well_known_url ?? null };
  return {
    kind: "oidc",
    document: keptDocument(text, value, client_secret),
    clientSecret: await sealedSecret(deps, before, client_secret),
    issuer: server.issuer,
    details,
    validUntilMs: null,
    fetchedMs: well_known_url ? deps.now() : null,
  };
}

/** The provider as it is published now; it stays the same issuer. */
export async function rereadOidc(deps: Deps, provider: Provider): Promise<Provider> {
  const details = oidcDetails(provider);
  if (details.wellKnownUrl === null) return provider;
  const server = await discover(deps, details.wellKnownUrl);
  return { ...provider, details: { ...details, server }, fetchedMs: deps.now() };
}

/** What the library needs to be told where plain HTTP is all there is. */
export const insecureRequests = ({ settings }: Deps) => ({ [allowInsecureRequests]: settings.LOCAL });
