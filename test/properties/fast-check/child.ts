import fc from 'fast-check';
import { CheckError, interleavings } from '../../../src/fast-check.ts';
import { concurrently, operations } from './bank.ts';

// Assesses the property with the parameters that it is given, and prints the error as JSON.
try {
  const parameters = JSON.parse(process.argv[2]!) as { seed?: number; path?: string; endOnFailure?: boolean };
  await fc.assert(fc.asyncProperty(operations, concurrently), { ...parameters, plugins: [interleavings()] });
} catch (error) {
  if (!(error instanceof CheckError)) throw error;
  const { message, report } = error;
  console.log(JSON.stringify({ message, trace: report.failure!.trace }));
}
