import { describe, expect, it } from "vitest";
import { masked, maskedText, maskedUri, withoutVariables } from "../../../src/workflows/masking.ts";

describe("masking", () => {
  it("hides what stands under the name of a secret at any depth", () => {
    const value = {
      password: "p",
      deep: [{ "api-key": "k", fine: 1 }],
      Authorization: { a: 1 },
      empty_token: "",
    };
    expect(masked(value)).toEqual({
      password: "***",
      deep: [{ "api-key": "***", fine: 1 }],
      Authorization: "***",
      empty_token: "",
    });
  });

  it("looks into JSON and leaves other texts alone", () => {
    expect(maskedText('{"token":"t","a":1}')).toBe('{"token":"***","a":1}');
    expect(maskedText("{no json token=1")).toBe("{no json token=1");
  });

  it("hides secrets of addresses", () => {
    expect(maskedUri("https://u:p@example.com/x?a=1&token=t&X-Amz-Signature=s#f")).toBe(
      "https://***@example.com/x?a=1&token=***&X-Amz-Signature=***#f",
    );
  });

  it("takes values of variables out of any text", () => {
    expect(withoutVariables("Bearer sesame-open x", { K: "sesame-open", SHORT: "x" })).toBe("Bearer *** x");
  });
});
