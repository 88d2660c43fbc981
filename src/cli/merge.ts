import type { Command } from 'commander';
import { LAST_REPORT, readDocument, writeDocument } from '../report/files.ts';
import { tellGitHub } from '../report/github.ts';
import { merge } from '../report/merge.ts';

export function addMerge(program: Command): void {
  program
    .command('merge')
    .description('joins the reports of all shards of one exploration: one verdict, one coverage')
    .argument('<files...>', 'what `straddle explore --shard i/n --json` wrote')
    .option('--out <file>', 'where to', LAST_REPORT)
    .option('--json', 'print the joined report as JSON (docs/report-schema.md)')
    .addHelpText(
      'after',
      `
Exit code 0: every test passed; 1: one failed, or proved nothing.

Examples:
  straddle explore --shard 1/3 --json > shard-1.json
  straddle merge shard-1.json shard-2.json shard-3.json && straddle report --open`,
    )
    .action(async (files: string[], options: { out: string; json?: boolean }) => {
      const document = merge(files.map((file) => readDocument(file)));
      if (options.json === true) console.log(JSON.stringify(document, null, 2));
      else {
        const { markdown } = await import('../report/markdown.ts');
        console.log(markdown(document));
      }
      writeDocument(document, options.out);
      tellGitHub(document);
      process.exitCode = document.verdict === 'pass' ? 0 : 1;
    });
}
