import t, { type Test } from 'tap';
import {
  type AttributeName,
  attributeBitmap,
  attributeNumber,
  attributeSet,
  type FileAttributes,
  NO_ATTRIBUTES,
} from '../../../src/nfs4/attributes.ts';
import { type Bitmap, bitmapBits, bitmapOf, encodeBitmap } from '../../../src/nfs4/bitmap.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { type GetAttrResult, getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { nverify } from '../../../src/nfs4/operations/nverify.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { verify } from '../../../src/nfs4/operations/verify.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const ROOT_FH = call(putRootFh, {});
const KINDS = ['file', 'dir', 'link', 'fifo'];

/**
 * By number, as the tables have them (RFC 7530 section 5.6, RFC 8881 section 5.6): supported_attrs to rdattr_error, filehandle; and
 * suppattr_exclcreat, which came with 4.1.
 */
const REQUIRED_IN_0 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 19];
const requiredIn = (version: number): readonly number[] =>
  version === 0 ? REQUIRED_IN_0 : [...REQUIRED_IN_0, 75];
const RDATTR_ERROR = 11;
const WRITE_ONLY: readonly AttributeName[] = ['timeAccessSet', 'timeModifySet'];
/** Attributes that files may have and these have not, by number: acl, archive, hidden, mimetype, quotas, system, time_backup. */
const UNSUPPORTED = [12, 14, 25, 32, 38, 39, 40, 46, 49];

interface Asker {
  readonly version: 0 | 1 | 2;
  ask(...ops: readonly OperationCall[]): Promise<string>;
  get(name: string, requested: Bitmap): Promise<Extract<GetAttrResult, { status: 0 }>['objAttributes']>;
}

const at = (objName: string): readonly OperationCall[] => [ROOT_FH, call(lookup, { objName })];

/** A client of each version, and one object of each kind. */
async function askers(t: Test): Promise<readonly Asker[]> {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await alice.opened('file');
  const types = [
    ['dir', { type: nfs.NF4DIR }],
    ['link', { type: nfs.NF4LNK, linkData: 'x' }],
    ['fifo', { type: nfs.NF4FIFO }],
  ] as const;
  for (const [objName, objType] of types)
    await alice.run([ROOT_FH, call(create, { objType, objName, createAttrs: NO_ATTRIBUTES })]);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const carol = new TestClient(node, 'carol');
  carol.minorVersion = 2;
  await carol.start();
  const run = [
    (ops: readonly OperationCall[]) => bob.run(...ops),
    (ops: readonly OperationCall[]) => alice.run(ops),
    (ops: readonly OperationCall[]) => carol.run(ops),
  ];
  const clients = [bob, alice, carol];
  return ([0, 1, 2] as const).map((version) => ({
    version,
    ask: (...ops) => clients[version]?.try(...ops) ?? Promise.reject(new Error('no client')),
    async get(name, attrRequest) {
      const reply = await run[version]?.([...at(name), call(getAttr, { attrRequest })]);
      const results: readonly unknown[] = reply?.results ?? [];
      const result = results.at(-1) as GetAttrResult;
      if (result.status !== 0) throw new Error(`GETATTR of ${name} failed`);
      return result.objAttributes;
    },
  }));
}

const set = (objAttributes: FileAttributes): OperationCall =>
  call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet(objAttributes) });

/** Attributes by number, with bytes for values. */
const raw = (operation: OperationCall, mask: Bitmap, values: Buffer = Buffer.alloc(4)): OperationCall => {
  const encodeArgs: typeof operation.op.encodeArgs = (w) => {
    if (operation.op.name === 'SETATTR') w.opaqueFixed(Buffer.alloc(16), 16);
    encodeBitmap(w, mask);
    w.opaque(values);
  };
  return { ...operation, op: { ...operation.op, encodeArgs } };
};
const rawSet = (mask: Bitmap, values?: Buffer): OperationCall => raw(set({}), mask, values);

t.test('every file has what all must have, and what is said to be supported is given', async (t) => {
  for (const { version, get } of await askers(t))
    for (const kind of KINDS) {
      const required = bitmapOf(requiredIn(version));
      const { mask, values } = await get(kind, required);
      t.same(mask, required, `4.${version}: required ones of a ${kind}`);
      const writeOnly = new Set(
        [...WRITE_ONLY, ...(version === 2 ? (['modeUmask'] as const) : [])].map(attributeNumber),
      );
      const supported = bitmapBits(values.supportedAttrs ?? []).filter((number) => !writeOnly.has(number));
      // Not every filesystem knows when a file was made.
      const optional = attributeNumber('timeCreate');
      const known = (numbers: readonly number[]) => numbers.filter((number) => number !== optional);
      const everything = Array.from({ length: 128 }, (_, number) => number).filter(
        (number) => !(number === 81 || WRITE_ONLY.map(attributeNumber).includes(number)),
      );
      const all = await get(kind, bitmapOf(everything));
      t.same(known(bitmapBits(all.mask)), known(supported), `4.${version}: supported ones of a ${kind}`);
    }
});

t.test('an attribute that nobody knows is left out, and so is everything of an empty request', async (t) => {
  for (const { version, get } of await askers(t))
    for (const requested of [[], bitmapOf([1000]), bitmapOf(UNSUPPORTED)])
      t.same((await get('file', requested)).mask, [], `4.${version}`);
});

