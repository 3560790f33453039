/** Runs as process 1 of a sandbox: a lab with a node and a client that goes on until something ends it. */
import { join } from 'node:path';
import { NamespaceLab } from '../../../../src/runtime/namespace/lab.ts';
import { realClock } from './real-clock.ts';

const [manner] = process.argv.slice(2);
const PEER = [process.execPath, join(import.meta.dirname, 'peer.ts')] as const;

const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
const node = await lab.container({ name: 'n1', role: 'node' });
const client = await lab.container({ name: 'alice', role: 'client' });
await Promise.all([node.boot({ argv: PEER }), client.boot({ argv: PEER })]);
// Files that would stay if they were on the host.
const left = `left-${process.env.GRACELAB_TEST_MARK}`;
await node.exec([
  'sh',
  '-c',
  `for d in /tmp /run /dev/shm /var/lib/gracelab /srv/gracelab; do echo >$d/${left}; done`,
]);
if (manner === 'says-goodbye') {
  process.on('SIGINT', () => {
    process.stdout.write('interrupted\n');
    process.exit(42);
  });
}
process.stdout.write('up\n');
if (manner === 'ends') process.exit(7);
// An event loop that never turns again: nothing in this process can notice anything.
if (manner === 'is-busy') for (;;);
