/** What a client may try to get out of an export, or to get the server into trouble, by names, kinds of files and handles. */
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attributeSet } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { lookupp } from '../../../src/nfs4/operations/lookupp.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { sealHandle } from '../../../src/server/filesystem/handle.ts';
import type { XdrWriter } from '../../../src/xdr/writer.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const ANONYMOUS = { seqid: 0, other: Buffer.alloc(12) };
const root = call(putRootFh, {});
const isRoot = process.geteuid?.() === 0;

/** The same operation with these bytes where it has its name. */
const withBytes = (
  operation: OperationCall,
  before: (w: XdrWriter) => void,
  name: Buffer,
): OperationCall => ({
  op: {
    ...operation.op,
    encodeArgs: (w: XdrWriter) => {
      before(w);
      w.opaque(name);
    },
  } as OperationCall['op'],
  args: {},
});

const NAMES: readonly (readonly [what: string, name: Buffer, statuses: RegExp])[] = [
  ['nothing', Buffer.alloc(0), /^INVAL$/],
  ['dot', Buffer.from('.'), /^BADNAME$/],
  ['dot dot', Buffer.from('..'), /^BADNAME$/],
  ['a way up', Buffer.from('../secret'), /^BADCHAR$/],
  ['a way down', Buffer.from('sub/inside'), /^BADCHAR$/],
  ['an absolute path', Buffer.from('/etc/passwd'), /^BADCHAR$/],
  ['a path through proc', Buffer.from('/proc/self/fd/0'), /^BADCHAR$/],
  ['NUL', Buffer.from('file\0more'), /^BADCHAR$/],
  ['a NUL alone', Buffer.from('\0'), /^BADCHAR$/],
  ['bytes that are no UTF-8', Buffer.from([0x66, 0xff, 0xfe]), /^INVAL$/],
  ['a surrogate', Buffer.from([0xed, 0xa0, 0x80]), /^INVAL$/],
  ['slashes in too many bytes', Buffer.from([0xc0, 0xaf]), /^INVAL$/],
  ['256 bytes', Buffer.alloc(256, 'x'), /^NAMETOOLONG$/],
  ['255 bytes in 128 characters and one more', Buffer.from('é'.repeat(128)), /^NAMETOOLONG$/],
  ['64 KiB', Buffer.alloc(65_536, 'x'), /^NAMETOOLONG$/],
  ['more', Buffer.alloc(65_540, 'x'), /^BADXDR$/],
];

t.test('no name leads anywhere else, whatever takes it', async (t) => {
  const node = new NodeUnderTest(t);
  mkdirSync(join(node.dir, 'sub'));
  for (const name of ['file', 'sub/inside']) writeFileSync(join(node.dir, name), '');
  const alice = await new TestClient(node, 'alice').start();
  const noName = () => {};
  const plain = (w: XdrWriter) => w.utf8('file');
  const asked: Record<string, (name: Buffer) => readonly OperationCall[]> = {
    LOOKUP: (name) => [withBytes(call(lookup, { objName: '' }), noName, name)],
    REMOVE: (name) => [withBytes(call(remove, { target: '' }), noName, name)],
    SECINFO: (name) => [withBytes(call(secInfo, { name: '' }), noName, name)],
    LINK: (name) => [
      call(lookup, { objName: 'file' }),
      call(saveFh, {}),
      root,
      withBytes(call(link, { newName: '' }), noName, name),
    ],
    'RENAME to': (name) => [
      call(saveFh, {}),
      withBytes(call(rename, { oldName: '', newName: '' }), plain, name),
    ],
    OPEN: (name) => {
      const opening = alice.openCall('app', { claim: nfs.CLAIM_NULL, file: '' }, { create: true });
      const upToName = (w: XdrWriter) => {
        opening.op.encodeArgs(w, opening.args as never);
        w.truncate(w.position - 4);
      };
      return [withBytes(opening, upToName, name)];
    },
  };
  for (const [operation, of] of Object.entries(asked))
    for (const [what, name, statuses] of NAMES)
      t.match(await alice.try(root, ...of(name)), statuses, `${operation} of ${what}`);
  for (const [what, name] of NAMES.slice(0, 9)) {
    const objName = name.toString();
    const making = (type: number) =>
      call(create, { objType: { type }, objName, createAttrs: attributeSet({}) });
    t.not(await alice.try(root, making(nfs.NF4DIR)), 'OK', `CREATE of ${what}`);
    t.not(
      await alice.try(root, call(saveFh, {}), call(rename, { oldName: objName, newName: 'x' })),
      'OK',
      `RENAME of ${what}`,
    );
  }
  t.same(readdirSync(node.dir, { recursive: true }).sort(), ['file', 'sub', 'sub/inside']);
  t.equal(await alice.renew(), 'OK');
});

