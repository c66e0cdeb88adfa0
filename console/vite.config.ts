import { defineConfig } from "vite";

/** Where `npm start` listens while the console is worked on: `npx vite console`. */
const SERVER = process.env.EDGEMEND_URL ?? "http://127.0.0.1:8787";

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  server: { proxy: { "/api": { target: SERVER, ws: true }, "/favicon.svg": SERVER } },
  build: {
    target: "es2023",
    // The policy of the page allows no addresses of data but for pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
    emptyOutDir: true,
    rolldownOptions: {
      output: {
        // What most pages are made of comes with the first load, not in a dozen files after it.
        codeSplitting: {
          groups: [
            {
              name: "parts",
              test: /console\/src\/(api|parts|query)\/|node_modules\/(preact|@preact|preact-iso|openapi-fetch)\//,
            },
          ],
        },
      },
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
