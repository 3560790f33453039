import { openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { findLock } from '../../../../src/server/filesystem/record-locks.ts';
import { close } from '../../../../src/server/filesystem/syscalls.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { twoNodes } from '../fixtures/two-nodes.ts';
import { type HeldLock, type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** Of the one file. */
const BYTES = 6;

interface Piece {
  readonly first: number;
  readonly bytes: number;
}

/** What one program does next. */
type Action =
  | { readonly kind: 'lock' | 'unlock'; readonly piece: Piece }
  | { readonly kind: 'release' | 'close' };

const pieces = fc
  .record({ first: fc.nat({ max: BYTES - 1 }), bytes: fc.integer({ min: 1, max: BYTES }) })
  .map(({ first, bytes }) => ({ first, bytes: Math.min(bytes, BYTES - first) }));
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('lock' as const), piece: pieces }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('unlock' as const), piece: pieces }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('release' as const, 'close' as const) }) },
);

const rangeOf = ({ first, bytes }: Piece) => ({ offset: BigInt(first), length: BigInt(bytes) });
const bytesOf = ({ first, bytes }: Piece): number[] => Array.from({ length: bytes }, (_, at) => first + at);

/** A program that locks the file, by one lock owner. Each call answers with a status. */
interface Program {
  lock(piece: Piece): Promise<string>;
  unlock(piece: Piece): Promise<string>;
  /** A client with sessions has no such operation, and does nothing. */
  release(): Promise<string>;
  close(): Promise<string>;
}

/** As the client of Linux does: an owner that holds nothing is released, and begins anew with the first seqid and the name of before. */
class SessionlessProgram implements Program {
  readonly #client: SessionlessTestClient;
  readonly #owner: string;
  #file: OpenFile | null = null;
  #held: HeldLock | null = null;

  constructor(client: SessionlessTestClient, owner: string) {
    this.#client = client;
    this.#owner = owner;
  }

  async lock(piece: Piece): Promise<string> {
    if (this.#held !== null) return this.#client.lockAgain(this.#held, rangeOf(piece));
    this.#file ??= await this.#client.opened('f', `opener of ${this.#owner}`);
    const { status, held } = await this.#client.lock(this.#file, this.#owner, rangeOf(piece));
    this.#held = held;
    return status;
  }

  async unlock(piece: Piece): Promise<string> {
    return this.#held === null ? 'OK' : this.#client.unlock(this.#held, rangeOf(piece));
  }

  async release(): Promise<string> {
    const status = await this.#client.release(this.#owner);
    if (status === 'OK') this.#forget();
    return status;
  }

  async close(): Promise<string> {
    const file = this.#file;
    this.#file = null;
    if (this.#held !== null) this.#forget();
    return file === null ? 'OK' : this.#client.closeFile(file);
  }

  #forget(): void {
    this.#held = null;
    this.#client.seqids.delete(`*${this.#owner}`);
  }
}

class SessionProgram implements Program {
  readonly #client: TestClient;
  readonly #owner: string;
  #file: Awaited<ReturnType<TestClient['opened']>> | null = null;
  #held: Awaited<ReturnType<TestClient['locked']>> | null = null;

  constructor(client: TestClient, owner: string) {
    this.#client = client;
    this.#owner = owner;
  }

  async lock(piece: Piece): Promise<string> {
    this.#file ??= await this.#client.opened('f', this.#owner);
    const { status, held } = await this.#client.lock(this.#file, rangeOf(piece));
    this.#held = held ?? this.#held;
    return status;
  }

  async unlock(piece: Piece): Promise<string> {
    return this.#held === null ? 'OK' : this.#client.unlock(this.#held, rangeOf(piece));
  }

  async release(): Promise<string> {
    return 'OK';
  }

  async close(): Promise<string> {
    const file = this.#file;
    this.#file = null;
    this.#held = null;
    return file === null ? 'OK' : this.#client.closeFile(file);
  }
}

/** Two owners of a client of 4.0 at one node, and at the other node one of another such client and one with sessions. */
async function world(t: Test) {
  const { n1, n2 } = twoNodes(t);
  const alice = await new SessionlessTestClient(n1, 'alice').start();
  const carol = await new SessionlessTestClient(n2, 'carol').start();
  const bob = await new TestClient(n2, 'bob').start();
  const programs: readonly Program[] = [
    new SessionlessProgram(alice, 'first'),
    new SessionlessProgram(alice, 'second'),
    new SessionlessProgram(carol, 'third'),
    new SessionProgram(bob, 'fourth'),
  ];
  await carol.closeFile(await carol.opened('f'));
  const outsider = openSync(join(n1.dir, 'f'), 'r+');
  t.teardown(() => close(outsider));
  return { programs, outsider };
}

/** Which bytes somebody has, as whoever is no server sees it. */
function lockedBytes(outsider: number): number[] {
  const isLocked = (at: number) =>
    findLock(outsider, 'description', { start: BigInt(at), end: BigInt(at) + 1n }, 'write') !== null;
  return Array.from({ length: BYTES }, (_, at) => at).filter(isLocked);
}

t.test(
  'I1: whatever clients of all versions at two nodes do to one file, no byte has two owners',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 3 }), actions), { minLength: 10, maxLength: 60 }),
        async (steps) => {
          const { programs, outsider } = await world(t);
          /** By byte. */
          const owners = new Map<number, number>();
          const give = (who: number, bytes: readonly number[]) => {
            for (const at of bytes) if (owners.get(at) === who) owners.delete(at);
          };
          for (const [who, action] of steps) {
            const program = programs[who] as Program;
            let expected = 'OK';
            let status: string;
            if (action.kind === 'lock') {
              const wanted = bytesOf(action.piece);
              if (wanted.some((at) => (owners.get(at) ?? who) !== who)) expected = 'DENIED';
              status = await program.lock(action.piece);
              if (status === 'OK') for (const at of wanted) owners.set(at, who);
            } else if (action.kind === 'unlock') {
              status = await program.unlock(action.piece);
              give(who, bytesOf(action.piece));
            } else {
              const holds = [...owners.values()].includes(who);
              if (action.kind === 'release' && holds && who < 3) expected = 'LOCKS_HELD';
              status = await program[action.kind]();
              if (action.kind === 'close') give(who, [...owners.keys()]);
            }
            const did = `${who} ${JSON.stringify(action)}`;
            if (status !== expected) throw new Error(`${did}: ${status} instead of ${expected}`);
            const locked = lockedBytes(outsider).join();
            const owned = [...owners.keys()].sort().join();
            if (locked !== owned) throw new Error(`${did}: [${locked}] are locked instead of [${owned}]`);
          }
        },
      ),
      { numRuns: 60 },
    );
  },
);
