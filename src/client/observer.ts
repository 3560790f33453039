/**
 * What the client tells its surroundings as it happens. A history is only as good as the moments at
 * which its events are taken: `invoke` strictly before the bytes are handed to the socket, the outcome
 * at the moment its reply is read, both synchronously, so that the real effect always lies between.
 */
import type { ClientEvent, OpEvent } from '../history/events.ts';

type Unstamped<Event> = Event extends unknown ? Omit<Event, 't'> : never;

/** An event of a history that still lacks its time; whoever records it stamps it at once. */
export type ClientObservation = Unstamped<OpEvent | ClientEvent>;
export type Observe = (event: ClientObservation) => void;

/** What is the same in all events of one operation. */
export type OpSubject = Pick<
  OpEvent,
  'owner' | 'op' | 'file' | 'span' | 'mode' | 'reclaim' | 'value' | 'basedOn'
>;
export type ClientNews = Omit<ClientEvent, 't' | 'kind' | 'client' | 'node'>;

/** The open end of an operation that was sent. Exactly one of these is called, once. */
export interface OpRecord {
  /** Done. `value`: what was read. */
  ok(value?: string): void;
  /** Certainly not done; the name of the status without its prefix. */
  fail(status: string): void;
  /** Nobody knows, and nobody will: the session ended before an answer came. */
  unknown(): void;
}

/** Numbers the operations of one client and puts its name, and that of the server, on everything. */
export class Observer {
  readonly #client: string;
  readonly #node: string;
  readonly #observe: Observe;
  /** One count for all servers. */
  readonly #last: { id: number };

  /** @param operationsFrom the numbers up to this one were used by the client's former lives */
  constructor(
    client: string,
    node: string,
    observe: Observe,
    operationsFrom = 0,
    last = { id: operationsFrom },
  ) {
    this.#last = last;
    this.#client = client;
    this.#node = node;
    this.#observe = observe;
  }

  /** The same client, of another server. */
  at(node: string): Observer {
    return new Observer(this.#client, node, this.#observe, 0, this.#last);
  }

  /** To be called immediately before the request is handed to the socket for the first time. */
  invoke(subject: OpSubject): OpRecord {
    this.#last.id += 1;
    const op = { kind: 'op', id: this.#last.id, client: this.#client, node: this.#node, ...subject } as const;
    this.#observe({ ...op, phase: 'invoke' });
    return {
      ok: (value) => this.#observe({ ...op, phase: 'ok', ...(value === undefined ? {} : { value }) }),
      fail: (status) => this.#observe({ ...op, phase: 'fail', status }),
      unknown: () => this.#observe({ ...op, phase: 'info', status: 'TIMEOUT' }),
    };
  }

  report(news: ClientNews): void {
    this.#observe({ kind: 'client', client: this.#client, node: this.#node, ...news });
  }
}
