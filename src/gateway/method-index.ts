import type { App, Declaration } from "../platform/app-env.ts";

type Index = { pattern: RegExp; declaration: Declaration }[];

const indexes = new WeakMap<App, Index>();

/** A last segment of `*` stands for all that may follow. */
const toPattern = (path: string) => {
  const source = path
    .split("/")
    .map((segment) =>
      segment === "*"
        ? ".+"
        : /^(:|\{)/.test(segment)
          ? "[^/]+"
          : segment.replace(/[.*+?^$()|[\]\\]/g, "\\$&"),
    )
    .join("/");
  return new RegExp(`^${source}$`);
};

function indexOf(app: App): Index {
  const known = indexes.get(app);
  if (known) return known;
  const index = app
    .declarations()
    .map((declaration) => ({ pattern: toPattern(declaration.path), declaration }));
  indexes.set(app, index);
  return index;
}

/** What is served under a path, whatever the method; nothing for an unknown path. */
export const servedUnder = (app: App, path: string): Declaration[] =>
  indexOf(app)
    .filter(({ pattern }) => pattern.test(path))
    .map(({ declaration }) => declaration);

/** Methods that exist for a path, for 405 and `Allow`. */
export const methodsOf = (app: App, path: string): string[] => [
  ...new Set(servedUnder(app, path).map(({ method }) => method)),
];
