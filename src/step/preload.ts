import { GUIDES, guideReplays, VARIABLE } from './guides.ts';

/** Loaded by `--import` into the processes in which tests run: their replays are led from the terminal. */
const name = GUIDES.find((one) => one === process.env[VARIABLE]);
if (name !== undefined) await guideReplays(name);
