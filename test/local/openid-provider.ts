import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import Provider, { type ClientMetadata } from "oidc-provider";

/** A real provider of OpenID Connect on this machine, whose people are whoever signs in, with an address and groups. */
export class OpenIdProvider {
  readonly issuer: string;
  readonly #server: Server;
  readonly #clients: ClientMetadata[] = [];
  #keys: JWK[] = [];
  #serve: ReturnType<Provider["callback"]> = () => Promise.reject(new Error("not yet"));
  groups: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<OpenIdProvider> {
    let provider: OpenIdProvider | undefined;
    const server = createServer((request, response) => provider && void provider.#serve(request, response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    provider = new OpenIdProvider(server);
    await provider.changeKeys();
    return provider;
  }

  get wellKnownUrl(): string {
    return `${this.issuer}/.well-known/openid-configuration`;
  }

  /** Signs by another key from now on. */
  async changeKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    this.#keys = [{ ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: "sig", alg: "RS256" }];
    this.#renew();
  }

  addClient(client: ClientMetadata): void {
    this.#clients.push(client);
    this.#renew();
  }

  #renew(): void {
    const provider = new Provider(this.issuer, {
      clients: this.#clients,
      jwks: { keys: this.#keys },
      cookies: { keys: ["of a test"] },
      claims: { email: ["email", "email_verified"], profile: ["groups"] },
      pkce: { required: () => true },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups: this.groups }),
      }),
    });
    this.#serve = provider.callback();
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
