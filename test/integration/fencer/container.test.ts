/** The fencer against real containers of the namespace runtime, whose init holds a lock in the shared filesystem. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { containerFencer } from '../../../src/runtime/container-fencer.ts';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import type { Process } from '../../../src/runtime/runtime.ts';
import { tapInSandbox } from '../runtime/programs/in-sandbox.ts';
import { realClock } from '../runtime/programs/real-clock.ts';
import { GONE, LIFE } from './fixtures/life.ts';

/** Takes the lock, says so in a line of JSON, and keeps it. */
const HOLD = `exec 9>/srv/gracelab/lock; flock 9; echo '"held"'; exec sleep 1000`;

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
t.teardown(() => lab[Symbol.asyncDispose]());
const n2 = await lab.container({ name: 'n2', role: 'node' });

const lockIsFree = () => spawnSync('flock', ['-n', path.join(lab.sharedDir, 'lock'), 'true']).status === 0;

/** What the lab knows of the life that runs. */
let known: { incarnation: number; life: Process } | undefined;
async function boot(incarnation: number): Promise<void> {
  const life = await n2.boot({ argv: ['sh', '-c', HOLD] });
  await new Promise<void>((resolve) => life.onMessage(() => resolve()));
  known = { incarnation, life };
}
const fencer = containerFencer(
  () => ({ container: n2, incarnation: known?.incarnation ?? null, life: known?.life }),
  { clock: realClock },
);

t.test('a paused life is ended, and what it held is free at once', async (t) => {
  await boot(4);
  n2.pause();
  t.notOk(lockIsFree());
  t.match(await fencer.fence(LIFE), GONE);
  t.ok(lockIsFree());
  t.notOk(n2.running);
});

t.test('the next life is left alone', async (t) => {
  await boot(5);
  t.match(await fencer.fence(LIFE), GONE);
  t.ok(n2.running);
  t.notOk(lockIsFree());
  await n2.kill();
});
