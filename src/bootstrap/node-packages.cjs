/** Are the packages of the lock file in node_modules, and if not, put them there: once, whoever asks at the same time. */
'use strict';

const childProcess = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { Refusal } = require('./refusal.cjs');

/** npm of older versions cannot read the lock file. */
const OLDEST_NODE_TO_SET_UP = 18;
const LOCK_POLL_MS = 200;
/** As a shell reports an end by SIGINT. */
const EXIT_INTERRUPTED = 130;
/** A cold install over a slow line takes minutes; who waits longer than this waits for something broken. */
const LOCK_PATIENCE_MS = 15 * 60 * 1000;

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (_error) {
    return null;
  }
}

/**
 * Compares the lock file with npm's own record of what it has installed, which npm writes last: an
 * interrupted install leaves none. So an install typed by hand counts, and nothing is repeated.
 */
function packagesAreInstalled(root) {
  const wanted = readJson(path.join(root, 'package-lock.json'));
  const present = readJson(path.join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null || present === null) return false;
  if (!fs.existsSync(path.join(root, 'node_modules', 'node', 'bin', 'node'))) return false;
  return Object.keys(wanted.packages).every((location) => {
    if (location === '') return true;
    const installed = present.packages[location];
    // An optional package may be for another processor; if it is there, it must be the right one.
    if (installed === undefined) return wanted.packages[location].optional === true;
    return installed.version === wanted.packages[location].version;
  });
}

/**
 * Holds an abstract unix socket while `run` runs: atomic, and the kernel lets go of it when the holder
 * dies, however that happens. No lock file could promise both.
 */
async function alone(root, run) {
  const name = crypto.createHash('sha256').update(root).digest('hex').slice(0, 32);
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  for (let round = 1; ; round += 1) {
    const server = net.createServer();
    const held = await new Promise((resolve, reject) => {
      server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
      server.listen('\0gracelab-set-up-' + name, () => resolve(true));
    });
    if (held) {
      try {
        return await run();
      } finally {
        server.close();
      }
    }
    if (round === 1)
      process.stderr.write('gracelab: another start is setting this checkout up; waiting for it\n');
    if (Date.now() > deadline)
      throw new Refusal('Another set-up of ' + root + ' does not end: stop it, then try again.');
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** The npm that started us if one did, else the one on the PATH; never a Node out of the folder that is being replaced. */
function npmCommand(root) {
  const env = Object.assign({}, process.env);
  const own = path.join(root, 'node_modules');
  env.PATH = (env.PATH || '')
    .split(path.delimiter)
    .filter((dir) => !dir.startsWith(own))
    .join(path.delimiter);
  const cli = env.npm_execpath;
  const node = env.npm_node_execpath;
  const startedByNpm =
    cli &&
    /^np[mx]-cli\.js$/.test(path.basename(cli)) &&
    node &&
    !node.startsWith(own) &&
    fs.existsSync(node);
  if (startedByNpm) return { file: node, argv: [path.join(path.dirname(cli), 'npm-cli.js')], env };
  return { file: 'npm', argv: [], env };
}

/** npm's own words for what went wrong, in one line. */
function npmComplaint(output) {
  const words = output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .filter((line, index) => /^npm (error|ERR!)/.test(output.split('\n')[index]) && line !== '');
  return (
    words
      .filter((line) => !/^(A complete log|Log files were not written|path |errno )/.test(line))
      .slice(0, 3)
      .join('; ') || 'no reason given'
  );
}

function npmCi(root) {
  const npm = npmCommand(root);
  const flags = [
    '--include=dev',
    '--ignore-scripts=false',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--loglevel=error',
    '--json=false',
  ];
  return new Promise((resolve, reject) => {
    const child = childProcess.spawn(npm.file, npm.argv.concat('ci', flags), {
      cwd: root,
      env: npm.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    // Whoever ends the set-up ends npm with it; the next start begins again.
    const stop = (signal) => {
      child.kill(signal);
      process.exit(EXIT_INTERRUPTED);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
    child.on('error', () =>
      reject(
        new Refusal(
          'Gracelab needs npm to install its packages and finds none: install Node with npm from https://nodejs.org.',
        ),
      ),
    );
    child.on('close', (code, signal) => {
      for (const handled of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(handled, stop);
      if (code === 0) return resolve();
      if (process.env.GRACELAB_DEBUG === '1') process.stderr.write(output);
      reject(
        new Refusal(
          'Gracelab could not install its packages (npm ci: ' +
            (signal ? 'ended by ' + signal : npmComplaint(output)) +
            '): check the network and `npm config get registry`, then try again.',
        ),
      );
    });
  });
}

/** @throws {Refusal} where it cannot be done. */
async function installPackages(root) {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE_TO_SET_UP) {
    throw new Refusal(
      'Gracelab needs Node ' +
        OLDEST_NODE_TO_SET_UP +
        ' or newer to set itself up and this is ' +
        process.versions.node +
        ': install a current one from https://nodejs.org.',
    );
  }
  await alone(root, async () => {
    if (packagesAreInstalled(root)) return;
    const startedMs = Date.now();
    process.stderr.write('gracelab: installing packages (once, about half a minute) ... ');
    try {
      await npmCi(root);
    } catch (error) {
      process.stderr.write('failed\n');
      throw error;
    }
    process.stderr.write('done in ' + Math.round((Date.now() - startedMs) / 1000) + ' s\n');
  });
}

module.exports = { alone, installPackages, npmComplaint, packagesAreInstalled };
