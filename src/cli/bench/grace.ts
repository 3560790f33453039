import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { GracePlan } from '../../bench/grace/observed.ts';
import { type GraceResult, graceText, planText, shortfall } from '../../bench/grace/table.ts';
import { sandboxRefusal } from '../../runtime/namespace/abilities.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import { list, wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { inSandbox } from '../sandboxed.ts';
import { machine } from './machine.ts';
import type { BenchRequest } from './request.ts';

const LAB_SCRIPT = fileURLToPath(new URL('../agents/bench-lab.ts', import.meta.url));
const STORES: readonly StoreKind[] = ['sqlite', 'etcd'];
const MOST_NODES = 64;
/** A server has room for 1,024 connections. */
const MOST_CLIENTS = 1000;
const MOST_REPETITIONS = 1000;
const LEASE_MS = 2000;
const SHORTEST_LEASE_MS = 500;

interface Options {
  readonly nodes: readonly number[];
  readonly clients: readonly number[];
  readonly store: readonly StoreKind[];
  readonly repeat: number;
  readonly lease: number;
  readonly out?: string;
  readonly json?: true;
}

function storeKind(text: string): StoreKind {
  if (!(STORES as readonly string[]).includes(text))
    throw new InvalidArgumentError(`A store is ${STORES.join(' or ')}.`);
  return text as StoreKind;
}

function lease(text: string): number {
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}.`);
  if (ms < SHORTEST_LEASE_MS) throw new InvalidArgumentError(`The shortest lease is ${SHORTEST_LEASE_MS}ms.`);
  return ms;
}

function plansOf({ store, nodes, clients, lease: leaseMs }: Options): GracePlan[] {
  return store.flatMap((kind) =>
    nodes.flatMap((nodeCount) =>
      clients.map((clientCount) => ({ store: kind, nodes: nodeCount, clients: clientCount, leaseMs })),
    ),
  );
}

/** Tells on stderr of every run when it is over: a long table is worth waiting for only as long as it gets on. */
async function measureAll(options: Options, frame: Frame): Promise<GraceResult[]> {
  const results: GraceResult[] = [];
  for (const plan of plansOf(options)) {
    for (let time = 1; time <= options.repeat; time += 1) {
      const title = planText(plan);
      const name = `${plan.store}-${plan.nodes}-${plan.clients}-${time}`;
      const folder = options.out === undefined ? null : path.resolve(frame.cwd, options.out, name);
      const request: BenchRequest = { bench: 'grace', plan, folder };
      const task = { script: LAB_SCRIPT, request, title, aim: 'any figures' };
      const result = await inSandbox<GraceResult>(task, frame);
      results.push(result);
      const again = options.repeat > 1 ? ` (${time} of ${options.repeat})` : '';
      frame.terminal.message(`${title}${again}: ${shortfall(result) ?? 'done'}, load ${result.load}`);
    }
  }
  return results;
}

/** `gracelab bench grace`: what grace costs, measured on real labs. */
export function benchGrace(frame: Frame): Command {
  return new Command('grace')
    .description(
      'what grace costs: writes of the ledger and the records, and the time from a power cut to barrier and lift',
    )
    .addOption(list('--nodes <list>', 'nodes of the cluster', wholeNumber(2, MOST_NODES), [3, 8, 16, 32]))
    .addOption(
      list(
        '--clients <list>',
        'clients of the node that loses its power',
        wholeNumber(0, MOST_CLIENTS),
        [0, 100, 1000],
      ),
    )
    .addOption(list('--store <list>', 'where the ledger is', storeKind, STORES))
    .option('--repeat <n>', 'measures each combination so often', wholeNumber(1, MOST_REPETITIONS), 1)
    .addOption(
      new Option('--lease <duration>', 'clients notice a reboot when they renew, which follows from it')
        .argParser(lease)
        .default(LEASE_MS, '2s'),
    )
    .option('--out <dir>', 'keep the history and the logs of every run there; by default nothing is kept')
    .option('--json', 'print one JSON document')
    .action(async (options: Options) => {
      const refusal = await sandboxRefusal(frame.env);
      if (refusal !== null) throw new Refusal(EXIT.machineCannot, refusal);
      const results = await measureAll(options, frame);
      const document = { bench: 'grace', machine: machine(), runs: results };
      frame.terminal.result(options.json ? JSON.stringify(document, null, 2) : graceText(results));
      frame.conclude(results.every((result) => shortfall(result) === null) ? EXIT.holds : EXIT.unknown);
    });
}
