// COPY … FROM STDIN over a client of pg, which has the messages of the protocol and no statement that uses them.

/** A statement of pg that sends what an iterator of buffers yields. */
export class CopyIn {
  /** Resolves when the rows are committed. */
  static run(client, text, chunks) {
    return new Promise((resolve, reject) => client.query(new CopyIn(text, chunks, resolve, reject)));
  }

  constructor(text, chunks, resolve, reject) {
    Object.assign(this, { text, chunks, resolve, reject });
  }

  submit(connection) {
    this.connection = connection;
    connection.query(this.text);
  }

  handleCopyInResponse(connection) {
    this.#send(connection).catch((error) => connection.sendCopyFail(String(error)));
  }

  async #send(connection) {
    for await (const chunk of this.chunks) {
      connection.sendCopyFromChunk(chunk);
      while (connection.stream.writableNeedDrain) {
        await new Promise((resolve) => void connection.stream.once('drain', resolve));
      }
    }
    connection.endCopyFrom();
  }

  handleError(error) {
    this.failure = error;
  }

  handleCommandComplete() {
    // What follows says that the server is ready again.
  }

  handleReadyForQuery() {
    if (this.failure === undefined) {
      this.resolve();
    } else {
      this.reject(this.failure);
    }
  }
}
