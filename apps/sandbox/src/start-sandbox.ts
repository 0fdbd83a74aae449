import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contract, toContract } from './contract/contract.js';
import { loadAnswers } from './contract/load-answers.js';
import { CredentialStore } from './credentials/credential.store.js';
import { Issuer } from './credentials/issuer.js';
import { SharedSecrets } from './credentials/shared-secrets.js';
import { SigningKeys } from './credentials/signing-keys.js';
import { requireConditions } from './exchange/decide.js';
import { FaultQueue } from './faults/fault.queue.js';
import { startListening } from './http/listen.js';
import { RequestLog } from './request.log.js';
import type { Rooms } from './rooms.js';
import { RunningSandbox } from './running-sandbox.js';
import type { Sandbox, SandboxOptions } from './sandbox.js';
import { serveRequest } from './serve-request.js';
import { readState, StateFile } from './state/state.file.js';

/**
 * Starts a sandbox; resolves when it listens.
 * @throws the error of the listening socket (`EADDRINUSE` …), or a sentence about a file that cannot be used.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0 } = options;
  const { rooms, save } = buildRooms(options);
  const server = createServer();
  const sandbox = new RunningSandbox(rooms, server, host, save);
  server.on('request', (message, response) => serveRequest(rooms, sandbox, message, response));
  await startListening(server, port, host);
  return sandbox;
}

function buildRooms(options: SandboxOptions): { readonly rooms: Rooms; readonly save: () => void } {
  const { now = Date.now, warn = () => undefined, stateFile } = options;
  const contracts = loadContracts(options.answersDir);
  const saved = stateFile === undefined ? undefined : readState(stateFile, warn);
  const keys = new SigningKeys(saved?.keys);
  const secrets = new SharedSecrets(saved?.secrets);
  const state = stateFile === undefined ? undefined : new StateFile(stateFile, () => snapshot(), warn);
  const store = new CredentialStore(contracts, keys, secrets, now, () => state?.touch());
  const snapshot = () =>
    ({ version: 1, keys: keys.save(), secrets: secrets.save(), credentials: store.index.all() }) as const;
  // Credentials of a provider whose answers file is gone have nobody left to ask about them.
  saved?.credentials.filter(({ provider }) => contracts.has(provider)).forEach((each) => store.index.add(each));
  const stopping = new AbortController();
  const rooms: Rooms = {
    contracts,
    store,
    issuer: new Issuer(store),
    faults: new FaultQueue(),
    log: new RequestLog(),
    now,
    wait: async (ms) => void (ms > 0 && (await sleep(ms, undefined, { signal: stopping.signal }))),
    stop: () => stopping.abort(),
    warn,
  };
  return { rooms, save: () => state?.flush() };
}

function loadContracts(directory?: string): ReadonlyMap<string, Contract> {
  const contracts = [...loadAnswers(directory).values()].map(toContract);
  contracts.forEach(requireConditions);
  return new Map(contracts.map((contract) => [contract.provider, contract]));
}
