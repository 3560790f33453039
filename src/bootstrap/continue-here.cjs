/** Kept apart from the rest because the oldest versions of Node cannot parse `import()`. */
'use strict';

const moduleApi = require('module');
const { pathToFileURL } = require('url');

/** Runs `program` in this process as if `node program argv...` had been typed. */
async function continueHere(program, argv, compileCacheDir) {
  moduleApi.enableCompileCache(compileCacheDir);
  process.argv = [process.execPath, program].concat(argv);
  await import(pathToFileURL(program).href);
}

module.exports = { continueHere };
