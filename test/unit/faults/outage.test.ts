import t from 'tap';
import type { Clock } from '../../../src/core/clock.ts';
import type { BreakableNode } from '../../../src/faults/fault.ts';
import { FAULTS, faultRefusal } from '../../../src/faults/registry.ts';
import { surroundingsWith } from './fixtures/surroundings.ts';

/** Time that stands until it is moved. */
class ManualClock implements Clock {
  #nowMs = 0;
  #due: { atMs: number; run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, run };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#due = this.#due.filter((entry) => !due.includes(entry));
    for (const { run } of due) run();
  }
}

class RecordedNode implements BreakableNode {
  readonly name: string;
  readonly #log: string[];
  running = true;
  stopFails = false;

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  async powerCut(): Promise<void> {
    this.#down('power-cut');
  }

  async kill(): Promise<void> {
    this.#down('kill');
  }

  async stop(): Promise<void> {
    if (this.stopFails) throw new Error(`${this.name} cannot leave`);
    this.#down('stop');
  }

  async pause(): Promise<void> {
    this.#log.push(`pause ${this.name}`);
  }

  async resume(): Promise<void> {
    this.#log.push(`resume ${this.name}`);
  }

  async start(): Promise<void> {
    this.#log.push(`start ${this.name}`);
    this.running = true;
  }

  #down(how: string): void {
    this.#log.push(`${how} ${this.name}`);
    this.running = false;
  }
}

function cluster() {
  const log: string[] = [];
  return { log, clock: new ManualClock(), nodes: ['n1', 'n2'].map((name) => new RecordedNode(name, log)) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

function inject(
  name: string,
  nodes: readonly BreakableNode[],
  parameters: unknown,
  clock: Clock,
): Promise<void> {
  const fault = FAULTS.get(name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return fault.inject(nodes, fault.parameters.parse(parameters), surroundingsWith({ clock }));
}

t.test('all targets go down before the first one comes back', async (t) => {
  for (const [fault, how] of [
    ['power-cut', 'power-cut'],
    ['kill', 'kill'],
    ['restart', 'stop'],
  ] as const) {
    const { log, nodes, clock } = cluster();
    await inject(fault, nodes, {}, clock);
    t.strictSame(log, [`${how} n1`, `${how} n2`, 'start n1', 'start n2'], fault);
  }
});

t.test('downMs passes between the end of a life and the next boot', async (t) => {
  const { log, nodes, clock } = cluster();
  const done = inject('power-cut', nodes.slice(0, 1), { downMs: 300 }, clock);
  await settle();
  clock.advance(299);
  await settle();
  t.strictSame(log, ['power-cut n1']);
  clock.advance(1);
  await done;
  t.strictSame(log, ['power-cut n1', 'start n1']);
});

t.test('stayDown leaves the targets down', async (t) => {
  const { log, nodes, clock } = cluster();
  await inject('kill', nodes, { stayDown: true }, clock);
  t.strictSame(log, ['kill n1', 'kill n2']);
});

t.test('a target that is down is booted with the others', async (t) => {
  const { log, nodes, clock } = cluster();
  await nodes[0]?.kill();
  log.length = 0;
  await inject('power-cut', nodes, {}, clock);
  t.strictSame(log, ['power-cut n2', 'start n1', 'start n2']);
});

t.test('a node that cannot leave fails the restart after the others have ended', async (t) => {
  const { log, nodes, clock } = cluster();
  if (nodes[0]) nodes[0].stopFails = true;
  await t.rejects(inject('restart', nodes, {}, clock), { message: 'n1 cannot leave' });
  t.strictSame(log, ['stop n2']);
});

t.test('wrong parameters and unknown faults are refused in one sentence', async (t) => {
  t.equal(faultRefusal('power-cut', { downMs: 5 }), null);
  t.equal(
    faultRefusal('meteor', {}),
    `there is no fault "meteor"; there are ${[...FAULTS.keys()].join(', ')}`,
  );
  t.match(faultRefusal('kill', { downMs: -1 }), /^the fault "kill" cannot be done like that: downMs: /);
  t.match(faultRefusal('kill', { dwnMs: 1 }), /dwnMs/);
  t.match(faultRefusal('restart', { downMs: 1, stayDown: true }), /a node that stays down has no downMs/);
});

t.test('a wrong value is refused with those that there are', async (t) => {
  const refusals: [string, object, string][] = [
    ['loss', { downMs: 1, share: 2 }, 'share: a number from 0.001 to 1, not 2'],
    ['loss', { downMs: 1, share: 'x' }, 'share: a number from 0.001 to 1, not "x"'],
    ['kill', { downMs: -1 }, 'downMs: a whole number of milliseconds from 0 to 3600000, not -1'],
    [
      'clock-skew',
      { aheadMs: 1500 },
      'aheadMs: a whole number of milliseconds from 0 to 1000000000000 in steps of 1000, not 1500',
    ],
    ['partition', { downMs: 1 }, 'from: a list of names, which is missing'],
    ['partition', { downMs: 1, from: ['n2'], direction: 'up' }, 'direction: both or one-way, not "up"'],
    ['crash', { at: 'before-lift', maybe: 'yes' }, 'maybe: true or false, not "yes"'],
    ['slow-boot', { stayDown: true }, 'it has no "stayDown"; it takes "downMs", "at"'],
  ];
  for (const [name, parameters, why] of refusals)
    t.equal(faultRefusal(name, parameters), `the fault "${name}" cannot be done like that: ${why}`);
});
