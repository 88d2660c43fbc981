import { expect, test } from 'vitest';
import { documentOf, type TestReport } from '../../src/report/document.ts';
import { summarise } from '../../src/vitest/summary.ts';
import { explored } from '../report/explored.ts';

test('what fails in natural order, or passes and is to fail, does not depend on the order', async () => {
  const report = await explored();
  const natural = { ...report.failure!, order: 'natural', deviations: 0 } as const;
  const inNaturalOrder = { ...report, failure: { ...natural, foundBy: 'natural' } };
  const stored = { ...report, failure: { ...natural, foundBy: 'an earlier failure' } };
  const toFail = await explored({ strategy: 'natural', expect: 'fail' });
  expect(toFail.verdict).toBe('fail');
  expect(toFail.failure).toBe(undefined);
  const inputs = Object.entries({ report, inNaturalOrder, stored, toFail });
  const { tests } = documentOf(inputs.map(([name, one]) => ({ name, file: 'a.test.ts', report: one })));
  const names = (group: readonly TestReport[]): string[] => group.map(({ name }) => name);
  const { dependent, failing } = summarise(tests);
  expect(names(dependent)).toEqual(['report']);
  expect(names(failing)).toEqual(['inNaturalOrder', 'stored', 'toFail']);
});
