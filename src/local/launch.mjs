// Starts one of the programs here. Plain JavaScript, so that a Node that cannot run TypeScript can still say so.
import module from "node:module";

const OLDEST = [22, 18];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `Edgemend's programs need Node ${OLDEST.join(".")} or newer; this is ${process.versions.node}.\n` +
      "`npm ci` installs one inside the project, and `npm start`, `npm run admin` and `npm run demo` use it by themselves.\n",
  );
  process.exit(1);
}
// The runtime's own programs are large; kept compiled they are ready a second earlier.
module.enableCompileCache(`${import.meta.dirname}/../../node_modules/.cache/edgemend`);

const [program] = process.argv.splice(2, 1);
try {
  await import(`./${program}.ts`);
} catch (cause) {
  if (cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
  process.stderr.write("A package that this needs is not installed: run npm ci\n");
  process.exit(1);
}
