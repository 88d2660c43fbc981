import pc from 'picocolors';

/**
 * Colours for what goes to standard output: on a terminal, or where `FORCE_COLOR` asks for them, and never where
 * `NO_COLOR` is set. A CI run without a terminal has none: its output is kept and searched.
 */
export const colours = pc.createColors(areWanted(process.env, process.stdout.isTTY));

function areWanted(env: NodeJS.ProcessEnv, isTerminal: boolean | undefined): boolean {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  if (isSet('NO_COLOR')) return false;
  if (isSet('FORCE_COLOR')) return env['FORCE_COLOR'] !== '0';
  return isTerminal === true && env['TERM'] !== 'dumb';
}
