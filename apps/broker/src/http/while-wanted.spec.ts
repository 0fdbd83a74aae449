import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Draining } from '../health/draining.js';
import type { BrokerReply } from './request.js';
import { whileWanted } from './while-wanted.js';

const newReply = () => {
  const socket = new Socket();
  const raw = new ServerResponse(new IncomingMessage(socket));
  return { socket, raw, reply: { raw } as unknown as BrokerReply };
};

describe('whileWanted', () => {
  it.each(['in its turn', 'queued behind another'])('should end when the caller leaves an answer %s', async (how) => {
    const { socket, raw, reply } = newReply();
    if (how === 'in its turn') {
      raw.assignSocket(socket);
    }
    const sut = whileWanted(reply, new Draining());
    expect(sut.aborted).toBe(false);
    socket.destroy();
    await once(socket, 'close');
    expect(sut.reason).toMatchObject({ message: 'The caller went away before the answer.' });
  });

  it('should end when the broker stops', () => {
    const draining = new Draining();
    const sut = whileWanted(newReply().reply, draining);
    void draining.begin();
    expect(sut.reason).toMatchObject({ code: 'shutting_down' });
  });
});
