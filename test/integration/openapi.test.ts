/// <reference types="vite/types/importMeta.d.ts" />
import { beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { Server } from "../support/server.ts";
import { brokenPromises, promisesOf, readPromises, type OpenApi } from "../support/openapi/promises.ts";
import { WIRE_ROUTES } from "../support/wire-routes.ts";

const [KEPT = ""] = Object.values(
  import.meta.glob<string>("../support/openapi/kept.txt", { query: "?raw", import: "default", eager: true }),
);
const LOGIN = "/api/management/v1/useradm/auth/login";

const BUILT = [
  "devauth",
  "inventory",
  "useradm",
  "deployments",
  "deviceconfig",
  "deviceconnect",
  "workflows",
];

type Schema = { [member: string]: unknown; $ref?: string; type?: string; maxItems?: number };
interface Operation {
  requestBody?: { content?: Record<string, { schema?: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let served: Set<string>;
let document: Document;

beforeAll(async () => {
  const server = await Server.start();
  document = (await server.call("GET", "/api/openapi.json")).json<Document>();
  served = new Set(
    Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, "{}")}`),
    ),
  );
});

/** A concrete path that the product serves under a pattern counts as that pattern: `/limits/{}` serves `/limits/storage`. */
const isServed = (route: string): boolean =>
  served.has(route) ||
  [...served].some((candidate) => {
    const pattern = candidate
      .split("/")
      .map((part) => (part === "{}" ? "[^/]+" : part.replace(/[.]/g, "\\.")));
    return new RegExp(`^${pattern.join("/")}$`).test(route);
  });

describe("the OpenAPI document", () => {
  it.each(BUILT)("covers every public and internal route of %s", (service) => {
    const difference = WIRE_ROUTES[service]!.filter((route) => !isServed(route));
    console.log(
      `${service}: ${WIRE_ROUTES[service]!.length} routes, difference: ${JSON.stringify(difference)}`,
    );
    expect(difference).toEqual([]);
  });

  it("takes and answers all that it did before, and demands no more", () => {
    const broken = brokenPromises(readPromises(KEPT), promisesOf(document as OpenApi));
    // Where it is meant: start a server, `npm run openapi:keep -- http://127.0.0.1:8787`.
    expect(broken).toEqual([]);
  });

  it.each<[string, (changed: OpenApi) => unknown, string]>([
    ["an operation that is gone", ({ paths }) => delete paths[LOGIN], `gone: gives POST ${LOGIN}`],
    [
      "a member that is gone",
      ({ components }) => delete components.schemas.Device!.properties!.id,
      "gone: gives out Device.id: string",
    ],
    [
      "a body that must be there now",
      ({ paths }) => (paths[LOGIN]!.post!.requestBody!.required = true),
      `new: asks POST ${LOGIN} body`,
    ],
  ])("is seen to have changed by %s", (_, change, told) => {
    const changed = structuredClone(document) as OpenApi;
    change(changed);
    expect(brokenPromises(promisesOf(document as OpenApi), promisesOf(changed))).toContain(told);
  });

  // What an element costs to validate, and to refuse, is some microseconds: a body holds hundreds of thousands.
  it("bounds every list in every request body [differs: list-maximum]", () => {
    const unbounded = (schema: unknown, at: string, seen: readonly string[]): string[] => {
      if (typeof schema !== "object" || schema === null) return [];
      const { $ref, ...own } = schema as Schema;
      if ($ref) {
        const named = $ref.split("/").at(-1)!;
        return seen.includes(named)
          ? []
          : unbounded(document.components.schemas[named], at, [...seen, named]);
      }
      const here = own.type === "array" && own.maxItems === undefined ? [at] : [];
      return [
        ...here,
        ...Object.entries(own).flatMap(([key, part]) => unbounded(part, `${at}.${key}`, seen)),
      ];
    };
    const found = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { requestBody }]) =>
        Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
          unbounded(schema, `${method} ${path}`, []),
        ),
      ),
    );
    expect(found).toEqual([]);
  });
});

/** The texts of the documents, as the build brings them along. */
const DOCUMENTS = import.meta.glob<string>(["../../README.md", "../../docs/*.md"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const NAMED = /(\/api\/(?:devices|management|internal|operator|storage)\/v\d\w*\/[\w/{}.-]+)/g;

describe("the other documents", () => {
  it("name no path of the API that is not routed", () => {
    const named = Object.values(DOCUMENTS).flatMap((text) => [...text.matchAll(NAMED)].map(([path]) => path));
    expect(named.length).toBeGreaterThan(5);
    const templates = makeGateway()
      .declarations()
      .map(({ path }) => path.replaceAll(/:\w+/g, "{}"));
    const isRouted = (path: string) => {
      const asked = path.replaceAll(/\{[^}]*\}/g, "{}").replace(/[./]+$/, "");
      return templates.some((template) => template === asked || template.startsWith(`${asked}/`));
    };
    expect(named.filter((path) => !isRouted(path))).toEqual([]);
  });
});
