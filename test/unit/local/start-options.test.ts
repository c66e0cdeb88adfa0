import { describe, expect, test } from "vitest";
import { UsageError } from "../../../src/local/flags.ts";
import { readStartOptions } from "../../../src/local/start-options.ts";

describe("the flags of npm start", () => {
  test("are all optional", () => {
    expect(readStartOptions([])).toEqual({
      port: 8787,
      httpsPort: 8443,
      host: "127.0.0.1",
      tlsNames: [],
      data: ".edgemend",
      admin: undefined,
      operatorToken: undefined,
      vars: {},
      databases: undefined,
      inspectorPort: undefined,
      json: false,
      verbose: false,
      help: false,
    });
  });

  test("say where to serve what to whom", () => {
    const args =
      "--port 1 --https-port=2 --host 0.0.0.0 --data d --tls-name a.test --tls-name b.test --operator-token 0123456789abcdef --var JOB_LIFE_S=60 --var PUBLIC_ORIGIN=https://a.test/?b=c --databases 3 --inspector-port 3 --json";
    expect(readStartOptions([...args.split(" "), "--admin", "a@b.test:pass: word"])).toEqual({
      port: 1,
      httpsPort: 2,
      host: "0.0.0.0",
      tlsNames: ["a.test", "b.test"],
      data: "d",
      admin: { email: "a@b.test", password: "pass: word" },
      operatorToken: "0123456789abcdef",
      vars: { JOB_LIFE_S: "60", PUBLIC_ORIGIN: "https://a.test/?b=c" },
      databases: 3,
      inspectorPort: 3,
      json: true,
      verbose: false,
      help: false,
    });
  });

  test.each([
    [["--prot", "1"], "Unknown option '--prot'"],
    [["--databases", "0"], "--databases must be a number from 1 to 50, not 0"],
    [["--databases", "51"], "--databases must be a number from 1 to 50, not 51"],
    [["--databases", "two"], "--databases must be a number from 1 to 50, not two"],
    [["--port"], "Option '--port <value>' argument missing"],
    [["--port", "http"], "--port must be a port number, not http"],
    [["--port", "65536"], "--port must be a port number, not 65536"],
    [["--port", "-1"], "Option '--port' argument is ambiguous"],
    [["--port", "7", "--https-port", "7"], "--port and --https-port must differ"],
    [["--admin", "nobody"], "--admin must be EMAIL:PASSWORD"],
    [["--admin", "a@b.test:short"], "the password in --admin must have at least 8 characters"],
    [["--operator-token", "short"], "--operator-token must have at least 16 characters and no spaces"],
    [
      ["--operator-token", "x".repeat(20) + " y"],
      "--operator-token must have at least 16 characters and no spaces",
    ],
    [["--var", "JOB_LIFE_S"], "--var must be NAME=VALUE"],
    [["--var", "=60"], "--var must be NAME=VALUE"],
    [["now"], "unexpected argument now"],
  ])("are refused with a reason: %j", (args, reason) => {
    expect(() => readStartOptions(args)).toThrow(UsageError);
    expect(() => readStartOptions(args)).toThrow(reason);
  });
});
