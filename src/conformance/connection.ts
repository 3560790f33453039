import type { Op } from '../client/compound.ts';
import type { ProbeReply } from '../client/compound-probe.ts';
import type { Principal } from '../client/principal.ts';
import type { MinorVersion } from './outcome.ts';
import type { Line, ServerUnderTest } from './server-under-test.ts';

/** Of one client: dialled when something is to be said, again after it was cut; one request at a time, in the order they were given. */
export class Connection {
  readonly #server: ServerUnderTest;
  readonly #principal: Principal;
  readonly #version: MinorVersion;
  #line: Line | null = null;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(server: ServerUnderTest, principal: Principal, version: MinorVersion) {
    this.#server = server;
    this.#principal = principal;
    this.#version = version;
  }

  /** Whatever `talk` sends goes over the wire before anything that is asked for later. */
  alone<T>(talk: (send: Connection['send']) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => talk(this.send));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** To be called within {@link alone}. */
  readonly send = <const Ops extends readonly Op[]>(...ops: Ops): Promise<ProbeReply<Ops>> =>
    this.#server.inTurn(async () => {
      if (this.#line?.ended()) this.cut();
      const line = this.#line ?? (await this.#dial());
      try {
        return await line.probe.compoundOf(this.#version, ops);
      } catch (error) {
        this.cut();
        throw error;
      }
    });

  /** The next request dials. */
  cut(): void {
    this.#line?.probe.close();
    this.#line = null;
  }

  /** For good: whatever still waits for its turn is not said any more, and dials nobody. */
  close(): void {
    this.#closed = true;
    this.cut();
  }

  async #dial(): Promise<Line> {
    this.#mustBeOpen();
    const line = await this.#server.connect(this.#principal);
    this.#line = line;
    if (this.#closed) this.cut();
    this.#mustBeOpen();
    return line;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error('the client has left');
  }
}
