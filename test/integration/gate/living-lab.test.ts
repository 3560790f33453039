import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gracelab, temporaryDirectory } from '../cli/gracelab.ts';
import { noDevice } from './fixtures/mounted.ts';

const skip = noDevice() ?? false;

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

t.test("programs of a living lab lock files of the export by their node's gate", { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  const env = { ...process.env, XDG_RUNTIME_DIR: directory };
  const type = (...argv: string[]) => gracelab(argv, env);
  const file = path.join(directory, 'lab.yaml');
  writeFileSync(file, 'nodes: 2\ngate: true\n');
  t.teardown(() => type('down', '--all'));
  t.match(await type('up', '-f', file), { status: 0 });
  t.match(await type('exec', 'n1', '--', 'flock', '/gate/f', '-c', 'echo mine'), {
    status: 0,
    stdout: 'mine\n',
  });
  t.match(await type('exec', 'n1', '--', 'sh', '-c', 'ls -a /gate /srv/gracelab'), {
    stdout: /^\/gate:\n\.\n\.\.\nf\n\n\/srv\/gracelab:\n\.\n\.\.\n\.gracelab\nexport\n$/,
  });
  // n1 holds the file until n2, which has looked, lets go of another one.
  const hold =
    'exec 9>/gate/f; flock 9; until test -e /gate/ready; do sleep 0.1; done; : > /gate/held; flock /gate/end true';
  const look =
    'exec 8>/gate/end; flock 8; : > /gate/ready; until test -e /gate/held; do sleep 0.1; done; flock -n /gate/f true; echo $?';
  const holder = type('exec', 'n1', '--', 'sh', '-c', hold);
  const end = type('exec', 'n2', '--', 'sh', '-c', look);
  t.match(await end, { stdout: '1\n' }, 'what n1 has, n2 does not get');
  t.match(await holder, { status: 0 });
  t.match(await type('exec', 'n2', '--', 'flock', '-n', '/gate/f', 'true'), { status: 0 });
});
