import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { AnswerReader } from './answer-reader.js';

describe(AnswerReader.name, () => {
  let aborted: unknown[];
  let whole: number;
  let controller: Dispatcher.DispatchController;
  let sut: AnswerReader;

  beforeEach(() => {
    aborted = [];
    controller = { abort: (reason: Error) => void aborted.push(reason) } as Dispatcher.DispatchController;
    whole = 0;
    sut = new AnswerReader(10, () => (whole += 1));
  });

  it('should put the answer together, and take nothing from what only announces it', async () => {
    sut.onResponseStart(controller, 103, { link: '</style.css>' });
    expect(sut.status).toBeNull();
    sut.onResponseStart(controller, 200, { 'content-type': 'application/json' });
    expect(sut.status).toBe(200);
    ['{"a"', ':1}'].forEach((piece) => sut.onResponseData(controller, Buffer.from(piece)));
    expect(whole).toBe(0);
    sut.onResponseEnd();
    expect(whole).toBe(1);
    const body = Buffer.from('{"a":1}');
    await expect(sut.whole).resolves.toEqual({ status: 200, headers: { 'content-type': 'application/json' }, body });
    expect(aborted).toEqual([]);
  });

  it('should take as much as is read, and end the exchange with the first byte beyond', async () => {
    sut.onResponseStart(controller, 200, {});
    sut.onResponseData(controller, Buffer.alloc(10));
    expect([sut.isTooLong, aborted]).toEqual([false, []]);
    sut.onResponseData(controller, Buffer.alloc(1));
    expect(sut.isTooLong).toBe(true);
    sut.onResponseError(controller, aborted[0] as Error);
    await expect(sut.whole).rejects.toBe(aborted[0]);
  });

  it('should reject with what went wrong, and keep the status that was there', async () => {
    sut.onResponseStart(controller, 502, {});
    const error = new Error('reset');
    sut.onResponseError(controller, error);
    await expect(sut.whole).rejects.toBe(error);
    expect(sut.status).toBe(502);
  });
});
