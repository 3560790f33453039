import t from 'tap';
import { beTheOnlyLife } from '../../../src/cli/agents/node-agent/single-life.ts';
import type { LockCalls } from '../../../src/server/filesystem/record-locks.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const EROFS = 30;

t.test(
  'C14: a storage that cannot be written is waited for, and nothing begins before it can be',
  async (t) => {
    const clock = new VirtualClock();
    const waits: (string | null)[] = [];
    let readOnly = true;
    let begun = false;
    const calls = {
      openFile: () => (readOnly ? -EROFS : 5),
      identityOf: () => 'the file of this test',
      set: () => 0,
    } as unknown as LockCalls;
    const life = beTheOnlyLife('n1', '/stable', clock, calls, (problem) => void waits.push(problem)).then(
      () => {
        begun = true;
      },
    );
    await clock.advance(1000);
    t.match(
      waits[0],
      /^its own storage cannot be used \(cannot open the beacon file \/stable\/life-of-n1: EROFS\)$/,
    );
    t.notOk(begun);
    readOnly = false;
    await clock.advance(200);
    await life;
    t.ok(begun);
    t.equal(waits.at(-1), null);
  },
);
