interface ModuleRunner {
  import: (path: string) => Promise<unknown>;
}

const { moduleRunner } = (globalThis as unknown as { __vitest_mocker__: { moduleRunner: ModuleRunner } })
  .__vitest_mocker__;

const WORKER = "/workers/gateway.ts";

/**
 * Before every call of an object the test runtime asks the process of Vite for the Worker's module, which takes longer than
 * most calls. No file changes while tests run: asked for once.
 */
export function importWorkerOnce(): void {
  const ask = moduleRunner.import.bind(moduleRunner);
  let worker: unknown;
  moduleRunner.import = async (path) => {
    if (!path.endsWith(WORKER)) return ask(path);
    worker ??= await ask(path);
    return worker;
  };
}
