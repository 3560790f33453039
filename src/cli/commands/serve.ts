import { isIP } from 'node:net';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isNetwork } from '../../server/exports.ts';
import { checkName } from '../../server/filesystem/names.ts';
import type { Limits } from '../../server/limits.ts';
import { seconds, wholeNumber } from '../arguments.ts';
import { EXIT, type ExitStatus, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { limit } from '../serve/limits.ts';
import { endpointText, exportPath, type ServeOrder } from '../serve/order.ts';
import { readServerRecord, serverLives, writeServerRecord } from '../serve/server-record.ts';
import type { SingleServer, Teller } from '../serve/single-server.ts';
import { defaultStateDirectory, exportedDirectory, prepareStateDirectory } from '../serve/state-directory.ts';

const NFS_PORT = 2049;
const NOBODY = 65_534;
/** What NFS servers take when nobody says otherwise. */
const LEASE_S = 90;

interface ServeOptions {
  readonly port: number;
  readonly address: string;
  /** Milliseconds, as the parser has it. */
  readonly lease: number;
  readonly grace: number;
  readonly state?: string;
  readonly export?: string | null;
  readonly readOnly?: true;
  readonly rootSquash?: boolean;
  readonly delegations?: boolean;
  readonly anonuid: number;
  readonly anongid: number;
  readonly allow?: readonly string[];
  readonly limit?: Partial<Limits>;
  readonly verbose?: true;
  readonly json?: true;
}

const HELP = `
It prints one line on stdout when it serves, and runs until SIGTERM or Ctrl-C. Clients reclaim their
locks from the next server with the same --state, also when this one was killed.

As root it acts on files as whoever asks (AUTH_SYS), so that permissions are the kernel's; started by
anybody else it acts as that user for everybody, and judges by the mode bits.`;

/** `gracelab serve`: one server in the foreground, without containers. */
export function serve(frame: Frame): Command {
  const id = wholeNumber(1, 0xffff_fffe);
  return new Command('serve')
    .description('serve a directory over NFSv4 in the foreground, without containers')
    .argument('<dir>', 'the directory to serve', aPath)
    .option('--port <n>', 'TCP port; 0: any that is free', wholeNumber(0, 65_535), NFS_PORT)
    .option('--address <ip>', 'the address to listen on; 0.0.0.0 or :: for all', ipAddress, '127.0.0.1')
    .addOption(timeOption('--lease <seconds>', 'how long a silent client keeps its locks'))
    .addOption(timeOption('--grace <seconds>', 'how long clients may reclaim after a start'))
    .option(
      '--state <dir>',
      'what outlives the server (default: below $XDG_STATE_HOME, by the directory)',
      aPath,
    )
    .option(
      '--export </name>',
      'show the directory under this name in the root; without, it is the root',
      exportName,
    )
    .option('--read-only', 'refuse all changes')
    .option('--root-squash', 'treat root of a client as the anonymous user')
    .option('--no-root-squash', 'let root of a client be root (the default)')
    .option('--anonuid <uid>', 'the anonymous user', id, NOBODY)
    .option('--anongid <gid>', 'the anonymous group', id, NOBODY)
    .option('--delegations', 'give delegations to clients that can be called back (the default)')
    .option('--no-delegations', 'give none')
    .option('--allow <network>', 'serve this network or address only; repeatable (default: all)', network)
    .option('--limit <name=n>', 'what a client may have or cost, see docs/serving.md; repeatable', limit)
    .option('--verbose', 'say on stderr what happens')
    .option('--json', 'print the line as one JSON object')
    .addHelpText('after', HELP)
    .action(async (dir: string, options: ServeOptions) => {
      frame.conclude(await run(orderOf(dir, options, frame), options.json === true, frame));
    });
}

const timeOption = (flags: string, what: string): Option =>
  new Option(flags, what).argParser(seconds).default(LEASE_S * 1000, String(LEASE_S));

function orderOf(dir: string, options: ServeOptions, { cwd, env, terminal }: Frame): ServeOrder {
  const directory = exportedDirectory(path.resolve(cwd, dir));
  const wanted =
    options.state === undefined ? defaultStateDirectory(directory, env) : path.resolve(cwd, options.state);
  const state = prepareStateDirectory(wanted, directory, options.state !== undefined);
  if (state.exported)
    terminal.message('gracelab: the state directory is a part of the export, so that clients can reach it.');
  return {
    directory,
    state: state.path,
    exportName: options.export ?? null,
    address: options.address,
    port: options.port,
    leaseMs: options.lease,
    graceMs: options.grace,
    readOnly: options.readOnly === true,
    rootSquash: options.rootSquash === true,
    anonymousUid: options.anonuid,
    anonymousGid: options.anongid,
    allow: [...(options.allow ?? [])],
    delegations: options.delegations ?? true,
    limits: options.limit ?? {},
    verbose: options.verbose === true,
  };
}

async function run(order: ServeOrder, json: boolean, { terminal }: Frame): Promise<ExitStatus> {
  const previous = readServerRecord(order.state);
  if (previous !== null && serverLives(previous)) {
    const { directory } = previous.order;
    throw new Refusal(
      EXIT.machineCannot,
      `process ${previous.pid} serves ${directory} with the state in ${order.state} already: stop it first, or name another --state.`,
    );
  }
  if (previous !== null && previous.order.directory !== order.directory)
    terminal.message(
      `gracelab: the state in ${order.state} is that of ${previous.order.directory}: whatever clients have of it is refused here.`,
    );
  const { promise: ended, resolve: end } = Promise.withResolvers<ExitStatus>();
  // Row 16: grace is at least the lease that clients had from the life before.
  const graceMs = Math.max(order.graceMs, previous?.order.leaseMs ?? 0);
  const server = await start(order, graceMs, {
    tell: (line) => {
      if (order.verbose) terminal.message(`${new Date().toISOString()} ${line}`);
    },
    warn: (problem) => terminal.message(`gracelab: ${problem}.`),
    end: (sentence) => {
      terminal.message(`gracelab: ${sentence}`);
      // Nothing of this life may go on: what it holds may be somebody else's in a moment.
      process.exit(EXIT.machineCannot);
    },
  });
  const served = { ...order, port: server.port };
  writeServerRecord(served);
  stopOnSignals(server, () => end(EXIT.holds));
  terminal.result(json ? readyObject(served, graceMs, server) : readyLine(served));
  return ended;
}

async function start(order: ServeOrder, graceMs: number, teller: Teller): Promise<SingleServer> {
  try {
    // Only now: the other commands need no server, and not the time that it takes to load one.
    const { startSingleServer } = await import('../serve/single-server.ts');
    return await startSingleServer(order, graceMs, teller);
  } catch (error) {
    throw new Refusal(EXIT.machineCannot, (error as Error).message, { cause: error });
  }
}

/** The first signal is a planned stop, the second one the end. */
function stopOnSignals(server: SingleServer, done: () => void): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(EXIT.interrupted);
    stopping = true;
    void server.stop().then(done);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}

