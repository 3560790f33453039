import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { CompoundReply, OperationCall } from '../../../../src/nfs4/compound.ts';
import { OPEN4_RESULT_CONFIRM } from '../../../../src/nfs4/constants.ts';
import type { OpenArgs } from '../../../../src/nfs4/operations/open.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import { type HeldLock, type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** What the network does to one request. */
interface Noise {
  /** How often it comes again right away. */
  readonly repeats: number;
  /** Which of the requests before it come once more ahead of it, as places from the newest. */
  readonly late: readonly number[];
}

const SEQUENCED = new Set(['OPEN', 'OPEN_CONFIRM', 'OPEN_DOWNGRADE', 'CLOSE', 'LOCK', 'LOCKU']);

/** A client on a network that repeats and delays what it sends. */
class NoisyClient extends SessionlessTestClient {
  noise: Noise = { repeats: 0, late: [] };
  readonly #sent: (readonly OperationCall[])[] = [];
  readonly #confirmed = new Set<string>();

  override async confirmOpen(file: OpenFile): Promise<string> {
    const status = await super.confirmOpen(file);
    if (status === 'OK') this.#confirmed.add(file.owner);
    return status;
  }

  /** A late OPEN of an owner that is not confirmed is one that begins anew, and what it opens is never confirmed (section 9.1.11). */
  #beginsAnew(ops: readonly OperationCall[]): boolean {
    return ops.some(({ op, args }) => op.name === 'OPEN' && !this.#confirmed.has(ownerIn(args as OpenArgs)));
  }

  override async run<const Calls extends readonly OperationCall[]>(
    ...ops: Calls
  ): Promise<CompoundReply<Calls>> {
    if (!ops.some(({ op }) => SEQUENCED.has(op.name))) return super.run(...ops);
    for (const place of this.noise.late) {
      const late = this.#sent.at(-2 - place);
      if (late !== undefined && !this.#beginsAnew(late)) await super.run(...late);
    }
    const reply = await super.run(...ops);
    for (let time = 0; time < this.noise.repeats; time += 1) {
      const again = await super.run(...ops);
      // What was not counted may be judged anew; what was counted is answered as before.
      if (!t.equal(again.status, reply.status, 'a repetition is answered as before')) break;
    }
    this.#sent.push(ops);
    return reply;
  }
}

const ownerIn = ({ owner }: OpenArgs): string => owner.owner.toString('utf8');

type Action =
  | { readonly kind: 'open'; readonly owner: number; readonly file: number; readonly deny: boolean }
  | { readonly kind: 'close' | 'downgrade'; readonly of: number }
  | { readonly kind: 'lock'; readonly of: number; readonly owner: number; readonly offset: number }
  | { readonly kind: 'lock-again' | 'unlock'; readonly of: number; readonly offset: number };

const small = fc.nat({ max: 3 });
const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), owner: small, file: small, deny: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('close' as const, 'downgrade' as const), of: small }),
  fc.record({ kind: fc.constant('lock' as const), of: small, owner: small, offset: small }),
  fc.record({ kind: fc.constantFrom('lock-again' as const, 'unlock' as const), of: small, offset: small }),
);
const noises: fc.Arbitrary<Noise> = fc.record({
  repeats: fc.nat({ max: 2 }),
  late: fc.array(fc.nat({ max: 10 }), { maxLength: 2 }),
});

/** A client's work, and what it has by now. */
class Worker {
  readonly client: NoisyClient;
  readonly files: OpenFile[] = [];
  readonly locks: HeldLock[] = [];

  constructor(client: NoisyClient) {
    this.client = client;
  }

  /** What came of it, as text. */
  async do(action: Action): Promise<string> {
    const { client, files, locks } = this;
    switch (action.kind) {
      case 'open': {
        const file = await client.open(`f${action.file}`, `o${action.owner}`, { deny: action.deny ? 2 : 0 });
        if (typeof file === 'string') return file;
        if ((client.rflags & OPEN4_RESULT_CONFIRM) !== 0) await client.confirmOpen(file);
        const known = files.find(({ stateid }) => stateid.other.equals(file.stateid.other));
        if (known === undefined) files.push(file);
        else known.stateid = file.stateid;
        return `OK ${file.stateid.seqid}`;
      }
      case 'close':
      case 'downgrade': {
        const file = files[action.of];
        if (file === undefined) return 'nothing open';
        if (action.kind === 'downgrade') return client.downgrade(file, 3);
        files.splice(action.of, 1);
        for (const held of [...locks]) if (held.file === file) locks.splice(locks.indexOf(held), 1);
        return client.closeFile(file);
      }
      case 'lock': {
        const file = files[action.of];
        if (file === undefined) return 'nothing open';
        const range = { offset: BigInt(action.offset) * 4n, length: 8n };
        const { status, held } = await client.lock(file, `l${action.owner}`, range);
        if (held !== null) locks.push(held);
        return status;
      }
      default: {
        const held = locks[action.of];
        if (held === undefined) return 'nothing locked';
        const range = { offset: BigInt(action.offset) * 4n, length: 8n };
        return action.kind === 'unlock' ? client.unlock(held, range) : client.lockAgain(held, range);
      }
    }
  }
}

async function world(t: Test) {
  const node = new NodeUnderTest(t);
  const workers = [];
  for (const name of ['alice', 'bob']) workers.push(new Worker(await new NoisyClient(node, name).start()));
  return { node, workers };
}

t.test('section 9.1.9: however often requests come, and however late, nothing is done twice', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 1 }), actions, noises), { minLength: 5, maxLength: 40 }),
      async (steps) => {
        const [quiet, noisy] = [await world(t), await world(t)];
        for (const [who, action, noise] of steps) {
          const expected = await quiet.workers[who]?.do(action);
          const worker = noisy.workers[who];
          if (worker !== undefined) worker.client.noise = noise;
          const got = await worker?.do(action);
          if (got !== expected) throw new Error(`${JSON.stringify(action)}: ${got} instead of ${expected}`);
        }
        // Every grant and every release, in the same order, and the same state in the end.
        const [a, b] = [quiet, noisy].map(({ node }) => JSON.stringify(node.events.filter(isChange)));
        if (a !== b) throw new Error(`\n${b}\ninstead of\n${a}`);
        const [before, after] = [quiet, noisy].map(({ node }) => JSON.stringify(node.server.summary()));
        if (before !== after) throw new Error(`${after} instead of ${before}`);
      },
    ),
    { numRuns: 60 },
  );
});

const isChange = ({ event }: { event: string }): boolean => event === 'grant' || event === 'release';
