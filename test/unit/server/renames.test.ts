import t, { type Test } from 'tap';
import { attributeBitmap, NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { type GetAttrResult, getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { type RenameResult, rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const ROOT_FH = call(putRootFh, {});

/** Where something is: the names from the root on. */
type Path = readonly string[];

const at = (path: Path): OperationCall[] => [ROOT_FH, ...path.map((objName) => call(lookup, { objName }))];

async function started(t: Test) {
  const alice = await new TestClient(new NodeUnderTest(t), 'alice').start();
  const makeDirectories = async (...paths: readonly Path[]) => {
    for (const path of paths) {
      const objName = path.at(-1) ?? '';
      const making = call(create, { objType: { type: nfs.NF4DIR }, objName, createAttrs: NO_ATTRIBUTES });
      t.equal(await alice.try(...at(path.slice(0, -1)), making), 'OK', path.join('/'));
    }
  };
  const renaming = (from: Path, to: Path): OperationCall[] => [
    ...at(from.slice(0, -1)),
    call(saveFh, {}),
    ...at(to.slice(0, -1)),
    call(rename, { oldName: from.at(-1) ?? '', newName: to.at(-1) ?? '' }),
  ];
  const move = (from: Path, to: Path) => alice.try(...renaming(from, to));
  const moved = async (from: Path, to: Path) => {
    const results: readonly unknown[] = (await alice.run(renaming(from, to))).results;
    return results.at(-1) as RenameResult;
  };
  const there = (path: Path) => alice.try(...at(path)).then((status) => status === 'OK');
  return { alice, makeDirectories, move, moved, there };
}

t.test('RENAME moves between directories, and onto what may be replaced', async (t) => {
  const { alice, makeDirectories, move, there } = await started(t);
  await makeDirectories(['one'], ['one', 'foo'], ['two'], ['empty']);
  await alice.opened('file');
  await alice.opened('other');
  t.equal(await move(['one', 'foo'], ['two', 'bar']), 'OK');
  t.same([await there(['one', 'foo']), await there(['two', 'bar'])], [false, true]);
  t.equal(await move(['two'], ['empty']), 'OK', 'a directory onto an empty one');
  t.ok(await there(['empty', 'bar']));
  t.equal(await move(['file'], ['other']), 'OK', 'a file onto another');
  t.notOk(await there(['file']));
});

t.test('RENAME replaces nothing of another kind, and nothing that is full', async (t) => {
  const { alice, makeDirectories, move } = await started(t);
  await makeDirectories(['dir'], ['full'], ['full', 'x']);
  await alice.opened('file');
  t.match(await move(['dir'], ['file']), /^(EXIST|NOTDIR)$/);
  t.match(await move(['file'], ['dir']), /^(EXIST|ISDIR)$/);
  t.match(await move(['dir'], ['full']), /^(EXIST|NOTEMPTY)$/);
  t.match(await move(['file'], ['full']), /^(EXIST|ISDIR)$/);
  t.equal(await move(['nothing'], ['file']), 'NOENT');
  t.equal(await move(['full'], ['full', 'x', 'deeper']), 'INVAL', 'into itself');
  t.equal(await alice.try(ROOT_FH, call(remove, { target: 'full' })), 'NOTEMPTY');
});

t.test('RENAME onto itself, or onto another name of the same file, changes nothing', async (t) => {
  const { alice, makeDirectories, moved, there } = await started(t);
  await makeDirectories(['dir']);
  await alice.opened('file');
  const linked = [...at(['file']), call(saveFh, {}), ROOT_FH, call(link, { newName: 'link' })];
  t.equal(await alice.try(...linked), 'OK');
  for (const [from, to] of [
    ['dir', 'dir'],
    ['file', 'file'],
    ['file', 'link'],
  ] as const) {
    const result = await moved([from], [to]);
    if (result.status !== 0) throw new Error(`RENAME of ${from} to ${to}`);
    t.equal(result.sourceCinfo.before, result.sourceCinfo.after, `${from} to ${to}`);
    t.equal(result.targetCinfo.before, result.targetCinfo.after, `${from} to ${to}`);
  }
  t.same([await there(['file']), await there(['link'])], [true, true]);
});

t.test('LINK counts, and is EXIST where there is something', async (t) => {
  const { alice } = await started(t);
  await alice.opened('file');
  const links = async () => {
    const ask = call(getAttr, { attrRequest: attributeBitmap(['numLinks']) });
    const results: readonly unknown[] = (await alice.run([...at(['file']), ask])).results;
    const result = results.at(-1) as GetAttrResult;
    return result.status === 0 ? result.objAttributes.values.numLinks : null;
  };
  const linked = [...at(['file']), call(saveFh, {}), ROOT_FH, call(link, { newName: 'link' })];
  t.equal(await links(), 1);
  t.equal(await alice.try(...linked), 'OK');
  t.equal(await links(), 2);
  t.equal(await alice.try(...linked), 'EXIST');
  t.equal(await alice.try(ROOT_FH, call(link, { newName: 'x' })), 'NOFILEHANDLE', 'of nothing');
  t.equal(await alice.try(ROOT_FH, call(rename, { oldName: 'file', newName: 'x' })), 'NOFILEHANDLE');
});
