import path from 'node:path';
import t from 'tap';
import { finish, ROOT } from './gracelab.ts';

const MODEL = 'src/bootstrap/gracelab.cjs model --nodes 1 --clients 1';
const type = (redirected: string) => finish('sh', ['-c', `"$0" ${redirected}`, process.execPath]);

t.test('a full disk below the output is one sentence, and no verdict', async (t) => {
  t.match(await type(`${MODEL} >/dev/full`), {
    status: 2,
    stderr: /^gracelab: cannot write the result: .*ENOSPC.*\n$/,
  });
});

t.test('a closed stderr changes nothing about the result', async (t) => {
  t.match(await type(`${MODEL} --max-clients 9 2>/dev/full`), { status: 64, stdout: '' });
});

t.test('a reader that has seen enough is no error', async (t) => {
  t.match(await type(`${MODEL} | true`), { status: 0, stderr: '' });
});

t.test('a directory that was removed is one sentence', async (t) => {
  const gone = 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && "$0" "$1" status';
  t.match(await finish('sh', ['-c', gone, process.execPath, path.join(ROOT, 'src/bootstrap/gracelab.cjs')]), {
    status: 64,
    stderr: /^gracelab: the directory you are in is gone; .*\n$/,
  });
});
