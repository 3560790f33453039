import Dockerode from 'dockerode';
import t from 'tap';
import { dockerFencer } from '../../../src/runtime/docker/docker-fencer.ts';
import { dockerLife } from '../../../src/runtime/docker/docker-life.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { failedWith, GONE, LIFE } from './fixtures/life.ts';
import { ID, LATER, LIFE_OF_CONTAINER, noSuchContainer, ScriptedEngine } from './fixtures/scripted-engine.ts';

const KILL = 'POST /containers/ID/kill?signal=SIGKILL';

function fencerOf(engine: ScriptedEngine, clock = new VirtualClock()) {
  return dockerFencer(engine.docker, () => LIFE_OF_CONTAINER, { clock, limitMs: 1_000 });
}

t.test('the named life is killed, and is gone when the engine says that it does not run', async (t) => {
  await using engine = await ScriptedEngine.listen();
  t.match(await fencerOf(engine).fence(LIFE), GONE);
  t.strictSame(engine.requests, ['GET /info', 'GET /containers/ID/json', KILL, 'GET /containers/ID/json']);
});

t.test(
  'a kill that was accepted is not the end of a life: the engine is asked until it has seen it',
  async (t) => {
    await using engine = await ScriptedEngine.listen();
    const clock = new VirtualClock();
    engine.kill = () => ({ status: 204 });
    let looksAfterKill = 0;
    const { inspect } = engine;
    engine.inspect = () => {
      if (engine.requests.includes(KILL)) looksAfterKill += 1;
      if (looksAfterKill === 3) engine.end();
      return inspect();
    };
    const fencing = fencerOf(engine, clock).fence(LIFE);
    let settled = false;
    void fencing.finally(() => {
      settled = true;
    });
    while (!settled) await clock.advance(1);
    t.match(await fencing, GONE);
    t.equal(looksAfterKill, 3);
    t.equal(engine.requests.filter((request) => request === KILL).length, 1);
  },
);

t.test('a container that does not end is nobody knows, after the time limit', async (t) => {
  await using engine = await ScriptedEngine.listen();
  const clock = new VirtualClock();
  engine.kill = () => ({ status: 204 });
  const fencing = fencerOf(engine, clock).fence(LIFE);
  let settled = false;
  void fencing.finally(() => {
    settled = true;
  });
  while (!settled) await clock.advance(1);
  t.match(
    await fencing,
    failedWith(/1000 ms of waiting for the container c0ffee000000 to end after it was killed/),
  );
});

t.test('a restarted container is left alone: the named life is over', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.restart();
  t.match(await fencerOf(engine).fence(LIFE), GONE);
  t.notOk(engine.requests.includes(KILL));
});

t.test('a successor that the kill hit is started again', async (t) => {
  await using engine = await ScriptedEngine.listen();
  const { kill } = engine;
  engine.kill = () => {
    // Between the look and the kill.
    engine.restart();
    return kill();
  };
  t.match(await fencerOf(engine).fence(LIFE), GONE);
  t.match(engine.state, { Running: true, StartedAt: LATER });
});

t.test(
  'a container that does not run, that waits for its restart, or that is not there any more, is gone',
  async (t) => {
    for (const change of [
      (engine: ScriptedEngine) => engine.end(),
      (engine: ScriptedEngine) => {
        engine.state = { ...engine.state, Restarting: true };
      },
      (engine: ScriptedEngine) => {
        engine.inspect = () => noSuchContainer;
      },
    ]) {
      await using engine = await ScriptedEngine.listen();
      change(engine);
      t.match(await fencerOf(engine).fence(LIFE), GONE);
      t.notOk(engine.requests.includes(KILL));
    }
  },
);

t.test('a container that ends by itself while it is being killed is gone', async (t) => {
  for (const status of [404, 409]) {
    await using engine = await ScriptedEngine.listen();
    engine.kill = () => {
      engine.end();
      return status === 404 ? noSuchContainer : { status, body: { message: 'is not running' } };
    };
    t.match(await fencerOf(engine).fence(LIFE), GONE);
  }
});

t.test('a 404 that is not about the container proves nothing', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.inspect = () => ({ status: 404, body: { message: 'page not found' } });
  t.match(await fencerOf(engine).fence(LIFE), failedWith(/could not end n2: .*page not found/));
});

t.test('another engine, whatever containers it has or lacks, proves nothing', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.info = () => ({ status: 200, body: { ID: 'ENGINE', DockerRootDir: '/elsewhere' } });
  engine.inspect = () => noSuchContainer;
  t.match(await fencerOf(engine).fence(LIFE), failedWith(/another Docker engine answers/));
});

t.test('what is not an engine proves nothing', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.inspect = () => ({ status: 200, body: {} });
  t.match(
    await fencerOf(engine).fence(LIFE),
    failedWith(/answer to "inspect" is not that of a Docker engine/),
  );
  engine.info = () => ({ status: 200, body: 'hello' });
  t.match(await fencerOf(engine).fence(LIFE), failedWith(/answer to "info" is not that of a Docker engine/));
});

t.test('a container whose processes may outlive its first one is not killed by halves', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.pidMode = 'host';
  t.match(await fencerOf(engine).fence(LIFE), failedWith(/shares another pid namespace.*without --pid/));
  t.notOk(engine.requests.includes(KILL));
});

t.test('an engine that refuses is nobody knows', async (t) => {
  await using engine = await ScriptedEngine.listen();
  engine.kill = () => ({ status: 500, body: { message: 'did not receive an exit event' } });
  t.match(
    await fencerOf(engine).fence(LIFE),
    failedWith(/could not end n2: .*did not receive an exit event/),
  );
});

t.test('an engine that is not there, or is silent, is nobody knows', async (t) => {
  const clock = new VirtualClock();
  const nobody = dockerFencer(
    new Dockerode({ socketPath: '/nonexistent/docker.sock' }),
    () => LIFE_OF_CONTAINER,
    { clock },
  );
  t.match(
    await nobody.fence(LIFE),
    failedWith(/cannot be reached.*; start it, or end the container by hand/),
  );
  await using engine = await ScriptedEngine.listen();
  engine.silent = true;
  const fencing = fencerOf(engine, clock).fence(LIFE);
  await clock.advance(1_000);
  t.match(await fencing, failedWith(/1000 ms of waiting for the Docker engine to answer/));
});

t.test('a life that nobody has noted is nobody knows', async (t) => {
  await using engine = await ScriptedEngine.listen();
  const fencer = dockerFencer(engine.docker, () => undefined, { clock: new VirtualClock() });
  t.match(await fencer.fence(LIFE), failedWith(/not known which container was incarnation 4 of n2/));
  t.strictSame(engine.requests, []);
});

t.test('a life is noted by engine, id and start', async (t) => {
  await using engine = await ScriptedEngine.listen();
  t.strictSame(await dockerLife(engine.docker, ID), LIFE_OF_CONTAINER);
  engine.end();
  await t.rejects(dockerLife(engine.docker, ID), { message: /does not run/ });
  engine.inspect = () => noSuchContainer;
  await t.rejects(dockerLife(engine.docker, ID), { message: /Docker has no container/ });
});
