import type { ReportDocument } from './document.ts';

/** What a document can be rendered as. */
export const FORMATS = ['html', 'json', 'mermaid', 'trace-event', 'junit', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

/** Renders a document; loads only what the format needs. HTML and JSON show the sources that it carries. */
export async function render(document: ReportDocument, format: Format): Promise<string> {
  switch (format) {
    case 'html':
      return (await import('./html.ts')).html(document);
    case 'json':
      return `${JSON.stringify(document, null, 2)}\n`;
    case 'mermaid':
      return (await import('./mermaid.ts')).mermaid(document);
    case 'trace-event':
      return (await import('./trace-event.ts')).traceEvent(document);
    case 'junit':
      return (await import('./junit.ts')).junit(document);
    case 'markdown':
      return (await import('./markdown.ts')).markdown(document);
  }
}
