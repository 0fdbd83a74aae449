import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { onOver } from './on-over.js';

let socket: Socket;
let over: jest.Mock<() => void>;

/** A response as Node makes it: queued, until it is assigned the socket. */
const newResponse = () => new ServerResponse(new IncomingMessage(socket));
const end = async () => {
  socket.destroy();
  await once(socket, 'close');
};

beforeEach(() => {
  socket = new Socket();
  over = jest.fn();
});

afterEach(() => void socket.destroy());

describe('an answer whose turn it is', () => {
  it('should be over when it closes, once, and leave nothing on the connection', () => {
    const response = newResponse();
    response.assignSocket(socket);
    const before = socket.listenerCount('close');
    onOver(response, over);
    expect(socket.listenerCount('close')).toBe(before);
    expect(over).not.toHaveBeenCalled();
    response.emit('close');
    response.emit('close');
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('should be over when the connection ends', async () => {
    const response = newResponse();
    response.assignSocket(socket);
    onOver(response, over);
    await end();
    expect(over).toHaveBeenCalledTimes(1);
  });
});

describe('an answer that is queued behind another', () => {
  it('should be over when the connection ends before its turn', async () => {
    newResponse().assignSocket(socket);
    const response = newResponse();
    onOver(response, over);
    await end();
    expect(over).toHaveBeenCalledTimes(1);
    expect(response.listenerCount('close')).toBe(0);
  });

  it('should be over once where the connection ends in its turn', async () => {
    const response = newResponse();
    onOver(response, over);
    response.assignSocket(socket);
    await end();
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('should be over when it closes, and not again when the connection ends', async () => {
    const response = newResponse();
    onOver(response, over);
    response.emit('close');
    expect(over).toHaveBeenCalledTimes(1);
    await end();
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('should put one listener on the connection, however many are queued and however often', async () => {
    const overs = Array.from({ length: 100 }, (_, nth) => {
      const response = newResponse();
      const each = jest.fn();
      onOver(response, each);
      onOver(response, each);
      if (nth % 2 === 0) {
        response.emit('close');
      }
      return each;
    });
    expect(socket.listenerCount('close')).toBe(1);
    await end();
    expect(overs.map((each) => each.mock.calls.length)).toEqual(overs.map(() => 2));
  });
});

describe('an answer whose connection has ended', () => {
  it.each(['assigned', 'queued'])('should be over at once: %s', async (how) => {
    const response = newResponse();
    if (how === 'assigned') {
      response.assignSocket(socket);
    }
    await end();
    onOver(response, over);
    expect(over).toHaveBeenCalledTimes(1);
  });
});
