/**
 * Types, lint and all tests beside each other: the tests that come first wait for servers, which leaves the processors to the
 * other two. What follows `npm test --` goes to the tests.
 */
import { spawn } from "node:child_process";

/** Resolves to whether it succeeded; what it says is held back until it ends, unless `isShown`. */
const run = (isShown, program, ...args) =>
  new Promise((done) => {
    const child = spawn(program, args, { stdio: isShown ? "inherit" : ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => said.push(chunk));
    child.on("close", (code) => {
      process.stdout.write(Buffer.concat(said));
      if (code !== 0) console.error(`\nFAILED: ${[program, ...args].join(" ")}`);
      done(code === 0);
    });
  });

const ended = await Promise.all([
  run(false, "npm", "run", "--silent", "typecheck"),
  run(false, "npm", "run", "--silent", "lint"),
  run(true, "npx", "vitest", "run", ...process.argv.slice(2)),
]);
process.exitCode = ended.every(Boolean) ? 0 : 1;
