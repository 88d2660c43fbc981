import type { Step } from '../../scheduler/diagnosis.ts';
import { whatMatters } from '../../properties/story.ts';
import type { ReportDocument, SavedFailure } from './document.ts';

/** Every failing story as a sequence diagram; several are told apart by their titles. */
export function mermaid({ tests }: ReportDocument): string {
  const told = tests.flatMap(({ name, report: { failure } }) =>
    failure === undefined || failure.trace.length === 0 ? [] : [mermaidOf(failure, name)],
  );
  return told.length === 0 ? 'sequenceDiagram\n  Note over tests: no failing schedule\n' : `${told.join('\n\n')}\n`;
}

/**
 * A minimised story as a sequence diagram: an arrow from the task whose step woke it to the task that runs, the
 * deciding step marked. Steps of many tasks that are alike and decide nothing are counted, not drawn.
 */
export function mermaidOf(failure: SavedFailure, title?: string): string {
  const { trace, decidingPair } = failure;
  const deciding = decidingPair?.step ?? trace.findLast(({ deviation }) => deviation)?.step;
  const isShown = whatMatters(trace, deciding, decidingPair?.first.task);
  const shown = trace.filter(isShown);
  const tasks = [...new Set(shown.map(({ task }) => task))];
  const lines = title === undefined ? [] : ['---', `title: ${JSON.stringify(title)}`, '---'];
  lines.push('sequenceDiagram', ...tasks.map((task, i) => `  participant t${i} as ${escape(task)}`));
  let next = 0;
  const hidden = (to: number): void => {
    if (to > next) lines.push(`  Note over t0: … ${to - next} steps of other tasks …`);
  };
  for (const step of shown) {
    hidden(step.step);
    next = step.step + 1;
    const message = arrow(step, trace, tasks);
    if (step.step === deciding) lines.push('  rect rgba(200, 60, 50, 0.2)', `  ${message}`, '  end');
    else lines.push(message);
  }
  hidden(trace.length);
  const last = tasks.indexOf(shown.at(-1)!.task);
  lines.push(`  Note over t${last}: ${escape(`${failure.kind}: ${failure.message}`)}`);
  return lines.join('\n');
}

function arrow(step: Step, trace: readonly Step[], tasks: readonly string[]): string {
  const to = tasks.indexOf(step.task);
  const waker = tasks.indexOf(trace[step.settled]?.task ?? step.task);
  const from = waker < 0 || step.step === 0 ? to : waker;
  const what = step.kind === 'start' ? 'starts' : step.key === undefined ? step.op : `${step.op} [${step.key}]`;
  const file = step.site?.replace(/^.*[/\\]/, '');
  return `  t${from}->>t${to}: ${escape(`${step.step} ${what}${file === undefined ? '' : ` (${file})`}`)}`;
}

/** Its text ends at a line's end or a semicolon, and `#` begins an entity. */
function escape(text: string): string {
  return text
    .replaceAll('#', '#35;')
    .replace(/;(?<!#35;)/g, '#59;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
    .replace(/\s*\n\s*/g, ' ');
}
