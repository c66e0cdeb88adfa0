import { expect, test, vi } from "vitest";
import { mountDomains } from "../../src/app/domains.ts";
import { newApp } from "../../src/platform/app.ts";
import { documents, said, wrong, type Document } from "./documents.ts";

// Their texts are for the runtime to load.
vi.mock("../../src/platform/migrations.ts", () => ({}));

const METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD";
/** As in a sentence: `GET /api/…`, `…/sessions`, `/api/operator`. */
const IN_PROSE = new RegExp(
  `\`(?:(${METHODS})\\s)?((?:…|(?<=(?:${METHODS})\\s)|/api)/[a-z][^\`?\\s]*)[^\`\\n]*\``,
  "g",
);
/** As in a list of routes: a method, then paths separated by commas, whole or from where the text before has led. */
const IN_LIST = new RegExp(`^(${METHODS}) +([\\w{}/]+(?:, [\\w{}/]+)*)`, "gm");
/** As a command. */
const IN_COMMAND = /\bcurl ([^\n]*?)"?\$SERVER(\/api\/[^\s"?)]+)/g;

interface Named {
  document: Document;
  method: string | undefined;
  path: string;
}

function namedIn(document: Document): Named[] {
  const text = document.text.replaceAll("\\\n", "");
  const named = (method: string | undefined, path: string): Named => ({ document, method, path });
  return [
    ...[...text.matchAll(IN_PROSE)].map(([, method, path = ""]) => named(method, path.replace("…", ""))),
    ...[...text.matchAll(IN_LIST)].flatMap(([, method, paths = ""]) =>
      paths.split(", ").map((path) => named(method, path.startsWith("/") ? path : `/${path}`)),
    ),
    ...[...text.matchAll(IN_COMMAND)].map(([, options = "", path = ""]) =>
      named(/-X (\w+)/.exec(options)?.[1] ?? "GET", path),
    ),
  ];
}

const app = newApp();
mountDomains(app);

const nameless = (path: string) => path.replaceAll(/:\w+(?:\{[^}]*\})?|\{\w+\}|\$\w+/g, "{}");
const routes = app.routes.map(({ method, path }) => ({ method, path: nameless(path) }));

/** Of the original, and not here, as the documents say. */
const FOREIGN = /^\/(?:api\/0\.1\.0|tenantadm)\//;
/** Answered before any domain. */
const OF_THE_GATEWAY = ["/metrics", "/api/docs", "/api/openapi.json", "/healthz"];

/** A method with the end of a path, or without one a part of a path up to one of its slashes. */
const isRouted = ({ method, path }: Named): boolean =>
  routes.some((route) =>
    method === undefined
      ? `${route.path}/`.includes(`${nameless(path)}/`)
      : route.path.endsWith(nameless(path)) && (route.method === method || method === "HEAD"),
  );

test("each route of the API that is named, whole or by its end, is there", () => {
  const named = documents()
    .flatMap(namedIn)
    .filter(({ path }) => !FOREIGN.test(path) && !OF_THE_GATEWAY.includes(path));
  expect(named.length).toBeGreaterThan(60);
  expect(
    wrong(
      named
        .filter((one) => !isRouted(one))
        .map(({ document, method = "", path }) => ({ document, found: `${method} ${path}` })),
    ),
  ).toEqual([]);
});

test("each tag of the API's page that is named has routes", () => {
  const info = { title: "", version: "" };
  const { paths = {} } = app.getOpenAPI31Document({ openapi: "3.1.0", info });
  const operations = Object.values(paths).flatMap((item): { tags?: string[] }[] => Object.values(item));
  const tags = new Set(operations.flatMap((operation) => operation.tags ?? []));
  const named = [
    ...said(/\*(deviceauth extensions)\*/g),
    ...said(/\btags? `(\w+)`/g),
    ...said(/\btags `\w+` and `(\w+)`/g),
  ];
  expect(named.length).toBeGreaterThan(2);
  expect(wrong(named.filter(({ found }) => !tags.has(found)))).toEqual([]);
});
