import type { ProcessSize } from './process-size.ts';

/** Something that a server must not do. */
export interface Finding {
  /** One sentence. */
  readonly what: string;
  /** In which round; with the seed it is made again. Null: seen at the end. */
  readonly round: number | null;
  /** What was sent before, the newest last. */
  readonly recent: readonly SentMutant[];
}

export interface SentMutant {
  readonly request: string;
  readonly mutations: readonly string[];
  /** As it went over the wire, record marks included; hexadecimal. */
  readonly bytes: string;
}

/** Requests a second of somebody else, one after the other. */
export interface Rates {
  readonly before: number;
  readonly after: number;
}

export interface FuzzReport {
  readonly outcome: 'pass' | 'fail' | 'unknown';
  readonly seed: number;
  readonly requests: number;
  readonly rounds: number;
  /** Of them were answered; ended their connection; got past SEQUENCE into a session. */
  readonly answered: number;
  readonly closed: number;
  readonly entered: number;
  /** How often each status was the answer. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Requests of victims that were answered meanwhile. */
  readonly victimsServed: number;
  readonly rates: Rates;
  /** Of the server, before the first connection, after a tenth of the requests, and after the last connection. */
  readonly process: {
    readonly before: ProcessSize;
    readonly warm: ProcessSize | null;
    readonly after: ProcessSize | null;
  } | null;
  /** As the kernel lists them, of the victims; null: nobody looked. */
  readonly kernelLocks: number | null;
}
