import t, { type Test } from 'tap';
import { attributeSet, NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { commit } from '../../../src/nfs4/operations/commit.ts';
import { type CreateType, create } from '../../../src/nfs4/operations/create.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { lookupp } from '../../../src/nfs4/operations/lookupp.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { readLink } from '../../../src/nfs4/operations/read-link.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

type Kind = 'file' | 'dir' | 'link' | 'fifo' | 'socket' | 'block' | 'char';

const device = { major: 1, minor: 2 };
const TYPES: readonly (readonly [Kind, CreateType])[] = [
  ['dir', { type: nfs.NF4DIR }],
  ['link', { type: nfs.NF4LNK, linkData: '/etc/X11' }],
  ['fifo', { type: nfs.NF4FIFO }],
  ['socket', { type: nfs.NF4SOCK }],
  ['block', { type: nfs.NF4BLK, devData: device }],
  ['char', { type: nfs.NF4CHR, devData: device }],
];
const ROOT_FH = call(putRootFh, {});

interface Tree {
  readonly minorVersion: 0 | 1;
  readonly clientId: bigint;
  readonly kinds: readonly Kind[];
  try(...ops: readonly OperationCall[]): Promise<string>;
  open(name: string): Promise<string>;
}

/** One object of each kind that can be made here, named after it, in the root: as a client of that version made them. */
async function tree(t: Test, minorVersion: 0 | 1): Promise<Tree> {
  const node = new NodeUnderTest(t);
  const client =
    minorVersion === 0
      ? await new SessionlessTestClient(node, 'alice').start()
      : await new TestClient(node, 'alice').start();
  await client.opened('file', 'maker');
  const kinds: Kind[] = ['file'];
  for (const [objName, objType] of TYPES) {
    const making = [ROOT_FH, call(create, { objType, objName, createAttrs: NO_ATTRIBUTES })];
    const status = await client.try(...making);
    // Devices are root's.
    if (status === 'PERM' && process.getuid?.() !== 0) continue;
    if (status !== 'OK') t.fail(`CREATE of a ${objName}: ${status}`);
    t.equal(await client.try(...making), 'EXIST', `CREATE of a ${objName} once more`);
    kinds.push(objName);
  }
  return {
    minorVersion,
    clientId: client.clientId,
    kinds,
    try: (...ops) => client.try(...ops),
    open: async (name) => {
      const file = await client.open(name, 'app', { create: false });
      return typeof file === 'string' ? file : 'OK';
    },
  };
}

const at = (objName: string): readonly OperationCall[] => [ROOT_FH, call(lookup, { objName })];

/** What is done to an object, and what the answer should be. */
type Check = readonly [
  name: string,
  ask: (tree: Tree, kind: Kind) => Promise<string>,
  expected: Partial<Record<Kind | 'else', string>>,
];

const onCurrent =
  (...ops: readonly OperationCall[]) =>
  (of: Tree, kind: Kind): Promise<string> =>
    of.try(...at(kind), ...ops);

const lockTest = ({ clientId }: Tree) =>
  call(lockT, {
    lockType: nfs.WRITE_LT,
    offset: 0n,
    length: 8n,
    owner: { clientId, owner: Buffer.from('x') },
  });

const stateid = ANONYMOUS_STATEID;
const READ = call(read, { stateid, offset: 0n, count: 8 });
const WRITE = call(write, { stateid, offset: 0n, stable: nfs.UNSTABLE4, data: Buffer.from('x') });
const COMMIT = call(commit, { offset: 0n, count: 0 });
const TRUNCATE = call(setAttr, { stateid, objAttributes: attributeSet({ size: 0n }) });
const READDIR = call(readDir, {
  cookie: 0n,
  cookieVerf: Buffer.alloc(8),
  dirCount: 0,
  maxCount: 4096,
  attrRequest: [],
});
const MKDIR = call(create, { objType: { type: nfs.NF4DIR }, objName: 'x', createAttrs: NO_ATTRIBUTES });

/** @param other what is said of devices, fifos and sockets */
const checks = (other: string, opened: string, linkUp: string): readonly Check[] => {
  const contents = { file: 'OK', dir: 'ISDIR', link: 'SYMLINK', else: other };
  const directory = (found: string) => ({ dir: found, link: 'SYMLINK', else: 'NOTDIR' });
  return [
    ['READ', onCurrent(READ), contents],
    ['WRITE', onCurrent(WRITE), contents],
    ['COMMIT', onCurrent(COMMIT), contents],
    ['SETATTR of the size', onCurrent(TRUNCATE), contents],
    ['LOCKT', (of, kind) => of.try(...at(kind), lockTest(of)), contents],
    ['OPEN', (of, kind) => of.open(kind), { file: 'OK', dir: 'ISDIR', link: 'SYMLINK', else: opened }],
    ['READLINK', onCurrent(call(readLink, {})), { link: 'OK', else: other }],
    ['LOOKUP', onCurrent(call(lookup, { objName: 'x' })), directory('NOENT')],
    ['LOOKUPP', onCurrent(call(lookupp, {})), { dir: 'OK', link: linkUp, else: 'NOTDIR' }],
    ['READDIR', onCurrent(READDIR), directory('OK')],
    ['SECINFO', onCurrent(call(secInfo, { name: 'x' })), directory('NOENT')],
    ['REMOVE', onCurrent(call(remove, { target: 'x' })), directory('NOENT')],
    [
      'RENAME from',
      (of, kind) =>
        of.try(...at(kind), call(saveFh, {}), ROOT_FH, call(rename, { oldName: 'x', newName: 'y' })),
      directory('NOENT'),
    ],
    [
      'RENAME to',
      (of, kind) =>
        of.try(ROOT_FH, call(saveFh, {}), ...at(kind), call(rename, { oldName: 'x', newName: 'y' })),
      directory('NOENT'),
    ],
    [
      'LINK in',
      (of, kind) => of.try(...at('file'), call(saveFh, {}), ...at(kind), call(link, { newName: 'x' })),
      directory('OK'),
    ],
    [
      'LINK of',
      (of, kind) => of.try(...at(kind), call(saveFh, {}), ROOT_FH, call(link, { newName: `${kind}2` })),
      { dir: 'ISDIR', else: 'OK' },
    ],
    ['CREATE', onCurrent(MKDIR), directory('EXIST')],
  ];
};

for (const [minorVersion, expected] of [
  [0, checks('INVAL', 'SYMLINK', 'NOTDIR')],
  [1, checks('WRONG_TYPE', 'WRONG_TYPE', 'SYMLINK')],
] as const) {
  t.test(`version 4.${minorVersion}: every operation on every kind of object`, async (t) => {
    const made = await tree(t, minorVersion);
    for (const [name, ask, statuses] of expected)
      for (const kind of made.kinds)
        t.equal(await ask(made, kind), statuses[kind] ?? statuses.else, `${name} on a ${kind}`);
  });
}
