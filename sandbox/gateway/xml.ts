/** XML read and written: what AWS's query protocols and S3 speak. */
import { XMLBuilder, XMLParser } from "fast-xml-parser";

export type Json = { [name: string]: unknown };

const LISTS = ["member", "Bucket", "item"];
const parser = new XMLParser({
  parseTagValue: false,
  ignoreAttributes: true,
  isArray: (name) => LISTS.includes(name),
});
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@" });

/** Parsed XML: elements by name. Reading a missing one gives undefined, all the way down. */
export interface Xml {
  text(...path: string[]): string | undefined;
  list(...path: string[]): Xml[];
  /** Its content as `buildXml` takes it. */
  readonly content: unknown;
}

class XmlElement implements Xml {
  constructor(readonly content: unknown) {}

  private at(path: string[]): unknown {
    return path.reduce<unknown>(
      (value, name) => (value && typeof value === "object" ? (value as Json)[name] : undefined),
      this.content,
    );
  }

  text(...path: string[]): string | undefined {
    const value = this.at(path);
    return typeof value === "string" ? value : undefined;
  }

  list(...path: string[]): Xml[] {
    const value = this.at(path);
    return value === undefined || value === "" ? [] : [value].flat().map((item) => new XmlElement(item));
  }
}

/** An XML document's content below its root element. */
export function parseXml(body: Buffer | string): Xml {
  const document = parser.parse(body.toString()) as Json;
  const [root] = Object.entries(document).filter(([name]) => !name.startsWith("?"));
  return new XmlElement(root?.[1]);
}

/** An XML document: elements by name, attributes by `@name`, each text escaped. What is undefined is left out. */
export function buildXml(document: Json): string {
  const declaration = { "?xml": { "@version": "1.0", "@encoding": "UTF-8" } };
  return builder.build({ ...declaration, ...document });
}
