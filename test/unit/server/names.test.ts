import t, { type Test } from 'tap';
import { NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const ROOT_FH = call(putRootFh, {});
/** Stands in a request where the name under test goes, and has its length on the wire. */
const placeholderFor = (bytes: Buffer): string => 'n'.repeat(bytes.length);

/** Every operation that takes a name, with that name; what it works on is there. */
const operations = (name: string): Record<string, readonly OperationCall[]> => ({
  LOOKUP: [ROOT_FH, call(lookup, { objName: name })],
  'CREATE of a directory': [
    ROOT_FH,
    call(create, { objType: { type: nfs.NF4DIR }, objName: name, createAttrs: NO_ATTRIBUTES }),
  ],
  'CREATE of a link': [
    ROOT_FH,
    call(create, {
      objType: { type: nfs.NF4LNK, linkData: 'x' },
      objName: name,
      createAttrs: NO_ATTRIBUTES,
    }),
  ],
  REMOVE: [ROOT_FH, call(remove, { target: name })],
  'RENAME from': [ROOT_FH, call(saveFh, {}), call(rename, { oldName: name, newName: 'new' })],
  'RENAME to': [ROOT_FH, call(saveFh, {}), call(rename, { oldName: 'there', newName: name })],
  LINK: [
    ROOT_FH,
    call(lookup, { objName: 'there' }),
    call(saveFh, {}),
    ROOT_FH,
    call(link, { newName: name }),
  ],
  SECINFO: [ROOT_FH, call(secInfo, { name })],
});

type Asker = (ops: readonly OperationCall[]) => Promise<string>;

/** A client of each version, and a file `there`. */
async function askers(t: Test): Promise<readonly (readonly [string, Asker])[]> {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new SessionlessTestClient(node, 'bob').start();
  await alice.opened('there');
  return [
    ['4.1', (ops) => alice.try(...ops)],
    ['4.0', (ops) => bob.try(...ops)],
  ];
}

/** Makes the bytes the name on the wire. */
function withBytes(ops: readonly OperationCall[], bytes: Buffer): OperationCall[] {
  const placeholder = placeholderFor(bytes);
  return ops.map(({ op, args }) => {
    const encodeArgs: typeof op.encodeArgs = (w, plain) => {
      const start = w.position;
      op.encodeArgs(w, plain);
      const written = w.view().subarray(start);
      const place = written.indexOf(placeholder);
      if (place >= 0) bytes.copy(written, place);
    };
    return { op: { ...op, encodeArgs }, args };
  });
}

const NAMES: readonly (readonly [string, string, string])[] = [
  ['an empty name', '', 'INVAL'],
  ['.', '.', 'BADNAME'],
  ['..', '..', 'BADNAME'],
  ['a slash', 'there/x', 'BADCHAR'],
  ['a NUL', 'a\0b', 'BADCHAR'],
  ['256 bytes', 'a'.repeat(256), 'NAMETOOLONG'],
  ['128 letters of two bytes', 'ä'.repeat(128), 'NAMETOOLONG'],
  ['1536 bytes', 'abc'.repeat(512), 'NAMETOOLONG'],
];

t.test('names that nothing can have are refused by every operation, in both versions alike', async (t) => {
  for (const [version, ask] of await askers(t))
    for (const [what, name, expected] of NAMES)
      for (const [operation, ops] of Object.entries(operations(name)))
        t.equal(await ask(ops), expected, `${version} ${operation}: ${what}`);
});

/** Beginnings without ends, ends without beginnings, overlong forms, surrogates, and bytes that never occur. */
const NOT_UTF8 = [
  'c0c1',
  'e08a',
  'c0af',
  'fc80808080af',
  'eda080',
  'edbfbf',
  'e3c0c0',
  'c090',
  '80',
  'bf',
  'fe',
  'ff',
  ...['c020', 'df20', 'e020', 'ef20', 'f020', 'f720', 'f820', 'fd20'],
];

t.test('names that are not UTF-8 are INVAL (RFC 8881 section 14.5)', async (t) => {
  for (const [version, ask] of await askers(t))
    for (const hex of NOT_UTF8) {
      const bytes = Buffer.from(hex, 'hex');
      for (const [operation, ops] of Object.entries(operations(placeholderFor(bytes))))
        t.equal(await ask(withBytes(ops, bytes)), 'INVAL', `${version} ${operation} of ${hex}`);
    }
});

t.test('a name of 255 bytes, of any letters, is as good as another', async (t) => {
  for (const [version, ask] of await askers(t))
    for (const name of ['x'.repeat(255), `${'ä'.repeat(127)}x`, '\u{1F600}', ' ', '*?"<>|:', 'C:']) {
      for (const operation of ['CREATE of a directory', 'LOOKUP', 'SECINFO', 'REMOVE'])
        t.equal(await ask(operations(name)[operation] ?? []), 'OK', `${version} ${operation} ${name}`);
    }
});

t.test('a link may lead anywhere, with 4095 bytes', async (t) => {
  const link = (linkData: string): readonly OperationCall[] => [
    ROOT_FH,
    call(create, { objType: { type: nfs.NF4LNK, linkData }, objName: 'link', createAttrs: NO_ATTRIBUTES }),
  ];
  for (const [version, ask] of await askers(t)) {
    for (const target of ['x'.repeat(4095), '.', '..', '/', 'a//b', ' '] as const) {
      t.equal(await ask(link(target)), 'OK', `${version} ${target.slice(0, 10)}`);
      t.equal(await ask(operations('link').REMOVE ?? []), 'OK');
    }
    for (const length of [4096, 4097, 65_536]) t.equal(await ask(link('x'.repeat(length))), 'NAMETOOLONG');
    t.equal(await ask(link('')), 'INVAL', version);
  }
});

t.test('names are looked at when it is known where they would be', async (t) => {
  for (const [version, ask] of await askers(t)) {
    const nowhere = (ops: readonly OperationCall[] = []) => ask(ops.slice(1));
    t.equal(await nowhere(operations('').LOOKUP), 'NOFILEHANDLE', version);
    t.equal(await nowhere(operations('..').REMOVE), 'NOFILEHANDLE', version);
    t.equal(await nowhere(operations('x').SECINFO), 'NOFILEHANDLE', version);
  }
});
