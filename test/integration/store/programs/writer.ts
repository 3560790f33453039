/**
 * Runs as init of a container: a client of the etcd store. Each writer is a member of the ledger and raises its own
 * incarnation by one with each swap, and the view along with it. Nobody else writes that incarnation, so the writer
 * can tell by reading whether a swap of which it heard nothing was done; and the view counts all swaps together.
 */
import { createInterface } from 'node:readline';
import { asIncarnation, asView, type Incarnation, type NodeId } from '../../../../src/core/ids.ts';
import type { Ledger } from '../../../../src/core/ledger.ts';
import { EtcdStore } from '../../../../src/store/etcd.ts';
import type { DomainStore } from '../../../../src/store/store.ts';
import { realClock } from '../../runtime/programs/real-clock.ts';

interface Command {
  readonly do: 'open' | 'found' | 'write' | 'rest' | 'read' | 'swap' | 'watch' | 'records' | 'leader';
  readonly endpoints?: readonly string[];
  readonly member?: NodeId;
  readonly ledger?: Ledger;
  readonly count?: number;
}

const REQUEST_MS = 1000;
const report = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
const failureOf = (error: unknown) => ({ failed: (error as Error).name, message: (error as Error).message });

let store: DomainStore;
let me: NodeId;
let endpoints: readonly string[] = [];
let writing = false;
let resting: Promise<void> = Promise.resolve();

function raised(ledger: Ledger, node: NodeId): Ledger {
  const member = ledger.members[node]!;
  const incarnation = asIncarnation(member.incarnation + 1);
  return {
    ...ledger,
    view: asView(ledger.view + 1),
    members: { ...ledger.members, [node]: { ...member, incarnation } },
  };
}

/** Until `rest`. Reports every swap that was done, and every other outcome. */
async function write(): Promise<void> {
  let done = 0;
  /** What a swap would have made of my incarnation, when I do not know whether it was done. */
  let doubtful: Incarnation | null = null;
  while (writing || doubtful !== null) {
    try {
      const seen = (await store.read())!;
      const mine = seen.ledger.members[me]!.incarnation;
      if (doubtful !== null && mine === doubtful) done += 1;
      doubtful = null;
      if (mine !== done) throw new RangeError(`${me} made ${done} swaps and the ledger has ${mine}`);
      if (!writing) break;
      const next = raised(seen.ledger, me);
      const { outcome } = await store.swap(seen.revision, next);
      if (outcome === 'swapped') done += 1;
      if (outcome === 'unknown') doubtful = next.members[me]!.incarnation;
      report({ outcome, done, view: next.view });
    } catch (error) {
      report(failureOf(error));
      if ((error as Error).name !== 'StoreUnavailableError') return;
    }
  }
  report({ rested: done });
}

/** What a store on a machine that is busy otherwise comes to in the end. */
async function inTheEnd<Result>(attempt: () => Promise<Result | null>): Promise<Result> {
  for (;;) {
    try {
      const result = await attempt();
      if (result !== null) return result;
    } catch (error) {
      if ((error as Error).name !== 'StoreUnavailableError') throw error;
    }
  }
}

/** Nobody else founds it: where there is a ledger, it is this one. */
const found = (ledger: Ledger) =>
  inTheEnd(async () => {
    if ((await store.read()) !== null) return { outcome: 'swapped' };
    const { outcome } = await store.swap(null, ledger);
    return outcome === 'swapped' ? { outcome } : null;
  });

/** Writes records and reads them back, as long as it takes. */
async function records(count: number): Promise<void> {
  const { ledger } = await inTheEnd(() => store.read());
  const incarnation = ledger.members[me]!.incarnation;
  const scope = { epoch: ledger.epoch, node: me };
  const all = Array.from({ length: count }, (_, index) => ({
    ownerId: index.toString(16).padStart(8, '0'),
    principal: 'none',
    incarnation,
    revoked: false,
    reclaimIncomplete: false,
  }));
  for (;;) {
    try {
      const outcome = await store.putRecords({ node: me, incarnation }, scope, all);
      const read = await store.records(scope);
      const same = read.every((record, index) => record.ownerId === all[index]!.ownerId);
      report({ records: read.length, outcome, same });
      return;
    } catch (error) {
      report(failureOf(error));
      if ((error as Error).name !== 'StoreUnavailableError') return;
    }
  }
}

/** Which endpoint is the leader's; asked of whoever answers. */
async function leader(): Promise<void> {
  for (const endpoint of endpoints) {
    try {
      const response = await fetch(`${endpoint}/v3/maintenance/status`, {
        method: 'POST',
        body: '{}',
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      const { header, leader } = (await response.json()) as { header: { member_id: string }; leader: string };
      if (header.member_id === leader) {
        report({ leader: endpoint });
        return;
      }
    } catch {
      // That one is down; another will be the leader.
    }
  }
  report({ leader: null });
}

async function obey(command: Command): Promise<void> {
  switch (command.do) {
    case 'open':
      me = command.member!;
      endpoints = command.endpoints!;
      store = await inTheEnd(() =>
        EtcdStore.open({ endpoints, prefix: '/test', clock: realClock, requestMs: REQUEST_MS }),
      );
      report({ opened: true });
      return;
    case 'found':
      report(await found(command.ledger!));
      return;
    case 'write':
      writing = true;
      resting = write();
      return;
    case 'rest':
      writing = false;
      await resting;
      return;
    case 'read': {
      const seen = await store.read();
      report({ read: seen?.ledger.view ?? null });
      return;
    }
    case 'swap': {
      const seen = (await store.read())!;
      report({ tried: (await store.swap(seen.revision, raised(seen.ledger, me))).outcome });
      return;
    }
    case 'watch':
      store.watch(() => report({ changed: true }));
      return;
    case 'records':
      await records(command.count!);
      return;
    case 'leader':
      await leader();
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  obey(JSON.parse(line) as Command).catch((error: unknown) => report(failureOf(error)));
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
report({ ready: true });
