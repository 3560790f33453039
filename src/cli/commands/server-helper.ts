import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { seconds } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { endpointText, exportPath } from '../serve/order.ts';
import { corruptRecords, loseRecords } from '../serve/records.ts';
import { FILE_COMMANDS } from '../serve/served-files.ts';
import { endServer, startServer } from '../serve/server-process.ts';
import { readServerRecord, type ServerRecord, serverLives } from '../serve/server-record.ts';

const HELP = `
Operations:
  reboot              kill the server as a power cut would, start it anew with the same arguments,
                      and return when it serves
  lose-records        the same; the records of its clients, and the ledger, are gone in between
  corrupt-records     the same; the records are nonsense
  lease SECONDS       the same, with that lease from now on, and a grace just as long
  stop, start         a planned stop; a start with the arguments of the last time
  status              does it run, and where
  unlink PATH         change a file of the export as a program on the server's machine would;
  rename FROM TO      paths are as clients see them, or as the machine has them
  link FROM TO
  chmod MODE PATH

It is called as conformance suites call their helpers: pynfs with
  --serverhelper 'gracelab server-helper' --serverhelperarg STATE-DIR`;

/** How many words come after the operation. */
const WORDS: Readonly<Record<string, number>> = {
  reboot: 0,
  'lose-records': 0,
  'corrupt-records': 0,
  lease: 1,
  stop: 0,
  start: 0,
  status: 0,
  unlink: 1,
  rename: 2,
  link: 2,
  chmod: 2,
};

/** `gracelab server-helper`: what a test suite does to the server that it tests, other than by NFS. */
export function serverHelper(frame: Frame): Command {
  return new Command('server-helper')
    .description('restart a server of `gracelab serve`, or change its files, on behalf of a test suite')
    .argument('<state>', 'its state directory, as `gracelab serve --state` has it')
    .argument('<operation>', 'see below')
    .argument('[words...]')
    .addHelpText('after', HELP)
    .action(async (state: string, operation: string, words: string[]) => {
      const wanted = WORDS[operation];
      if (wanted === undefined) {
        const known = Object.keys(WORDS).join(', ');
        throw new Refusal(EXIT.wrongUsage, `no operation "${operation}"; there are ${known}.`);
      }
      if (words.length !== wanted)
        throw new Refusal(
          EXIT.wrongUsage,
          `${operation} takes ${wanted} more ${wanted === 1 ? 'argument' : 'arguments'}, not ${words.length}.`,
        );
      const directory = path.resolve(frame.cwd, state);
      const record = readServerRecord(directory);
      if (record === null) {
        throw new Refusal(
          EXIT.wrongUsage,
          `no server has served with the state in ${directory}: name the --state directory of a \`gracelab serve\`.`,
        );
      }
      await perform(record, operation, words, frame);
    });
}

async function perform(
  record: ServerRecord,
  operation: string,
  words: readonly string[],
  { terminal, env }: Frame,
): Promise<void> {
  const { order } = record;
  switch (operation) {
    case 'reboot':
      await endServer(record, 'SIGKILL');
      return terminal.result(await startServer(order, env));
    case 'lose-records':
      await endServer(record, 'SIGKILL');
      loseRecords(order.state);
      return terminal.result(await startServer(order, env));
    case 'corrupt-records':
      await endServer(record, 'SIGKILL');
      corruptRecords(order.state);
      return terminal.result(await startServer(order, env));
    case 'lease': {
      const leaseMs = leaseOf(words);
      await endServer(record, 'SIGKILL');
      // The state remembers the lease of before: grace is at least that long this time (row 16).
      return terminal.result(await startServer({ ...order, leaseMs, graceMs: leaseMs }, env));
    }
    case 'stop':
      return endServer(record, 'SIGTERM');
    case 'start':
      if (serverLives(record)) return terminal.result(statusLine(record));
      return terminal.result(await startServer(order, env));
    case 'status':
      return terminal.result(statusLine(record));
    default:
      return FILE_COMMANDS[operation]?.(order, ...words);
  }
}

function leaseOf([text = '']: readonly string[]): number {
  try {
    return seconds(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new Refusal(EXIT.wrongUsage, `${text} is no lease. ${error.message}`);
  }
}

function statusLine(record: ServerRecord): string {
  const { order, pid } = record;
  if (!serverLives(record)) return `no server runs for ${order.directory}`;
  return `process ${pid} serves ${order.directory} as ${exportPath(order)} on ${endpointText(order)}`;
}
