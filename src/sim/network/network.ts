/** A simulated network: who is there, who hears whom, and connections that behave like TCP's. */
import type { Random } from '../../core/clock.ts';
import { skewed } from '../chance.ts';
import type { SimProcess } from '../machine/process.ts';
import type { Timeline } from '../timeline.ts';
import { Stream, type StreamEnd } from './stream.ts';

/** @param address that was dialled @param from of whoever has dialled it; empty when it has none any more */
type Accept = (end: StreamEnd, address: string, from: string) => void;

/** A container's place in it. */
export interface Host {
  readonly name: string;
  /** Its interface carries frames. */
  up: boolean;
  /** The processes that listen here, by port. */
  readonly listeners: Map<number, { readonly process: SimProcess; readonly accept: Accept }>;
}

interface Cut {
  readonly from: ReadonlySet<string>;
  readonly to: ReadonlySet<string>;
}

/** One way. Bridges of one machine take less, and a busy machine more. */
const LEAST_LATENCY_MS = 0.05;
const MOST_LATENCY_MS = 1.5;
/** Now and then somebody has to wait for the processor. */
const HICCUP_SHARE = 0.01;
const MOST_HICCUP_MS = 25;
/** Of a connection request that nobody answered (RFC 6298 section 2.1). */
const FIRST_SYN_MS = 1000;

export class Network {
  readonly timeline: Timeline;
  readonly #random: Random;
  readonly #hosts = new Map<string, Host>();
  /** Which host an address leads to. */
  readonly #addresses = new Map<string, Host>();
  readonly #cuts = new Set<Cut>();
  readonly #streams = new Set<Stream>();

  constructor(timeline: Timeline, random: Random) {
    this.timeline = timeline;
    this.#random = random;
  }

  /** A new host without an address, and off. */
  host(name: string): Host {
    const host: Host = { name, up: false, listeners: new Map() };
    this.#hosts.set(name, host);
    return host;
  }

  /** From now on the address leads there; whoever had it has lost it. */
  raise(address: string, host: Host): void {
    this.#addresses.set(address, host);
  }

  drop(address: string, host: Host): void {
    if (this.#addresses.get(address) === host) this.#addresses.delete(address);
  }

  /** Those of a host that has gone away. */
  dropAll(host: Host): void {
    for (const [address, at] of this.#addresses) if (at === host) this.#addresses.delete(address);
  }

  at(address: string): Host | undefined {
    return this.#addresses.get(address);
  }

  #addressOf(host: Host): string {
    for (const [address, at] of this.#addresses) if (at === host) return address;
    return '';
  }

  /** Does a frame that is sent now arrive? */
  passes(from: Host, to: Host): boolean {
    if (!from.up || !to.up) return false;
    for (const cut of this.#cuts) if (cut.from.has(from.name) && cut.to.has(to.name)) return false;
    return true;
  }

  /** @returns the way to heal it */
  cut(a: readonly string[], b: readonly string[], direction: 'both' | 'one-way'): () => void {
    const there: Cut = { from: new Set(a), to: new Set(b) };
    const back: Cut = { from: there.to, to: there.from };
    this.#cuts.add(there);
    if (direction === 'both') this.#cuts.add(back);
    return () => {
      this.#cuts.delete(there);
      this.#cuts.delete(back);
    };
  }

  latencyMs(): number {
    const latency = skewed(this.#random, LEAST_LATENCY_MS, MOST_LATENCY_MS);
    return this.#random() < HICCUP_SHARE ? latency + this.#random() * MOST_HICCUP_MS : latency;
  }

  /** Connections of this process are accepted from now on. */
  listen(process: SimProcess, host: Host, port: number, accept: Accept): void {
    host.listeners.set(port, { process, accept });
    process.whenDead(() => host.listeners.delete(port));
  }

  /** Resolves with the near end; null: refused, or not answered in time. */
  connect(
    process: SimProcess,
    host: Host,
    to: { readonly address: string; readonly port: number },
    timeoutMs: number,
  ): Promise<StreamEnd | null> {
    const { promise, resolve } = Promise.withResolvers<StreamEnd | null>();
    let open = true;
    const cancel = process.after(timeoutMs, () => {
      open = false;
      resolve(null);
    });
    const answer = (end: StreamEnd | null) =>
      process.turn(() => {
        cancel();
        resolve(end);
      });
    const { timeline } = this;
    const ask = (againMs: number): void => {
      timeline.after(this.latencyMs(), () => {
        if (!open) return;
        const far = this.at(to.address);
        if (far === undefined || !this.passes(host, far)) {
          timeline.after(againMs, () => open && ask(2 * againMs));
          return;
        }
        const listener = far.listeners.get(to.port);
        // The answer is lost, or a refusal; the caller finds it out by itself.
        if (!this.passes(far, host)) return;
        if (listener === undefined) {
          timeline.after(this.latencyMs(), () => answer(null));
          return;
        }
        const stream = new Stream(
          this,
          { process, host, address: null },
          { process: listener.process, host: far, address: to.address },
        );
        this.#streams.add(stream);
        listener.process.turn(() => listener.accept(stream.far, to.address, this.#addressOf(host)));
        timeline.after(this.latencyMs(), () => {
          if (open) answer(stream.near);
          else stream.near.close();
        });
      });
    };
    ask(FIRST_SYN_MS);
    return promise;
  }

  /** The process is gone, and the kernel of a host that is up tells its peers. */
  endConnectionsOf(process: SimProcess): void {
    for (const stream of this.#streams) stream.processDied(process);
  }

  /** It goes silent: from now on nothing of it is on its way any more. */
  down(host: Host): void {
    host.up = false;
    for (const stream of this.#streams) stream.silence(host);
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream);
  }
}
