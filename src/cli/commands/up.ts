import { openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { namespaceOffer, sandboxRefusal } from '../../runtime/namespace/abilities.ts';
import { enterSandbox, identityOf, killSandbox, type Sandbox } from '../../runtime/namespace/sandbox.ts';
import { gateRefusal } from '../../scenario/needed-abilities.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import { durationOrOff, storeOption, wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { askLab, type LabStatus } from '../living/control.ts';
import { describeLab, type LabDescription } from '../living/lab-file.ts';
import { claimPlace, type LabPlace, removePlace, writeIdentity } from '../living/place.ts';
import { statusText } from '../living/status-text.ts';

const SCRIPT = fileURLToPath(new URL('../agents/living-lab.ts', import.meta.url));

interface UpOptions {
  readonly file?: string;
  readonly name?: string;
  readonly nodes?: number;
  readonly store?: StoreKind;
  readonly failover?: number | null;
  readonly delegations?: boolean;
  readonly json?: true;
  readonly mutant?: string;
}

/** The lab says one line when it is up or knows that it cannot be; null when it ended without a word. */
async function firstWords(stdout: NodeJS.ReadableStream): Promise<{ up?: true; impossible?: string } | null> {
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  return null;
}

async function bringUp(description: LabDescription, place: LabPlace, frame: Frame): Promise<void> {
  const order = path.join(place.directory, 'order.json');
  writeFileSync(order, JSON.stringify({ place, description }));
  const log = path.join(place.logs, 'lab.log');
  const sandbox = await enterSandbox({
    script: SCRIPT,
    args: [order],
    env: frame.env,
    nodeOptions: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
    // It would pin the directory in which somebody happened to be.
    cwd: '/',
    detached: true,
  });
  writeIdentity(place, sandbox.identity);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const giveUp = (): void => {
    killSandbox(sandbox.identity);
    removePlace(place);
    process.exit(EXIT.interrupted);
  };
  for (const signal of signals) process.once(signal, giveUp);
  const words = await firstWords(sandbox.stdout as NodeJS.ReadableStream);
  for (const signal of signals) process.off(signal, giveUp);
  // The lab's end of the pipe stays open as long as the lab does, and ours would keep this command from ending.
  sandbox.stdout?.destroy();
  if (words?.up === true) return;
  const why = words?.impossible ?? (await howItEnded(sandbox, log));
  throw new Refusal(EXIT.machineCannot, `the lab did not come up: ${why.replace(/\.$/, '')}.`);
}

/** A lab that says nothing about its end has written its last words to its log, which is about to be removed. */
async function howItEnded(sandbox: Sandbox, log: string): Promise<string> {
  // A detached sandbox does not keep this process from ending; somebody has to wait for it all the same.
  const waiting = setInterval(() => undefined, 1000);
  const end = await sandbox.exited;
  clearInterval(waiting);
  const lastWords = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .findLast((line) => /^\w*Error\b/.test(line));
  return end.complaint || lastWords || `it ended with ${end.signal ?? `status ${end.code}`}`;
}

const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** `gracelab up`: a cluster to play with, which stays until `gracelab down`. */
export function up(frame: Frame): Command {
  return new Command('up')
    .description('start a cluster to play with; it stays up until `gracelab down`')
    .option('-f, --file <lab.yaml>', 'nodes, clients, lease and grace of the lab')
    .option('--name <name>', 'several labs can be up beside each other')
    .option('--nodes <n>', 'how many nodes (default: 3)', wholeNumber(1, 16))
    .addOption(storeOption())
    .option(
      '--failover <duration>',
      'a dead node is waited for that long, then another one takes its clients over (default: off)',
      durationOrOff,
    )
    .option('--delegations', 'give delegations to clients that can be called back (the default)')
    .option('--no-delegations', 'give none')
    .option('--json', 'print one JSON document')
    .addOption(new Option('--mutant <id>').hideHelp())
    .action(async (options: UpOptions) => {
      if (options.mutant !== undefined) {
        throw new Refusal(
          EXIT.wrongUsage,
          '`gracelab up` runs the real product only; a mutant goes with `gracelab run --mutant`.',
        );
      }
      const file = options.file === undefined ? undefined : path.resolve(frame.cwd, options.file);
      const description = await describeLab(file, options);
      const refusal = await sandboxRefusal(frame.env);
      if (refusal !== null) throw new Refusal(EXIT.machineCannot, refusal);
      await refuseGate(description, frame);
      const place = claimPlace(description.name, frame.env);
      try {
        writeIdentity(place, identityOf(process.pid));
        await bringUp(description, place, frame);
      } catch (error) {
        removePlace(place);
        throw isDiskFull(error)
          ? new Refusal(
              EXIT.machineCannot,
              `the disk is full; make room where ${path.dirname(place.directory)} is to be, or set XDG_RUNTIME_DIR to another directory of yours.`,
              { cause: error },
            )
          : error;
      }
      const status = await askLab<LabStatus>(place, { command: 'status' });
      if (options.json) frame.terminal.result(JSON.stringify({ ...status, logs: place.logs }, null, 2));
      else {
        frame.terminal.result(statusText(status, frame.terminal.colours));
        frame.terminal.result(hints(status, place));
      }
    });
}

/** @throws {Refusal} when the lab is to have gates and this machine has none to offer */
async function refuseGate({ name, shape }: LabDescription, { env }: Frame): Promise<void> {
  if (!shape.gate) return;
  const refusal = gateRefusal(shape, `of the lab "${name}"`, await namespaceOffer(env));
  if (refusal !== null) throw new Refusal(EXIT.machineCannot, `${refusal}.`);
}

function hints(status: LabStatus, place: LabPlace): string {
  const [first] = status.nodes;
  const name = ` --name ${status.name}`;
  const [client] = status.clients;
  const kernelClient =
    client === undefined
      ? []
      : [`  a Linux client        npx gracelab kernel-client${name} ${client.name}   (in a virtual machine)`];
  const partition =
    status.store === 'etcd'
      ? [`  cut a node off        npx gracelab fault${name} partition ${first?.name} --from ledger`]
      : [];
  return [
    '',
    `  a shell in a node     npx gracelab exec${name} ${first?.name} -- bash`,
    `  mount, in a node      mount -t nfs4 -o vers=4.1 ${first?.serviceAddress}:/ /mnt   (where the kernel has an NFS client)`,
    ...kernelClient,
    `  break something       npx gracelab fault${name} power-cut ${first?.name}`,
    ...partition,
    `  why is it in grace?   npx gracelab why${name}`,
    `  logs                  ${place.logs}`,
    `  take it down          npx gracelab down${name}`,
  ].join('\n');
}
