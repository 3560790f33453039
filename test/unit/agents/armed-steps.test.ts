import t from 'tap';
import { ARMED, ArmedSteps } from '../../../src/cli/agents/node-agent/armed-steps.ts';
import { PROTOCOL_STEP_NAMES } from '../../../src/core/protocol-steps.ts';

function steps() {
  const said: unknown[] = [];
  const stdout = {
    writableLength: 0,
    write: (line: string) => {
      said.push(JSON.parse(line));
      return true;
    },
  };
  return { said, armed: new ArmedSteps(() => 7, stdout as never) };
}

t.test('a node that comes to its step says so, once, and goes on after its time', async (t) => {
  const { said, armed } = steps();
  armed.at('before-lift');
  armed.arm({ step: 'before-lift', nth: 2, stallMs: 0 });
  armed.at('before-finish');
  armed.at('before-lift');
  t.strictSame(said, [], 'not the first time');
  armed.at('before-lift');
  t.strictSame(said, [{ reached: 'before-lift', t: 7 }]);
  armed.at('before-lift');
  t.equal(said.length, 1);
});

t.test(
  'it blocks its only thread there, after it has said so: for its time, or until it is killed',
  async (t) => {
    const { said, armed } = steps();
    const waited: unknown[] = [];
    t.intercept(Atomics, 'wait', {
      value: (...[, , , ms]: Parameters<typeof Atomics.wait>) => {
        waited.push([said.length, ms]);
        return 'timed-out';
      },
    });
    for (const stallMs of [250, null]) {
      armed.arm({ step: 'before-lift', nth: 1, stallMs });
      armed.at('before-lift');
    }
    t.strictSame(waited, [
      [1, 250],
      [2, Number.POSITIVE_INFINITY],
    ]);
  },
);

t.test('a node that was disarmed passes by', async (t) => {
  const { said, armed } = steps();
  armed.arm({ step: 'before-lift', nth: 1, stallMs: 0 });
  armed.arm(null);
  armed.at('before-lift');
  t.strictSame(said, []);
});

t.test('only steps that the code announces can be armed', async (t) => {
  t.ok(PROTOCOL_STEP_NAMES.every((step) => ARMED.safeParse({ step, nth: 1, stallMs: null }).success));
  t.notOk(ARMED.safeParse({ step: 'lunch', nth: 1, stallMs: null }).success);
});
