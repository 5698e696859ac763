import type {
  EnforcementLevel,
  Policies,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
  StackValidationPolicy,
} from "@pulumi/policy";
import { isBlocking } from "./configuration";
import { type Exemption, exemptionsSetting, findExemption, hasExpired, recordExemptions } from "./exemptions";
import { type Finding, formatMessage } from "./judge/finding";
import { type PolicySettings, readSettings, schemaOf, type ValuesOf } from "./settings";

interface Definition<Own extends PolicySettings> {
  name: string;
  /** One sentence; it stands above every message. */
  description: string;
  level: EnforcementLevel;
  severity: Severity;
  /** Settings of this policy alone; every policy also has `exemptions`. */
  settings: Own;
  /** Finds every violation in a resource. */
  judge(resource: ResourceValidationArgs, settings: ValuesOf<Own>): Finding[];
}

/** Findings of one resource that are printed; the rest are counted. */
const MOST_PRINTED = 50;

/** Every policy of the pack, in the order in which they were registered. */
export const registeredPolicies: Policies = [];

/** Settings of each policy, by its name. */
export const registeredSettings = new Map<string, PolicySettings>();

/** Adds a policy on the whole stack to the pack. */
export function registerStackPolicy(policy: StackValidationPolicy): StackValidationPolicy {
  registeredPolicies.push(policy);
  registeredSettings.set(policy.name, {});
  return policy;
}

/** Adds a policy on each resource to the pack: its settings are read, its exemptions applied, its findings printed. */
export function registerPolicy<Own extends PolicySettings>({
  judge,
  level,
  settings: own,
  ...rest
}: Definition<Own>): ResourceValidationPolicy {
  const settings = { exemptions: exemptionsSetting, ...own };
  type Values = ValuesOf<Own> & { exemptions: Exemption[] };
  let last: { config: Record<string, unknown>; values: Values } | undefined;
  const read = (config: Record<string, unknown>): Values => {
    // The SDK hands out a new object each time, with the same values in it until the engine configures anew.
    const keys = Object.keys(config);
    const isSame = (before: Record<string, unknown>): boolean =>
      keys.length === Object.keys(before).length && keys.every((key) => config[key] === before[key]);
    if (last && isSame(last.config)) return last.values;
    const values = readSettings(settings, config) as Values;
    recordExemptions(rest.name, values.exemptions);
    last = { config, values };
    return values;
  };
  const policy: ResourceValidationPolicy = {
    ...rest,
    enforcementLevel: level,
    configSchema: schemaOf(settings),
    validateResource: (resource, report) => {
      const values = read(resource.getConfig());
      const findings = judge(resource, values);
      if (findings.length === 0) return;
      const exemption = findExemption(rest.name, values.exemptions, resource);
      if (exemption && !hasExpired(exemption)) return;
      const expired = exemption
        ? `\n  An exemption ("${exemption.reason}") ended on ${exemption.expires}.`
        : "";
      const label = `${resource.type} "${resource.name}"`;
      const messages = findings
        .slice(0, MOST_PRINTED)
        .map((finding) => formatMessage(label, finding) + expired);
      if (findings.length > MOST_PRINTED)
        messages.push(`... and ${findings.length - MOST_PRINTED} more in ${label}.`);
      if (isBlocking(rest.name, level)) messages.push(`${messages.pop()}${howToExempt(rest.name, resource)}`);
      for (const message of messages) report(message);
    },
  };
  registeredPolicies.push(policy);
  registeredSettings.set(policy.name, settings);
  return policy;
}

/** How a resource gets through for some time, at the end of what blocks it. */
function howToExempt(policy: string, { type, name }: ResourceValidationArgs): string {
  const exemption = { type, name, reason: "why it must stay", expires: "its last day, as 2026-12-31" };
  return `\n  To let it through for now, add to the pack's configuration: ${JSON.stringify({ [policy]: { exemptions: [exemption] } })}`;
}
