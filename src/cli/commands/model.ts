import { Command, InvalidArgumentError } from 'commander';
import { MUTANTS, type MutantId } from '../../core/mutants.ts';
import type { BoundCount, ModelBounds } from '../../model/bounds.ts';
import { explore, type ModelResult } from '../../model/explore.ts';
import { FILESYSTEM_MUTANT_BOUNDS, MUTANT_BOUNDS, NO_FAULTS } from '../../model/mutant-bounds.ts';
import { wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';

const MOST_STATES = 50_000_000;
/** Of states and the ways between them, about 100 bytes a state: with all else that a process takes this stays below 8 GiB. */
const MOST_BYTES = 6.5 * 2 ** 30;
/** With two crashes no history has more than two takeovers. */
const USUAL: Faults = { ...NO_FAULTS, nodes: 3, crashes: 2, heirs: 2 };
const USUAL_OF_FILESYSTEMS: Faults = { ...NO_FAULTS, nodes: 3, crashes: 1, filesystems: true, moves: 1 };

type Faults = Omit<ModelBounds, 'mutants'>;

interface Options {
  readonly nodes?: number;
  readonly clients?: number;
  readonly faults?: number;
  readonly losses?: number;
  readonly hangs?: number;
  readonly heirs?: number;
  readonly fences?: number;
  readonly drops?: number;
  readonly lostAnswers?: number;
  readonly stops?: number;
  readonly moves?: number;
  readonly filesystems?: true;
  readonly memberships?: number;
  readonly repairs?: number;
  readonly expiries?: number;
  readonly maxStates: number;
  readonly mutant?: MutantId;
  readonly json?: true;
}

function mutant(text: string): MutantId {
  if (MUTANT_BOUNDS[text as MutantId] === undefined) {
    throw new InvalidArgumentError(`The model has ${Object.keys(MUTANT_BOUNDS).join(', ')}.`);
  }
  return text as MutantId;
}

/**
 * Without a mutant: three nodes, two clients, two crashes, any takeover; where filesystems move one crash and one move. With a mutant: the smallest
 * cluster that shows it.
 */
function usualBounds({ mutant, filesystems }: Options): Faults {
  if (mutant === undefined) return filesystems ? USUAL_OF_FILESYSTEMS : USUAL;
  return (filesystems ? FILESYSTEM_MUTANT_BOUNDS[mutant] : undefined) ?? MUTANT_BOUNDS[mutant]!;
}

function boundsOf(options: Options): ModelBounds {
  const usual = usualBounds(options);
  const drops = options.drops ?? usual.drops;
  const bounds: ModelBounds = {
    nodes: options.nodes ?? usual.nodes,
    clients: options.clients ?? usual.clients,
    crashes: options.faults ?? usual.crashes,
    losses: options.losses ?? usual.losses,
    hangs: options.hangs ?? usual.hangs,
    heirs: options.heirs ?? usual.heirs,
    fences: options.fences ?? usual.fences,
    drops,
    unknowns: options.lostAnswers ?? usual.unknowns,
    stops: options.stops ?? usual.stops,
    moves: options.moves ?? usual.moves,
    filesystems: options.filesystems ?? usual.filesystems,
    memberships: options.memberships ?? usual.memberships,
    repairs: options.repairs ?? usual.repairs,
    expiries: options.expiries ?? usual.expiries,
    // A filesystem that drops a live node's locks is one on which a missing beacon proves nothing.
    beaconProvesDeath: drops === 0,
    trustsOperators: false,
    mutants: new Set(options.mutant === undefined ? [] : [options.mutant]),
  };
  if (bounds.filesystems && bounds.heirs > 0)
    throw new Refusal(
      EXIT.wrongUsage,
      'where filesystems move there is no takeover: leave out --heirs, or --filesystems.',
    );
  if (bounds.clients > bounds.nodes) {
    throw new Refusal(
      EXIT.wrongUsage,
      `${bounds.clients} clients need as many nodes; the model has one client a node at the most.`,
    );
  }
  return bounds;
}

/** `gracelab model`: explores every interleaving of the shipped rules for a small cluster (docs/model.md). */
export function model(frame: Frame): Command {
  const few = wholeNumber(0, 4);
  return new Command('model')
    .description('explore every interleaving of the ledger rules for a small cluster')
    .option('--nodes <n>', 'nodes (3)', wholeNumber(1, 4))
    .option('--clients <n>', 'clients, one a node at the most (2)', wholeNumber(1, 4))
    .option('--faults <n>', 'crashes of a process (2)', few)
    .option('--losses <n>', 'nodes lost for good (0)', few)
    .option('--hangs <n>', 'nodes that live on and do nothing for ever (0)', few)
    .option('--heirs <n>', 'takeovers of a dead node’s clients and address (2)', few)
    .option('--fences <n>', 'slow nodes that are fenced; suspects and hung nodes always are (0)', few)
    .option('--drops <n>', 'live nodes whose locks the filesystem drops (0)', few)
    .option('--lost-answers <n>', 'swaps that happen without the sender being told (0)', few)
    .option('--stops <n>', 'planned stops (0)', few)
    .option('--moves <n>', 'planned moves of an address, failbacks too (0; with --filesystems 1)', few)
    .option('--filesystems', 'what moves is the filesystem: addresses stay, and clients are told where to go')
    .option('--memberships <n>', 'members admitted or retired (0)', few)
    .option('--repairs <n>', 'nodes that an operator declares dead or abandons (0)', few)
    .option('--expiries <n>', 'leases that run out (0)', few)
    .option(
      '--max-states <n>',
      'give up, and say so, beyond this many',
      wholeNumber(1, MOST_STATES),
      MOST_STATES,
    )
    .option('--mutant <id>', `break one rule on purpose: ${Object.keys(MUTANT_BOUNDS).join(', ')}`, mutant)
    .option('--json', 'print one JSON document')
    .action((options: Options) => {
      const bounds = boundsOf(options);
      const begin = performance.now();
      const result = explore(bounds, {
        maxStates: options.maxStates,
        maxBytes: MOST_BYTES,
        liveness: true,
        onProgress: (states, depth) =>
          frame.terminal.progress(`${states.toLocaleString('en')} states, depth ${depth} ...`),
      });
      const seconds = Math.round((performance.now() - begin) / 10) / 100;
      if (options.json) frame.terminal.result(JSON.stringify(asJson(bounds, result, seconds), null, 2));
      else frame.terminal.result(inWords(bounds, result, seconds));
      frame.conclude(statusOf(result));
    });
}

function statusOf(result: ModelResult) {
  if (result.violations.length > 0) return EXIT.violation;
  return result.exhaustive ? EXIT.holds : EXIT.unknown;
}

function asJson(bounds: ModelBounds, result: ModelResult, seconds: number) {
  const { states, transitions, depth, exhaustive, violations } = result;
  return {
    bounds: { ...bounds, mutants: [...bounds.mutants] },
    states,
    transitions,
    depth,
    exhaustive,
    seconds,
    violations,
  };
}

const INVARIANTS =
  'I1 exclusion, I2 no theft and no chance missed, I3 one grace, I4 authority, I6 records before new state, I8 grace ends from everywhere';

/** What is counted, in the words of the options: one of it, and several. */
const COUNTED: Readonly<Record<BoundCount, readonly [one: string, several: string]>> = {
  nodes: ['node', 'nodes'],
  clients: ['client', 'clients'],
  crashes: ['crash', 'crashes'],
  losses: ['node lost for good', 'nodes lost for good'],
  hangs: ['node that hangs', 'nodes that hang'],
  heirs: ['takeover', 'takeovers'],
  fences: ['slow node fenced', 'slow nodes fenced'],
  drops: ['live node whose locks are dropped', 'live nodes whose locks are dropped'],
  unknowns: ['lost answer', 'lost answers'],
  stops: ['planned stop', 'planned stops'],
  moves: ['planned move', 'planned moves'],
  memberships: ['change of members', 'changes of members'],
  repairs: ['repair by an operator', 'repairs by an operator'],
  expiries: ['lease that runs out', 'leases that run out'],
};

function counted(bounds: ModelBounds): string {
  const of = bounds.filesystems ? ' of a filesystem' : ' of an address';
  return (Object.entries(COUNTED) as [BoundCount, readonly [string, string]][])
    .filter(([bound]) => bounds[bound] > 0)
    .map(([bound, [one, several]]) => {
      const words = `${bounds[bound]} ${bounds[bound] === 1 ? one : several}`;
      return bound === 'moves' ? words + of : words;
    })
    .join(', ');
}

function inWords(bounds: ModelBounds, result: ModelResult, seconds: number): string {
  const lines = [
    counted(bounds),
    `${result.states.toLocaleString('en')} states, ${result.transitions.toLocaleString('en')} steps, depth ${result.depth}, ${seconds} s`,
    `invariants: ${INVARIANTS}`,
  ];
  for (const id of bounds.mutants) lines.push(`mutant ${id}: ${MUTANTS[id]}`);
  const [violation] = result.violations;
  if (violation !== undefined) {
    lines.push('', `VIOLATION ${violation.invariant}`, 'The shortest way there:');
    lines.push(...violation.trace.map((step, index) => `${String(index + 1).padStart(4)}  ${step}`));
  } else if (result.exhaustive) lines.push('no violation, explored to the end');
  else
    lines.push(
      'no violation so far; not explored to the end for want of memory or by --max-states: lower the bounds',
    );
  return lines.join('\n');
}
