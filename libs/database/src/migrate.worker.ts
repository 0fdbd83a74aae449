import { parentPort, workerData } from 'node:worker_threads';
import { openSchemaEngine } from './schema-engine.js';

const { url } = workerData as { readonly url: string };

try {
  const engine = await openSchemaEngine(url);
  parentPort?.postMessage({ applied: await engine.apply() });
} catch (error) {
  parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
}
