import { filesInParallel } from './bodies.ts';
import { explored } from './explored.ts';

const [runs, seed] = process.argv.slice(2).map(Number);
const { digest } = await explored(filesInParallel, { runs: runs!, seed: seed! });
console.log(digest);
