/** However a lab ends, nothing of it is left: no process, mount, interface, namespace or temporary file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { sandboxRefusal } from '../../../src/runtime/namespace/abilities.ts';
import { killSandbox, type SandboxIdentity, sandboxLives } from '../../../src/runtime/namespace/sandbox.ts';
import {
  allNamespaces,
  hostTraces,
  markedProcesses,
  namespacesOf,
  ticksNow,
} from './programs/host-traces.ts';

const CALLER = join(import.meta.dirname, 'programs', 'caller.ts');
const TETHER = new URL('../../../src/runtime/namespace/tether.ts', import.meta.url).href;
/** A lab is gone within milliseconds; this is for a machine that is busy with something else. */
const GONE_WITHIN_MS = 10_000;

/** A lab that runs in the sandbox of a caller that is a process of its own, as on the command line. */
class RunningLab {
  readonly mark = `${process.pid}-${process.hrtime.bigint()}`;
  readonly temporary = mkdtempSync(join(tmpdir(), 'endings-'));
  readonly caller: ChildProcess;
  readonly lines: string[] = [];
  readonly callerExit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  identity: SandboxIdentity = { pid: 0, startTicks: '' };
  namespaces = new Set<string>();
  #heard: () => void = () => undefined;

  constructor(manner: string, labManner: string) {
    // A process group of its own, as a shell gives to a job in the foreground.
    this.caller = spawn(process.execPath, [CALLER, manner, labManner], {
      detached: true,
      env: { ...process.env, GRACELAB_TEST_MARK: this.mark, TMPDIR: this.temporary },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.callerExit = new Promise((resolve) =>
      this.caller.once('exit', (code, signal) => resolve({ code, signal })),
    );
    if (this.caller.stdout) {
      createInterface({ input: this.caller.stdout }).on('line', (line) => {
        this.lines.push(line);
        this.#heard();
      });
    }
  }

  async up(): Promise<this> {
    const early = this.callerExit.then(({ code }) => {
      if (code !== 0) throw new Error(`the caller ended with ${code} before its lab was up`);
    });
    await Promise.race([this.line('up'), early.then(() => this.line('up'))]);
    this.identity = JSON.parse(this.lines.find((line) => line.startsWith('{')) ?? '{}');
    const marked = markedProcesses(this.mark);
    this.namespaces = namespacesOf(marked);
    return this;
  }

  line(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (this.lines.includes(wanted)) resolve();
      };
      this.#heard();
    });
  }

  /** Until it has gone. A dying process loses its environment, its mark, before its namespaces, and both before it counts as dead. */
  async gone(): Promise<void> {
    const deadline = performance.now() + GONE_WITHIN_MS;
    const ending = ticksNow();
    for (;;) {
      const processes = markedProcesses(this.mark);
      const all = allNamespaces(ending);
      const namespaces = [...this.namespaces].filter((namespace) => all.has(namespace));
      const sandbox = sandboxLives(this.identity) ? ['the sandbox'] : [];
      const left = [...processes, ...namespaces, ...sandbox];
      if (left.length === 0) return;
      if (performance.now() > deadline) throw new Error(`still there: ${left.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Of the sandbox, in this test's pid namespace. */
  get init(): number {
    const { pid } = this.identity;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-(this.caller.pid ?? 0), signal);
  }
}

interface Ending {
  readonly name: string;
  readonly caller: string;
  readonly lab?: string;
  readonly bring: (lab: RunningLab) => void;
  readonly callerExit?: { readonly code?: number | null; readonly signal?: NodeJS.Signals | null };
}

const ENDINGS: readonly Ending[] = [
  { name: 'the lab ends', caller: 'waits', lab: 'ends', bring: () => undefined, callerExit: { code: 7 } },
  {
    name: 'the caller ends',
    caller: 'leaves',
    bring: (lab) => lab.caller.stdin?.write('\n'),
    callerExit: { code: 0 },
  },
  {
    name: 'Ctrl-C',
    caller: 'waits',
    bring: (lab) => lab.signalGroup('SIGINT'),
    callerExit: { signal: 'SIGINT' },
  },
  {
    name: 'Ctrl-C, passed on to a lab that says goodbye',
    caller: 'passes-on',
    lab: 'says-goodbye',
    bring: (lab) => lab.signalGroup('SIGINT'),
    callerExit: { code: 42 },
  },
  {
    name: 'SIGTERM, passed on to a lab that does not handle it',
    caller: 'passes-on',
    bring: (lab) => lab.caller.kill('SIGTERM'),
    callerExit: { code: 143 },
  },
  {
    name: 'Ctrl-C twice, passed on to a lab that hangs',
    caller: 'passes-on',
    lab: 'is-busy',
    bring: (lab) => {
      lab.signalGroup('SIGINT');
      lab.signalGroup('SIGTERM');
    },
    callerExit: { code: 1 },
  },
  {
    name: 'SIGTERM',
    caller: 'waits',
    bring: (lab) => lab.caller.kill('SIGTERM'),
    callerExit: { signal: 'SIGTERM' },
  },
  {
    name: 'SIGHUP, as of a closed terminal',
    caller: 'waits',
    bring: (lab) => lab.signalGroup('SIGHUP'),
    callerExit: { signal: 'SIGHUP' },
  },
  {
    name: 'SIGKILL of the caller',
    caller: 'waits',
    bring: (lab) => lab.caller.kill('SIGKILL'),
    callerExit: { signal: 'SIGKILL' },
  },
  {
    name: 'SIGKILL of the caller of a lab that hangs',
    caller: 'waits',
    lab: 'is-busy',
    bring: (lab) => lab.caller.kill('SIGKILL'),
  },
  {
    name: 'SIGKILL of the sandbox init',
    caller: 'waits',
    bring: (lab) => process.kill(lab.init, 'SIGKILL'),
    callerExit: { code: 1 },
  },
  {
    name: "SIGKILL of the sandbox's unshare",
    caller: 'waits',
    bring: (lab) => process.kill(lab.identity.pid, 'SIGKILL'),
    callerExit: { code: 1 },
  },
  {
    name: 'SIGKILL of a detached sandbox',
    caller: 'detaches',
    bring: (lab) => killSandbox(lab.identity),
    callerExit: { code: 0 },
  },
];

const refusal = await sandboxRefusal(process.env);
const skip = refusal ?? false;
t.setTimeout(120_000);

for (const ending of ENDINGS) {
  t.test(`nothing is left after: ${ending.name}`, { skip }, async (t) => {
    const lab = new RunningLab(ending.caller, ending.lab ?? 'lasts');
    const before = hostTraces(lab.mark);
    t.teardown(() => killSandbox(lab.identity));
    await lab.up();
    if (ending.lab !== 'ends')
      t.ok(lab.namespaces.size >= 15, 'the namespaces of a sandbox and two containers');

    ending.bring(lab);
    await lab.gone();

    t.match(await lab.callerExit, ending.callerExit ?? {});
    t.strictSame(hostTraces(lab.mark), before, 'mounts, interfaces, files');
    t.strictSame(readdirSync(lab.temporary), [], 'temporary files');
    rmdirSync(lab.temporary);
  });
}

t.test('a detached sandbox outlives its caller and the terminal', { skip }, async (t) => {
  const lab = new RunningLab('detaches', 'lasts');
  t.teardown(() => killSandbox(lab.identity));
  await lab.up();
  t.match(await lab.callerExit, { code: 0 });
  t.throws(() => lab.signalGroup('SIGHUP'), { code: 'ESRCH' }, 'a closed terminal has nothing to signal');
  t.ok(sandboxLives(lab.identity));
  t.notOk(sandboxLives({ ...lab.identity, startTicks: '1' }), 'a process id alone is no identity');
  killSandbox({ ...lab.identity, startTicks: '1' });
  t.ok(sandboxLives(lab.identity));
  killSandbox(lab.identity);
  await lab.gone();
  rmdirSync(lab.temporary);
});

t.test('the tether alone ends a process whose caller has gone', async (t) => {
  const child = spawn(
    process.execPath,
    ['--import', TETHER, '-e', 'console.log("on"); setInterval(() => {}, 1e6)'],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    },
  );
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  (child.stdio[3] as unknown as { destroy(): void }).destroy();
  t.equal(await exit, 129);
});

t.test('the tether does not hold up a script that has finished', async (t) => {
  const child = spawn(process.execPath, ['--import', TETHER, '-e', ''], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  t.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
});