t.test('what can only be set cannot be asked for, nor compared', async (t) => {
  const time = { seconds: 1n, nseconds: 0 };
  for (const { version, ask } of await askers(t))
    for (const name of WRITE_ONLY) {
      const attrRequest = attributeBitmap(['size', name]);
      t.equal(await ask(...at('file'), call(getAttr, { attrRequest })), 'INVAL', `4.${version} GETATTR`);
      const listing = { cookie: 0n, cookieVerf: Buffer.alloc(8), dirCount: 0, maxCount: 4096, attrRequest };
      t.equal(await ask(ROOT_FH, call(readDir, listing)), 'INVAL', `4.${version} READDIR`);
      const objAttributes = attributeSet({ [name]: time });
      t.equal(await ask(...at('file'), call(verify, { objAttributes })), 'INVAL', `4.${version} VERIFY`);
      t.equal(await ask(...at('file'), call(nverify, { objAttributes })), 'INVAL', `4.${version} NVERIFY`);
    }
});

t.test('VERIFY and NVERIFY agree with GETATTR', async (t) => {
  for (const { version, ask, get } of await askers(t))
    for (const kind of KINDS) {
      const compared = bitmapOf(requiredIn(version).filter((number) => number !== RDATTR_ERROR));
      const objAttributes = await get(kind, compared);
      t.equal(await ask(...at(kind), call(verify, { objAttributes })), 'OK', `4.${version} ${kind}`);
      t.equal(await ask(...at(kind), call(nverify, { objAttributes })), 'SAME', `4.${version} ${kind}`);
      const other = attributeSet({ size: (objAttributes.values.size ?? 0n) + 1n });
      t.equal(await ask(...at(kind), call(verify, { objAttributes: other })), 'NOT_SAME');
      t.equal(await ask(...at(kind), call(nverify, { objAttributes: other })), 'OK');
    }
  for (const { version, ask } of await askers(t))
    for (const operation of [verify, nverify]) {
      const error = attributeSet({ rdattrError: 0 });
      t.equal(await ask(...at('file'), call(operation, { objAttributes: error })), 'INVAL');
      for (const number of UNSUPPORTED) {
        const comparing = raw(call(operation, { objAttributes: NO_ATTRIBUTES }), bitmapOf([number]));
        const status = await ask(...at('file'), comparing);
        t.equal(status, 'ATTRNOTSUPP', `4.${version} ${operation.name} of ${number}`);
      }
      t.equal(await ask(call(operation, { objAttributes: attributeSet({ size: 1n }) })), 'NOFILEHANDLE');
    }
});

t.test('what is read-only is INVAL, what is not supported ATTRNOTSUPP, in SETATTR and CREATE', async (t) => {
  const readOnly: FileAttributes = {
    type: nfs.NF4DIR,
    change: 1n,
    linkSupport: true,
    fsid: { major: 0n, minor: 0n },
    leaseTime: 1,
    filehandle: Buffer.from('nonsense'),
    aclSupport: 0,
    fileid: 1n,
    maxName: 1,
    numLinks: 1,
    rawDev: { major: 0, minor: 0 },
    spaceUsed: 0n,
    timeMetadata: { seconds: 0n, nseconds: 0 },
    mountedOnFileid: 1n,
  };
  for (const { version, ask } of await askers(t)) {
    for (const [name, value] of Object.entries(readOnly)) {
      const attributes = { [name]: value } as FileAttributes;
      for (const kind of KINDS)
        t.equal(await ask(...at(kind), set(attributes)), 'INVAL', `4.${version} ${name} of a ${kind}`);
      const making = { objType: { type: nfs.NF4DIR }, objName: 'x', createAttrs: attributeSet(attributes) };
      t.equal(await ask(ROOT_FH, call(create, making)), 'INVAL', `4.${version} CREATE with ${name}`);
    }
    for (const number of [...UNSUPPORTED, 127])
      t.equal(await ask(...at('file'), rawSet(bitmapOf([number]))), 'ATTRNOTSUPP', `4.${version} ${number}`);
  }
});

t.test('values that are cut short, too long or out of range', async (t) => {
  const mode = attributeBitmap(['mode']);
  for (const { version, ask } of await askers(t)) {
    t.equal(await ask(...at('dir'), rawSet(mode, Buffer.alloc(0))), 'BADXDR', `4.${version}: no value`);
    t.equal(await ask(...at('dir'), rawSet(mode, Buffer.alloc(16))), 'BADXDR', `4.${version}: too much`);
    const late = { timeModifySet: { seconds: 500_000_000n, nseconds: 1_000_000_000 } };
    t.equal(await ask(...at('dir'), set(late)), 'INVAL', `4.${version}: a second of nanoseconds`);
    t.equal(await ask(...at('dir'), set({ mode: 0o10000 })), 'INVAL', `4.${version}: a mode of five digits`);
    t.equal(await ask(...at('dir'), set({ owner: 'nobody@nowhere' })), 'BADOWNER', `4.${version}: a name`);
    for (const name of ['owner', 'ownerGroup'])
      t.equal(await ask(...at('dir'), set({ [name]: '' })), 'INVAL', `4.${version}: no name as ${name}`);
    t.equal(await ask(set({ mode: 0o644 })), 'NOFILEHANDLE', `4.${version}: of nothing`);
  }
});

t.test('a mode needs no stateid, and whatever stateid comes with it is passed by', async (t) => {
  const [sessionless] = await askers(t);
  const nonsense = { seqid: 7, other: Buffer.alloc(12, 7) };
  const objAttributes = attributeSet({ mode: 0o740 });
  t.equal(await sessionless?.ask(...at('file'), call(setAttr, { stateid: nonsense, objAttributes })), 'OK');
  t.equal((await sessionless?.get('file', attributeBitmap(['mode'])))?.values.mode, 0o740);
});
