import t from 'tap';
import { type Machine, vmFencer } from '../../../src/runtime/vm/vm-fencer.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { failedWith, GONE, LIFE } from './fixtures/life.ts';
import { event, GREETING, ScriptedMachine } from './fixtures/scripted-machine.ts';

type Answers = Parameters<typeof ScriptedMachine.listen>[0];

const status =
  (name: string): Answers[string] =>
  (_machine, reply) =>
    reply({ return: { status: name, running: name === 'running' } });
const running = { 'query-status': status('running') };
const RESET = event('RESET', { guest: false, reason: 'host-qmp-system-reset' });
const resets: Answers = {
  ...running,
  system_reset: (machine, reply) => {
    reply();
    machine.say(RESET);
  },
};

const fencerOf = (socket: string, known: Partial<Machine> = {}, ending: 'reset' | 'quit' = 'reset') =>
  vmFencer(() => ({ qmpSocket: socket, incarnation: null, running: true, ...known }), {
    clock: new VirtualClock(),
    ending,
  });

t.test('a machine is reset, and its life is gone when QEMU says that it was', async (t) => {
  await using machine = await ScriptedMachine.listen(resets);
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
  t.strictSame(machine.commands, ['qmp_capabilities', 'query-status', 'system_reset']);
});

t.test('the reply to system_reset alone is not the end of a life', async (t) => {
  const replied = Promise.withResolvers<void>();
  await using machine = await ScriptedMachine.listen({
    ...running,
    system_reset: (_machine, reply) => {
      reply();
      replied.resolve();
    },
  });
  let outcome: unknown = 'unsettled';
  const fencing = fencerOf(machine.socket)
    .fence(LIFE)
    .then((value) => {
      outcome = value;
    });
  await replied.promise;
  await machine.heard();
  t.equal(outcome, 'unsettled');
  machine.say(RESET);
  await fencing;
  t.match(outcome, GONE);
});

