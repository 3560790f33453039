import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ContainerLogs } from '../../../src/cli/living/container-log.ts';

const NOON = new Date('2026-01-02T12:00:00.000Z');

t.test('what a container said and what happened to it are one log, in words', async (t) => {
  const directory = t.testdir();
  const logs = new ContainerLogs(directory, () => NOON);
  logs.line('n1', 'hello');
  logs.event({ kind: 'node', t: 1, node: 'n1', incarnation: 3, event: 'serving', view: 7 });
  t.equal(
    readFileSync(path.join(directory, 'n1.log'), 'utf8'),
    '2026-01-02T12:00:00.000Z hello\n2026-01-02T12:00:00.000Z serving incarnation=3 view=7\n',
  );
});

t.test('a log that has grown too long is put aside once, so it never fills a disk', async (t) => {
  const directory = t.testdir();
  const logs = new ContainerLogs(directory, () => NOON);
  const long = 'x'.repeat(1024 * 1024);
  for (let line = 0; line < 20; line += 1) logs.line('n1', long);
  for (const file of ['n1.log', 'n1.log.1']) {
    const { size } = statSync(path.join(directory, file));
    t.ok(size > 0 && size <= 8 * 1024 * 1024, `${file} has ${size} bytes`);
  }
});
