import t from 'tap';
import { sharedDial } from '../../../src/cli/agents/swarm-agent/shared-dial.ts';
import type { Channel, ChannelEvents } from '../../../src/client/channel.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const CHANNEL: Channel = { send: () => {}, close: () => {} };
const EVENTS: ChannelEvents = { message: () => {}, ended: () => {} };

/** A server that can be down: silent, so that each attempt lasts as long as it may. */
function setting() {
  const clock = new VirtualClock();
  const state = { up: true, attempts: [] as number[] };
  const dial = sharedDial((_events, timeoutMs) => {
    state.attempts.push(timeoutMs);
    if (state.up) return Promise.resolve(CHANNEL);
    return new Promise((resolve) => void clock.after(timeoutMs, () => resolve(null)));
  }, clock);
  return { clock, state, dial: () => dial(EVENTS, 500) };
}

t.test('while the server answers, everybody dials', async (t) => {
  const { state, dial } = setting();
  t.same(await Promise.all([dial(), dial(), dial()]), [CHANNEL, CHANNEL, CHANNEL]);
  t.same(state.attempts, [500, 500, 500]);
});

t.test('while it does not, one tries for all, and not for long', async (t) => {
  const { clock, state, dial } = setting();
  state.up = false;
  const first = dial();
  await clock.advance(500);
  t.equal(await first, null);
  t.equal(await dial(), null, 'it has just been tried');
  t.same(state.attempts, [500]);
  await clock.advance(20);
  const probe = dial();
  t.equal(await dial(), null, 'somebody is trying');
  await clock.advance(100);
  t.equal(await probe, null);
  t.same(state.attempts, [500, 100]);
});

t.test('once it answers again, everybody dials', async (t) => {
  const { clock, state, dial } = setting();
  state.up = false;
  const first = dial();
  await clock.advance(500);
  await first;
  state.up = true;
  t.equal(await dial(), null);
  await clock.advance(20);
  t.equal(await dial(), CHANNEL);
  t.same(await Promise.all([dial(), dial()]), [CHANNEL, CHANNEL]);
});
