import t from 'tap';
import { GuardedCells } from '../../../src/cli/agents/client-agent/guarded-cells.ts';
import { WORKLOADS } from '../../../src/cli/agents/client-agent/workloads/index.ts';
import type { Round } from '../../../src/cli/agents/client-agent/workloads/round.ts';
import { Delegation } from '../../../src/client/delegation.ts';
import type { NfsClient } from '../../../src/client/nfs-client.ts';
import { Draw } from '../../../src/scenario/random/draw.ts';

const newDelegation = () => new Delegation('write', { seqid: 1, other: Buffer.alloc(12) });

/** One round with a file whose server gives this delegation, or none. */
async function round(
  delegation: Delegation | null,
  { keep = async () => {}, statuses = ['OK'] }: { keep?: () => Promise<void>; statuses?: string[] } = {},
) {
  const calls: string[] = [];
  const content = Buffer.alloc(32);
  const file = {
    openDelegated: async (kind: string) => {
      calls.push(`open for ${kind}`);
      return delegation;
    },
    read: async () => {
      calls.push('read');
      return { status: 'OK', data: content };
    },
    write: async (_offset: number, data: Buffer, { under }: { under?: Delegation }) => {
      calls.push(`write ${data.toString('utf8', 0, data.indexOf(0))}`);
      t.equal(under, delegation, 'under what was given');
      return { status: statuses.length > 1 ? statuses.shift() : statuses[0] };
    },
    close: async () => {
      calls.push('close');
      return { status: 'OK', attempts: 1 };
    },
    onHoldingChange: () => () => {},
  };
  const cells = new GuardedCells({ files: [file] } as unknown as NfsClient, 'c1', 1000);
  const counted: string[] = [];
  const outcome = await WORKLOADS.delegation({
    file,
    cells,
    range: { start: 0, end: 32 },
    draw: new Draw(1),
    timeoutMs: 1000,
    stopping: () => false,
    count: (status: string) => counted.push(status),
    keep,
  } as unknown as Round);
  return { calls, counted, outcome };
}

t.test('a server that gives none is asked again later', async (t) => {
  const { calls, counted, outcome } = await round(null);
  t.strictSame(calls, ['open for write', 'close']);
  t.strictSame(counted, ['NO_DELEGATION']);
  t.strictSame(outcome, { granted: false, asked: true });
});

t.test('under a delegation it reads once, and writes on what it knows', async (t) => {
  const { calls, outcome } = await round(newDelegation());
  t.strictSame(calls.slice(0, 3), ['open for write', 'read', 'write c1/1001']);
  t.equal(calls.filter((call) => call === 'read').length, 1);
  t.ok(calls.filter((call) => call.startsWith('write')).length > 1, calls.join(', '));
  t.equal(calls.at(-1), 'close');
  t.ok(outcome.granted);
});

t.test('values go on from where another instance of the client cannot have been', async (t) => {
  const { calls } = await round(newDelegation());
  t.match(calls, [/open/, /read/, 'write c1/1001', 'write c1/1002']);
});

t.test('a recall ends the round, and does not wait until the time is over', async (t) => {
  const delegation = newDelegation();
  const forEver = () => {
    delegation.recall();
    return new Promise<void>(() => {});
  };
  const { calls } = await round(delegation, { keep: forEver });
  t.strictSame(calls, ['open for write', 'read', 'write c1/1001', 'close']);
});

t.test('a write that was refused ends the round', async (t) => {
  const { calls } = await round(newDelegation(), { statuses: ['DELEG_REVOKED'] });
  t.strictSame(calls, ['open for write', 'read', 'write c1/1001', 'close']);
});
