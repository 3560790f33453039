import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { helperOf } from '../../../src/conformance/server-helper.ts';
import { gracelab } from '../cli/capture.ts';

t.test('wrong arguments: one sentence each, and status 64', async (t) => {
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/must be HOST:PORT\/PATH/, 'somewhere'],
    [/must be rows from 1 to 36/, '127.0.0.1:1/', '--rows', '0-3'],
    [/must be rows from 1 to 36/, '127.0.0.1:1/', '--rows', '7-3'],
    [/must be 4.0, 4.1, 4.2 or all/, '127.0.0.1:1/', '--version', '3'],
    [/must be HOST:PORT/, '127.0.0.1:1/', '--peer', 'node'],
  ];
  for (const [sentence, ...argv] of wrong) {
    const { status, stderr, stdout } = await gracelab(['conformance', ...argv]);
    t.equal(status, 64);
    t.match(stderr, sentence);
    t.equal(stdout, '');
  }
});

t.test(
  'the helper is called with the verb behind its own arguments; what it ends with is understood',
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'gracelab-helper-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    const program = path.join(directory, 'helper.sh');
    writeFileSync(
      program,
      `[ "$1" = "the server" ] || exit 9
    case "$2 $3" in
      "reboot ") exit 0;;
      "lease 2") echo no server >&2; exit 3;;
      *) exit 64;;
    esac`,
    );
    const helper = helperOf(`sh ${program} 'the server'`, directory);
    t.equal(await helper.call(['reboot']), 'done');
    t.equal(await helper.call(['lose-records']), 'unknown-verb');
    await t.rejects(helper.call(['lease', '2']), {
      message: 'the helper ended with status 3 at lease 2: no server',
    });
  },
);
