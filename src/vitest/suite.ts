import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { TestCase, TestModule, TestProject, TestSuite, Vitest } from 'vitest/node';
import { StraddleError } from '../../scheduler/error.ts';
import { createFilter, packagePatterns, unmatchedReport, type Filter } from '../instrument/filter.ts';
import type { TestInput, TestReport } from '../report/document.ts';
import { ASKED, type Asked } from './asked.ts';
import { inlinePackages, instrumentProject } from './instrument-project.ts';
import { locateVitest, type VitestNode } from './locate.ts';
import { isUnexplored, Memory } from './memory.ts';
import { problemOf, type Problem } from './problems.ts';
import { spend } from './spend.ts';

export interface SuiteOptions extends Omit<Asked, 'scope'> {
  /** Also where Vitest looks for its configuration. */
  readonly root: string;
  /** Parts of the paths of test files. */
  readonly filters: readonly string[];
  /** What `-t` takes. */
  readonly namePattern?: string | undefined;
  readonly project?: string | undefined;
  readonly config?: string | undefined;
  /** Real milliseconds for everything. */
  readonly budgetMs?: number | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SuiteProgress) => void) | undefined;
  /** What workers write to standard error; otherwise it is kept from the terminal. */
  readonly onStderr?: ((text: string) => void) | undefined;
}

export interface SuiteProgress {
  readonly tests: number;
  readonly of: number;
  readonly executions: number;
  /** Of the test that was finished last. */
  readonly latest?: string;
}

export interface SuiteResult {
  readonly tests: readonly TestInput[];
  readonly files: number;
  /** Skipped by the suite itself. */
  readonly skipped: number;
  /** Files that could not be loaded, errors outside of tests. */
  readonly problems: readonly Problem[];
  /** Tests that Vitest says failed. */
  readonly failed: readonly Problem[];
  /** It was not ended early, and no test ran in natural order only for want of time. */
  readonly complete: boolean;
  readonly interrupted: boolean;
}

const RUNNER = fileURLToPath(new URL('./explore-runner.js', import.meta.url));
/** Where the engine cannot hold the loop. */
const UNCONTROLLED: Record<string, string> = {
  vmThreads: 'the pool vmThreads runs each file in a context of its own',
  vmForks: 'the pool vmForks runs each file in a context of its own',
  browser: 'it runs in a browser',
};

/**
 * Runs a project's own suite, every test under many schedules, without a change to any of its files.
 * @throws StraddleError `vitest`, `config`, `runner`, `filter`, `glob`, `parse`: what kept it from starting.
 */
export async function exploreSuite(options: SuiteOptions): Promise<SuiteResult> {
  const node = await locateVitest(options.root);
  const suite = new Suite(options);
  const vitest = await suite.open(node);
  try {
    return await suite.run(vitest);
  } finally {
    await vitest.close();
  }
}

class Suite {
  readonly #options: SuiteOptions;
  readonly #filter: Filter;
  readonly #tests: TestInput[] = [];
  readonly #failed: Problem[] = [];
  readonly #problems: Problem[] = [];
  readonly #without = new Map<string, string>();
  readonly #memory: Memory;
  readonly #began = performance.now();
  #files = 0;
  #skipped = 0;
  #collected = 0;
  #done = 0;
  #executions = 0;

  constructor(options: SuiteOptions) {
    this.#options = options;
    this.#memory = new Memory(options.root);
    this.#filter = createFilter({ include: options.include ?? [], exclude: options.exclude ?? [] }, options.root);
  }

