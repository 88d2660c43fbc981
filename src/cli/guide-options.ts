import { StraddleError } from '../../scheduler/error.ts';
import type { GuideName } from '../step/guides.ts';
import { openTerminal } from '../step/terminal.ts';

/**
 * Who leads a replay, by the flags `--step` and `--inspect`.
 * @throws StraddleError `usage` for both, `no-terminal` for stepping without one.
 */
export function guideOf({ step, inspect }: { step?: boolean; inspect?: boolean }): GuideName | undefined {
  if (step === true && inspect === true) throw new StraddleError('usage', 'Take --step or --inspect, not both.');
  if (step === true) {
    openTerminal().close();
    return 'step';
  }
  return inspect === true ? 'inspect' : undefined;
}
