/** A reason why this machine cannot, told to a person in one sentence: no stack trace, exit status 3. */
'use strict';

class Refusal extends Error {}

/** Exit status 3: this machine cannot, with the reason and the remedy. */
const EXIT_MACHINE_CANNOT = 3;

module.exports = { Refusal, EXIT_MACHINE_CANNOT };
