/** A lab that is up for one test, and the ways into its containers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { finish, ROOT, temporaryDirectory } from '../cli/gracelab.ts';

const GRACELAB = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  path.join(ROOT, 'src/cli/main.ts'),
] as const;

interface ClientSummary {
  readonly name: string;
  readonly opens: number;
  readonly locks: number;
  readonly delegations: number;
}

interface Status {
  readonly clients: readonly { readonly name: string; readonly address: string }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly serviceAddress: string;
    readonly node: { readonly clients: readonly ClientSummary[] } | null;
  }[];
}

export class Lab {
  /** By client: the address of its container. */
  readonly clientAddresses: Readonly<Record<string, string>>;
  /** By node: what its clients mount. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly #runtimeDirectory: string;

  private constructor(runtimeDirectory: string, status: Status) {
    this.#runtimeDirectory = runtimeDirectory;
    this.clientAddresses = Object.fromEntries(status.clients.map(({ name, address }) => [name, address]));
    this.addresses = Object.fromEntries(
      status.nodes.map(({ name, serviceAddress }) => [name, serviceAddress]),
    );
  }

  /** @param yaml a lab file */
  static async up(t: Test, yaml: string): Promise<Lab> {
    const directory = temporaryDirectory(t);
    const file = path.join(directory, 'lab.yaml');
    writeFileSync(file, yaml);
    t.teardown(async () => {
      if (!t.passing())
        t.comment((await type(directory, 'logs', 'n1')).stdout.split('\n').slice(-200).join('\n'));
      // Whatever still runs in it ends with it.
      await type(directory, 'down', '--all');
    });
    return new Lab(directory, await json<Status>(directory, 'up', '-f', file));
  }

  /** A command that starts the program behind it in a container. */
  within(container: string): readonly string[] {
    return ['env', `XDG_RUNTIME_DIR=${this.#runtimeDirectory}`, ...GRACELAB, 'exec', container, '--'];
  }

  /** @throws when the command does not succeed */
  async fault(...argv: readonly string[]): Promise<void> {
    await json(this.#runtimeDirectory, 'fault', ...argv);
  }

  /** A person at `gracelab kernel-client`, who types the next line at each prompt. @throws what it says on stderr, where it says anything */
  async kernelClient(
    t: Test,
    client: string,
    lines: readonly string[],
  ): Promise<{ readonly status: number | null; readonly output: string }> {
    // The kernel is there already: guest-image.ts has it in the same cache.
    const cache = path.join(ROOT, 'node_modules/.cache');
    const env = { ...process.env, XDG_RUNTIME_DIR: this.#runtimeDirectory, XDG_CACHE_HOME: cache };
    const child = spawn(GRACELAB[0], [...GRACELAB.slice(1), 'kernel-client', client], { env });
    t.teardown(() => child.kill());
    let output = '';
    let typed = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const prompts = output.match(/^\S+:\S+# /gm)?.length ?? 0;
      for (; typed < prompts; typed += 1) child.stdin.write(`${lines[typed] ?? 'exit'}\n`);
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    if (complaint !== '') throw new Error(complaint);
    return { status, output };
  }

  /** The clients of a node whose names match, as the node has them. */
  async clients(node: string, name: RegExp): Promise<readonly ClientSummary[]> {
    const { labs } = await json<{ readonly labs: readonly Status[] }>(this.#runtimeDirectory, 'status');
    const found = labs[0]?.nodes.find((one) => one.name === node)?.node?.clients ?? [];
    return found.filter((client) => name.test(client.name));
  }
}

const type = (runtimeDirectory: string, ...argv: readonly string[]) =>
  finish(GRACELAB[0], [...GRACELAB.slice(1), ...argv], { ...process.env, XDG_RUNTIME_DIR: runtimeDirectory });

async function json<Answer>(runtimeDirectory: string, ...argv: readonly string[]): Promise<Answer> {
  const { status, stdout, stderr } = await type(runtimeDirectory, ...argv, '--json');
  if (status !== 0) throw new Error(`gracelab ${argv.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}
