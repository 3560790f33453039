/** Where a filesystem is: fs_locations, and what else is told of one that moved to another node (RFC 8881 sections 11.4.1 and 11.4.2). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { NodeId } from '../../../src/core/ids.ts';
import {
  type AttributeName,
  attributeBitmap,
  attributeNumber,
  attributeSet,
  type FileAttributes,
} from '../../../src/nfs4/attributes.ts';
import { bitmapBits } from '../../../src/nfs4/bitmap.ts';
import { call } from '../../../src/nfs4/compound.ts';
import { nverify } from '../../../src/nfs4/operations/nverify.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { type ReadDirResult, readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { verify } from '../../../src/nfs4/operations/verify.ts';
import { NFS4_OK, NFS4ERR_MOVED, statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import {
  asking,
  at,
  attributes,
  GOES,
  holding,
  moves,
  N2_ADDRESS,
  STAYS,
  to,
} from './fixtures/moved-filesystem.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const THERE = { fsRoot: [GOES], locations: [{ server: [N2_ADDRESS], rootPath: [GOES] }] };

t.test('fs_locations of a filesystem that is here: its root, and no other server', async (t) => {
  const { node, alice, goes, stays } = await holding(t);
  const locations = async (way: Parameters<typeof attributes>[1]) =>
    attributes(alice, way, 'fsLocations').then((found) =>
      typeof found === 'string' ? found : found.fsLocations,
    );
  t.same(await locations(to()), { fsRoot: [], locations: [] });
  t.same(await locations(to(GOES)), { fsRoot: [GOES], locations: [] });
  t.same(await locations([at(stays.handle)]), { fsRoot: [STAYS], locations: [] });
  for (const version of [0, 1, 2]) {
    const way = [at(goes.handle), asking('supportedAttrs')];
    const { results } =
      version === 0
        ? await node.send(way, { minorVersion: 0 })
        : await Object.assign(alice, { minorVersion: version }).run(way);
    const found = results.at(-1) as { objAttributes?: { values: FileAttributes } };
    const { supportedAttrs = [] } = found.objAttributes?.values ?? {};
    t.ok([...bitmapBits(supportedAttrs)].includes(attributeNumber('fsLocations')), `version 4.${version}`);
  }
  const set = call(setAttr, {
    stateid: ANONYMOUS_STATEID,
    objAttributes: attributeSet({ fsLocations: THERE }),
  });
  t.equal(await alice.try(at(stays.handle), set), 'INVAL', 'nobody sets it');
});

t.test('the export of a node that serves one filesystem is at the root', async (t) => {
  const node = new NodeUnderTest(t, { locationOf: () => N2_ADDRESS });
  const alice = await new TestClient(node, 'alice').start();
  t.match(await attributes(alice, to(), 'fsLocations'), { fsLocations: { fsRoot: [], locations: [] } });
  node.coordination.whereabouts = { kind: 'moved', to: 'n2' as NodeId };
  t.same(await attributes(alice, to(), 'fsLocations'), {
    fsLocations: { fsRoot: [], locations: [{ server: [N2_ADDRESS], rootPath: [] }] },
  });
});

t.test('row 29: GETATTR that asks where a filesystem is is answered, with little else', async (t) => {
  const { node, alice, goes } = await holding(t);
  mkdirSync(join(node.domain(GOES).dir, 'd'));
  const everything = [
    'fsLocations',
    'fsid',
    'mountedOnFileid',
    'rdattrError',
    'type',
    'size',
    'filehandle',
  ] as const;
  const before = (await attributes(alice, to(GOES), 'fsid', 'mountedOnFileid')) as FileAttributes;
  const below = await alice.handleOf(GOES, 'd');
  moves(node);
  t.same(await attributes(alice, to(GOES), ...everything), {
    ...before,
    fsLocations: THERE,
    rdattrError: NFS4_OK,
  });
  const { fsid } = before;
  for (const object of [below, goes.handle])
    t.same(await attributes(alice, [at(object)], ...everything), {
      fsid,
      fsLocations: THERE,
      rdattrError: NFS4_OK,
    });
  const others: (readonly AttributeName[])[] = [
    [],
    ['fsid'],
    ['mountedOnFileid'],
    ['rdattrError', 'fsid'],
    ['size'],
  ];
  for (const names of others) t.equal(await attributes(alice, to(GOES), ...names), 'MOVED', names.join(' '));
  t.equal(await attributes(alice, to(GOES), 'fsLocations', 'timeAccessSet'), 'INVAL', 'nobody reads that');
  t.match(await attributes(alice, to(STAYS), 'fsLocations', 'type'), { type: 2 });
});

t.test('row 29: a server whose address is not known is not named', async (t) => {
  const { node, alice } = await holding(t);
  moves(node, GOES, 'n9' as NodeId);
  t.same(await attributes(alice, to(GOES), 'fsLocations'), {
    fsLocations: { fsRoot: [GOES], locations: [] },
  });
});

t.test(
  'row 29: VERIFY and NVERIFY compare what GETATTR tells, and are MOVED for anything else',
  async (t) => {
    const { node, alice } = await holding(t);
    const { fsid, mountedOnFileid } = (await attributes(
      alice,
      to(GOES),
      'fsid',
      'mountedOnFileid',
    )) as Required<Pick<FileAttributes, 'fsid' | 'mountedOnFileid'>>;
    const compared = async (values: FileAttributes) => {
      const objAttributes = attributeSet(values);
      return [
        await alice.try(...to(GOES), call(verify, { objAttributes })),
        await alice.try(...to(GOES), call(nverify, { objAttributes })),
      ];
    };
    const here = { fsRoot: [GOES], locations: [] };
    t.same(await compared({ fsLocations: here, fsid }), ['OK', 'SAME']);
    moves(node);
    t.same(await compared({ fsLocations: THERE, fsid, mountedOnFileid }), ['OK', 'SAME']);
    t.same(await compared({ fsLocations: here }), ['NOT_SAME', 'OK']);
    t.same(await compared({ fsLocations: THERE, fsid: { major: 0n, minor: 0n } }), ['NOT_SAME', 'OK']);
    for (const more of [{ type: 2 }, { rdattrError: NFS4_OK }] as const)
      t.same(await compared({ fsLocations: THERE, ...more }), ['MOVED', 'MOVED']);
    t.same(await compared({ fsid }), ['MOVED', 'MOVED']);
  },
);

async function list(client: TestClient, ...names: AttributeName[]) {
  const { status, results } = await client.run([
    call(putRootFh, {}),
    call(readDir, {
      cookie: 0n,
      cookieVerf: Buffer.alloc(8),
      dirCount: 0,
      maxCount: 4096,
      attrRequest: attributeBitmap(names),
    }),
  ]);
  const last = results.at(-1) as ReadDirResult;
  if (!('reply' in last)) return statusName(status);
  return new Map(last.reply.entries.map(({ name, attrs }) => [name, attrs.values]));
}

async function listing(t: Test) {
  const { node, alice } = await holding(t);
  const values = await list(alice, 'fsid', 'mountedOnFileid');
  if (typeof values === 'string') throw new Error(`READDIR: ${values}`);
  const told = values.get(GOES) ?? {};
  t.match(told, { mountedOnFileid: /\d+/ });
  return { node, alice, told };
}

t.test('row 29: READDIR of the root tells of what has moved as much as was asked for', async (t) => {
  const { node, alice, told } = await listing(t);
  moves(node);
  const located = await list(alice, 'fsLocations', 'rdattrError', 'fsid', 'mountedOnFileid', 'type');
  t.match(located, new Map([[STAYS, { type: 2, rdattrError: NFS4_OK }]]));
  t.same((located as Map<string, FileAttributes>).get(GOES), {
    ...told,
    fsLocations: THERE,
    rdattrError: NFS4_OK,
  });
  const judged = await list(alice, 'rdattrError', 'fsid', 'mountedOnFileid', 'type');
  t.match(judged, new Map([[STAYS, { type: 2, rdattrError: NFS4_OK }]]));
  t.same((judged as Map<string, FileAttributes>).get(GOES), { ...told, rdattrError: NFS4ERR_MOVED });
  t.equal(await list(alice, 'type'), 'MOVED');
  t.equal(await list(alice), 'MOVED');
});
