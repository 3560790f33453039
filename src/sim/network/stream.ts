/** One simulated TCP connection: messages arrive once, in order, and as late as it takes; or the connection ends. */
import type { SimProcess } from '../machine/process.ts';
import type { Host, Network } from './network.ts';

/** What one side of it is. */
interface Side {
  readonly process: SimProcess;
  readonly host: Host;
  /** That the other side sends to, and which may lead elsewhere by now; null: the host's own, which never does. */
  readonly address: string | null;
}

export interface StreamEnd {
  /** Both are called in turns of the end's process. */
  onMessage: (message: Buffer) => void;
  onEnd: (reason: string) => void;
  readonly open: boolean;
  /** False when it cannot be sent any more. */
  send(message: Buffer): boolean;
  /** At once; the other side hears of it, if it can. */
  close(): void;
}

/** Linux: what is not acknowledged is sent again after 200 ms, then after twice as long, and so on. */
const FIRST_RTO_MS = 200;
/** Far beyond the patience of anybody here. */
const LAST_RTO_MS = 6400;

/** A message, or the end of the connection. */
type Segment = Buffer | 'end';

class End implements StreamEnd {
  onMessage: (message: Buffer) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  open = true;
  readonly side: Side;
  readonly #stream: Stream;
  /** What the peer has not got yet, oldest first. */
  readonly #unsent: Segment[] = [];
  #sending = false;
  #lastArrivalMs = 0;
  /** The kernel sends no more: power cut, or the last segment is out. */
  silent = false;

  constructor(stream: Stream, side: Side) {
    this.#stream = stream;
    this.side = side;
  }

  send(message: Buffer): boolean {
    if (!this.open || !this.side.process.acts) return false;
    this.#enqueue(message);
    return true;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.#enqueue('end');
  }

  /** The connection ended from outside; the process is told. */
  ended(reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.silent = true;
    this.#stream.maybeForget();
    this.side.process.turn(() => this.onEnd(reason));
  }

  /** Its process is gone: the kernel sends a last word, where there still is a network to send it over. */
  died(): void {
    this.open = false;
    if (this.side.host.up) this.#enqueue('end');
    else this.silent = true;
    this.#stream.maybeForget();
  }

  #enqueue(segment: Segment): void {
    this.#unsent.push(segment);
    if (!this.#sending) this.#transmit(FIRST_RTO_MS);
  }

  /** The oldest segment; the next one follows when it has arrived, or right behind it when nothing is in the way. */
  #transmit(againMs: number): void {
    this.#sending = true;
    const { network } = this.#stream;
    const { timeline } = network;
    const arrivalMs = Math.max(timeline.nowMs + network.latencyMs(), this.#lastArrivalMs);
    timeline.after(arrivalMs - timeline.nowMs, () => this.#arrive(arrivalMs, againMs));
  }

  #arrive(atMs: number, againMs: number): void {
    this.#sending = false;
    if (this.silent) return;
    const { network } = this.#stream;
    const peer = this.#stream.peerOf(this);
    const there = peer.side.address === null ? peer.side.host : network.at(peer.side.address);
    if (there === undefined || !network.passes(this.side.host, there)) {
      this.#sending = true;
      network.timeline.after(againMs, () => {
        if (this.silent) return;
        this.#transmit(Math.min(2 * againMs, LAST_RTO_MS));
      });
      return;
    }
    this.#lastArrivalMs = atMs;
    if (there !== peer.side.host || !peer.open) {
      this.#reset(there);
      return;
    }
    // Whatever was sent meanwhile left right behind it.
    for (const segment of this.#unsent.splice(0)) {
      if (segment === 'end') {
        this.silent = true;
        peer.ended('the other side closed the connection');
        return;
      }
      peer.side.process.turn(() => peer.open && peer.onMessage(segment));
    }
  }

  /** Nobody there knows this connection, and says so. */
  #reset(there: Host): void {
    const { network } = this.#stream;
    if (!this.open) this.silent = true;
    this.#unsent.length = 0;
    if (!network.passes(there, this.side.host)) return;
    network.timeline.after(network.latencyMs(), () => this.ended('the connection was reset'));
  }
}

export class Stream {
  readonly network: Network;
  /** Of whoever connected. */
  readonly near: End;
  readonly far: End;

  constructor(network: Network, near: Side, far: Side) {
    this.network = network;
    this.near = new End(this, near);
    this.far = new End(this, far);
  }

  peerOf(end: End): End {
    return end === this.near ? this.far : this.near;
  }

  processDied(process: SimProcess): void {
    for (const end of [this.near, this.far]) if (end.side.process === process) end.died();
  }

  /** The kernel under this host forgets its connections without a word. */
  silence(host: Host): void {
    for (const end of [this.near, this.far]) if (end.side.host === host) end.silent = true;
  }

  maybeForget(): void {
    if (!this.near.open && !this.far.open) this.network.forget(this);
  }
}