  async open({ createVitest }: VitestNode): Promise<Vitest> {
    const { root, namePattern, project, config } = this.#options;
    if (config !== undefined && !existsSync(resolve(root, config))) {
      throw new StraddleError('config', `Vitest's configuration failed: there is no file ${config}.`);
    }
    const said: string[] = [];
    const listen = (tell?: (text: string) => void): Writable =>
      new Writable({
        write: (chunk: Buffer, _, then) => {
          said.push(chunk.toString());
          tell?.(chunk.toString());
          then();
        },
      });
    let vitest: Vitest;
    const others = new Set(process.listeners('SIGINT'));
    try {
      vitest = await createVitest(
        'test',
        {
          root,
          watch: false,
          run: true,
          passWithNoTests: true,
          includeTaskLocation: true,
          coverage: { enabled: false },
          typecheck: { enabled: false },
          reporters: [this.#reporter()],
          ...(namePattern === undefined ? {} : { testNamePattern: namePattern }),
          ...(project === undefined ? {} : { project }),
          ...(config === undefined ? {} : { config }),
        } as never,
        { customLogger: silent(said), clearScreen: false } as never,
        { stdout: listen(), stderr: listen(this.#options.onStderr) } as never,
      );
    } catch (error) {
      throw new StraddleError('config', `Vitest's configuration failed: ${problemOf('', error).message}`, {
        cause: error,
      });
    }
    // Vitest would end the process before anything is told.
    for (const listener of process.listeners('SIGINT')) {
      if (this.#options.signal !== undefined && !others.has(listener)) process.off('SIGINT', listener);
    }
    try {
      for (const one of vitest.projects) this.#prepare(one);
    } catch (error) {
      await vitest.close();
      throw error;
    }
    return vitest;
  }

  /** The runner and the instrumentation, from outside. */
  #prepare(project: TestProject): void {
    const config = project.config as unknown as { runner?: string; pool: string; browser?: { enabled?: boolean } };
    if (config.runner !== undefined) {
      throw new StraddleError(
        'runner',
        `Vitest's configuration sets a runner (${config.runner}), and straddle needs that place: explore without it.`,
      );
    }
    const pool = config.browser?.enabled === true ? 'browser' : config.pool;
    const reason = UNCONTROLLED[pool];
    if (reason !== undefined) {
      this.#without.set(project.name, reason);
      return;
    }
    config.runner = RUNNER;
    inlinePackages(project, packagePatterns(this.#options.include));
    instrumentProject(project, this.#filter, this.#options.root);
  }

  async run(vitest: Vitest): Promise<SuiteResult> {
    const { filters, signal, budgetMs, root } = this.#options;
    const specifications = await vitest.globTestSpecifications([...filters]);
    if (specifications.length === 0) {
      const what = filters.length === 0 ? 'the configuration' : `'${filters.join(' ')}'`;
      throw new StraddleError('filter', `No test file matches ${what}.`);
    }
    const before = { ...process.env };
    process.env[ASKED] = JSON.stringify(this.#asked());
    if (budgetMs !== undefined) spend(budgetMs - (performance.now() - this.#began), vitest, specifications, root);
    if (this.#options.token !== undefined) process.env['STRADDLE_REPLAY'] = this.#options.token;
    const cancel = (): void => void vitest.cancelCurrentRun('keyboard-input');
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await vitest.runTestSpecifications(specifications, specifications.length > 0);
    } finally {
      signal?.removeEventListener('abort', cancel);
      for (const name of [ASKED, 'STRADDLE_REPLAY']) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    }
    if (this.#options.token === undefined) this.#memory.write((module) => this.#fileOf(module));
    const [unmatched] = unmatchedReport(this.#filter);
    if (unmatched !== undefined) throw new StraddleError('glob', unmatched);
    return {
      tests: this.#tests,
      files: this.#files,
      skipped: this.#skipped,
      problems: this.#problems,
      failed: this.#failed,
      complete: signal?.aborted !== true && (budgetMs === undefined || !this.#tests.some(isLeft)),
      interrupted: signal?.aborted === true,
    };
  }

  #asked(): Asked {
    const { runs, seed, time, granularity, root, token, include, exclude, config } = this.#options;
    const scope = Object.fromEntries(
      Object.entries({ include, exclude, config }).filter(([, said]) => said !== undefined),
    );
    return { runs, seed, time, granularity, root, scope, ...(token === undefined ? {} : { token }) };
  }

  #reporter(): object {
    return {
      onTestModuleCollected: (module: TestModule) => {
        this.#files++;
        this.#collected += [...module.children.allTests()].length;
      },
      onTestCaseResult: (test: TestCase) => this.#add(test),
      onTestRunEnd: (modules: readonly TestModule[], errors: readonly unknown[]) => {
        for (const module of modules) {
          for (const error of module.errors()) this.#problems.push(problemOf(this.#fileOf(module), error));
          // Of `beforeAll` and `afterAll`.
          for (const suite of module.children.allSuites()) {
            for (const error of suite.errors()) this.#problems.push(problemOf(this.#placeOf(suite), error));
          }
        }
        for (const error of errors) this.#problems.push(problemOf('outside of any test', error));
      },
    };
  }

  #fileOf({ moduleId }: TestModule): string {
    return relative(this.#options.root, moduleId).replaceAll('\\', '/');
  }

  #placeOf(task: TestCase | TestSuite): string {
    const line = task.location === undefined ? '' : `:${task.location.line}`;
    return `${this.#fileOf(task.module)}${line} › ${task.fullName}`;
  }

  #add(test: TestCase): void {
    this.#done++;
    const { state, errors } = test.result();
    const file = this.#fileOf(test.module);
    if (state === 'skipped') this.#skipped++;
    if (state === 'failed') this.#failed.push(problemOf(this.#placeOf(test), errors?.[0]));
    const found = (test.meta() as { straddle?: Pick<TestReport, 'report' | 'remark'> }).straddle;
    const { name } = test.project;
    const reason = this.#without.get(name);
    if (found !== undefined || (reason !== undefined && state !== 'skipped')) {
      this.#tests.push({
        name: test.fullName,
        file,
        ...(test.location === undefined ? {} : { line: test.location.line }),
        ...(name === '' ? {} : { project: name }),
        ...(found ?? {
          report: unexplored(state),
          remark: { kind: 'uncontrolled', detail: `Not explored: ${reason}.` },
        }),
      });
      this.#executions += found?.report.executions ?? 1;
      if (found !== undefined) this.#memory.add(test, found);
    }
    this.#options.onProgress?.({
      tests: this.#done,
      of: this.#collected,
      executions: this.#executions,
      latest: test.fullName,
    });
  }
}

function isLeft({ report }: TestInput): boolean {
  return isUnexplored(report);
}

/** Of a test that ran outside of control. */
function unexplored(state: string): TestReport['report'] {
  return {
    verdict: state === 'failed' ? 'fail' : 'pass',
    executions: 1,
    steps: 0,
    distinct: 1,
    exhaustive: false,
    seed: 0,
    strategy: 'natural',
    elapsedMs: 0,
    branches: {},
    branchTable: [],
    straddled: [],
    vacuous: [],
    warnings: [],
  } as TestReport['report'];
}

/** Vite's own messages are kept to ourselves. */
function silent(said: string[]): object {
  const note = (text: string): void => void said.push(text);
  return {
    hasWarned: false,
    info: note,
    warn: note,
    warnOnce: note,
    error: note,
    clearScreen: () => undefined,
    hasErrorLogged: () => false,
  };
}