t.test('the event may come before the reply, or without one', async (t) => {
  await using machine = await ScriptedMachine.listen({
    ...running,
    system_reset: (machine) => machine.say(RESET),
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
});

t.test('events of all kinds may come in between, in pieces and in lumps', async (t) => {
  const text = JSON.stringify(RESET);
  await using machine = await ScriptedMachine.listen({
    qmp_capabilities: (machine, reply) => {
      machine.say(event('NIC_RX_FILTER_CHANGED'), event('STOP'));
      reply();
    },
    'query-status': (machine, reply) => {
      machine.say(event('RESUME'), event('RTC_CHANGE', { offset: 1 }));
      reply({ return: { status: 'paused', running: false } });
    },
    system_reset: (machine, reply) => {
      reply();
      machine.say(event('STOP'), event('POWERDOWN'));
      machine.sayText(text.slice(0, 9));
      void machine.heard().then(() => machine.sayText(`${text.slice(9)}\r\n`));
    },
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
});

t.test('a guest that started over by itself meanwhile is not reset again', async (t) => {
  await using machine = await ScriptedMachine.listen({
    'query-status': (machine, reply) => {
      machine.say(event('RESET', { guest: true, reason: 'guest-reset' }));
      reply({ return: { status: 'running', running: true } });
    },
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
  await machine.heard();
  t.notOk(machine.commands.includes('system_reset'));
});

t.test(
  'a machine that quits is gone when the announcement was heard and the connection has ended',
  async (t) => {
    const announced = Promise.withResolvers<void>();
    await using machine = await ScriptedMachine.listen({
      ...running,
      quit: (machine, reply) => {
        reply();
        machine.say(event('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' }));
        announced.resolve();
      },
    });
    let outcome: unknown = 'unsettled';
    const fencing = fencerOf(machine.socket, {}, 'quit')
      .fence(LIFE)
      .then((value) => {
        outcome = value;
      });
    await announced.promise;
    await machine.heard();
    t.equal(outcome, 'unsettled', 'processors are stopped after the announcement');
    machine.hangUp();
    await fencing;
    t.match(outcome, GONE);
  },
);

t.test('a machine that shuts down instead of starting over is gone with its connection', async (t) => {
  await using machine = await ScriptedMachine.listen({
    ...running,
    system_reset: (machine) => {
      machine.say(event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' }));
      machine.hangUp();
    },
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
});

t.test(
  'a connection that ends before the reset says nothing, unless the process was seen to end',
  async (t) => {
    const breaks: Answers = { ...running, system_reset: (machine) => machine.hangUp() };
    await using machine = await ScriptedMachine.listen(breaks);
    t.match(
      await fencerOf(machine.socket).fence(LIFE),
      failedWith(/closed before it was reset; end its QEMU process/),
    );

    const known = { qmpSocket: machine.socket, incarnation: 4, running: true };
    const seen = vmFencer(() => (machine.commands.length > 3 ? { ...known, running: false } : known), {
      clock: new VirtualClock(),
    });
    t.match(await seen.fence(LIFE), GONE);
  },
);

t.test('a socket that accepts and never answers is nobody knows', async (t) => {
  for (const [name, answers, greets] of [
    ['no greeting', {}, false],
    ['no capabilities', { qmp_capabilities: () => undefined }, true],
    ['no status', { 'query-status': () => undefined }, true],
    ['no reset', { ...running, system_reset: () => undefined }, true],
  ] as const) {
    await using machine = await ScriptedMachine.listen(answers, { greets });
    const clock = new VirtualClock();
    const lookup = () => ({ qmpSocket: machine.socket, incarnation: null, running: true });
    const fencing = vmFencer(lookup, { clock, limitMs: 500 }).fence(LIFE);
    await machine.heard();
    await clock.advance(500);
    t.match(await fencing, failedWith(/after 500 ms of waiting for .*; see whether/), name);
  }
});

t.test('a refusal is nobody knows', async (t) => {
  await using machine = await ScriptedMachine.listen({
    ...running,
    system_reset: (_machine, reply) => reply({ error: { class: 'GenericError', desc: 'not in this state' } }),
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), failedWith(/QEMU refused: not in this state/));
});

t.test('a machine that is handed over to another host is not reset here', async (t) => {
  for (const state of ['postmigrate', 'finish-migrate', 'inmigrate']) {
    await using machine = await ScriptedMachine.listen({ 'query-status': status(state) });
    t.match(
      await fencerOf(machine.socket).fence(LIFE),
      failedWith(/migrated .* on the host that it runs on/),
    );
    await machine.heard();
    t.notOk(machine.commands.includes('system_reset'));
  }
});

t.test('what does not speak QMP is nobody knows', async (t) => {
  await using machine = await ScriptedMachine.listen(
    { qmp_capabilities: (machine) => machine.sayText('220 welcome\r\n') },
    {},
  );
  t.match(await fencerOf(machine.socket).fence(LIFE), failedWith(/does not speak QMP/));
});

t.test('a later life, or a machine that was seen to end, needs no conversation', async (t) => {
  t.match(await fencerOf('/nonexistent', { incarnation: 5 }).fence(LIFE), GONE);
  t.match(await fencerOf('/nonexistent', { running: false }).fence(LIFE), GONE);
});

t.test('nobody at the socket is nobody knows: the machine may run without it', async (t) => {
  t.match(await fencerOf('/nonexistent').fence(LIFE), failedWith(/ENOENT.*; end its QEMU process/));
  const unknown = vmFencer(() => undefined, { clock: new VirtualClock() });
  t.match(await unknown.fence(LIFE), failedWith(/no virtual machine is known for n2/));
});

t.test('a greeting that comes late or twice does no harm', async (t) => {
  await using machine = await ScriptedMachine.listen({
    ...resets,
    'query-status': (machine, reply) => {
      machine.say(GREETING);
      status('running')?.(machine, reply);
    },
  });
  t.match(await fencerOf(machine.socket).fence(LIFE), GONE);
});
