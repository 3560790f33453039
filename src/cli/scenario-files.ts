import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULT_CATALOGUE } from '../scenario/fault-catalogue.ts';
import { referenceProblems } from '../scenario/format/references.ts';
import { loadScenario } from '../scenario/load.ts';
import type { ClusterShape, Scenario, StoreKind } from '../scenario/scenario.ts';
import { EXIT, Refusal } from './exit-status.ts';
import { ROOT } from './version.ts';

const SHIPPED_DIR = fileURLToPath(new URL('scenarios/', ROOT));

/** What somebody who has a minute should see; the others take longer, or need an etcd. */
const TOUR = ['reboot', 'lost-update', 'overlap', 'planned-restart', 'failover', 'two-domains'];

/** Names of the scenarios that ship, in the order of the alphabet. */
async function shippedNames(): Promise<string[]> {
  const files = await readdir(SHIPPED_DIR);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => path.basename(file, '.yaml'))
    .sort();
}

/** A name of ours, or a file of the user's: whatever has a slash or an extension is a path. */
function fileOf(name: string, shipped: readonly string[], cwd: string): string {
  if (/[/.]/.test(name)) return path.resolve(cwd, name);
  if (shipped.includes(name)) return path.join(SHIPPED_DIR, `${name}.yaml`);
  throw new Refusal(
    EXIT.wrongUsage,
    `there is no scenario "${name}"; there are ${shipped.join(', ')}, or name a YAML file by its path.`,
  );
}

/**
 * Loads the named scenarios, or all that ship; with `tour` a selection of them. Nothing is run before every one of them is known to be sound.
 * @throws {Refusal} wrong usage: which file, which line, what is wrong.
 */
export async function chooseScenarios(
  names: readonly string[],
  cwd: string,
  { tour = false }: { readonly tour?: boolean } = {},
): Promise<Scenario[]> {
  const shipped = await shippedNames();
  const wanted = tour ? TOUR : shipped;
  const files = (names.length === 0 ? wanted : names).map((name) => fileOf(name, shipped, cwd));
  const scenarios: Scenario[] = [];
  for (const file of files) {
    const loaded = await loadScenario(file);
    if (!loaded.ok) throw new Refusal(EXIT.wrongUsage, loaded.problems.join('\n'));
    scenarios.push(loaded.scenario);
  }
  return scenarios;
}

/** Adds nodes that the scenario does not name, as n4, n5 ...: its steps stay what they are. */
export function withNodes(scenario: Scenario, count: number | undefined): Scenario {
  const { nodes, spares } = scenario.cluster;
  if (count === undefined) return scenario;
  if (count < nodes.length) {
    throw new Refusal(
      EXIT.wrongUsage,
      `the scenario ${scenario.name} names ${nodes.length} nodes, so --nodes ${count} is not enough.`,
    );
  }
  const names = [...nodes];
  for (let number = 1; names.length < count; number += 1) {
    const name = `n${number}`;
    if (
      !names.includes(name) &&
      !spares.includes(name) &&
      !scenario.clients.some((client) => client.name === name)
    )
      names.push(name);
  }
  return { ...scenario, cluster: withMembers(scenario.cluster, names) };
}

/** Those that no domain names go into every one of them. */
function withMembers(cluster: ClusterShape, nodes: readonly string[]): ClusterShape {
  const added = nodes.filter((node) => !cluster.nodes.includes(node));
  const domains = cluster.domains.map((domain) => ({ ...domain, nodes: [...domain.nodes, ...added] }));
  return { ...cluster, nodes, domains };
}

/** @throws {Refusal} wrong usage, where the scenario breaks what this ledger does not have */
export function withStore(scenario: Scenario, store: StoreKind | undefined): Scenario {
  if (store === undefined) return scenario;
  const changed = { ...scenario, cluster: { ...scenario.cluster, store } };
  const [problem] = referenceProblems(changed, FAULT_CATALOGUE);
  if (problem === undefined) return changed;
  throw new Refusal(
    EXIT.wrongUsage,
    `the scenario ${scenario.name} cannot be run with --store ${store}: ${problem.text}.`,
  );
}
