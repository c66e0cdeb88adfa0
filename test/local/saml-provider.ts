import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { issueCertificate } from "../../src/local/x509.ts";

interface IdentityProvider {
  getMetadata: () => string;
  parseLoginRequest: (service: object, binding: "redirect", request: { query: object }) => Promise<object>;
  createLoginResponse: (
    service: object,
    request: object,
    binding: "post",
    user: { email: string | null },
  ) => Promise<{ context: string; entityEndpoint: string }>;
}

/** What is used of the library: its own types bring those of a browser along, for every file. */
interface Samlify {
  setSchemaValidator: (validator: { validate: () => Promise<string> }) => void;
  IdentityProvider: (settings: object) => IdentityProvider;
  ServiceProvider: (settings: { metadata: string }) => object;
}

const require = createRequire(import.meta.url);
const samlify = require("samlify") as Samlify;

// Nobody but us writes what this provider reads.
samlify.setSchemaValidator({ validate: () => Promise.resolve("fine") });

const DAY_MS = 86_400_000;

/** A key of RSA with a certificate around it. */
function keyAndCertificate(): { privateKey: string; certificate: string } {
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const issuing = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = issueCertificate({
    subject: "provider",
    issuer: "provider",
    subjectKey: signing.publicKey,
    issuerKey: issuing.privateKey,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
  });
  return { privateKey: signing.privateKey.export({ format: "pem", type: "pkcs8" }).toString(), certificate };
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
}

/** A SAML provider on this machine, made of a library of others: a page that asks who one is, and then a form for the service. */
export class SamlProvider {
  readonly origin: string;
  readonly #server: Server;
  readonly #idp: IdentityProvider;
  #service: object | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { privateKey, certificate } = keyAndCertificate();
    const location = `${this.origin}/sign-in`;
    this.#idp = samlify.IdentityProvider({
      entityID: `${this.origin}/metadata`,
      privateKey,
      signingCert: certificate,
      isAssertionEncrypted: false,
      requestSignatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      nameIDFormat: ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"],
      singleSignOnService: [
        { Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location: location },
      ],
    });
  }

  static async start(): Promise<SamlProvider> {
    let provider: SamlProvider | undefined;
    const server = createServer((request, response) => provider && void provider.#answer(request, response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    provider = new SamlProvider(server);
    return provider;
  }

  get metadataUrl(): string {
    return `${this.origin}/metadata`;
  }

  /** Whom it signs people in for, by the metadata that the service publishes. */
  trust(metadata: string): void {
    this.#service = samlify.ServiceProvider({ metadata });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", this.origin);
    if (url.pathname === "/metadata") {
      response.setHeader("Content-Type", "application/samlmetadata+xml").end(this.#idp.getMetadata());
      return;
    }
    response.setHeader("Content-Type", "text/html");
    if (request.method === "POST") response.end(await this.#signedIn(url, await bodyOf(request)));
    else response.end(`<form method="post" action=""><input name="login" value=""></form>`);
  }

  async #signedIn(url: URL, form: URLSearchParams): Promise<string> {
    if (!this.#service) throw new Error("nobody is trusted");
    const query = Object.fromEntries(url.searchParams);
    const asked = await this.#idp.parseLoginRequest(this.#service, "redirect", { query });
    const person = { email: form.get("login") };
    const made = await this.#idp.createLoginResponse(this.#service, asked, "post", person);
    const { context, entityEndpoint } = made;
    return `<form method="post" action="${entityEndpoint}"><input name="SAMLResponse" value="${context}"></form>`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
