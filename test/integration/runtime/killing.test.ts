/** A kill ends what is stopped, and says so when the end is not known. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../../src/core/clock.ts';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);

const KILL_PATIENCE_MS = 10_000;
/** While impatient, the time that a killed container has is over before it can have ended. */
let impatient = false;
const clock: Clock = {
  nowMs: realClock.nowMs,
  after(ms, run) {
    if (!impatient || ms !== KILL_PATIENCE_MS) return realClock.after(ms, run);
    queueMicrotask(run);
    return () => undefined;
  },
};
const lab = await NamespaceLab.open({
  clock,
  env: process.env,
  log: { line: () => undefined },
  killPatienceMs: KILL_PATIENCE_MS,
});
const n1 = await lab.container({ name: 'n1', role: 'node' });

const stateOf = (pid: number): string | null => {
  try {
    return /^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
};
const untilStopped = async (pid: number): Promise<void> => {
  while (stateOf(pid) !== 'T') await new Promise((resolve) => setImmediate(resolve));
};

for (const how of ['kill', 'powerCut'] as const)
  t.test(`a ${how} ends a paused container, with what is stopped in it`, async (t) => {
    const init = await n1.boot({ argv: ['sh', '-c', 'sleep 1000 & wait'] });
    const children = (): string => readFileSync(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8').trim();
    while (children() === '') await new Promise((resolve) => setImmediate(resolve));
    const child = Number(children());
    n1.pause();
    process.kill(child, 'SIGSTOP');
    await Promise.all([init.pid, child].map(untilStopped));
    await n1[how]();
    t.strictSame([init.pid, child].map(stateOf), [null, null]);
    t.notOk(n1.running);
    t.strictSame(await init.exited, { code: null, signal: 'SIGKILL' });
  });

t.test('a stop ends a paused container when its patience is over', async (t) => {
  const init = await n1.boot({ argv: ['sleep', '1000'] });
  n1.pause();
  await untilStopped(init.pid);
  await n1.stop(20);
  t.equal(stateOf(init.pid), null);
});

t.test(
  'a kill whose end is not known in time rejects, and the container is not taken for gone',
  async (t) => {
    for (const how of ['kill', 'powerCut', 'stop'] as const) {
      const init = await n1.boot({ argv: ['sleep', '1000'] });
      impatient = true;
      const killed = how === 'stop' ? n1.stop(KILL_PATIENCE_MS) : n1[how]();
      await t.rejects(killed, { message: /^n1 was killed 10000 ms ago and is not gone: / }, how);
      t.ok(n1.running);
      impatient = false;
      await init.exited;
      t.notOk(n1.running);
    }
  },
);

t.teardown(() => lab[Symbol.asyncDispose]());
