/** The etcd store on a real cluster of three, whose members are killed, stopped and cut off meanwhile. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { asNodeId } from '../../../src/core/ids.ts';
import { createLedger } from '../../../src/core/ledger.ts';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import type { Container, Process } from '../../../src/runtime/runtime.ts';
import { type EtcdMember, endpointsOf, startEtcdMembers } from '../../../src/scenario/etcd-members.ts';
import { tapInSandbox } from '../runtime/programs/in-sandbox.ts';
import { realClock } from '../runtime/programs/real-clock.ts';

const PROGRAM = [process.execPath, join(import.meta.dirname, 'programs', 'writer.ts')] as const;
/** Swaps of each writer after every blow: enough to show that it goes on. */
const PROGRESS = 15;

interface Said {
  readonly ready?: true;
  readonly opened?: true;
  readonly outcome?: string;
  readonly done?: number;
  readonly view?: number;
  readonly rested?: number;
  readonly read?: number | null;
  readonly tried?: string;
  readonly changed?: true;
  readonly records?: number;
  readonly same?: boolean;
  readonly leader?: string | null;
  readonly failed?: string;
  readonly message?: string;
}

/** To `read` or `swap`. */
const isAnswer = (said: Said): boolean =>
  said.read !== undefined || said.tried !== undefined || said.failed !== undefined;

/** A client of the store, in a container of its own. */
class Writer {
  readonly name: string;
  readonly container: Container;
  readonly said: Said[] = [];
  readonly #process: Process;
  readonly #listeners = new Set<(said: Said) => void>();

