import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { guideProcess } from '../../properties/guide.ts';
import { openTerminal } from './terminal.ts';

export const GUIDES = ['step', 'inspect'] as const;
export type GuideName = (typeof GUIDES)[number];

/** Names the guide of a process that `preload.ts` is loaded into. */
export const VARIABLE = 'STRADDLE_GUIDE';

/** Has every replay of this process led step by step at its terminal, or inspected. */
export async function guideReplays(name: GuideName): Promise<void> {
  if (name === 'inspect') {
    const { Inspecting } = await import('./inspecting.ts');
    guideProcess(new Inspecting());
  } else {
    const { Stepper } = await import('./stepper.ts');
    guideProcess(new Stepper(openTerminal));
  }
}

/** Has every replay led in the processes that this one will start. */
export function guideChildren(name: GuideName): void {
  const preload = pathToFileURL(createRequire(import.meta.url).resolve('#guide-preload')).href;
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import=${preload}`.trim();
  process.env[VARIABLE] = name;
}
