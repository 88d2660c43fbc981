/** The longest delay of Node's timers, in milliseconds: 24 days. A timer that is given a longer one fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;
