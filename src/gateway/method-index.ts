import type { App } from "../platform/app-env.ts";

type Index = { pattern: RegExp; method: string }[];

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
  const index = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => ({ pattern: toPattern(path), method }));
  indexes.set(app, index);
  return index;
}

/** Methods that exist for a path, for 405 and `Allow`; none for an unknown path. */
export const methodsOf = (app: App, path: string): string[] => [
  ...new Set(
    indexOf(app)
      .filter(({ pattern }) => pattern.test(path))
      .map(({ method }) => method),
  ),
];
