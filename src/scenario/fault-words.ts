/** Of a heal or a start step: whoever a fault has hit and not let go of, also where only the seed knows who that is. */
export const ALL_OF_THEM = 'all';
