import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedAccessSignature } from "../../../src/iotmanager/azure.ts";
import {
  isTrustedHost,
  maskedConnectionString,
  parseConnectionString,
} from "../../../src/iotmanager/connection-string.ts";
import { bodyOf, signatureOf } from "../../../src/iotmanager/webhook.ts";

describe("a webhook's request", () => {
  it("has the signature that receivers of the original know", () => {
    const body =
      '{"id":"6f1b0f7e-8b0a-4c5e-9a51-0d3c2b1a4e5f","type":"device-status-changed","data":{"id":"9b1a2c3d-0000-4000-8000-000000000001","status":"accepted"},"time":"2026-01-02T03:04:05.123456789Z"}';
    expect(signatureOf("00112233445566778899aabbccddeeff", body)).toBe(
      "0877e346457afe29877ac9692cba88d5dfbef5474e0ade763697e172417002e4",
    );
    expect(signatureOf("", body)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is the event as JSON, its data as they were recorded", () => {
    const event = { device_id: "d", event_id: "e", type: "device-provisioned", time_ms: 0 } as const;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const body = bodyOf({ ...event, data });
        expect(JSON.parse(body)).toEqual({
          id: "e",
          type: "device-provisioned",
          data: JSON.parse(JSON.stringify(data)),
          time: "1970-01-01T00:00:00.000Z",
        });
      }),
    );
  });
});

describe("a connection string", () => {
  const text = "HostName=a.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey=c2VjcmV0LWtleQ==";

  it("is read, and shown without its key", () => {
    expect(parseConnectionString(text)).toEqual({
      hostName: "a.azure-devices.net",
      keyName: "owner",
      deviceId: undefined,
      key: "c2VjcmV0LWtleQ==",
    });
    expect(maskedConnectionString(text)).toBe(text.replace("c2VjcmV0LWtleQ==", "c2Vj...<omitted>"));
    expect(parseConnectionString(maskedConnectionString(text))).toBe(
      "SharedAccessKey is not a base64 string",
    );
  });

  it("is refused for whatever else it is, and never breaks the reader", () => {
    for (const broken of [
      "",
      "x",
      "HostName=a",
      "HostName=;SharedAccessKeyName=a;SharedAccessKey=aaaa",
      `${text};A=b`,
    ])
      expect(typeof parseConnectionString(broken)).toBe("string");
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(["string", "object"]).toContain(typeof parseConnectionString(`${a};${text}=${b}`));
        expect(maskedConnectionString(`${text};SharedAccessSignature=${b}aaaaaaa`)).not.toContain("LWtleQ==");
      }),
    );
  });

  it("leads to trusted hosts only, label by label", () => {
    const trusted = ["*.azure-devices.net"];
    for (const host of ["a.azure-devices.net", "A.Azure-Devices.NET", "a.azure-devices.net:8443"])
      expect(isTrustedHost(host, trusted)).toBe(true);
    for (const host of [
      "azure-devices.net",
      "a.b.azure-devices.net",
      "a.azure-devices.net.evil.example",
      "evil.example/a.azure-devices.net",
      "evil.example#.azure-devices.net",
      "x@evil.example:443.azure-devices.net",
      "a.azure-devices.net:443/x",
      "a.azure-devices.net:x",
      "a .azure-devices.net",
      "",
    ])
      expect(isTrustedHost(host, trusted)).toBe(false);
  });

  it("signs tokens as Azure documents it", () => {
    const connection = { hostName: "a.b", keyName: "owner", deviceId: undefined, key: "c2VjcmV0" };
    expect(sharedAccessSignature(connection, 1_700_000_000)).toMatch(
      /^SharedAccessSignature sr=a\.b&sig=[\w%]+&se=1700000000&skn=owner$/,
    );
    expect(sharedAccessSignature({ ...connection, keyName: undefined }, 1)).not.toContain("skn");
  });

  // Made by `SharedAccessSignature.create` of the package azure-iot-common 1.13.3.
  it.each([
    [
      ["acme.azure-devices.net", "iothubowner", "c3VwZXJzZWNyZXRrZXk="],
      "sr=acme.azure-devices.net&sig=uzA%2BDIYxpY7qTopsQvSxsC3EvyZgJcNQv6SjuWtPe80%3D&skn=iothubowner&se=1700000000",
    ],
    [
      ["hub-1.azure-devices.net", "service", "/+//+/8AAQIDBAUGBwgJCgsMDQ4PEA=="],
      "sr=hub-1.azure-devices.net&sig=ucU8rVdhdqi%2Bgs0Qp1bHsBIsIdgtC6rBse5yQe6Q2nQ%3D&skn=service&se=4102444800",
    ],
    [
      ["x.privatelink.azure-devices.net", "a.b_c-d", "a2V5"],
      "sr=x.privatelink.azure-devices.net&sig=wJ6OYiY9uu73Nr0Wc1wElw%2Fz7t3Bc8v2jndS%2Fy%2F9jW4%3D&skn=a.b_c-d&se=2000000001",
    ],
  ])("signs tokens as Azure's own library does: %j", ([hostName = "", keyName, key = ""], fields) => {
    const expiresS = Number(/se=(\d+)$/.exec(fields)?.[1]);
    const token = sharedAccessSignature({ hostName, keyName, deviceId: undefined, key }, expiresS);
    const [scheme, given = ""] = token.split(" ");
    expect([scheme, given.split("&").toSorted()]).toEqual([
      "SharedAccessSignature",
      fields.split("&").toSorted(),
    ]);
  });
});
