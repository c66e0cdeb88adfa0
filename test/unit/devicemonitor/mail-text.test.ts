import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alertMail, serverMail } from "../../../src/devicemonitor/mail-text.ts";

const EVIL = [
  "\r\nBcc: a@b.c",
  "<script>",
  "&lt;",
  '"><img src=x>',
  "größe 漢字 🦊",
  "\u2028",
  "\u0000",
  "x".repeat(2000),
];
const evil = fc
  .array(fc.oneof(fc.constantFrom(...EVIL), fc.string({ unit: "binary" })), { maxLength: 4 })
  .map((parts) => parts.join(""));
const tagsIn = (html = "") => new Set([...html.matchAll(/<[^>]*>?/g)].map(([tag]) => tag));

describe("a mail about alerts of the server", () => {
  it("has one line for each, and no markup but its own, whatever they are about", () => {
    const alert = fc.record({
      level: fc.constantFrom("WARNING", "CRITICAL"),
      text: evil,
      device: fc.option(evil, { nil: undefined }),
      group: fc.option(evil, { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(alert, { minLength: 1, maxLength: 5 }), fc.nat(3), (alerts, more) => {
        const { text, html } = serverMail(alerts, more);
        expect(text.split("\n")).toHaveLength(alerts.length + (more > 0 ? 2 : 1));
        expect([...tagsIn(html)].filter((tag) => !/^<(?:!doctype html|\/?ul|\/?li)>$/.test(tag))).toEqual([]);
        expect(text.length).toBeLessThan(600 * (alerts.length + 1));
      }),
    );
  });
});

describe("a mail about an alert of a device", () => {
  it("has no markup but its own, and is bounded, whatever the device says", () => {
    const details = fc.record({
      description: evil,
      log_pattern: evil,
      log_file_path: evil,
      line_matching: fc.record({ line_number: fc.constant(1), data: evil }),
    });
    const subject = fc.record({ name: evil, type: evil, status: evil, details });
    fc.assert(
      fc.property(fc.record({ name: evil, level: evil, timestamp: evil, subject }), evil, (alert, group) => {
        const { text, html } = alertMail("d1", group, alert, "flood");
        const own = /^<(?:!doctype html|\/?table|\/?tr|\/?th|\/?td)>$/;
        expect([...tagsIn(html)].filter((tag) => !own.test(tag))).toEqual([]);
        expect(text.length).toBeLessThan(8000);
      }),
    );
  });
});
