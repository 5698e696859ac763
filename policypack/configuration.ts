import { createRequire } from "node:module";
import type { EnforcementLevel } from "@pulumi/policy";
import { findMistakes, type PolicySettings } from "./settings";

/** A policy's part of the pack's configuration, as the engine hands it over. */
interface PolicyConfiguration {
  getEnforcementlevel(): number;
  getProperties(): { toJavaScript(): Record<string, unknown> } | undefined;
}

/** Call of the analyzer protocol's `Configure`. */
interface ConfigureCall {
  request: { getPolicyconfigMap(): { entries(): Iterable<[name: string, PolicyConfiguration]> } };
}
type ConfigureAnswer = (error: { code: number; message: string } | null, response?: unknown) => void;
type Configure = (call: ConfigureCall, answer: ConfigureAnswer) => unknown;
type AddService = (service: unknown, handlers: { configure?: Configure }) => unknown;

const INVALID_ARGUMENT = 3; // of gRPC
const LEVELS: EnforcementLevel[] = ["advisory", "mandatory", "disabled", "remediate"];

const levels = new Map<string, EnforcementLevel | undefined>();

/** True if violations of a policy stop the update. */
export const isBlocking = (policy: string, byDefault: EnforcementLevel): boolean =>
  /^(mandatory|remediate)$/.test(levels.get(policy) ?? byDefault);

/**
 * Checks the whole configuration once, when the engine hands it over: a mistake ends the preview before the first resource.
 * The SDK shows each policy only its own settings, so the pack listens to the call itself.
 *
 * @param settings Settings of every policy of the pack, by name.
 */
export function checkConfiguration(settings: ReadonlyMap<string, PolicySettings>): void {
  // The SDK's own copy of gRPC, through which it serves.
  const { Server } = createRequire(require.resolve("@pulumi/policy"))("@grpc/grpc-js") as {
    Server: { prototype: { addService: AddService } };
  };
  const { addService } = Server.prototype;
  Server.prototype.addService = function (service, handlers) {
    const { configure } = handlers;
    if (!configure) return addService.call(this, service, handlers);
    const checked: Configure = (call, answer) => {
      const message = readConfiguration(call, settings);
      return message ? answer({ code: INVALID_ARGUMENT, message }) : configure(call, answer);
    };
    return addService.call(this, service, { ...handlers, configure: checked });
  };
}

/** Reads the levels of the policies; answers with what is wrong in the configuration, if anything is. */
function readConfiguration(
  { request }: ConfigureCall,
  settings: ReadonlyMap<string, PolicySettings>,
): string | undefined {
  const mistakes: string[] = [];
  levels.clear();
  for (const [policy, given] of request.getPolicyconfigMap().entries()) {
    levels.set(policy, LEVELS[given.getEnforcementlevel()]);
    if (policy === "all") continue; // a level for every policy, which the engine has put into each
    const own = settings.get(policy);
    if (own) mistakes.push(...findMistakes(policy, own, given.getProperties()?.toJavaScript() ?? {}));
    else mistakes.push(`${policy}: there is no such policy; there is ${[...settings.keys()].join(", ")}`);
  }
  if (mistakes.length === 0) return undefined;
  return `mistakes in the pack's configuration:\n  ${mistakes.join("\n  ")}\nFix them in the file of --policy-pack-config, or in the policy group.`;
}
