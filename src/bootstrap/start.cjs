/** `npm start -- ARGS`: everything a fresh machine needs, then `gracelab run ARGS`; without a scenario a tour of some. */
'use strict';

const { launch } = require('./launch.cjs');

launch({ program: 'cli/main', argv: ['run', '--tour'].concat(process.argv.slice(2)), systemPackages: 'lab' });
