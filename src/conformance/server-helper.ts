/** What is done to the server under test other than by NFS: by a program of its owner's. */
import { spawn } from 'node:child_process';

/** `unknown-verb`: the program does not do that. */
export type HelperOutcome = 'done' | 'unknown-verb';

/**
 * `reboot`: the server dies without warning, and starts again. `lose-records`: the same, and what it recorded about its clients is gone
 * in between. `corrupt-records`: the same, and it is nonsense. `lease SECONDS`: the same, and from now on that is its lease
 * time, and the grace time that it was told. `migrate`: the address that it is asked at moves to another node of its cluster as planned, with its
 * clients; nobody dies. `move-export`: the filesystem that the tested path is in moves from it to the peer as planned, and no address does; nobody
 * dies. `return-export`: it comes back.
 */
export type HelperVerb =
  | readonly ['reboot']
  | readonly ['lose-records']
  | readonly ['corrupt-records']
  | readonly ['lease', string]
  | readonly ['migrate']
  | readonly ['move-export']
  | readonly ['return-export'];

export interface ServerHelper {
  /** Resolves when the server serves again, or it is done. @throws Error one sentence, when the program failed */
  call(verb: HelperVerb): Promise<HelperOutcome>;
}

/** sysexits.h EX_USAGE: a helper that does not know the word that it was given. */
const WRONG_USAGE = 64;

/** @param command for a shell; the verb becomes its last arguments */
export function helperOf(command: string, cwd: string): ServerHelper {
  return {
    call(verb) {
      const { promise, resolve, reject } = Promise.withResolvers<HelperOutcome>();
      const child = spawn('/bin/sh', ['-c', `${command} "$@"`, 'helper', ...verb], {
        cwd,
        // A server that it leaves behind must not hold our own streams open.
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        said = (said + chunk).slice(-2000);
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        child.stderr.destroy();
        if (code === 0) return resolve('done');
        if (code === WRONG_USAGE) return resolve('unknown-verb');
        const lastWords = said.trim().split('\n').at(-1) ?? '';
        const how = code === null ? `ended by ${signal}` : `ended with status ${code}`;
        reject(
          new Error(`the helper ${how} at ${verb.join(' ')}${lastWords === '' ? '' : `: ${lastWords}`}`),
        );
      });
      return promise;
    },
  };
}
