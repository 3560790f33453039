/** Row 36. */
import type { RowTest } from '../row-test.ts';

export const NAMES_IN_GRACE: RowTest = {
  row: 36,
  title: 'REMOVE of a file and RENAME over it while its lock waits to be reclaimed',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const other = await alice.opened(t.file('other'));
    alice.given('CLOSE', await alice.closeFile(other));
    const life = await t.restart();
    await t.inGrace(life, async () => {
      const bob = await t.client('bob').start();
      t.expect('RENAME over it', await bob.rename(other.name, file.name), 'GRACE');
      t.expect('RENAME of it', await bob.rename(file.name, t.file('elsewhere')), 'GRACE');
      t.expect('REMOVE', await bob.remove(file.name), 'GRACE');
    });
    await life.graceEnd;
    const carol = await t.client('carol').start();
    t.expect('REMOVE after grace', await carol.remove(other.name), 'OK');
  },
};
