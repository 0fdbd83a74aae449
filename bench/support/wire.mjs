// One keep-alive connection that carries one request at a time. Plain sockets: with thousands of requests at once, or a tail to be
// measured on a busy machine, an HTTP client would be what is measured.
import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';

/** Milliseconds of the machine's one clock: they compare between processes. */
export const now = () => performance.timeOrigin + performance.now();

/** The bytes of a GET. */
export const getRequest = (path, key) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\n\r\n`);

/** Whether the text of an answer is whole, by its Content-Length. */
function isWhole(text) {
  const headEnd = text.indexOf(HEAD_END);
  const length = headEnd < 0 ? undefined : /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd + 2))?.[1];
  return length !== undefined && text.length >= headEnd + HEAD_END.length + Number(length);
}

export class Wire {
  isOpen = false;
  #text = '';
  #settle = () => {};

  constructor({ host, port }) {
    this.opened = new Promise((resolve) => {
      this.socket = connect({ host, port, noDelay: true });
      this.socket.setEncoding('latin1');
      this.socket.once('connect', () => resolve((this.isOpen = true)));
      this.socket.on('data', (chunk) => this.#take(chunk));
      this.socket.on('error', () => resolve(false));
      this.socket.on('close', () => this.#close());
    });
  }

  /** Resolves with the status and the time at which the answer was whole; with status 0 where the connection ended before. */
  ask(bytes) {
    this.#text = '';
    const answer = new Promise((resolve) => (this.#settle = (status) => resolve({ status, at: now() })));
    this.socket.write(bytes);
    return answer;
  }

  #take(chunk) {
    this.#text += chunk;
    if (isWhole(this.#text)) {
      this.#settle(Number(this.#text.slice(9, 12)));
    }
  }

  #close() {
    this.isOpen = false;
    this.#settle(0);
  }
}
