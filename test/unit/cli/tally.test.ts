/** The last line of `gracelab simulate`. */
import t from 'tap';
import { Tally } from '../../../src/cli/simulation/tally.ts';

function tallyOf(histories: number): Tally {
  const tally = new Tally();
  for (let seed = 1; seed <= histories; seed++)
    tally.add({
      scenario: 'reboot',
      seed,
      verdict: 'valid',
      violations: [],
      sentence: null,
      simulatedMs: 1000,
      events: 10,
    });
  return tally;
}

t.test('one history is told as one', async (t) => {
  t.match(tallyOf(1).summary(1, null), /^1 history: 1 valid; /);
  t.match(tallyOf(2).summary(1, null), /^2 histories: 2 valid; /);
  t.match(
    tallyOf(0).summary(1, { of: 1, goOn: '--seed 1 --seeds 1' }),
    /^interrupted after 0 of 1 history: 0 valid; /,
  );
});
