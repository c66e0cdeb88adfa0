import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EmailText, SettingsDocument } from "../../../src/useradm/schema.ts";
import { expectedTags } from "../../../src/useradm/settings.ts";
import { clientsOf, subjectsOf, throttledLogin } from "../../../src/useradm/throttle.ts";
import { checkPassword } from "../../../src/useradm/users.ts";

describe("email", () => {
  it.each(["a@b.de", "A.B+c_d@sub.example.com", "x'y@example.co", "1@2.3"])(
    "takes %s in lower case",
    (email) => {
      expect(EmailText.parse(email)).toBe(email.toLowerCase());
    },
  );

  it.each([
    "a",
    "@b.de",
    "a@",
    "a@b",
    "a b@c.de",
    "a@b..de",
    ".a@b.de",
    "a.@b.de",
    "a@-b.de",
    "a@b.de\n",
    "a@b.de,c@d.de",
    "ä@b.de",
    "a@b.de ",
  ])("refuses %j", (email) => {
    expect(EmailText.safeParse(email).success).toBe(false);
  });

  it("takes only printable ASCII, and itself again", () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string()), (text) => {
        const parsed = EmailText.safeParse(text);
        if (!parsed.success) return;
        expect(parsed.data).toMatch(/^[!-~]+@[!-~]+$/);
        expect(EmailText.parse(parsed.data)).toBe(parsed.data);
      }),
    );
  });

  it("answers at once for any length", () => {
    expect(EmailText.safeParse(`${"a".repeat(100_000)}@${"a.".repeat(100_000)}`).success).toBe(false);
  });
});

describe("password rules", () => {
  it("refuse every part of the email that is long enough to be a password", () => {
    fc.assert(
      fc.property(fc.emailAddress(), fc.nat(), fc.nat(), (email, from, length) => {
        const part = email.slice(from % email.length).slice(0, 8 + (length % email.length));
        expect(() => checkPassword(part.toUpperCase(), [email])).toThrow();
      }),
    );
  });
});

describe("If-Match", () => {
  it("means the same tag bare, quoted and weak, alone and in a list", () => {
    fc.assert(
      fc.property(fc.array(fc.uuid(), { minLength: 1, maxLength: 4 }), fc.nat(2), (tags, form) => {
        const shown = tags.map((tag) => [tag, `"${tag}"`, `W/"${tag}"`][form]);
        expect(expectedTags(shown.join(", "))).toEqual(tags);
      }),
    );
  });

  it.each([undefined, "", " ", "*", 'W/"a", *'])("lets everything match with %j", (header) => {
    expect(expectedTags(header)).toBeUndefined();
  });
});

describe("settings document", () => {
  it("keeps any JSON object within the limits as it is", () => {
    // No document has a use for the one name that is no ordinary member of an object.
    const key = fc.string({ maxLength: 128 }).filter((text) => text !== "__proto__");
    const document = fc.dictionary(key, fc.jsonValue(), { maxKeys: 20 });
    fc.assert(
      fc.property(document, (value) => {
        const parsed = JSON.parse(JSON.stringify(value));
        expect(JSON.stringify(SettingsDocument.parse(parsed))).toBe(JSON.stringify(parsed));
      }),
    );
  });
});

describe("what a login is throttled by", () => {
  it("tells neither account nor address", () => {
    const client = { email: "a@b.de", network: "192.0.2.1" };
    expect(subjectsOf(throttledLogin(client)).join()).not.toMatch(/a@b|192/);
    expect(subjectsOf(throttledLogin(client))).toHaveLength(3);
    expect(subjectsOf(throttledLogin({ ...client, network: undefined }))).toHaveLength(2);
    expect(subjectsOf(throttledLogin({ ...client, knownDevice: "nonce" }))).toHaveLength(1);
  });

  it("of all clients of an account lies in the range of that account", () => {
    const { account, from, before } = clientsOf("a@b.de");
    for (const network of ["192.0.2.1", "2001:db8:0:0", undefined]) {
      const [client, everybody] = subjectsOf(throttledLogin({ email: "a@b.de", network }));
      expect(everybody).toBe(account);
      expect(client! > from && client! < before).toBe(true);
      const [other] = subjectsOf(throttledLogin({ email: "b@b.de", network }));
      expect(other! > from && other! < before).toBe(false);
    }
  });
});
