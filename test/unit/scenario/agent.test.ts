import t from 'tap';
import type { Clock } from '../../../src/core/clock.ts';
import type { HistoryEvent } from '../../../src/history/events.ts';
import type { Process } from '../../../src/runtime/runtime.ts';
import { Agent } from '../../../src/scenario/agent.ts';

/** An agent whose process and clock the test holds. */
function stage() {
  const sent: object[] = [];
  const alarms = new Set<() => void>();
  const events: HistoryEvent[] = [];
  let hear: (message: unknown) => void = () => {};
  const exited = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  const process: Process = {
    pid: 1,
    send: (message) => void sent.push(message),
    onMessage: (listener) => {
      hear = listener;
    },
    exited: exited.promise,
  };
  const clock: Clock = {
    nowMs: () => 0,
    after: (_ms, run) => {
      alarms.add(run);
      return () => alarms.delete(run);
    },
  };
  const agent = new Agent({
    title: 'client alice',
    process,
    configuration: { name: 'alice' },
    clock,
    onEvent: (event) => void events.push(event),
  });
  return {
    agent,
    sent,
    events,
    alarms,
    say: (message: unknown) => hear(message),
    exit: exited.resolve,
    timeOut: () => {
      for (const run of alarms) run();
    },
  };
}

t.test('the configuration is the first line, and ready is waited for', async (t) => {
  const { agent, sent, say, alarms } = stage();
  t.strictSame(sent, [{ name: 'alice' }]);
  const ready = agent.ready(100);
  say({ ready: true, incarnation: 3 });
  t.match(await ready, { incarnation: 3 });
  t.equal(alarms.size, 0, 'no timer is left');
});

t.test('answers find their commands, whatever their order, and events go their own way', async (t) => {
  const { agent, sent, events, say, alarms } = stage();
  const first = agent.command('lock', { file: 'a' }, 100);
  const second = agent.command('read', {}, 100);
  t.match(sent[1], { id: 1, command: 'lock', file: 'a' });
  say({ event: { kind: 'client', t: 1 } });
  say({ reply: 2, ok: true, status: 'OK' });
  say({ reply: 1, ok: false, error: 'no' });
  say('noise');
  t.match(await first, { ok: false, error: 'no' });
  t.match(await second, { ok: true, status: 'OK' });
  t.equal(events.length, 1);
  t.equal(alarms.size, 0);
});

t.test('silence and death are answers, in one sentence', async (t) => {
  const { agent, say, exit, timeOut } = stage();
  const silent = agent.command('lock', {}, 100);
  timeOut();
  t.match(await silent, { ok: false, error: 'client alice did not answer "lock" within 100 ms' });
  say({ reply: 1, ok: true });
  const dying = agent.command('read', {}, 100);
  exit({ code: null, signal: 'SIGKILL' });
  t.match(await dying, { ok: false, error: 'client alice was ended by SIGKILL before it answered' });
  t.match(await agent.command('read', {}, 100), { ok: false, error: 'client alice is not running' });
});

t.test('an agent that is never ready is told in one sentence', async (t) => {
  const slow = stage();
  const never = slow.agent.ready(100);
  slow.timeOut();
  await t.rejects(never, { message: 'client alice was not ready within 100 ms' });
  const dead = stage();
  const gone = dead.agent.ready(100);
  dead.exit({ code: 1, signal: null });
  await t.rejects(gone, { message: 'client alice ended with status 1' });
});
