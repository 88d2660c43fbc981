import fc from 'fast-check';
import { point } from '../../scheduler/point.ts';
import { currentSim } from '../../src/fast-check.ts';
import type { SearchBox, Surroundings } from './search-box.ts';

export const BRANCHES = ['debounced', 'answered late', 'shown'] as const;

const PAUSE = 20;

/** What is typed, each after a wait of so many milliseconds. */
const typing = fc.array(fc.record({ text: fc.constantFrom('a', 'ab', 'abc'), after: fc.constantFrom(0, 5, 30) }), {
  maxLength: 5,
});

/** What is shown is never for another text than the one in the box, and in the end it is for that. */
export function searchBoxProperty(create: (around: Surroundings) => SearchBox) {
  return fc.asyncProperty(typing, async (list) => {
    const sim = currentSim();
    let typed = '';
    let shown: string[] = [];
    let asked = 0;
    const box = create({
      pause: PAUSE,
      search: async (text) => {
        asked++;
        await point('server', text);
        if (text !== typed) sim.branch('answered late');
        return [`${text}!`];
      },
      show: (found) => {
        if (found[0] !== `${typed}!`) throw new Error(`'${found[0]}' is shown for '${typed}'`);
        shown = found;
        sim.branch('shown');
      },
    });
    for (const { text, after } of list) {
      await sim.sleep(after);
      box.type((typed = text));
    }
    await sim.sleep(200);
    while (list.length > 0 && shown[0] !== `${typed}!`) await sim.sleep(PAUSE);
    if (asked < list.length) sim.branch('debounced');
  });
}
