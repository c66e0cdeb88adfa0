import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { VIEWER_STYLES } from "../../../src/gateway/viewer-sources.ts";
import { viewerScript } from "../../../src/local/public-files.ts";

const GZIP_BUDGET_BYTES = 400_000;

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The style sheets in the viewer: each a text, its media, and its source map, which ends up in the element's text. */
function sheets(script: string): string[] {
  const entries = script.matchAll(/\.push\(\[\w+\.id,("(?:[^"\\]|\\.)*"),"",(\{version:3.*?\})\]\)/g);
  return [...entries].map(([, literal = "", map = ""]) => {
    const text: unknown = JSON.parse(literal);
    const json = JSON.stringify(runInNewContext(`(${map})`));
    const data = Buffer.from(json).toString("base64");
    return `${String(text)}\n/*# sourceMappingURL=data:application/json;base64,${data} */`;
  });
}

test("the policy of the page names exactly the style elements that the installed viewer makes", () => {
  expect(["", ...sheets(viewerScript())].map(hashOf)).toEqual(VIEWER_STYLES);
});

test("the viewer names no host that it could load something from, and stays small", () => {
  const script = viewerScript();
  expect(script).not.toContain("cdn.redoc");
  expect(gzipSync(script, { level: 9 }).length).toBeLessThan(GZIP_BUDGET_BYTES);
});
