import { BrokerError } from '@app/common';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';

/** Addresses of local sockets are at most 104 bytes on some systems, with a zero at their end. */
const LONGEST_ADDRESS = 103;
const MOST_TRIES = 5;

/**
 * Keeps a folder to one process. The lock is a socket that its holder listens at: it ends with the process however that ends, is
 * seen from other containers on the same machine, and no process id can be mistaken for it.
 */
export class FolderLock {
  private constructor(private readonly server: Server) {}

  /** @throws BrokerError `conflict` where another process has the folder. */
  static async take(folder: string): Promise<FolderLock> {
    const address = addressOf(folder);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const server = await listen(address);
      if (server !== undefined) {
        return new FolderLock(server);
      }
      if (await isHeld(address)) {
        break;
      }
      await removeStale(address);
    }
    const detail = `Another process uses the folder ${folder}. Give each replica an AUDIT_SPOOL_DIR of its own, or stop the other process.`;
    throw new BrokerError('conflict', detail);
  }

  async release(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }
}

function addressOf(folder: string): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\claviger-${createHash('sha256').update(resolve(folder)).digest('hex')}`;
  }
  const address = join(folder, 'lock');
  if (Buffer.byteLength(address) > LONGEST_ADDRESS - '.'.length - SUFFIX_LENGTH) {
    throw new BrokerError(
      'conflict',
      `The path ${folder} is too long for AUDIT_SPOOL_DIR: choose one of at most 80 bytes.`,
    );
  }
  return address;
}

const SUFFIX_LENGTH = 8;

/** The server, or undefined where the address is taken. */
async function listen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    server.listen(address);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EADDRINUSE') {
      return undefined;
    }
    throw error;
  }
}

/** Whether somebody listens there. */
async function isHeld(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return code !== 'ECONNREFUSED' && code !== 'ENOENT';
  } finally {
    socket.destroy();
  }
}

/** Two who find the same stale lock must not remove each other's new one: what is removed is looked at once more under a name of ours. */
async function removeStale(address: string): Promise<void> {
  const aside = `${address}.${randomBytes(SUFFIX_LENGTH / 2).toString('hex')}`;
  await rename(address, aside).catch(() => undefined);
  if (await isHeld(aside)) {
    await rename(aside, address);
    return;
  }
  await rm(aside, { force: true });
}
