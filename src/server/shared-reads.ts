import { Socket } from 'node:net';

/**
 * All connections are read into one buffer: what is read is looked at before anything else is read. By itself Node takes fresh memory
 * for every 64 KiB that arrive, and to collect it costs more than the reading (docs/performance.md).
 */
const BUFFER_BYTES = 256 * 1024;

/** The part of a socket that Node does not document and that cannot be had otherwise: what it reads from. */
interface WithHandle {
  _handle?: object | null;
}

export class SharedReads {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  /**
   * @param socket that has not begun to read: accepted with `pauseOnConnect`
   * @param receive gets what was read; it is overwritten by the next read of whatever connection
   * @returns the socket to go on with
   */
  of(socket: Socket, receive: (chunk: Buffer) => void): Socket {
    const { _handle: handle } = socket as WithHandle;
    if (handle === null || handle === undefined) {
      socket.on('data', receive);
      return socket;
    }
    const buffer = this.#buffer;
    const callback = (bytes: number): boolean => {
      receive(buffer.subarray(0, bytes));
      return true;
    };
    // Only sockets that connect may be given a buffer, says the documentation; all of them take one.
    const options = { handle, onread: { buffer, callback }, readable: true, writable: true };
    const reading = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    (socket as WithHandle)._handle = null;
    socket.destroy();
    return reading;
  }
}
