import { describe, expect, it } from "vitest";
import { networkOf, splitPeer } from "../../../src/platform/network.ts";

describe("the network of an address", () => {
  it("is the address for IPv4 and the /64 for IPv6, in one spelling", () => {
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0");
    for (const same of ["2001:DB8:0:0:ffff::", "2001:0db8:0000:0000:1:2:3:4", "2001:db8::%eth0"])
      expect(networkOf(same)).toBe("2001:db8:0:0");
    expect(networkOf("::1")).toBe("0:0:0:0");
    expect(networkOf("2001:db8:0:1::1")).toBe("2001:db8:0:1");
  });

  it("is that of the IPv4 address inside an IPv6 one", () => {
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("::ffff:c000:201")).toBe("192.0.2.1");
  });

  it("is none for what is no address", () => {
    for (const text of ["", "unknown", "localhost", "1.2.3", "1::2::3", "1:2:3", ":::", "2001:db8::g"])
      expect(networkOf(text)).toBeUndefined();
  });
});

describe("the peer of a socket", () => {
  it("is split into address and port", () => {
    expect(splitPeer("192.0.2.1:5000")).toEqual({ address: "192.0.2.1", port: "5000" });
    expect(splitPeer("[2001:db8::1]:5000")).toEqual({ address: "2001:db8::1", port: "5000" });
  });
});
