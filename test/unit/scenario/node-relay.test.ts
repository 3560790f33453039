import t from 'tap';
import type { MessageRule } from '../../../src/core/message-rule.ts';
import type { Container, Process } from '../../../src/runtime/runtime.ts';
import { NodeRelay } from '../../../src/scenario/node-relay.ts';
import { FakeProcess } from './fixtures/fake-lab.ts';

const RULE = { times: 2 } as unknown as MessageRule;

/** The relay of a node that runs; each program that is started beside it listens at once. */
function relayed() {
  const processes: FakeProcess[] = [];
  const redirected: number[] = [];
  const container = {
    name: 'n1',
    running: true,
    port: { redirect: async (port: number) => void redirected.push(port) },
    beside: async (): Promise<Process> => {
      const process = new FakeProcess({ ready: true });
      processes.push(process);
      return process;
    },
  } as unknown as Container;
  return { relay: new NodeRelay(container, { argv: ['relay'] }, 2049), processes, redirected };
}

t.test('rules that come at once go to one relay, which is told all of them', async (t) => {
  const { relay, processes, redirected } = relayed();
  await Promise.all([relay.add(RULE, () => {}), relay.add(RULE, () => {})]);
  t.equal(processes.length, 1);
  t.strictSame(redirected, [2049]);
  t.match(processes[0]!.sent, [{ serverPort: 2049 }, { add: 1 }, { add: 2 }]);
});

t.test('a later life has a relay of its own, with what is left of the rules', async (t) => {
  const { relay, processes } = relayed();
  const acts: string[] = [];
  const end = await relay.add(RULE, ({ what }) => void acts.push(what));
  processes[0]!.say({ acted: 1, what: 'LOCK' });
  processes[0]!.exit({ code: null, signal: 'SIGKILL' });
  relay.newLife();
  await new Promise<void>((resolve) => setImmediate(resolve));
  t.strictSame(acts, ['LOCK']);
  t.match(processes[1]!.sent, [{ serverPort: 2049 }, { add: 1, rule: { times: 1 } }]);
  await end();
  t.match(processes[1]!.sent.at(-1), { remove: 1 });
  relay.newLife();
  t.equal(processes.length, 2, 'without rules there is none');
});
