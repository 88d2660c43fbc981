import { dirname, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { StraddleError } from '../../scheduler/error.ts';
import { LAST_REPORT, readDocument, writeWhole } from '../report/files.ts';
import { FORMATS, render, type Format } from '../report/formats.ts';
import { withSources } from '../report/sources.ts';

interface ReportOptions {
  readonly format: Format;
  readonly out?: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

const HTML_REPORT = '.straddle/report.html';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('renders the last exploration, or the report in a file')
    .argument('[file]', 'a report document', LAST_REPORT)
    .addOption(new Option('--format <format>', 'what to write').choices(FORMATS).default('html'))
    .option('--out <file>', `where to; '-' is standard output (default: HTML to ${HTML_REPORT}, others to '-')`)
    .option('--open', 'open the written file')
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      `
Examples:
  straddle report --open
  straddle report --format markdown >> "$GITHUB_STEP_SUMMARY"
  straddle report shard.json --format junit --out junit.xml`,
    )
    .action(async (file: string, options: ReportOptions) => {
      process.exitCode = await report(file, options);
    });
}

/** Writes a rendering; returns the exit code. */
async function report(file: string, options: ReportOptions): Promise<number> {
  const format = options.json === true ? 'json' : options.format;
  const out = options.out ?? (format === 'html' ? HTML_REPORT : '-');
  if (options.open === true && out === '-') {
    throw new StraddleError('usage', `--open needs a file: name one with --out.`);
  }
  const document = readDocument(file);
  const carried = format === 'html' || format === 'json' ? withSources(document, rootOf(file)) : document;
  const text = await render(carried, format);
  if (out === '-') {
    process.stdout.write(text);
    return 0;
  }
  writeWhole(out, text);
  console.log(out);
  if (options.open === true) await (await import('open')).default(resolve(out));
  return 0;
}

/** Paths in a project's own store are relative to the project; others to where the command runs. */
function rootOf(file: string): string {
  const folder = dirname(resolve(file));
  return folder.endsWith('.straddle') ? dirname(folder) : process.cwd();
}
