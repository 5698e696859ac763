/** The names that a new scenario's files are made of. */
export interface ScenarioNames {
  /** ReportReader */
  name: string;
  /** reportReader */
  camelCase: string;
  /** report-reader */
  folder: string;
  /** report reader */
  person: string;
  /** ReportReaders */
  group: string;
  /** report-reader */
  bucket: string;
}

/** The files of a new scenario, by name: complete as they are, and the place for what the application needs. */
export const scenarioFiles = ({ name, camelCase, person, group, bucket }: ScenarioNames) => ({
  "index.ts": `export { ${camelCase} } from "./application";
`,
  "application.ts": `import { defineApplication } from "../../application";

/** ${name}: members of ${group} list and read one bucket of the trusting account. */
export const ${camelCase} = defineApplication({
  name: "${name}",
  // Begins the names of its settings: ${camelCase}RoleName, ${camelCase}TrustedGroup, ${camelCase}BucketName …
  prefix: "${camelCase}",
  description: "Lists and reads the bucket of ${name}",
  person: "${person}",
  trustedGroup: "${group}",
  bucketLabel: "${bucket}",
  // A rule for each further setting: infra/setting-rules.ts has ready ones.
  rules: {},
  // What the role may do, and nothing else.
  permissions: (_context, bucketArn) => [
    { Sid: "List", Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: bucketArn },
    { Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: \`\${bucketArn}/*\` },
  ],
  // What the live checks ask as the role. Who gets in, and that nobody else does, they ask by themselves.
  uses: (_context, bucket) => ({
    words: \`list and read \${bucket.name}\`,
    allowed: [[bucket, "s3:ListBucket", "s3:GetObject"]],
    refused: [
      [bucket, "s3:PutObject", "s3:DeleteObject"],
      [bucket, "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucket"],
    ],
  }),
});
`,
});

/** The registry with a scenario more; undefined where its text is not as expected, and a person has to add the lines. */
export function withScenario(registry: string, { camelCase, folder }: ScenarioNames): string | undefined {
  const imports = registry.match(/^import \{ \w+ \} from "\.\/[\w-]+";$/gm) ?? [];
  const list = /^export const registry = \[\n(?: {2}\w+,\n)+(?=\] as const;$)/m.exec(registry)?.[0];
  const [first] = imports;
  if (first === undefined || list === undefined || !registry.includes(imports.join("\n"))) return undefined;
  // Biome keeps imports in the order of their files.
  const sorted = [...imports, importLine(camelCase, folder)].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  return registry.replace(imports.join("\n"), sorted.join("\n")).replace(list, `${list}  ${camelCase},\n`);
}

export const importLine = (camelCase: string, folder: string): string =>
  `import { ${camelCase} } from "./${folder}";`;

const pathOf = (line: string): string => line.slice(line.indexOf('"'));
