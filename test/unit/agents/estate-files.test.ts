import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { EstateFiles } from '../../../src/cli/agents/estate-files.ts';
import { asNodeId } from '../../../src/core/ids.ts';

const [N1, N2] = [asNodeId('n1'), asNodeId('n2')];

t.test('an estate is found by address and giver, whole, and by no other user', async (t) => {
  const control = mkdtempSync(join(tmpdir(), 'gracelab-control-'));
  t.teardown(() => rmSync(control, { recursive: true, force: true }));
  const [giver, taker] = [new EstateFiles(control), new EstateFiles(control)];
  t.equal(await taker.read(N1, N1), null);
  await giver.write(N1, N1, 'one');
  await giver.write(N1, N1, 'another');
  await giver.write(N1, N2, 'of another giver');
  t.same([await taker.read(N1, N1), await taker.read(N1, N2)], ['another', 'of another giver']);
  t.equal(await taker.read(N2, N1), null);
  for (const name of readdirSync(control)) t.equal(statSync(join(control, name)).mode & 0o077, 0);
});

t.test('one that could not be written leaves the one before', async (t) => {
  const control = mkdtempSync(join(tmpdir(), 'gracelab-control-'));
  t.teardown(() => rmSync(control, { recursive: true, force: true }));
  const files = new EstateFiles(control);
  await files.write(N1, N1, 'one');
  const [name] = readdirSync(control) as [string];
  mkdirSync(join(control, `${name}.new`));
  await t.rejects(files.write(N1, N1, 'two'), { code: 'EISDIR' });
  t.equal(await files.read(N1, N1), 'one');
});
