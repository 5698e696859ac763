/** The sandbox's tools: the official ones that are installed already, else stand-ins and what is installed here. */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Report } from "./install";
import { installMoto } from "./moto";
import { AWS_VERSION, findOfficialTools, type OfficialTools } from "./official";
import { BUILT_VERSION, buildPulumiCli } from "./pulumi-cli";

export interface Toolchain {
  /** The command to run: it passes everything on to `cli`, and keeps the stack's settings file as it is committed. */
  pulumi: string;
  /** The Pulumi CLI itself. */
  cli: string;
  /** The plugins that the CLI does not find by itself: folder name in the engine's plugin cache, to executable. */
  plugins: Record<string, string>;
  /** Folders to go first in PATH. */
  path: string[];
  /** The `moto_server` executable. */
  motoServer: string;
  /** The parts that a stand-in replaces, because the official one was not found. */
  substituted: string[];
  /** One line for people: which parts are official and which are not. */
  origin: string;
}

const PULUMI = join(__dirname, "../pulumi");

/**
 * Finds the tools, or installs them, both at once.
 * @throws {Error} that names what is missing and where to get it, when a tool can be neither found nor installed.
 */
export async function toolchain(report: Report = () => {}): Promise<Toolchain> {
  const findCli = async () => {
    const official = await findOfficialTools(report);
    return { official, cli: official.cli?.file ?? (await buildPulumiCli(report)) };
  };
  const [{ official, cli }, motoServer] = await Promise.all([findCli(), installMoto(report)]);
  const { languageHost, awsPlugin } = official;
  return {
    pulumi: join(PULUMI, "cli/pulumi"),
    cli,
    path: [join(PULUMI, "cli")],
    motoServer,
    plugins: {
      // A CLI finds the language host that came with it by itself.
      ...(!languageHost && { "language-nodejs-v3.0.0": join(PULUMI, "bin/pulumi-language-nodejs") }),
      [`resource-aws-v${AWS_VERSION}`]: awsPlugin ?? join(PULUMI, "bin/pulumi-resource-aws"),
    },
    substituted: [
      ...(languageHost ? [] : ["pulumi-language-nodejs"]),
      ...(awsPlugin ? [] : ["pulumi-resource-aws"]),
    ],
    origin: describeOrigin(official),
  };
}

/** One line for people: which parts are official, and what replaces those that are not installed. */
export function describeOrigin({ cli, languageHost, awsPlugin }: OfficialTools): string {
  const at = (file: string) => `official (${dirname(realpathSync(file))})`;
  return [
    `Pulumi CLI ${cli ? `${cli.version} ${at(cli.file)}` : `${BUILT_VERSION} built from Pulumi's source`}`,
    `Node.js language host ${languageHost ? at(languageHost) : "stand-in"}`,
    `AWS plugin ${AWS_VERSION} ${awsPlugin ? at(awsPlugin) : "stand-in"}`,
  ].join(", ");
}
