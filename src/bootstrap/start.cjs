/** `npm start -- ARGS`: everything a fresh machine needs, then `gracelab run ARGS`. */
'use strict';

const { launch } = require('./launch.cjs');

launch({ program: 'cli/main', argv: ['run'].concat(process.argv.slice(2)), systemPackages: 'lab' });
