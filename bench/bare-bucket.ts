import { startBare, type BareWorker } from "./bare-worker.ts";

const WORKER = `export default {
  async fetch(request, env) {
    const body = request.method === "POST" ? (await env.BUCKET.get("bare")).body : request.body;
    await env.BUCKET.put(request.method === "POST" ? "copy" : "bare", body);
    return new Response("ok");
  },
};`;

/** A server that puts a body into a bucket (PUT) or copies what it put last (POST), and does nothing else. */
export const startBareBucket = (folder: string): Promise<BareWorker> =>
  startBare(folder, WORKER, { r2Buckets: ["BUCKET"] });
