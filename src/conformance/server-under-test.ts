import type { Dial } from '../client/channel.ts';
import { CompoundProbe } from '../client/compound-probe.ts';
import type { Principal } from '../client/principal.ts';
import { tcpDial } from '../client/tcp.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Address } from './target.ts';

export interface ServerUnderTest {
  /** Name or address, as it was given. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A new connection for hand-built COMPOUNDs. @throws Error one sentence, when there is none */
  connect(principal: Principal): Promise<Line>;
  /** At most so many requests at a time, over all connections. */
  inTurn<T>(request: () => Promise<T>): Promise<T>;
}

export interface Line {
  readonly probe: CompoundProbe;
  /** The server has closed it, or died. */
  ended(): boolean;
}

export interface ServerOptions extends Address {
  readonly clock: Clock;
  readonly random: Random;
  /** Requests at a time. */
  readonly parallel: number;
  /** Default: TCP. */
  readonly dial?: Dial;
}

/** A server under load, or one that waits for its disk, may well take longer than a probe grants by default. */
const ANSWER_MS = 15_000;

export const ROOT: Principal = { uid: 0, gid: 0, machine: 'conformance' };
export const NOBODY_SPECIAL: Principal = { uid: 1000, gid: 1000, machine: 'conformance' };
/** The same rights as the former, and somebody else. */
export const SOMEBODY_ELSE: Principal = { uid: 1001, gid: 1001, machine: 'elsewhere' };

export function serverUnderTest(options: ServerOptions): ServerUnderTest {
  const { clock, random, host, port, parallel } = options;
  const dial = options.dial ?? tcpDial(host, port, clock);
  let free = parallel;
  const waiting: (() => void)[] = [];
  return {
    host,
    clock,
    random,
    async connect(principal) {
      let ended = false;
      const watched: Dial = (events, timeoutMs) =>
        dial(
          {
            message: events.message,
            ended: (reason) => {
              ended = true;
              events.ended(reason);
            },
          },
          timeoutMs,
        );
      const probe = await CompoundProbe.connect({
        ...{ host, port, clock, random, principal },
        timeoutMs: ANSWER_MS,
        dial: watched,
      });
      return { probe, ended: () => ended };
    },
    async inTurn(request) {
      if (free > 0) free -= 1;
      else await new Promise<void>((go) => waiting.push(go));
      try {
        return await request();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
