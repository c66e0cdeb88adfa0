import * as oauth from "oauth4webapi";
import { clockSkewS } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { askOutside } from "../../platform/outgoing-request.ts";
import { clientSecretOf, insecureRequests, oidcDetails } from "./oidc-settings.ts";
import { PENDING_LIFE_S, type Pending } from "./pending.ts";
import type { Person } from "./person.ts";
import { addressesOf } from "./provider-content.ts";
import { ProviderKeys } from "./provider-keys.ts";
import type { Provider } from "./provider-store.ts";
import { SignInRefused } from "./refusal.ts";

const MAX_SID = 512;
const MAX_ANSWER = 64 * 1024;

/** Where a browser is sent to sign in, and what it keeps until it comes back. */
export async function beginOidc(
  deps: Deps,
  provider: Provider,
): Promise<{ location: string; pending: Pending }> {
  const { server, clientId } = oidcDetails(provider);
  if (clientId === "") throw new Fault("unprocessable", "the client_id is not set yet");
  const verifier = oauth.generateRandomCodeVerifier();
  const pending = {
    request: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier,
    untilMs: deps.now() + PENDING_LIFE_S * 1000,
  };
  const location = new URL(server.authorization_endpoint);
  const query = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: addressesOf(deps, provider).oidcCallback,
    scope: "openid email profile",
    state: pending.request,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) location.searchParams.set(name, value);
  return { location: location.href, pending };
}

/** How our client says who it is. */
async function authentication(deps: Deps, provider: Provider): Promise<oauth.ClientAuth> {
  const secret = await clientSecretOf(deps, provider);
  if (secret === undefined) return oauth.None();
  const methods = oidcDetails(provider).server.token_endpoint_auth_methods_supported;
  const takesBasic = !methods || methods.includes("client_secret_basic");
  return takesBasic ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
}

/** Holds the signature against the keys of the provider, which are asked for once more if it is by none that is known. */
async function checkSignature(
  deps: Deps,
  server: oauth.AuthorizationServer,
  response: Response,
): Promise<void> {
  const keys = new ProviderKeys(deps, server.jwks_uri ?? "");
  const check = () =>
    // The library remembers keys by the object of the server, for a time of its own.
    oauth.validateApplicationLevelSignature({ ...server }, response, {
      [oauth.customFetch]: () => keys.read(),
      ...insecureRequests(deps),
    });
  const wereKept = keys.areKept;
  try {
    await check();
  } catch (cause) {
    const isUnknownKey =
      cause instanceof oauth.OperationProcessingError && cause.code === oauth.KEY_SELECTION;
    if (!isUnknownKey || !wereKept) throw cause;
    keys.forget();
    await check();
  }
}

/** How the library asks the provider. */
const outside = (deps: Deps) => ({
  [oauth.customFetch]: (address: string, request: object) =>
    askOutside(deps, address, request as RequestInit, MAX_ANSWER), // the same, but for members that are undefined
  ...insecureRequests(deps),
});

/** What the token says of the person, once all that speaks against it is looked at. */
async function claimsOf(
  deps: Deps,
  provider: Provider,
  { query, pending }: { query: URLSearchParams; pending: Pending },
): Promise<oauth.IDToken> {
  const { server, clientId } = oidcDetails(provider);
  const client = { client_id: clientId, [oauth.clockSkew]: clockSkewS(deps.now()) };
  const parameters = oauth.validateAuthResponse(server, client, query, pending.request);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    await authentication(deps, provider),
    parameters,
    addressesOf(deps, provider).oidcCallback,
    pending.verifier ?? oauth.nopkce,
    outside(deps),
  );
  const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: pending.nonce ?? "",
    requireIdToken: true,
  });
  await checkSignature(deps, server, response);
  const claims = oauth.getValidatedIdTokenClaims(result);
  if (!claims) throw new SignInRefused("the provider sent no identity");
  if (claims.email !== undefined || server.userinfo_endpoint === undefined) return claims;
  // Many providers tell no more than the subject until they are asked.
  const told = await oauth.userInfoRequest(server, client, result.access_token, outside(deps));
  return { ...(await oauth.processUserInfoResponse(server, client, claims.sub, told)), ...claims };
}

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string");

/** Whom the provider vouches for in its answer. */
export async function finishOidc(
  deps: Deps,
  provider: Provider,
  answer: { query: URLSearchParams; pending: Pending },
): Promise<Person> {
  try {
    const claims = await claimsOf(deps, provider, answer);
    return {
      subject: claims.sub,
      session: typeof claims.sid === "string" && claims.sid.length <= MAX_SID ? claims.sid : undefined,
      email: typeof claims.email === "string" ? claims.email : undefined,
      isVerified: claims.email_verified === undefined ? undefined : claims.email_verified === true,
      valuesOf: (name) => (Object.hasOwn(claims, name) ? textsOf(claims[name]) : []),
    };
  } catch (cause) {
    if (cause instanceof SignInRefused) throw cause;
    deps.log.info("sign-in refused", { provider: provider.id, cause });
    const isRefusal = cause instanceof oauth.AuthorizationResponseError;
    throw new SignInRefused(
      isRefusal ? "the provider did not let you in" : "the answer of the provider does not hold",
      { cause },
    );
  }
}
