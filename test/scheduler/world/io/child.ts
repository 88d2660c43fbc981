import * as bodies from './bodies.ts';
import { explored } from './explored.ts';

const [name, runs, seed] = process.argv.slice(2);
const body = bodies[name as 'httpRequests'];
const { digest } = await explored(body, { runs: Number(runs), seed: Number(seed) });
console.log(digest);
// Nothing that an exploration leaves may keep the process.
