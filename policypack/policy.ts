import type {
  EnforcementLevel,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
} from "@pulumi/policy";
import { exempting, isOver, register } from "./exemptions";
import { type Finding, message } from "./principals";
import { readSettings, type Settings, schemaOf } from "./settings";

interface Definition {
  name: string;
  /** One sentence; it stands above every message. */
  description: string;
  level: EnforcementLevel;
  severity: Severity;
  settings: Exclude<keyof Settings, "exemptions">[];
  /** What is wrong with a resource. */
  judge(resource: ResourceValidationArgs, settings: Settings): Finding[];
}

/** More findings than this in one resource are only counted. */
const MOST = 50;

/** A policy of the pack: reads its settings, applies its exemptions, words what it finds. */
export function policy({ judge, level, settings: own, ...rest }: Definition): ResourceValidationPolicy {
  const names: (keyof Settings)[] = ["exemptions", ...own];
  let last: { config: Record<string, unknown>; settings: Settings } | undefined;
  const read = (config: Record<string, unknown>): Settings => {
    // The SDK hands out a new object each time, with the same values in it until the engine configures anew.
    const keys = Object.keys(config);
    const isSame = (before: Record<string, unknown>): boolean =>
      keys.length === Object.keys(before).length && keys.every((key) => config[key] === before[key]);
    if (last && isSame(last.config)) return last.settings;
    const settings = readSettings(rest.name, names, config);
    register(rest.name, settings.exemptions);
    last = { config, settings };
    return settings;
  };
  return {
    ...rest,
    enforcementLevel: level,
    configSchema: schemaOf(names),
    validateResource: (args, report) => {
      const settings = read(args.getConfig());
      const findings = judge(args, settings);
      if (findings.length === 0) return;
      const exemption = exempting(rest.name, settings.exemptions, args);
      if (exemption && !isOver(exemption)) return;
      const over = exemption ? `\n  An exemption ("${exemption.reason}") ended on ${exemption.expires}.` : "";
      for (const finding of findings.slice(0, MOST))
        report(message(`${args.type} "${args.name}"`, finding) + over);
      if (findings.length > MOST)
        report(`... and ${findings.length - MOST} more in ${args.type} "${args.name}".`);
    },
  };
}
