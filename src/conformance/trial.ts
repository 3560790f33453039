/** What one test has in hand. */

import type { Principal } from '../client/principal.ts';
import type { Clock } from '../core/clock.ts';
import type { RestartWish } from './lane.ts';
import type { Life } from './life.ts';
import { reach, whileMoved } from './moved-export.ts';
import { type MinorVersion, NotApplicable, Unjudged } from './outcome.ts';
import { isKept } from './rival.ts';
import type { Roster } from './roster.ts';
import type { ServerHelper } from './server-helper.ts';
import { ROOT, type ServerUnderTest } from './server-under-test.ts';
import { WireClient } from './wire-client.ts';
import { WireClient0 } from './wire-client-0.ts';

export interface TrialParts {
  readonly server: ServerUnderTest;
  /** Another node of the same cluster. */
  readonly peer: ServerUnderTest | null;
  readonly helper: ServerHelper | null;
  readonly version: MinorVersion;
  readonly leaseMs: number;
  /** Handle of the directory of the run. */
  readonly directory: Buffer;
  /** From the server's root to there. */
  readonly path: readonly string[];
  /** Nobody else uses it: part of all names. */
  readonly label: string;
  readonly roster: Roster;
  readonly restart: (wish?: RestartWish) => Promise<Life>;
}

export interface ClientWish {
  readonly principal?: Principal;
  /** It says that it is that client, as a new instance of it. */
  readonly as?: WireClient;
  /** Even the same instance. */
  readonly sameVerifier?: boolean;
  readonly atPeer?: boolean;
  /** Handle of the directory that it works in. Default: as it was found at the server under test. */
  readonly directory?: Buffer;
}

export class Trial {
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly restart: (wish?: RestartWish) => Promise<Life>;
  /** What was not as expected, a line each. */
  readonly findings: string[] = [];
  /** Whether anything was expected at all. */
  judged = false;
  readonly #parts: TrialParts;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.leaseMs = parts.leaseMs;
    this.clock = parts.server.clock;
    this.restart = parts.restart;
  }

  /** Of the directory of the run. */
  get directory(): Buffer {
    return this.#parts.directory;
  }

  /** To that directory, from the root of the server under test. */
  get path(): readonly string[] {
    return this.#parts.path;
  }

  /** As it was given to the run. @throws {NotApplicable} */
  get peerHost(): string {
    return this.#peer().host;
  }

  #peer(): ServerUnderTest {
    const { peer } = this.#parts;
    if (peer === null) throw new NotApplicable('needs --peer');
    return peer;
  }

  /** One that the server has not heard of. Its state is gone when the test is over. */
  client(name: string, wish: ClientWish = {}): WireClient {
    const { server, version, leaseMs, directory, roster } = this.#parts;
    if (version === 0) throw new RangeError('clients of version 4.0 are client0()');
    const client = new WireClient({
      server: wish.atPeer ? this.#peer() : server,
      name,
      ownerId: wish.as?.ownerId ?? this.#ownerId(name),
      verifier: wish.as !== undefined && wish.sameVerifier ? wish.as.verifier : roster.freshVerifier(),
      principal: wish.principal ?? ROOT,
      version,
      directory: wish.directory ?? directory,
      patienceMs: leaseMs * 2,
    });
    roster.add(client, this);
    return client;
  }

  client0(name: string): WireClient0 {
    const { server, directory, roster } = this.#parts;
    const ownerId = this.#ownerId(name);
    const verifier = roster.freshVerifier();
    const client = new WireClient0({ server, name, ownerId, verifier, principal: ROOT, directory });
    roster.add(client, this);
    return client;
  }

  #ownerId(name: string): Buffer {
    return Buffer.from(`gracelab conformance ${this.#parts.label} ${name}`);
  }

  /** The name of a file that no other test uses. */
  file(name: string): string {
    return `${this.#parts.label}-${name}`;
  }

  /** A status that the row is about. */
  expect(what: string, got: string, ...allowed: readonly string[]): void {
    this.hold(allowed.includes(got), what, allowed.join(' or '), got);
  }

  /** Anything else that the row is about. */
  hold(holds: boolean, what: string, expected: string, got: string): void {
    this.judged = true;
    if (!holds) this.findings.push(`${what}: expected ${expected}, got ${got}`);
  }

  /** `judge` runs while the filesystem of the run is at the peer. It is back when this settles, whatever came of it. */
  moveExport(judge: () => Promise<void>): Promise<void> {
    const { helper, version } = this.#parts;
    const untilBack = async () => {
      const looker = await (version === 0 ? this.client0('looker') : this.client('looker')).start();
      const found = await this.until('OK', this.leaseMs * 2, () => reach(looker, this.directory));
      if (found !== 'OK') throw new Unjudged(`the filesystem has not come back: GETFH was answered ${found}`);
    };
    return whileMoved({ helper, clock: this.clock, judge, untilBack });
  }

  async pause(ms: number): Promise<void> {
    await new Promise<void>((go) => void this.clock.after(ms, go));
  }

  /** Asks again until the status comes, and says the last one when time is up. */
  async until(
    wanted: string,
    limitMs: number,
    ask: () => Promise<string>,
    everyMs = Math.max(this.leaseMs / 20, 20),
  ): Promise<string> {
    const endMs = this.clock.nowMs() + limitMs;
    for (;;) {
      const status = await ask();
      if (status === wanted || this.clock.nowMs() >= endMs) return status;
      await this.pause(everyMs);
    }
  }

  /** What is judged within is judged only if grace ran all the time. */
  async inGrace(life: Life, judge: () => Promise<void>): Promise<void> {
    const first = await life.first;
    if (first !== 'GRACE')
      throw new Unjudged(`after the restart there was no grace: an OPEN was answered ${first}`);
    await this.whileKept(() => life.ask(), judge);
  }

  /** @param ask what somebody else is answered at this moment who wants what is to be reclaimed, or anything */
  async whileKept(ask: () => Promise<string>, judge: () => Promise<void>): Promise<void> {
    const before = this.findings.length;
    await judge();
    if (this.findings.length > before && !isKept(await ask())) {
      this.findings.length = before;
      throw new Unjudged('grace ended before everything was asked that belongs into it: try a longer one');
    }
  }
}