const readyLine = (order: ServeOrder): string =>
  `gracelab serves ${order.directory} as ${exportPath(order)} on ${endpointText(order)}`;

const readyObject = (order: ServeOrder, graceMs: number, { incarnation }: SingleServer): string =>
  JSON.stringify({
    directory: order.directory,
    export: exportPath(order),
    address: order.address,
    port: order.port,
    lease: order.leaseMs / 1000,
    grace: graceMs / 1000,
    state: order.state,
    pid: process.pid,
    incarnation,
  });

// ---- arguments ----

/** An empty one would be the present directory, which nobody means who writes `--state "$STATE"`. */
function aPath(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must be a path.');
  return text;
}

function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('It must be an IP address.');
  return text;
}

function network(text: string, before: readonly string[] = []): string[] {
  if (!isNetwork(text))
    throw new InvalidArgumentError('It must be an IP address or a network, as 192.0.2.0/24.');
  return [...before, text];
}

function exportName(text: string): string | null {
  if (text === '/') return null;
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (name.replace(/\/$/, '').includes('/'))
    throw new InvalidArgumentError('It must be one name, as /data: nested ones are not supported.');
  const plain = name.replace(/\/$/, '');
  if (!checkName(plain).ok) throw new InvalidArgumentError('It must be the name of a directory, as /data.');
  return plain;
}
