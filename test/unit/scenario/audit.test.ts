import t from 'tap';
import type { ByteSpan, LockMode } from '../../../src/history/events.ts';
import { guardedFiles, isHeld, type SharedView, sharedViewOf } from '../../../src/scenario/audit.ts';
import { shapeOf } from '../../../src/scenario/format/cluster.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

/** A filesystem that names the last of the conflicting locks first, as a kernel may. */
const viewOf = (...locks: { span: ByteSpan; mode: LockMode }[]): SharedView => ({
  conflict: (_file, span, mode) =>
    locks
      .filter((lock) => lock.mode === 'write' || mode === 'write')
      .map((lock) => lock.span)
      .findLast(
        ({ start, end }) =>
          start < (span.end ?? Number.POSITIVE_INFINITY) && span.start < (end ?? Number.POSITIVE_INFINITY),
      ) ?? null,
  content: () => null,
});
const span = (start: number, end: number | null): ByteSpan => ({ start, end });

t.test('a lock is held when every byte of it is', async (t) => {
  const view = viewOf({ span: span(0, 10), mode: 'write' });
  t.ok(isHeld(view, 'f', span(0, 10), 'write'));
  t.ok(isHeld(view, 'f', span(3, 5), 'write'));
  t.notOk(isHeld(view, 'f', span(0, 11), 'write'));
  t.notOk(isHeld(view, 'f', span(10, 20), 'write'));
});

t.test('it may be held in pieces, which the kernel names in any order', async (t) => {
  const pieces = [span(20, 30), span(0, 10), span(10, 20)].map((each) => ({
    span: each,
    mode: 'write' as const,
  }));
  t.ok(isHeld(viewOf(...pieces), 'f', span(0, 30), 'write'));
  t.notOk(isHeld(viewOf(pieces[0]!, pieces[1]!), 'f', span(0, 30), 'write'));
});

t.test('to the end of the file', async (t) => {
  t.ok(isHeld(viewOf({ span: span(5, null), mode: 'write' }), 'f', span(7, null), 'write'));
  t.notOk(isHeld(viewOf({ span: span(5, 1000), mode: 'write' }), 'f', span(7, null), 'write'));
});

t.test('a read lock in the filesystem does not make good a write lock', async (t) => {
  const view = viewOf({ span: span(0, 10), mode: 'read' });
  t.ok(isHeld(view, 'f', span(0, 10), 'read'));
  t.notOk(isHeld(view, 'f', span(0, 10), 'write'));
});

t.test('guarded files are found in every kind of step, up to their last cell', async (t) => {
  const loaded = parseScenario(
    `{name: x, title: x, clients: {alice: n1}, steps: [
      {lock: alice a 0..32}, {lock: alice d 0..32}, {update: alice a 64..96},
      {parallel: [[{update: alice a 0..32}], [{loop: alice b 0..32, body: lock-update-unlock}]]},
      {repeat: 2, steps: [{loop: alice c 32..64, as: other}, {update: alice d 0..32}]}]}`,
    'x',
  );
  if (!loaded.ok) throw new Error(loaded.problems.join());
  t.strictSame(
    [...guardedFiles(loaded.scenario.steps)],
    [
      ['a', 96],
      ['b', 32],
      ['d', 32],
    ],
  );
});

t.test('C12: a path leads into the filesystem of its lock domain', async (t) => {
  const opened: string[] = [];
  const open = (directory: string): SharedView => {
    opened.push(directory);
    return {
      conflict: (file) => (file === 'letters' ? span(0, 8) : null),
      content: (file) => `${directory}:${file}`,
    };
  };
  const lab = { sharedDir: '/shared', sharedDirOf: (name: string) => `/further/${name}` };
  const domains = { home: ['n1'], work: ['n1'] };
  const view = sharedViewOf(shapeOf({ nodes: ['n1'], domains }, { leaseMs: 1000 }), lab, open);
  t.equal(view.content('work/logs/today', 9), '/further/work:logs/today');
  t.strictSame(view.conflict('home/letters', span(0, 8), 'write'), span(0, 8));
  t.equal(view.content('nowhere/letters', 9), null);
  const only = sharedViewOf(shapeOf({ nodes: ['n1'] }, { leaseMs: 1000 }), lab, open);
  t.equal(only.content('home/letters', 9), '/shared:home/letters');
});
