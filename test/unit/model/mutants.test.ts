import t from 'tap';
import { MUTANTS, type MutantId } from '../../../src/core/mutants.ts';
import type { ModelBounds } from '../../../src/model/bounds.ts';
import { FILESYSTEM_MUTANT_BOUNDS, MUTANT_BOUNDS } from '../../../src/model/mutant-bounds.ts';
import { run } from './fixtures/run.ts';

/** Many mutants are looked for within the same bounds. */
const cleanRuns = new Map<string, ReturnType<typeof run>>();
function cleanRun(bounds: Partial<ModelBounds>): ReturnType<typeof run> {
  const key = JSON.stringify(Object.entries(bounds).sort());
  const known = cleanRuns.get(key) ?? run(bounds);
  cleanRuns.set(key, known);
  return known;
}

const found = [
  ...Object.entries(MUTANT_BOUNDS).map(([id, bounds]) => ({ id, bounds, where: '' })),
  ...Object.entries(FILESYSTEM_MUTANT_BOUNDS).map(([id, bounds]) => ({
    id,
    bounds,
    where: ', where filesystems move',
  })),
];
for (const { id, bounds, where } of found) {
  t.test(`${id} is found${where}: ${MUTANTS[id as MutantId]}`, async (t) => {
    const { violations } = run({ ...bounds, mutants: new Set([id as MutantId]) });
    t.equal(violations.length, 1);
    t.ok(
      violations[0]!.trace.length > 1,
      `${violations[0]!.invariant}, in ${violations[0]!.trace.length} steps`,
    );
    t.same(cleanRun(bounds).violations, [], 'and nothing is within the same bounds without it');
  });
}
