import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * The stack and the options that a command is given; undefined where it was asked how it is used, and has said so.
 * @throws {Error} with the usage, where it takes no such arguments.
 */
export function stackAndOptions<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  usage: string,
  options: Options,
) {
  const args = process.argv.slice(2);
  if (args.some((one) => one === "--help" || one === "-h")) {
    console.log(usage);
    return undefined;
  }
  const wrong = (message: string) => new Error(`${message}\n${usage}`);
  const parsed = () => {
    try {
      return parseArgs({ args, allowPositionals: true, options });
    } catch (error) {
      throw wrong((error as Error).message);
    }
  };
  const { values, positionals } = parsed();
  const [stack, ...more] = positionals;
  if (!stack || more.length > 0) throw wrong("Which stack?");
  return { stack, values };
}
