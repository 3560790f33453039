import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { FsResult } from '../../../src/server/filesystem/result.ts';
import { RecordLockBoard } from '../../../src/server/marks/board.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  DENY_READ,
  DENY_WRITE,
  READ_DELEGATION,
  rivalsOf,
  shareMarks,
  WANTED_FOR_CHANGE,
  WANTED_FOR_READING,
  WRITE_DELEGATION,
} from '../../../src/server/marks/kinds.ts';
import { sharesConflict } from '../../../src/server/state/opens.ts';

const ALL = ACCESS_READ | ACCESS_WRITE | DENY_READ | DENY_WRITE | READ_DELEGATION | WRITE_DELEGATION;

/** Two nodes look at one board. */
function boards(t: Test) {
  const directory = mkdtempSync(join(tmpdir(), 'gracelab-marks-'));
  const [ours, theirs] = [new RecordLockBoard(directory), new RecordLockBoard(directory)];
  t.teardown(() => {
    ours.clear();
    theirs.clear();
    rmSync(directory, { recursive: true });
  });
  const place = ours.placeOf({ key: 'a file', type: 'regular' });
  return { ours, theirs, place };
}

function unwrap<T>(result: FsResult<T>): T {
  if (!result.ok) throw new Error(result.errno);
  return result.value;
}

t.test('a file has its place by its key, on every node', (t) => {
  const { ours, theirs, place } = boards(t);
  t.equal(theirs.placeOf({ key: 'a file', type: 'regular' }), place);
  t.not(ours.placeOf({ key: 'another', type: 'regular' }), place);
  t.end();
});

t.test('what marks show is what was put up and not taken down, whatever the order', (t) => {
  const { ours, theirs, place } = boards(t);
  const step = fc.record({ up: fc.boolean(), marks: fc.integer({ min: 1, max: ALL }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 1, max: ALL }), (steps, asked) => {
      let up = 0;
      for (const { up: puts, marks } of steps) {
        if (puts) {
          ours.put(place, marks);
          up |= marks;
        } else {
          ours.takeDown(place, marks);
          up &= ~marks;
        }
      }
      const seen = unwrap(theirs.others(place, asked));
      const own = unwrap(ours.others(place, asked));
      ours.takeDown(place, ALL);
      return seen === (up & asked) && own === 0;
    }),
  );
  t.equal(unwrap(theirs.others(place + 1n, ALL)), 0);
  t.end();
});

t.test('share reservations exclude each other on the board as they do in memory', (t) => {
  for (let held = 0; held < 16; held += 1) {
    for (let wanted = 0; wanted < 16; wanted += 1) {
      const [access, deny, otherAccess, otherDeny] = [wanted >> 2, wanted & 3, held >> 2, held & 3];
      const conflict = (rivalsOf(shareMarks(access, deny)) & shareMarks(otherAccess, otherDeny)) !== 0;
      if (conflict !== sharesConflict(access, deny, otherAccess, otherDeny))
        t.fail(`${access}/${deny} against ${otherAccess}/${otherDeny}`);
    }
  }
  for (let mark = 1; mark <= ALL; mark <<= 1) {
    for (let other = 1; other <= ALL; other <<= 1) {
      const [one, two] = [rivalsOf(mark) & other, rivalsOf(other) & mark];
      if ((one !== 0) !== (two !== 0))
        t.fail(`${mark} and ${other}: whoever comes second must find the first`);
    }
  }
  t.end();
});

t.test('what other nodes want is found wherever it is', (t) => {
  const { ours, theirs } = boards(t);
  const places = fc.uniqueArray(fc.bigInt({ min: 0n, max: (1n << 57n) - 1n }), { maxLength: 20 });
  fc.assert(
    fc.property(places, (wanted) => {
      for (const place of wanted) theirs.want(place, WANTED_FOR_READING);
      for (const place of wanted.slice(0, 3)) theirs.want(place, WANTED_FOR_CHANGE);
      const found = new Map(unwrap(ours.wanted()).map((each) => [each.place, each.wanted]));
      const right = wanted.every(
        (place, index) =>
          found.get(place) === (index < 3 ? WANTED_FOR_READING | WANTED_FOR_CHANGE : WANTED_FOR_READING),
      );
      const each = wanted.every((place) => unwrap(ours.isWanted(place)) && !unwrap(theirs.isWanted(place)));
      for (const place of wanted) theirs.unwant(place);
      return right && each && found.size === wanted.length && unwrap(ours.wanted()).length === 0;
    }),
  );
  t.end();
});

t.test('a node that lets go lets go of everything', (t) => {
  const { ours, theirs, place } = boards(t);
  ours.put(place, ACCESS_READ | DENY_WRITE);
  ours.put(ours.anywhere, WRITE_DELEGATION);
  ours.want(place, WANTED_FOR_CHANGE);
  ours.clear();
  t.equal(unwrap(theirs.others(place, ALL)), 0);
  t.equal(unwrap(theirs.others(ours.anywhere, ALL)), 0);
  t.same(unwrap(theirs.wanted()), []);
  ours.put(place, ACCESS_READ);
  t.equal(unwrap(theirs.others(place, ALL)), ACCESS_READ, 'and can begin anew');
  t.end();
});