  private constructor(container: Container, process: Process) {
    this.name = container.name;
    this.container = container;
    this.#process = process;
    process.onMessage((message) => {
      this.said.push(message as Said);
      for (const listener of [...this.#listeners]) listener(message as Said);
    });
  }

  static async boot(name: string): Promise<Writer> {
    const container = await lab.container({ name, role: 'client' });
    return new Writer(container, await container.boot({ argv: PROGRAM }));
  }

  /** The first thing of that kind that is said from now on. */
  next(wanted: (said: Said) => boolean): Promise<Said> {
    return new Promise((resolve, reject) => {
      const listener = (said: Said) => {
        if (said.failed !== undefined && said.failed !== 'StoreUnavailableError')
          reject(new Error(`${this.name}: ${said.failed}: ${said.message}`));
        else if (!wanted(said)) return;
        else resolve(said);
        this.#listeners.delete(listener);
      };
      this.#listeners.add(listener);
    });
  }

  ask(command: object, wanted: (said: Said) => boolean): Promise<Said> {
    const answer = this.next(wanted);
    this.#process.send(command);
    return answer;
  }

  tell(command: object): void {
    this.#process.send(command);
  }

  open(endpoints: readonly string[]): Promise<Said> {
    return this.ask({ do: 'open', endpoints, member: this.name }, (said) => said.opened === true);
  }

  /** The view, from whatever the store is asked until it answers. */
  async view(): Promise<number | null> {
    const { read } = await this.insists({ do: 'read' }, (said) => said.read !== undefined);
    return read!;
  }

  /** Asks again until it is answered like that: a member that is slow for a moment is none that is wrong. */
  async insists(command: object, wanted: (said: Said) => boolean): Promise<Said> {
    for (;;) {
      const said = await this.ask(command, isAnswer);
      if (wanted(said)) return said;
    }
  }

  async progress(): Promise<void> {
    let count = 0;
    await this.next((said) => said.outcome === 'swapped' && ++count >= PROGRESS);
  }
}

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
if (spawnSync('etcd', ['--version']).status !== 0) {
  t.plan(0, 'skip the program etcd is not there (package etcd-server)');
  process.exit();
}
const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
t.teardown(() => lab[Symbol.asyncDispose]());
const members = await startEtcdMembers({ lab, clock: realClock, names: ['s1', 's2', 's3'] });
const endpoints = endpointsOf(members);
const writers = await Promise.all(['w1', 'w2', 'w3'].map((name) => Writer.boot(name)));
await Promise.all(writers.map((writer) => writer.open(endpoints)));
const [w1, w2, w3] = writers as [Writer, Writer, Writer];
const nodes = writers.map(({ name }) => asNodeId(name));
let founded = createLedger(nodes, { beaconProvesDeath: true });
// Records are written by lives that are up.
for (const node of nodes)
  founded = {
    ...founded,
    members: { ...founded.members, [node]: { ...founded.members[node]!, state: 'up' } },
  };
await w1.ask({ do: 'found', ledger: founded }, (said) => said.outcome === 'swapped');

const everybodyGoesOn = () => Promise.all(writers.map((writer) => writer.progress()));
const names = (list: readonly EtcdMember[]) => list.map(({ container }) => container.name);
const leaderNow = async (): Promise<EtcdMember> => {
  for (;;) {
    const { leader } = await w1.ask({ do: 'leader' }, (said) => said.leader !== undefined);
    const member = members.find(({ endpoint }) => endpoint === leader);
    if (member !== undefined) return member;
  }
};

t.test('writers who race lose and double no update, whatever happens to the members', async (t) => {
  for (const writer of writers) writer.tell({ do: 'write' });
  await everybodyGoesOn();
  for (const member of members) {
    await member.container.kill();
    await everybodyGoesOn();
    await member.start();
  }
  t.pass('each member killed in its turn');

  const leader = await leaderNow();
  await leader.container.powerCut();
  await everybodyGoesOn();
  await leader.start();
  t.pass('the power of the leader cut');

  const stopped = await leaderNow();
  stopped.container.pause();
  await everybodyGoesOn();
  stopped.container.resume();
  await everybodyGoesOn();
  t.pass('the leader stopped and continued: what it had in its buffers is carried out now, or is not');

  for (const direction of ['both', 'one-way'] as const) {
    const cutOff = await leaderNow();
    const others = members.filter((member) => member !== cutOff);
    const partition = await lab.partition(names([cutOff]), names(others), { direction });
    await everybodyGoesOn();
    await partition.heal();
    await everybodyGoesOn();
  }
  t.pass('the leader cut off from the other members, the clients not');

  const leading = await leaderNow();
  const two = [leading, members.find((member) => member !== leading)!];
  const refusals = writers.map((writer) => writer.next((said) => said.failed === 'StoreUnavailableError'));
  await Promise.all(two.map(({ container }) => container.powerCut()));
  await Promise.all(refusals);
  await Promise.all(two.map((member) => member.start()));
  await everybodyGoesOn();
  t.pass('the power of two of three cut: nobody gets through, and then everybody goes on');

  const rested = await Promise.all(
    writers.map((writer) => writer.ask({ do: 'rest' }, (said) => said.rested !== undefined)),
  );
  const swaps = rested.map((said) => said.rested!);
  t.equal(
    await w2.view(),
    founded.view + swaps.reduce((sum, each) => sum + each, 0),
    'the view counts every swap once',
  );
  const outcomes = (outcome: string) =>
    writers.reduce((sum, { said }) => sum + said.filter((each) => each.outcome === outcome).length, 0);
  t.comment(
    `${swaps.join(' + ')} swaps; ${outcomes('lost')} lost, ${outcomes('unknown')} unknown and resolved by reading`,
  );
  t.ok(outcomes('lost') > 0, 'they did race');
});

t.test(
  'I7: a client on the side of the minority reads nothing old, writes nothing, and goes on after the heal',
  async (t) => {
    const alone = (await leaderNow()) === members[2] ? members[0]! : members[2]!;
    const majority = members.filter((member) => member !== alone);
    w3.tell({ do: 'watch' });
    const before = await w3.view();
    const partition = await lab.partition(
      [w3.name, ...names([alone])],
      [...names(majority), w1.name, w2.name],
      {
        direction: 'both',
      },
    );
    await w1.insists({ do: 'swap' }, (said) => said.tried === 'swapped');
    const changed = await w1.view();
    t.ok(changed! > before!, 'the majority goes on');

    const read = await w3.ask({ do: 'read' }, isAnswer);
    t.match(
      read,
      { failed: 'StoreUnavailableError' },
      'a member that is cut off does not tell what it remembers',
    );
    const swap = await w3.ask({ do: 'swap' }, isAnswer);
    t.match(swap, { failed: 'StoreUnavailableError' });

    const heard = w3.next((said) => said.changed === true);
    await partition.heal();
    await heard;
    t.equal(await w3.view(), changed);
  },
);

t.test(
  'a thousand records are durable once they are said to be, also when the leader dies in the middle',
  async (t) => {
    const written = w2.ask({ do: 'records', count: 1000 }, (said) => said.records !== undefined);
    const leader = await leaderNow();
    await leader.container.powerCut();
    t.match(await written, { records: 1000, outcome: 'written', same: true });
    await leader.start();
  },
);
