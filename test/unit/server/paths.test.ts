import t from 'tap';
import type { FileNode, Filesystem } from '../../../src/server/filesystem/types.ts';
import { PathBook } from '../../../src/server/paths.ts';

const ROOT: FileNode = { key: 'root', type: 'directory' };
const fileOf = (name: string): FileNode => ({ key: name, type: 'regular' });

interface Asked {
  lookups: number;
  pages: number;
}

function filesystemOf(asked: Asked, names: readonly string[]): Filesystem {
  return {
    root: () => ROOT,
    lookup: (_dir: FileNode, name: string) => {
      asked.lookups += 1;
      return { ok: true, value: fileOf(name) };
    },
    readdir: (_dir: FileNode, cookie: bigint, max: number) => {
      asked.pages += 1;
      const start = Number(cookie);
      const page = names.slice(start, start + max);
      const entries = page.map((name, i) => ({ name, cookie: BigInt(start + i + 1), fileid: 0n }));
      return { ok: true, value: { entries, eof: start + max >= names.length } };
    },
    attributes: () => ({ ok: true, value: { fileid: 7n } }),
  } as unknown as Filesystem;
}

/** A flat export that counts how often it is asked for a name. */
function exportOf(size: number) {
  const names = Array.from({ length: size }, (_, i) => `f${i}`);
  const asked: Asked = { lookups: 0, pages: 0 };
  const filesystem = filesystemOf(asked, names);
  return { names, asked, book: new PathBook(filesystem) };
}

t.test('after a restart one search names all files of a small export', async (t) => {
  const { names, asked, book } = exportOf(1000);
  for (const name of names) t.equal(book.of(fileOf(name)), name);
  t.equal(asked.lookups, 1000);
});

t.test('a large export is not searched again for every file that is not found', async (t) => {
  const { names, asked, book } = exportOf(20_000);
  for (const name of names.slice(-1000)) t.equal(book.of(fileOf(name)), '#7');
  t.ok(asked.lookups <= 50_000, `${asked.lookups} names were looked up`);
});

t.test('renaming directories over and over does not make it search for ever', async (t) => {
  const { names, asked } = exportOf(20_000);
  const lookup = (_dir: FileNode, name: string) => ({ ok: true, value: { key: name, type: 'directory' } });
  const renaming = new PathBook({ ...filesystemOf(asked, names), lookup } as unknown as Filesystem);
  for (let count = 0; count < 1000; count += 1) {
    renaming.renamed(ROOT, 'directory');
    renaming.of(fileOf(`nowhere ${count}`));
  }
  t.ok(asked.pages <= 64 * 20, `${asked.pages} pages were read`);
});
