import t from 'tap';
import { FUSE_ROOT_ID } from '../../../src/gate/fuse/constants.ts';
import { Inodes } from '../../../src/gate/inodes.ts';
import type { FileNode } from '../../../src/server/filesystem/types.ts';

const nodeOf = (key: string) => ({ key, type: 'regular' }) as unknown as FileNode;
const FILE = nodeOf('f');

t.test(
  'a file has one number for as long as the kernel has not given back all replies that name it',
  async (t) => {
    const inodes = new Inodes(nodeOf('root'));
    const { nodeid } = inodes.name(FILE, 'f');
    t.equal(inodes.name(FILE, 'f').nodeid, nodeid);
    t.not(inodes.name(nodeOf('g'), 'g').nodeid, nodeid);
    inodes.forget(nodeid, 1n);
    t.equal(inodes.find(nodeid)?.node, FILE);
    inodes.forget(nodeid, 1n);
    t.equal(inodes.find(nodeid), undefined);
    const again = inodes.name(FILE, 'f');
    t.equal(inodes.find(again.nodeid), again, 'as if it had never been known');
  },
);

t.test('histories have the name by which it was found last', async (t) => {
  const inodes = new Inodes(nodeOf('root'));
  const { nodeid } = inodes.name(FILE, 'f');
  inodes.name(FILE, 'd/g');
  t.equal(inodes.find(nodeid)?.path, 'd/g');
});

t.test('the root is never forgotten', async (t) => {
  const inodes = new Inodes(nodeOf('root'));
  inodes.forget(FUSE_ROOT_ID, 9n);
  t.equal(inodes.find(FUSE_ROOT_ID)?.path, '');
});
