/** Programs of the operating system: which are missing, and on a Debian-like machine with root, install them. */
'use strict';

const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');
const { Refusal } = require('./refusal.cjs');

const LIST = path.join(__dirname, 'system-packages.txt');
/** Some of the programs live where an ordinary user's PATH does not look. */
const SYSTEM_DIRS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/**
 * @param {'lab' | 'tests'} purpose tests need what the lab needs, and more
 * @returns {{ program: string, package: string }[]}
 */
function requiredPrograms(purpose) {
  const wanted = purpose === 'tests' ? ['lab', 'tests'] : ['lab'];
  const required = [];
  let section = '';
  for (const line of fs.readFileSync(LIST, 'utf8').split('\n')) {
    const columns = line.replace(/#.*/, '').trim().split(/\s+/);
    const heading = /^\[(.*)\]$/.exec(columns[0]);
    if (heading) section = heading[1];
    else if (columns.length === 2 && wanted.includes(section))
      required.push({ program: columns[0], package: columns[1] });
  }
  return required;
}

function isThere(program) {
  return (process.env.PATH || '')
    .split(path.delimiter)
    .concat(SYSTEM_DIRS)
    .some((dir) => fs.existsSync(path.resolve(dir, program)));
}

/** Names of Debian packages, each once. */
function missingPackages(purpose) {
  const missing = requiredPrograms(purpose).filter((required) => !isThere(required.program));
  return Array.from(new Set(missing.map((required) => required.package)));
}

function apt(argv) {
  const env = Object.assign({}, process.env, { DEBIAN_FRONTEND: 'noninteractive' });
  return childProcess.spawnSync('apt-get', argv, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** @throws {Refusal} where something is missing and cannot be installed from here. */
function installSystemPackages(purpose) {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (process.getuid() !== 0 || !isThere('apt-get')) {
    throw new Refusal(
      'Gracelab needs programs of these packages: ' +
        names +
        '; install them, on Debian with `sudo apt-get install ' +
        names +
        '`.',
    );
  }
  process.stderr.write('gracelab: installing ' + names + ' (once) ... ');
  const install = ['install', '-y', '--no-install-recommends'].concat(missing);
  // Package lists may be missing or old: fetch them only when it does not work without.
  const done = apt(install).status === 0 || (apt(['update']).status === 0 && apt(install).status === 0);
  process.stderr.write(done ? 'done\n' : 'failed\n');
  if (!done)
    throw new Refusal(
      'apt-get could not install ' +
        names +
        ': run `apt-get install ' +
        names +
        '` to see why, then try again.',
    );
}

module.exports = { installSystemPackages, requiredPrograms };