t.test(
  'what is no regular file is never opened: nothing waits for the other end of a pipe, no device is asked',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const target = await alice.opened('target');
    const kinds: [string, Parameters<typeof create.encodeArgs>[1]['objType']][] = [
      ['fifo', { type: nfs.NF4FIFO }],
      ['socket', { type: nfs.NF4SOCK }],
      // A tape would be wound back, a watchdog started, by being opened and closed.
      ...(isRoot ? ([['device', { type: nfs.NF4CHR, devData: { major: 10, minor: 130 } }]] as const) : []),
      ['link', { type: nfs.NF4LNK, linkData: '/dev/tty' }],
    ] as [string, Parameters<typeof create.encodeArgs>[1]['objType']][];
    for (const [objName, objType] of kinds) {
      t.equal(
        await alice.try(root, call(create, { objType, objName, createAttrs: attributeSet({}) })),
        'OK',
        objName,
      );
      const handle = await alice.handleOf(objName);
      const here = call(putFh, { object: handle });
      const data = Buffer.from('x');
      const attempts: Record<string, readonly OperationCall[]> = {
        OPEN: [root, alice.openCall('app', { claim: nfs.CLAIM_NULL, file: objName })],
        'OPEN that would make it': [
          root,
          alice.openCall('app', { claim: nfs.CLAIM_NULL, file: objName }, { create: true }),
        ],
        'OPEN by handle': [here, alice.openCall('app', { claim: nfs.CLAIM_FH })],
        READ: [here, call(read, { stateid: ANONYMOUS, offset: 0n, count: 10 })],
        WRITE: [here, call(write, { stateid: ANONYMOUS, offset: 0n, stable: nfs.FILE_SYNC4, data })],
        'SETATTR of the size': [
          here,
          call(setAttr, { stateid: ANONYMOUS, objAttributes: attributeSet({ size: 0n }) }),
        ],
        LOCK: [here, alice.lockCall(target)],
        READDIR: [
          here,
          call(readDir, {
            cookie: 0n,
            cookieVerf: Buffer.alloc(8),
            dirCount: 100,
            maxCount: 1000,
            attrRequest: [],
          }),
        ],
        LOOKUP: [here, call(lookup, { objName: 'x' })],
        LOOKUPP: [here, call(lookupp, {})],
      };
      for (const [what, ops] of Object.entries(attempts))
        t.match(
          await alice.try(...ops),
          /^(SYMLINK|WRONG_TYPE|INVAL|NOTDIR|BAD_STATEID)$/,
          `${what} of a ${objName}`,
        );
      t.equal(
        await alice.try(here, call(getAttr, { attrRequest: [(0xffff_ffff & ~(1 << 11)) >>> 0] })),
        'OK',
        `GETATTR of a ${objName}`,
      );
    }
  },
);

t.test('a handle of another key is nobody’s, whatever file it means', async (t) => {
  const node = new NodeUnderTest(t);
  const beside = new NodeUnderTest(t, {}, ['beside', 'besides']);
  writeFileSync(join(beside.dir, 'secret'), '');
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(beside, 'bob').start();
  const whole = await bob.handleOf('beside', 'secret');
  for (const handle of [whole, whole.subarray(8)])
    t.equal(
      await alice.try(call(putFh, { object: handle })),
      'BADHANDLE',
      'of another domain of the same filesystem',
    );
  const identity = { form: 'kernel', bytes: Buffer.from(whole.subarray(26)) } as const;
  t.equal(
    await alice.try(call(putFh, { object: sealHandle(identity, Buffer.alloc(32)) })),
    'BADHANDLE',
    'sealed with a guess',
  );
  for (const bytes of [0, 1, 17, 18, 19, 64, 120, 121, 128])
    t.match(
      await alice.try(call(putFh, { object: Buffer.alloc(bytes, 1) })),
      /^(BADHANDLE|BADXDR)$/,
      `${bytes} bytes`,
    );
});

t.test('a hard link stays within its domain', async (t) => {
  const node = new NodeUnderTest(t, {}, ['one', 'two']);
  writeFileSync(join(node.domain('one').dir, 'file'), '');
  const alice = await new TestClient(node, 'alice').start();
  const [file, other] = [await alice.handleOf('one', 'file'), await alice.handleOf('two')];
  const linking = [
    call(putFh, { object: file }),
    call(saveFh, {}),
    call(putFh, { object: other }),
    call(link, { newName: 'stolen' }),
  ];
  t.equal(await alice.try(...linking), 'XDEV');
  const one = await alice.handleOf('one');
  const moving = [
    call(putFh, { object: one }),
    call(saveFh, {}),
    call(putFh, { object: other }),
    call(rename, { oldName: 'file', newName: 'x' }),
  ];
  t.equal(await alice.try(...moving), 'XDEV');
});

t.test('a link in place of a directory that is in use leads nowhere', async (t) => {
  const node = new NodeUnderTest(t);
  mkdirSync(join(node.dir, 'a/b'), { recursive: true });
  writeFileSync(join(node.dir, 'a/file'), 'inside');
  const alice = await new TestClient(node, 'alice').start();
  const [a, b] = [await alice.handleOf('a'), await alice.handleOf('a', 'b')];
  const outside = `${node.dir}.outside`;
  renameSync(join(node.dir, 'a'), outside);
  t.teardown(() => rmSync(outside, { recursive: true, force: true }));
  symlinkSync(outside, join(node.dir, 'a'));
  t.equal(
    await alice.try(call(putFh, { object: a }), call(lookup, { objName: 'file' })),
    'STALE',
    'by the handle of before',
  );
  t.equal(await alice.try(call(putFh, { object: b }), call(lookupp, {})), 'STALE', 'nor up from below');
  t.equal(
    await alice.try(root, call(lookup, { objName: 'a' }), call(lookup, { objName: 'file' })),
    'SYMLINK',
    'by name',
  );
  linkSync(join(outside, 'file'), join(node.dir, 'given away'));
  t.type(
    await alice.open('given away', 'app', { create: false }),
    'object',
    'what somebody here links into it is in it',
  );
});
