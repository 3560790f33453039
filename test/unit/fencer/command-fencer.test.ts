import { spawnSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { commandFencer } from '../../../src/runtime/command-fencer.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { failedWith, GONE, LIFE } from './fixtures/life.ts';

const clock = new VirtualClock();
const env = { PATH: '/usr/bin:/bin' };
const shell = (script: string) => commandFencer(['sh', '-c', script, 'fence'], { clock, env });

t.test('it is told the node and the incarnation, and exit 0 means gone', async (t) => {
  t.match(await shell('[ "$1 $2" = "n2 4" ]').fence(LIFE), GONE);
  t.match(await shell('[ "$1 $2" = "n2 5" ]').fence(LIFE), { outcome: 'failed' });
});

t.test('any other end is nobody knows, with the first line of its complaint', async (t) => {
  t.match(await shell('echo "the switch does not answer" >&2; echo more >&2; exit 3').fence(LIFE), {
    outcome: 'failed',
    reason: '`sh` ended with status 3: the switch does not answer',
  });
  t.match(await shell('exit 1').fence(LIFE), failedWith(/status 1 and said nothing/));
  t.match(await shell('kill -9 $$').fence(LIFE), failedWith(/was ended by SIGKILL/));
});

t.test('a command that is not there is nobody knows', async (t) => {
  const fencer = commandFencer(['/nonexistent/fence'], { clock, env });
  t.match(await fencer.fence(LIFE), failedWith(/could not be started.*ENOENT/));
});

t.test('what it leaves running in the background does not hold up its success', async (t) => {
  t.match(await shell('sleep 2 & exit 0').fence(LIFE), GONE);
});

t.test('at the time limit it is ended with its children, and nobody knows', async (t) => {
  const pipe = path.join(t.testdir(), 'pipe');
  spawnSync('mkfifo', [pipe]);
  const limited = new VirtualClock();
  const fencer = commandFencer(['sh', '-c', `sleep 1000 >${pipe} & wait; exit 0`], {
    clock: limited,
    env,
    limitMs: 500,
  });
  const fencing = fencer.fence(LIFE);
  // Opened when the child has its end, at its end when the child has ended.
  const child = await open(pipe, 'r');
  await limited.advance(500);
  t.match(await fencing, failedWith(/500 ms of waiting for `sh` to end/));
  t.equal(await child.readFile('utf8'), '');
  await child.close();
});
