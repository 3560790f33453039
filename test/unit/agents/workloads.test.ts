import fc from 'fast-check';
import t from 'tap';
import { WORKLOADS } from '../../../src/cli/agents/client-agent/workloads/index.ts';
import type { Round } from '../../../src/cli/agents/client-agent/workloads/round.ts';
import { insert, overlaps, type RangeSet, remove } from '../../../src/core/byte-ranges.ts';
import type { ByteSpan, LockMode } from '../../../src/history/events.ts';
import { Draw } from '../../../src/scenario/random/draw.ts';
import { CELL_BYTES, LOOP_BODIES, type LoopBody } from '../../../src/scenario/scenario.ts';

const RANGE = { start: 32, end: 160 };
const toSpan = ({ start, end }: ByteSpan) => ({
  start: BigInt(start),
  end: end === null ? null : BigInt(end),
});

/** A round against a server that refuses what the test says, and otherwise grants. */
class FakeRound {
  readonly calls: string[] = [];
  readonly spans: ByteSpan[] = [];
  readonly lingers: boolean[] = [];
  held: RangeSet = [];
  stopping = false;
  keeps = 0;
  readonly #grants: (mode: LockMode, attempt: number) => boolean;
  #attempts = 0;

  constructor(grants: (mode: LockMode, attempt: number) => boolean = () => true) {
    this.#grants = grants;
  }

  async run(body: LoopBody, seed: number, range: ByteSpan = RANGE) {
    const round = {
      draw: new Draw(seed),
      range,
      mode: 'write',
      timeoutMs: 1000,
      file: null,
      cells: {
        update: async (_file: null, offset: number, cached: boolean) => {
          const cell = toSpan({ start: offset, end: offset + CELL_BYTES });
          t.ok(
            this.held.some(({ span, mode }) => mode === 'write' && overlaps(span, cell)),
            'under its lock',
          );
          this.calls.push(`update ${offset} ${cached ? 'cached' : 'read'}`);
        },
      },
      take: async (span: ByteSpan, mode: LockMode, waits = false) => {
        this.#attempts += 1;
        const granted = this.#grants(mode, this.#attempts);
        this.calls.push(`${waits ? 'wait for' : 'take'} ${mode} ${span.start}..${span.end}`);
        this.spans.push(span);
        if (granted) this.held = insert(this.held, toSpan(span), mode);
        return { granted, asked: true };
      },
      release: async (span: ByteSpan) => {
        this.calls.push(`release ${span.start}..${span.end}`);
        this.spans.push(span);
        this.held = remove(this.held, toSpan(span));
      },
      keep: async () => {
        this.keeps += 1;
      },
      stopping: () => this.stopping,
      overstepping: {
        now: async () => {
          this.calls.push('overstep');
        },
        inRecovery: (lingers: boolean) => {
          this.lingers.push(lingers);
        },
      },
    };
    return WORKLOADS[body](round as unknown as Round);
  }
}

const LOCKING = LOOP_BODIES.filter((body) => body !== 'delegation');

t.test('whatever is refused, a round ends with nothing held, and stays within its range', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...LOCKING),
      fc.nat(2 ** 32 - 1),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      async (body, seed, answers) => {
        const round = new FakeRound((_mode, attempt) => answers[attempt % answers.length]!);
        const { granted } = await round.run(body, seed);
        t.strictSame(round.held, [], `${body}: ${round.calls.join(', ')}`);
        t.ok(round.spans.every(({ start, end }) => start >= 32 && end !== null && end <= 160 && start < end));
        t.equal(
          granted,
          round.calls.some((call) => call.startsWith('release')),
          'what was granted is let go',
        );
      },
    ),
    { numRuns: 200 },
  );
});

t.test('the same seed does the same', async (t) => {
  for (const body of LOCKING) {
    const [one, again] = [new FakeRound(), new FakeRound()];
    await one.run(body, 7);
    await again.run(body, 7);
    t.strictSame(one.calls, again.calls, body);
  }
});

t.test(
  'mixed-locks: shared and exclusive, in every part of the range, with unlocks in the middle',
  async (t) => {
    const calls: string[] = [];
    for (let seed = 0; seed < 200; seed += 1) {
      const round = new FakeRound();
      await round.run('mixed-locks', seed);
      calls.push(...round.calls);
    }
    const starts = calls.map((call) => Number(/(\d+)\.\./.exec(call)?.[1]));
    for (const from of [32, 64, 96, 128]) {
      const inQuarter = starts.some((start) => start >= from && start < from + 32);
      t.ok(inQuarter, `from ${from} on`);
    }
    for (const mode of ['read', 'write']) t.ok(calls.some((call) => call.startsWith(`take ${mode}`)));
    t.ok(calls.filter((call) => call.startsWith('release')).length > 250, 'some in two steps');
  },
);

t.test('upgrade-downgrade: shared, exclusive, shared again', async (t) => {
  const round = new FakeRound();
  await round.run('upgrade-downgrade', 3);
  t.match(round.calls, [/^take read/, /^take write/, /^take read/, /^release/]);
  t.equal(round.calls[0], round.calls[2], 'back to what it was');
  const refused = new FakeRound((mode) => mode === 'read');
  await refused.run('upgrade-downgrade', 3);
  t.match(
    refused.calls,
    [/^take read/, /^take write/, /^release/],
    'a refused upgrade keeps the shared lock',
  );
});

t.test(
  'guarded-cells: read and written under the lock, kept, and written again from what is known',
  async (t) => {
    const starts = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const round = new FakeRound();
      await round.run('guarded-cells', seed);
      const [, start] = /take write (\d+)/.exec(round.calls[0]!)!;
      starts.add(start!);
      t.strictSame(round.calls.slice(1, 3), [`update ${start} read`, `update ${start} cached`]);
      t.equal(round.keeps, 1);
    }
    t.strictSame([...starts].sort(), ['128', '32', '64', '96'], 'whole cells, all of them');
  },
);

t.test('wait-for-lock: asks again while it is wanted, and gives up', async (t) => {
  const patient = new FakeRound((_mode, attempt) => attempt === 3);
  t.ok((await patient.run('wait-for-lock', 1)).granted);
  t.equal(patient.calls.filter((call) => call.startsWith('wait for')).length, 3);
  const never = new FakeRound(() => false);
  t.notOk((await never.run('wait-for-lock', 1)).granted);
  t.ok(never.calls.length < 10);
  const stopped = new FakeRound(() => {
    stopped.stopping = true;
    return false;
  });
  await stopped.run('wait-for-lock', 1);
  t.equal(stopped.calls.length, 1);
});

t.test('lock-unlock and lock-update-unlock ask once for all of the range', async (t) => {
  const round = new FakeRound();
  await round.run('lock-update-unlock', 1, { start: 0, end: null });
  t.strictSame(round.calls, ['take write 0..null', 'update 0 read', 'release 0..null']);
  const refused = new FakeRound(() => false);
  await refused.run('lock-unlock', 1);
  t.strictSame(refused.calls, ['take write 32..160']);
});

t.test('overstep: beside an honest lock, and in the next recovery, of which some linger', async (t) => {
  const lingers: boolean[] = [];
  for (let seed = 0; seed < 100; seed += 1) {
    const round = new FakeRound();
    await round.run('overstep', seed);
    t.match(round.calls, [/^take write/, /^overstep$/, /^release/]);
    lingers.push(...round.lingers);
  }
  t.equal(lingers.length, 100);
  t.ok(lingers.includes(true) && lingers.includes(false));
});
