/**
 * Keeps one connection to the server, for as long as the client lives. A server that lost its power is
 * silent: neither FIN nor RST comes, and TCP would repeat its segments into the void for minutes, with
 * pauses that double. So a reply that does not come within the patience ends the connection, and a new
 * one is opened from a new socket until the server answers again (RFC 8881 section 2.9.2).
 */
import type { XdrWriter } from '../xdr/writer.ts';
import { type CallOutcome, RpcConnection, type RpcOptions } from './rpc-connection.ts';
import { backoffMs, type Timing } from './timing.ts';
import { Changes, type DeadlineMs, sleep } from './waiting.ts';

export interface LinkOptions extends RpcOptions {
  /** Asked at each use, because the lease (and so the patience) is only known once the server said it. */
  readonly timing: () => Timing;
  /** A connection that stood has ended. */
  readonly onDown: (reason: string) => void;
}

export class Link {
  readonly #options: LinkOptions;
  /** Wakes whoever waits for a connection, or for the end of such a wait. */
  readonly changes: Changes;
  #connection: RpcConnection | null = null;
  #stopped = false;
  #dialling = false;
  /** Connections since the last answer: the first one after an answer is opened without delay. */
  #fruitless = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.changes = new Changes(options.clock);
  }

  /** The connection that stands now. */
  get connection(): RpcConnection | null {
    return this.#connection;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    void this.#dialUntilUp();
  }

  stop(): void {
    this.#stopped = true;
    this.#connection?.close('the client stopped');
    this.#connection = null;
    this.changes.wake();
  }

  /** Waits for a connection; null when the deadline passed, `abandoned()` turned true, or the link stopped. */
  async connected(
    deadlineMs: DeadlineMs,
    abandoned: () => boolean = () => false,
  ): Promise<RpcConnection | null> {
    await this.changes.until(() => this.#connection !== null || this.#stopped || abandoned(), deadlineMs);
    return this.#stopped || abandoned() ? null : this.#connection;
  }

  /**
   * One call on the given connection. A call that is not answered in time ends the connection, since
   * repeating it on the same one is forbidden and waiting longer is hopeless.
   */
  async call(connection: RpcConnection, writeArguments: (w: XdrWriter) => void): Promise<CallOutcome> {
    const outcome = await connection.call(writeArguments, this.#options.timing().rpcTimeoutMs);
    if (outcome.kind === 'lost') connection.close(outcome.reason);
    else this.#fruitless = 0;
    return outcome;
  }

  async #dialUntilUp(): Promise<void> {
    if (this.#dialling) return;
    this.#dialling = true;
    const { clock, random, timing } = this.#options;
    while (!this.#stopped && this.#connection === null) {
      if (this.#fruitless > 0) await sleep(clock, backoffMs(timing().reconnect, this.#fruitless - 1, random));
      this.#fruitless += 1;
      const connection = await RpcConnection.open(this.#options, timing().connectTimeoutMs, (reason) =>
        this.#down(reason),
      );
      if (connection === null || connection.ended) continue;
      if (this.#stopped) connection.close('the client stopped');
      else this.#connection = connection;
    }
    this.#dialling = false;
    this.changes.wake();
  }

  /** The connection that stood ended; one that never came to stand is the dialling's own affair. */
  #down(reason: string): void {
    if (this.#stopped || this.#connection === null || !this.#connection.ended) return;
    this.#connection = null;
    this.#options.onDown(reason);
    void this.#dialUntilUp();
  }
}
