import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { z } from "@hono/zod-openapi";
import { spentOf, type Spent } from "./challenges.ts";
import type { Assertion, NewPasskey } from "./schema.ts";
import type { PasskeyProof, StoredPasskey } from "./store.ts";

// Loaded with the first passkey: it brings readers of certificates that nothing else here needs.
const library = () => import("@simplewebauthn/server");
const helpers = () => import("@simplewebauthn/server/helpers");

export type AssertionJson = z.output<typeof Assertion>;
export type RegistrationJson = z.output<typeof NewPasskey>["credential"];

/** Ed25519, P-256 and RSA with SHA-256: what the runtime verifies. */
const ALGORITHMS = [-8, -7, -257];

/** The host that passkeys belong to: that of this installation. */
function relyingParty({ origin }: Deps): { origin: string; id: string } {
  const { hostname } = new URL(origin);
  if (/^[\d.]+$|:/.test(hostname))
    throw new Fault("unprocessable", "passkeys need a server with a name, not an address");
  return { origin, id: hostname };
}

/** Runs a check of the library, which throws for whatever is wrong with what a client has sent. */
async function orNothing<T>(check: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await check();
  } catch {
    return undefined;
  }
}

/** The challenge of an answer, as it is asked for by the library, and as it is spent. */
function challengeFor(deps: Deps, purpose: Parameters<typeof spentOf>[1]) {
  const found: { spent?: Spent | undefined } = {};
  const expected = async (challenge: string) => {
    found.spent = await spentOf(deps, purpose, challenge);
    return found.spent !== undefined;
  };
  return { found, expected };
}

export interface Registered {
  passkey: Pick<StoredPasskey, "id" | "publicKey" | "counter" | "transports">;
  spent: Spent;
}

/**
 * A new passkey of a user. Statements with certificates are not taken: none was asked for, and checking one would fetch what
 * it names.
 */
export const verifyRegistration = (
  deps: Deps,
  user: string,
  credential: RegistrationJson,
): Promise<Registered | undefined> =>
  orNothing(async () => {
    const { decodeAttestationObject, isoBase64URL } = await helpers();
    const { verifyRegistrationResponse } = await library();
    const attestation = decodeAttestationObject(isoBase64URL.toBuffer(credential.response.attestationObject));
    const isPlain = ["none", "packed"].includes(attestation.get("fmt"));
    if (!isPlain || attestation.get("attStmt").get("x5c") !== undefined) return undefined;
    const { found, expected } = challengeFor(deps, `add to ${user}`);
    const rp = relyingParty(deps);
    const { transports, ...response } = credential.response;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...credential, response, clientExtensionResults: {} },
      expectedChallenge: expected,
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || !found.spent) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    const passkey = {
      id,
      publicKey: isoBase64URL.fromBuffer(publicKey),
      counter,
      transports: transports ?? [],
    };
    return { passkey, spent: found.spent };
  });

/** What an assertion proves; undefined for nothing. The device has to have verified its user, so that it counts as two factors. */
export const verifyAssertion = (
  deps: Deps,
  passkey: StoredPasskey,
  credential: AssertionJson,
): Promise<PasskeyProof | undefined> =>
  orNothing(async () => {
    const { isoBase64URL } = await helpers();
    const { verifyAuthenticationResponse } = await library();
    const { userHandle, ...response } = credential.response;
    if (userHandle && userHandle !== userHandleOf(passkey.user)) return undefined;
    const { found, expected } = challengeFor(deps, "sign in");
    const rp = relyingParty(deps);
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...credential, response, clientExtensionResults: {} },
      expectedChallenge: expected,
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      credential: {
        id: passkey.id,
        publicKey: isoBase64URL.toBuffer(passkey.publicKey),
        counter: passkey.counter,
      },
      requireUserVerification: true,
    });
    if (!verified || !found.spent) return undefined;
    return { passkey: passkey.id, counter: authenticationInfo.newCounter, spent: found.spent };
  });

/** What a device keeps of a user: the id, which says nothing about the person. */
const userHandleOf = (user: string): string => Buffer.from(user).toString("base64url");

/** What a browser is to make a passkey from. */
export async function creationOptions(
  deps: Deps,
  user: { id: string; email: string },
  challenge: { text: string; lifeMs: number },
  known: readonly StoredPasskey[],
) {
  const rp = relyingParty(deps);
  return {
    rp: { id: rp.id, name: rp.id },
    user: { id: userHandleOf(user.id), name: user.email, displayName: user.email },
    challenge: challenge.text,
    timeout: challenge.lifeMs,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: known.map(({ id, transports }) => ({ type: "public-key", id, transports })),
    authenticatorSelection: {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
    attestation: "none",
  };
}

/** What a browser is to sign in from: with whichever passkey of this server its user chooses. */
export const requestOptions = (deps: Deps, challenge: { text: string; lifeMs: number }) => ({
  rpId: relyingParty(deps).id,
  challenge: challenge.text,
  timeout: challenge.lifeMs,
  allowCredentials: [],
  userVerification: "required",
});
