/** Rules of the house that the linter does not bring along. What they allow where is in `.oxlintrc.json` and `layers.mjs`. */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LAYERS, OPEN } from "./layers.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const LEVEL = new Map(LAYERS.flatMap((folders, level) => folders.map((folder) => [folder, level])));

/** Parts of which others may import the index only. */
const OFFERED = new Set([...LEVEL.keys()].filter((part) => part.startsWith("src/") && !OPEN.includes(part)));

const pathOf = (context) => relative(ROOT, context.filename).replaceAll("\\", "/");

/** The folder that counts as one part of the house: of `src` the folders in it, otherwise the top one. */
const partOf = (path) => path.split("/", path.startsWith("src/") ? 2 : 1).join("/");

const isMember = (node, object, property) =>
  node.type === "MemberExpression" && node.object.name === object && node.property.name === property;

/** Time comes from outside, so that tests can say what time it is. */
const clock = {
  create: (context) => ({
    MemberExpression(node) {
      if (isMember(node, "Date", "now") || isMember(node, "performance", "now"))
        context.report({ node, message: "Take the time from the dependencies, not from the machine." });
    },
    NewExpression(node) {
      if (node.callee.name === "Date" && node.arguments.length === 0)
        context.report({ node, message: "Take the time from the dependencies, not from the machine." });
    },
  }),
};

/** Why one file may not import another; nothing if it may. */
export function faultOfImport(from, to) {
  const [part, other] = [partOf(from), partOf(to)];
  if (part === other || !LEVEL.has(part) || other === "migrations") return undefined;
  if (!LEVEL.has(other)) return `${part} may not import ${other}: it is in no layer below.`;
  if (LEVEL.get(other) <= LEVEL.get(part))
    return `${part} may not import ${other}: it is not in a layer below.`;
  if (OFFERED.has(other) && to !== `${other}/index.ts`)
    return `Import ${other}/index.ts, not what is inside.`;
  return undefined;
}

/** A file imports only from the layers below its own. Type imports count. */
const layers = {
  create(context) {
    const from = pathOf(context);
    const check = (node) => {
      const name = node.source?.value;
      if (typeof name !== "string" || !name.startsWith(".")) return;
      const to = relative(ROOT, resolve(dirname(context.filename), name)).replaceAll("\\", "/");
      const fault = faultOfImport(from, to);
      if (fault) context.report({ node, message: fault });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

const BANNED = new Map([
  ["inArray", "D1 takes 100 parameters: hand the list over as one with `inJson`."],
  ["transaction", "D1 has no transactions: put the statements into one batch."],
]);

/** What looks right and does not work on this database. */
const database = {
  create: (context) => ({
    CallExpression({ callee }) {
      const isMethod = callee.type === "MemberExpression";
      // The storage of an object has transactions.
      if (isMethod && callee.object.property?.name?.endsWith("storage")) return;
      const message = BANNED.get(isMethod ? callee.property.name : callee.name);
      if (message) context.report({ node: callee, message });
    },
  }),
};

/** The bindings of databases have one door: nobody else names them. */
const homes = {
  create: (context) => ({
    MemberExpression(node) {
      if (node.property.type === "Identifier" && node.property.name === "DB")
        context.report({ node, message: "Take the database of the tenant from the dependencies." });
    },
  }),
};

/** Statements are written where a domain keeps its tables, and nowhere else. */
const sql = {
  create: (context) => ({
    TaggedTemplateExpression(node) {
      if (node.tag.name === "sql") context.report({ node, message: "Write SQL in the store of the domain." });
    },
  }),
};

/** Makers of routes and routers that do not ask who may call. */
const BARE = new Set(["createRoute", "OpenAPIHono", "Hono"]);

/** Every route says who may call it: it is made by `platform/route.ts` and mounted on the app of `platform/app.ts`. */
const routes = {
  create: (context) => ({
    ImportDeclaration({ source, importKind, specifiers }) {
      if (!/^(hono|@hono\/zod-openapi)$/.test(source.value) || importKind === "type") return;
      for (const node of specifiers)
        if (node.type !== "ImportSpecifier" || (BARE.has(node.imported.name) && node.importKind !== "type"))
          context.report({
            node,
            message: "Make routes with `userRoute`, `deviceRoute`, `operatorRoute`, `publicRoute`.",
          });
    },
  }),
};

/** Whatever leaves the server passes one place, which knows where requests may go. */
const outgoing = {
  create: (context) => ({
    CallExpression({ callee }) {
      const isGlobal = callee.name === "fetch" || isMember(callee, "globalThis", "fetch");
      if (isGlobal) context.report({ node: callee, message: "Send it by `sendOutgoing`." });
    },
  }),
};

export default { meta: { name: "house" }, rules: { clock, layers, database, homes, outgoing, routes, sql } };
