/** The records of a server that is down, as a failing disk leaves them: row 20 asks what the next life makes of that. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CONTROL_FILES } from '../agents/control-directory.ts';
import { EXIT, Refusal } from '../exit-status.ts';

const ledgerIn = (state: string): string => path.join(state, CONTROL_FILES.ledger);

/** Ledger and records are one file, with what SQLite keeps beside it. */
export function loseRecords(state: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${ledgerIn(state)}${suffix}`, { force: true });
}

/** The ledger stays: it says that there are clients to wait for, and nothing readable says who. */
export function corruptRecords(state: string): void {
  try {
    const database = new DatabaseSync(ledgerIn(state));
    database.exec("UPDATE records SET text = 'nonsense'");
    database.close();
  } catch (error) {
    throw new Refusal(
      EXIT.machineCannot,
      `the records in ${ledgerIn(state)} cannot be changed (${(error as Error).message}): start the server with \`start\`.`,
      { cause: error },
    );
  }
}
