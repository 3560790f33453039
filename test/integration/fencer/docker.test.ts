/** The fencer against a Docker engine: what `gone` means for containers that hold a lock in a shared directory. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type Dockerode from 'dockerode';
import t, { type Test } from 'tap';
import { sharedLibraries } from '../../../images/programs.ts';
import { RootFilesystem } from '../../../images/root-filesystem.ts';
import { dockerFencer } from '../../../src/runtime/docker/docker-fencer.ts';
import { type DockerLife, dockerLife } from '../../../src/runtime/docker/docker-life.ts';
import { realClock } from '../runtime/programs/real-clock.ts';
import { anyEngine, type Engine } from './fixtures/docker-engine.ts';
import { GONE, LIFE } from './fixtures/life.ts';

const MARK = `gracelab-test-${process.pid}`;
/** What the containers run, from this machine's own files. */
const PROGRAMS = ['sh', 'sleep', 'flock', 'cat'];
/** Takes the lock, says so, and keeps it until it is ended or told to end. */
const HOLD = 'exec 9>/shared/lock; flock 9; echo held >/shared/held; exec cat /shared/end';

async function importImage(docker: Dockerode): Promise<void> {
  const image = new RootFilesystem();
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) image.link(`/${name}`, `usr/${name}`);
  image.directory('/shared', 0o755);
  const files = PROGRAMS.map((name) => {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    return { name, file: stdout.trim() };
  });
  for (const { name, file } of files) image.file(`/usr/bin/${name}`, file, 0o755);
  for (const library of sharedLibraries(files.map(({ file }) => file)))
    image.file(library.startsWith('/usr') ? library : `/usr${library}`, library, 0o755);
  const told = await docker.importImage(image.pack() as never, { repo: MARK, tag: 'latest' });
  await once(told.resume(), 'end');
}

/** A container and the directory that it shares with this test. */
class Holder {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'gl-fencer-'));
  readonly docker: Dockerode;
  container!: Dockerode.Container;

  private constructor(docker: Dockerode) {
    this.docker = docker;
  }

  static async start(t: Test, docker: Dockerode, restartPolicy = 'no'): Promise<Holder> {
    const holder = new Holder(docker);
    // Pipes: whoever opens one waits for the other, so nothing here is a matter of time.
    for (const pipe of ['held', 'end']) spawnSync('mkfifo', [path.join(holder.directory, pipe)]);
    holder.container = await docker.createContainer({
      Image: MARK,
      Cmd: ['/bin/sh', '-c', HOLD],
      Labels: { 'gracelab-test': MARK },
      HostConfig: {
        Binds: [`${holder.directory}:/shared`],
        NetworkMode: 'none',
        RestartPolicy: { Name: restartPolicy },
      },
    });
    t.teardown(async () => {
      await holder.container.remove({ force: true }).catch(() => undefined);
      rmSync(holder.directory, { recursive: true, force: true });
    });
    await holder.container.start();
    await holder.holds();
    return holder;
  }

  /** Resolves when the life that runs has the lock. */
  async holds(): Promise<void> {
    await readFile(path.join(this.directory, 'held'));
  }

  get lockIsFree(): boolean {
    return spawnSync('flock', ['-n', path.join(this.directory, 'lock'), 'true']).status === 0;
  }

  /** The life that runs now: to be named incarnation 4 of n2. */
  note(): Promise<DockerLife> {
    return dockerLife(this.docker, this.container.id);
  }

  async fence(life: DockerLife) {
    return await dockerFencer(this.docker, () => life, { clock: realClock }).fence(LIFE);
  }
}

function tests(t: Test, { docker }: Engine): void {
  t.test('a life that is gone holds nothing, at once; fencing it again finds it gone', async (t) => {
    const holder = await Holder.start(t, docker);
    const life = await holder.note();
    t.notOk(holder.lockIsFree);
    t.match(await holder.fence(life), GONE);
    t.ok(holder.lockIsFree);
    t.match(await holder.fence(life), GONE);
  });

  t.test('a paused container is ended, and what it held is free', async (t) => {
    const holder = await Holder.start(t, docker);
    const life = await holder.note();
    await holder.container.pause();
    t.match(await holder.fence(life), GONE);
    t.ok(holder.lockIsFree);
  });

  t.test('a container that somebody restarted is left alone', async (t) => {
    const holder = await Holder.start(t, docker);
    const life = await holder.note();
    await Promise.all([holder.container.restart({ t: 0 }), holder.holds()]);
    t.match(await holder.fence(life), GONE);
    t.match(await holder.container.inspect(), { State: { Running: true } });
    t.notOk(holder.lockIsFree);
  });

  t.test(
    'a container that its restart policy restarted is left alone, and stays down when it is fenced',
    async (t) => {
      const holder = await Holder.start(t, docker, 'always');
      const life = await holder.note();
      // End of file: the first life ends by itself, and the engine starts the next one.
      spawnSync('sh', ['-c', `: >${path.join(holder.directory, 'end')}`]);
      await holder.holds();
      t.match(await holder.fence(life), GONE);
      t.match(await holder.container.inspect(), { State: { Running: true, Restarting: false } });
      t.match(await holder.fence(await holder.note()), GONE);
      t.match(await holder.container.inspect(), { State: { Running: false, Restarting: false } });
      t.ok(holder.lockIsFree);
    },
  );

  t.test('a container that was removed is gone', async (t) => {
    const holder = await Holder.start(t, docker);
    const life = await holder.note();
    await holder.container.remove({ force: true });
    t.match(await holder.fence(life), GONE);
    t.ok(holder.lockIsFree);
  });
}

t.setTimeout(1_700_000);
const engine = await anyEngine();
if (typeof engine === 'string')
  t.test('the fencer and a Docker engine', { skip: engine }, async () => undefined);
else {
  t.teardown(async () => {
    await engine.docker.getImage(MARK).remove({ force: true });
    await engine.stop();
  });
  await importImage(engine.docker);
  tests(t, engine);
}
