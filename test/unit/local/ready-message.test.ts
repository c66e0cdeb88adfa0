import { describe, expect, test } from "vitest";
import { outwardName } from "../../../src/local/names.ts";
import { adminNotice, readyJson, readyScreen, type Ready } from "../../../src/local/ready-message.ts";

const READY: Ready = {
  url: "http://localhost:1",
  httpsUrl: "https://localhost:2",
  outwardUrl: undefined,
  caFile: "/data/ca.pem",
  dataFolder: "/data",
  mailFolder: "/data/mail",
  dataFlag: [],
  admin: { email: "admin@example.com", password: "generated" },
  adminIsNew: true,
  adminIgnored: false,
  tenantToken: "tenant",
  operatorToken: "operator",
  seconds: 1,
};

describe("the ready screen", () => {
  test("names commands as they have to be typed for this data folder", () => {
    expect(readyScreen(READY)).toContain("npm run demo\n");
    const elsewhere = readyScreen({ ...READY, dataFlag: ["--data", "my data"], adminIsNew: false });
    expect(elsewhere).toContain("npm run demo -- --data 'my data'\n");
    expect(elsewhere).toContain("npm run admin -- --data 'my data' set-password makes a new one");
    expect(elsewhere).toContain("/data/mail   (npm run admin -- --data 'my data' mail lists them)");
  });

  test("shows the first password once and says afterwards how to make a new one", () => {
    expect(readyScreen(READY)).toContain("generated   (shown this once)");
    const later = readyScreen({ ...READY, adminIsNew: false });
    expect(later).not.toContain("generated");
    expect(later).toContain("as set before; npm run admin -- set-password makes a new one");
    expect(readyJson({ ...READY, adminIsNew: false })).not.toContain("generated");
  });

  test("invents no login for a folder whose first admin is not known", () => {
    const unknown = { ...READY, admin: undefined, adminIsNew: false };
    expect(readyScreen(unknown)).toContain("as made before; npm run admin -- list-users lists them");
    expect(JSON.parse(readyJson(unknown))).not.toHaveProperty("adminEmail");
  });

  test("says that --admin made nobody, and how to make one", () => {
    expect(adminNotice(READY)).toBeUndefined();
    expect(adminNotice({ ...READY, adminIgnored: true, dataFlag: ["--data", "d"] })).toBe(
      "--admin is for a new data folder, and /data has its users: npm run admin -- --data d create-user makes one more",
    );
  });
});

describe("the name for other machines", () => {
  test("is the one that was given, else this machine's, and none where they cannot reach it", () => {
    expect(outwardName("0.0.0.0", ["updates.test", "more.test"])).toBe("updates.test");
    expect(outwardName("0.0.0.0", ["2001:db8::7"])).toBe("[2001:db8::7]");
    expect(outwardName("192.0.2.7", ["updates.test"])).toBe("updates.test");
    expect(outwardName("192.0.2.7", [])).toBeUndefined();
    expect(outwardName("127.0.0.1", ["updates.test"])).toBeUndefined();
    expect(outwardName("::", [])).toMatch(/./);
  });
});
