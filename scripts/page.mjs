// Makes the HTML report's page: one file, its script and styles inside, with a place for the data.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const home = new URL('../src/report/page/', import.meta.url);
const made = new URL('../dist/src/report/page.html', import.meta.url);

const bundle = await rolldown({
  input: new URL('main.tsx', home).pathname,
  platform: 'browser',
});
const { output } = await bundle.generate({ format: 'iife', minify: true });
await bundle.close();

const script = output[0].code.replaceAll('</script', '<\\/script');
const style = readFileSync(new URL('style.css', home), 'utf8').replace(/\s*\n\s*/g, '');
mkdirSync(new URL('.', made), { recursive: true });
writeFileSync(
  made,
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>straddle report</title>
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This report needs JavaScript; 'straddle report --format markdown' does not.</noscript>
<script id="data" type="application/json"></script>
<script>${script}</script>
</body>
</html>
`,
);
