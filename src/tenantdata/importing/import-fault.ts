/** What ends an import for good; the text is for whoever asked for it. */
export class ImportFault extends Error {}
