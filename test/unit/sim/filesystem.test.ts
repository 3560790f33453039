import t from 'tap';
import { Kernel } from '../../../src/sim/machine/kernel.ts';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { SimFilesystem } from '../../../src/sim/storage/filesystem.ts';
import { Tree } from '../../../src/sim/storage/tree.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const KEY = Buffer.alloc(32, 7);
const UNCHECKED = { kind: 'unchecked' } as const;

/** Two nodes' mounts of one filesystem, with a file `f` and a directory `d` in it. */
function scene() {
  const timeline = new Timeline();
  const tree = new Tree(() => timeline.nowMs);
  const kernel = new Kernel(timeline, () => 0.3);
  const mount = (pid: number) => {
    const process = new SimProcess(`n${pid}`, pid, timeline);
    return { process, files: new SimFilesystem(tree, { name: '/srv', key: KEY }, kernel, process) };
  };
  const [one, other] = [mount(1), mount(2)];
  const root = one.files.root();
  one.files.create(root, 'f', UNCHECKED);
  one.files.makeDirectory(root, 'd');
  const find = (name: string) => {
    const found = one.files.lookup(root, name);
    if (!found.ok) throw new Error(`${name}: ${found.errno}`);
    return found.value;
  };
  one.files.write(find('f'), 0n, Buffer.from('kept'));
  return { one, other, root, find, tree };
}

const LAST_ACTS: Readonly<Record<string, (given: ReturnType<typeof scene>) => void>> = {
  write: ({ one, find }) => one.files.write(find('f'), 0n, Buffer.from('lost')),
  truncate: ({ one, find }) => one.files.setAttributes(find('f'), { size: 0n }),
  create: ({ one, root }) => one.files.create(root, 'new', UNCHECKED),
  link: ({ one, root, find }) => one.files.link(find('f'), root, 'new'),
  remove: ({ one, root }) => one.files.remove(root, 'f'),
  rename: ({ one, root, find }) => one.files.rename(root, 'f', find('d'), 'f'),
};

for (const [name, act] of Object.entries(LAST_ACTS))
  t.test(`what a process does to files after its death has no effect: ${name}`, async (t) => {
    const given = scene();
    const { one, other, root, tree } = given;
    one.process.die();
    act(given);
    t.equal(tree.at('f')?.data.toString(), 'kept');
    const page = other.files.readdir(root, 0n, 10);
    t.strictSame(page.ok && page.value.entries.map((entry) => entry.name).sort(), ['d', 'f']);
  });

t.test('a directory is not moved into itself, nor below itself', async (t) => {
  const { one, root, find } = scene();
  const inner = one.files.makeDirectory(find('d'), 'inner');
  t.match(one.files.rename(root, 'd', find('d'), 'x'), { errno: 'EINVAL' });
  t.match(inner.ok && one.files.rename(root, 'd', inner.value.node, 'x'), { errno: 'EINVAL' });
});

t.test('files are removed, renamed and replaced by name, and a handle outlives a rename', async (t) => {
  const { one, other, root, find, tree } = scene();
  const handle = one.files.handleOf(find('f'));
  one.files.create(find('d'), 'g', UNCHECKED);
  t.ok(one.files.rename(root, 'f', find('d'), 'g').ok);
  t.equal(tree.at('d/g')?.data.toString(), 'kept');
  t.equal(tree.at('f'), undefined);
  t.ok(other.files.fromHandle(handle).ok);
  t.match(one.files.remove(root, 'd'), { errno: 'ENOTEMPTY' });
  t.ok(one.files.remove(find('d'), 'g').ok);
  t.match(other.files.fromHandle(handle), { errno: 'ESTALE' });
});
