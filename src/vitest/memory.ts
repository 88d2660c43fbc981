import type { TestCase, TestModule } from 'vitest/node';
import { UNEXPLORED } from '../../properties/survey.ts';
import type { TestInput, TestReport } from '../report/document.ts';
import { Explored, type ExploredTest } from '../store/explored.ts';
import { importsOf } from './imports.ts';

/** Keeps what an exploration came to, for the next one that has a budget to spend. */
export class Memory {
  readonly #root: string;
  readonly #files = new Map<TestModule, Record<string, ExploredTest>>();

  constructor(root: string) {
    this.#root = root;
  }

  add(test: TestCase, { report, remark }: Pick<TestReport, 'report' | 'remark'>): void {
    const tests = this.#files.get(test.module) ?? {};
    this.#files.set(test.module, tests);
    const isExplored = report.executions > 1 || report.exhaustive || report.failure !== undefined;
    const at = isExplored ? new Date().toISOString() : '';
    const open = report.straddled.filter(({ straddled }) => straddled === 0).length;
    tests[nameOf(test)] = { at, undecided: report.exhaustive || remark !== undefined ? 0 : 1 + open };
  }

  /** Where it cannot be written, the next exploration knows less; whoever writes the report there will say so. */
  write(fileOf: (module: TestModule) => string): void {
    const explored = new Explored(this.#root);
    for (const [module, tests] of this.#files) {
      explored.note(fileOf(module), module.project.name, importsOf(module, this.#root), tests);
    }
    try {
      explored.write();
    } catch {
      return;
    }
  }
}

/** For want of time it ran in natural order only, and there would have been other orders. */
export function isUnexplored({ warnings }: TestInput['report']): boolean {
  return warnings.some(({ name }) => name === UNEXPLORED.name);
}

/** As `-t` matches it. */
function nameOf(test: TestCase): string {
  const names = [test.name];
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent) names.unshift(parent.name);
  return names.filter((name) => name !== '').join(' ');
}
